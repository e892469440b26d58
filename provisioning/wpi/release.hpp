// SPDX-License-Identifier: MIT
// Firmware versions as phones of the Workpoint Interface write them.
#pragma once

#include <compare>
#include <optional>
#include <string_view>

namespace wpi {

/// "V3 R5.12.0" is version 3, release 5.
struct Release {
    int version = 0;
    int release = 0;

    auto operator<=>(const Release&) const = default;
};

/// Reads "V3 R5.12.0", "V1.10 R2.0.2", "V3R3" and "3.5.12.0"; nothing where it is none of these.
std::optional<Release> read_release(std::string_view text) noexcept;

/// Whether it remembers `send-solicited` and calls when it is idle again: from V3R3 on (WPI guide
/// p. 31, 46). Not of an unknown version: what that does with it is unknown.
bool remembers_to_call(std::string_view firmware) noexcept;

} // namespace wpi
