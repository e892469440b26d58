// SPDX-License-Identifier: MIT
// The parameters a KX-UT670 knows (guide §5.1, §5.4 to §5.8) and which values it takes.
#pragma once

#include "provisioning/base/result.hpp"

#include <cstdint>
#include <string_view>

namespace phone {

struct PanasonicParameter {
    /// What a name ends in: a line (1 to 6), a button (1 to 24), or a codec (0, 1, 3, 4) and a
    /// line.
    enum class Suffix : std::uint8_t { none, line, button, codec };
    enum class Form : std::uint8_t {
        choice,
        number,
        list, ///< of numbers
        plain,
        credential,
        dial,
        digits,
        version,
        clock,
        unicode,
        host,      ///< a name or an address, without a port
        ipv4,      ///< an address
        sip_uri,   ///< sip:user@host, without port and parameters
        dial_plan, ///< guide §6.6.1
    };

    std::string_view name; ///< without the suffix
    Suffix suffix;
    Form form;
    std::int64_t low = 0;  ///< of a number; a text's fewest characters
    std::int64_t high = 0; ///< of a number; a text's most characters
    int items = 0;         ///< the most of a list
    bool may_be_empty = false;
    std::string_view choices = {}; ///< "Y|N"; beside the bounds where there are both
    std::int64_t step = 1;         ///< what a number is a multiple of
    std::size_t most_bytes = 500;  ///< of a text, beside its characters
};

/// The parameter with that whole name, null when this phone knows none.
const PanasonicParameter* find_panasonic_parameter(std::string_view name) noexcept;

/// Whether the phone takes the value (guide §5.2.2, §5.2.3). The error never shows it.
base::Status judge_value(const PanasonicParameter& parameter, std::string_view value);

/// Whether FLEX_BUTTON_FACILITY_ARGx is one for the button's action (guide §5.6.4). Whether `*`,
/// `#` and `+` are digits of a number is not stated: they are taken.
bool fits_action(std::string_view action, std::string_view argument) noexcept;

} // namespace phone
