// SPDX-License-Identifier: MIT
// Checks configuration files of Panasonic KX-UT phones against the rules of the guide: sections
// 5.2, 5.3 and 5.4 to 5.8.
#pragma once

#include "provisioning/profile/kx/finding.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace profile::kx {

constexpr std::size_t comfortable_size = 120'000;             ///< "120 KB" read in the stricter way
constexpr std::size_t largest_size = std::size_t{120} * 1024; ///< and in the laxer one
constexpr std::size_t most_findings = 1000;                   ///< what is beyond is only counted

/// One plain text file, in the order of its lines. What the file does not set counts with the
/// factory default where a rule compares settings.
std::vector<Finding> lint(std::string_view file);

/// The first error among them; takes less time, since nothing is looked up that only helps people.
std::optional<Finding> first_error(std::string_view file);

struct NamedFile {
    std::string name; ///< names the file in findings; its ending tells whether it is encrypted
    std::string text;
};

/// All files that one phone loads, from weak to strong: master, product, standard (guide §2.5). A
/// rule about several settings is judged on what the phone ends up with.
std::vector<Finding> lint_phone(const std::vector<NamedFile>& files);

/// One file in the XML form (guide §2.4.4).
std::vector<Finding> lint_xml(std::string_view file);

/// lint_xml() for what starts as XML does, else lint().
std::vector<Finding> lint_any(std::string_view file);

} // namespace profile::kx
