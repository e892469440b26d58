// SPDX-License-Identifier: MIT
// Configuration files for the tests of the KX-UT670's checker.
#pragma once

#include "provisioning/profile/kx/finding.hpp"
#include "provisioning/profile/kx/lint.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sample {

constexpr std::string_view kx_first =
    "# Panasonic SIP Phone Standard Format File # DO NOT CHANGE THIS LINE!\r\n";

/// `lines` (with LF) behind a signature, each with CR LF, and an empty line: 2 is the first of
/// them.
inline std::string kx_file(std::string_view lines) {
    std::string out(kx_first);
    while (!lines.empty()) {
        const auto end = lines.find('\n');
        out.append(lines.substr(0, end)).append("\r\n");
        lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    }
    return out + "\r\n";
}

/// "error F01 at 1:1 NAME", one for each finding.
inline std::vector<std::string> told(const std::vector<profile::kx::Finding>& findings) {
    std::vector<std::string> out;
    for (const auto& finding : findings) {
        out.push_back(std::string(profile::kx::word(finding.severity)) + " " + finding.code +
                      " at " + std::to_string(finding.line) + ":" + std::to_string(finding.column) +
                      (finding.name.empty() ? "" : " " + finding.name));
    }
    return out;
}

/// "error F01" each, for those that are no information.
inline std::vector<std::string> faults(const std::vector<profile::kx::Finding>& findings) {
    std::vector<std::string> out;
    for (const auto& finding : findings) {
        if (finding.severity != profile::kx::Severity::info) {
            out.push_back(std::string(profile::kx::word(finding.severity)) + " " + finding.code);
        }
    }
    return out;
}

inline std::vector<std::string> faults_of(std::string_view lines) {
    return faults(profile::kx::lint(kx_file(lines)));
}

} // namespace sample
