// SPDX-License-Identifier: MIT
// One finding, one line.
#include "provisioning/profile/kx/print.hpp"

#include "provisioning/base/text.hpp"

#include <fmt/format.h>

namespace profile::kx {
namespace {

std::string_view file_of(const Finding& finding, std::string_view file) {
    return finding.file.empty() ? file : std::string_view(finding.file);
}

std::string place_of(const Finding& finding) {
    return finding.line == 0 ? std::string() : fmt::format(":{}:{}", finding.line, finding.column);
}

/// As far as it helps to find it.
std::string setting_of(const Finding& finding) {
    if (finding.name.empty()) {
        return {};
    }
    const std::string name = base::printable(finding.name, 60);
    return finding.value.empty()
               ? name + ": "
               : fmt::format("{}=\"{}\": ", name, base::printable(finding.value, 60));
}

} // namespace

std::string findings_text(const std::vector<Finding>& findings, std::string_view file) {
    std::string out;
    for (const Finding& finding : findings) {
        std::string place = fmt::format("{}{}", file_of(finding, file), place_of(finding));
        place += place.empty() ? "" : ": ";
        out += fmt::format("{}{} {}: {}{} (guide {})\n", place, word(finding.severity),
                           finding.code, setting_of(finding), finding.what, finding.section);
    }
    return out.empty() ? "Nothing found.\n" : out;
}

base::Json findings_json(const std::vector<Finding>& findings, std::string_view file) {
    base::Json list = base::Json::array();
    for (const Finding& finding : findings) {
        list.push(base::Json::object({{"file", file_of(finding, file)},
                                      {"line", std::uint64_t{finding.line}},
                                      {"column", std::uint64_t{finding.column}},
                                      {"severity", word(finding.severity)},
                                      {"code", finding.code},
                                      {"name", base::printable(finding.name, 60)},
                                      {"value", finding.value},
                                      {"what", finding.what},
                                      {"section", finding.section},
                                      {"nearest", finding.nearest}}));
    }
    return base::Json::object(
        {{"worst", findings.empty() ? base::Json() : base::Json(word(worst(findings)))},
         {"findings", std::move(list)}});
}

int exit_status(const std::vector<Finding>& findings) noexcept {
    switch (worst(findings)) {
    case Severity::info:
        return 0;
    case Severity::warning:
        return 1;
    case Severity::error:
        return 2;
    }
    return 2;
}

} // namespace profile::kx
