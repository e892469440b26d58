// SPDX-License-Identifier: MIT
// Messages as phones send them, from tests/data/pnp.
#pragma once

#include "provisioning/base/text.hpp"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace pnp {

inline std::string data(const std::string& name) {
    auto text = base::read_file(std::string(TEST_DATA) + "/pnp/" + name);
    EXPECT_TRUE(text) << text.error().what;
    return text.value_or("");
}

/// The text with its first `from` replaced by `to`; a test that changes nothing would prove
/// nothing.
inline std::string with(std::string text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << "no " << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

inline std::string with_all(std::string text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

} // namespace pnp
