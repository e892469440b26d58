// SPDX-License-Identifier: MIT
// The rules about a file and its lines; those about values and about several settings are called.
#include "provisioning/profile/kx/lint.hpp"

#include "provisioning/base/utf8.hpp"
#include "provisioning/profile/kx/reader.hpp"
#include "provisioning/profile/kx/report.hpp"

#include <fmt/format.h>

namespace profile::kx {
namespace {

void check_start(std::string_view file, Report& report) {
    if (file.substr(0, signature.size()) != signature) {
        report.add(Severity::error, "F01", {{}, 1, 1, {}, {}},
                   fmt::format("the file does not start with \"{}\"", signature), "§5.2.1");
    }
}

} // namespace

std::vector<Finding> lint(std::string_view file) {
    Report report;
    check_start(file, report);
    return report.take();
}

std::vector<Finding> lint_phone(const std::vector<NamedFile>& files) {
    std::vector<Finding> out;
    for (const NamedFile& file : files) {
        for (Finding& finding : lint(file.text)) {
            finding.file = file.name;
            out.push_back(std::move(finding));
        }
    }
    return out;
}

std::vector<Finding> lint_xml(std::string_view) {
    return {};
}

} // namespace profile::kx
