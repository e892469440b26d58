// SPDX-License-Identifier: MIT
// Looks at the value of one known setting (guide §5.2.2, §5.2.3 and the setting's own section).
#pragma once

#include "provisioning/profile/kx/report.hpp"
#include "provisioning/profile/kx/table.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace profile::kx {

constexpr std::size_t longest_value = 500; ///< characters, guide §5.2.1

/// Adds V03 to V10, and the rules of one value: R-TZ, R-SIPURI, R-URL.
void check_value(const Known& known, const Spot& spot, Report& report);

/// V06 where it is longer than any value may be.
void check_any_value(const Spot& spot, Report& report);

/// Digits with an optional minus (guide §5.2.2), within 18 digits.
std::optional<std::int64_t> read_integer(std::string_view text) noexcept;

/// UTF-8 characters; a byte that is none counts as one.
std::size_t count_characters(std::string_view text) noexcept;

/// Texts whose form is stated: Report gets V03, V04, V07 or R-SIPURI.
void check_form(const Known& known, const Spot& spot, Report& report);

} // namespace profile::kx
