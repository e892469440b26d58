// SPDX-License-Identifier: MIT
// Hides secret values, keeps the number of findings in bounds, and sorts them.
#include "provisioning/profile/kx/report.hpp"

#include "provisioning/profile/kx/effective.hpp"
#include "provisioning/profile/kx/lint.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace profile::kx {

void Report::add(Severity severity,
                 std::string_view code,
                 const Spot& spot,
                 std::string what,
                 std::string_view section,
                 std::string_view nearest) {
    if (is_full()) {
        ++left_out_;
        worst_left_out_ = std::max(worst_left_out_, severity);
        return;
    }
    findings_.push_back({severity, std::string(code), spot.line, spot.column,
                         std::string(spot.name), shown(spot.name, spot.value), std::move(what),
                         std::string(section), std::string(spot.file), std::string(nearest)});
}

bool Report::is_full() const noexcept {
    return findings_.size() >= most_findings;
}

std::vector<Finding> Report::take() {
    // Files keep the order in which they were looked at.
    std::vector<std::string> files;
    const auto place = [&](const Finding& finding) {
        const auto at = std::find(files.begin(), files.end(), finding.file);
        return std::make_tuple(at - files.begin(), finding.line, finding.column);
    };
    for (const Finding& finding : findings_) {
        if (std::find(files.begin(), files.end(), finding.file) == files.end()) {
            files.push_back(finding.file);
        }
    }
    std::stable_sort(findings_.begin(), findings_.end(),
                     [&](const Finding& a, const Finding& b) { return place(a) < place(b); });
    if (left_out_ > 0) {
        findings_.push_back(
            {worst_left_out_,
             "F00",
             0,
             0,
             {},
             {},
             fmt::format("{} more findings are not listed; correct these first", left_out_),
             "§5.2.1",
             {},
             {}});
    }
    return std::move(findings_);
}

} // namespace profile::kx
