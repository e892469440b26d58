// SPDX-License-Identifier: MIT
// Firmware versions as phones of the Workpoint Interface write them.
#pragma once

#include <compare>
#include <optional>
#include <string>
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

/// A whole version: "V3 R5.12.0" is 3, 0, 5, 12, 0 and "V1.10 R2.0.2" is 1, 10, 2, 0, 2.
struct Firmware {
    int version = 0;
    int sub = 0;
    int release = 0;
    int fix = 0;
    int hotfix = 0;

    auto operator<=>(const Firmware&) const = default;
};

/// Reads what phones say ("V3 R5.12.0") and what file-sw-version has ("3.5.12.0"); what stands
/// behind a blank is not looked at. Nothing where it is neither.
std::optional<Firmware> read_firmware(std::string_view text) noexcept;

/// As file-sw-version has it: dotted (WPI guide p. 57; other spellings were taken too), and as
/// phones write it where that has no room for all of it.
std::string str(const Firmware& firmware);

/// Also where the one is dotted, and the other one as phones say it.
bool is_same_firmware(std::string_view one, std::string_view other) noexcept;

/// Whether it remembers `send-solicited` and calls when it is idle again: from V3R3 on (WPI guide
/// p. 31, 46). Not of an unknown version: what that does with it is unknown.
bool remembers_to_call(std::string_view firmware) noexcept;

} // namespace wpi
