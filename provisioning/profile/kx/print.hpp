// SPDX-License-Identifier: MIT
// Findings as people and programs read them.
#pragma once

#include "provisioning/base/json.hpp"
#include "provisioning/profile/kx/finding.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace profile::kx {

/// One line each, "FILE:LINE:COLUMN: error V05: NAME=\"VALUE\": … (guide §5.2.1)"; `file` names
/// those that do not name theirs. Without any: "Nothing found."
std::string findings_text(const std::vector<Finding>& findings, std::string_view file);

/// {"worst": "error", "findings": [{file, line, column, severity, code, name, value, what,
/// section, nearest}]}; worst is null without any.
base::Json findings_json(const std::vector<Finding>& findings, std::string_view file);

/// For scripts: 0 nothing or information only, 1 warnings, 2 errors.
int exit_status(const std::vector<Finding>& findings) noexcept;

} // namespace profile::kx
