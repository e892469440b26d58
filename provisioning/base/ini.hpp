// SPDX-License-Identifier: MIT
// Reads PBX-style configuration files: sections that may repeat, `;` comments, `#` inside values.
#pragma once

#include "provisioning/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace base {

struct IniEntry {
    std::string name;
    std::string value;
    int line = 0;
};

/// [kind name]: `[profile sales]` has kind `profile`, name `sales`; `[general]` has no name.
struct IniSection {
    std::string kind;
    std::string name;
    int line = 0;
    std::vector<IniEntry> entries;
};

/// Rules: a line whose first character is `;` or `#` is a comment; ` ;` (blank before it) starts
/// one behind a value, `#` never does; a value in double quotes is taken as it stands between them
/// (then
/// `\"` and `\\` are escapes); `name = value` and `name => value`; a byte-order mark is skipped.
/// Errors read "FILE:LINE: …" and say what was expected.
Result<std::vector<IniSection>> parse_ini(std::string_view text, std::string_view file);

} // namespace base
