// SPDX-License-Identifier: MIT
// Parts of files in the tree that are made from the program: compared, and with PNP_UPDATE written.
#pragma once

#include "provisioning/base/text.hpp"

#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

inline const std::string root = TEST_DATA "/../..";

inline std::string file(const std::string& path) {
    auto text = base::read_file(path);
    return text ? *text : "";
}

inline void expect_copy(const std::string& path,
                        const std::string& before,
                        const std::string& text,
                        const std::string& after) {
    const auto whole = before + text + after;
    if (std::getenv("PNP_UPDATE") != nullptr) {
        std::ofstream(path) << whole;
    }
    EXPECT_EQ(file(path), whole) << path
                                 << " is out of date: run engine_test with PNP_UPDATE=1 set";
}

/// What stands between <!-- NAME --> and <!-- end of NAME --> in the README.
inline void expect_in_readme(const std::string& name, const std::string& text) {
    const auto path = root + "/README.md";
    const auto readme = file(path);
    const auto begin = "<!-- " + name + " -->\n";
    const auto from = readme.find(begin);
    const auto to = readme.find("<!-- end of " + name + " -->");
    ASSERT_NE(from, readme.npos);
    ASSERT_NE(to, readme.npos);
    expect_copy(path, readme.substr(0, from + begin.size()), text, readme.substr(to));
}
