// SPDX-License-Identifier: MIT
// One thing that is wrong, or doubtful, in a configuration file of a Panasonic KX-UT phone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace profile::kx {

enum class Severity : std::uint8_t {
    info,    ///< worth knowing
    warning, ///< allowed, or the guide is silent, but probably not what was meant
    error,   ///< the guide forbids it
};

struct Finding {
    Severity severity = Severity::error;
    std::string code;       ///< "F01", "V05", "R-JITTER"
    std::size_t line = 0;   ///< from 1; 0: the file as a whole
    std::size_t column = 0; ///< from 1, in characters; 0 with line 0
    std::string name;       ///< of the setting, as written; empty: no setting
    std::string value;      ///< as written, printable; "********" where it is a secret
    std::string what;       ///< what is wrong and what to do; holds no value
    std::string section;    ///< of the guide: "§5.2.1"
    std::string file;       ///< where several were looked at together; else empty
    std::string nearest;    ///< the known name that was probably meant; else empty
};

/// info where there is none.
Severity worst(const std::vector<Finding>& findings) noexcept;

/// "error", "warning", "info".
const char* word(Severity severity) noexcept;

} // namespace profile::kx
