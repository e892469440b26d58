// SPDX-License-Identifier: MIT
// A phone's MAC address: the key of everything we know about it.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace base {

class Mac {
  public:
    Mac() = default;

    explicit constexpr Mac(std::array<std::uint8_t, 6> bytes) noexcept {
        for (const std::uint8_t byte : bytes) {
            number_ = number_ << 8U | byte;
        }
    }

    /// Reads every common spelling: 001fc1000001, 00:1F:C1:00:00:01, 00-1f-…, 001f.c100.0001.
    /// Nothing may stand before or behind it. The all-zero and the all-ones address are no phone:
    /// Fanvil and Yealink ask for files named 000000000000.
    static std::optional<Mac> parse(std::string_view text) noexcept;

    std::string str() const;    ///< 001fc1000001, as stored and logged
    std::string upper() const;  ///< 001FC1000001
    std::string colons() const; ///< 00:1f:c1:00:00:01

    std::array<std::uint8_t, 6> bytes() const noexcept; ///< as on the wire

    std::uint64_t number() const noexcept { return number_; } ///< for hashing and for SQL

    /// Of the lower 48 bits.
    static Mac from_number(std::uint64_t number) noexcept;

    auto operator<=>(const Mac&) const = default;

  private:
    std::uint64_t number_ = 0; // 48 bits: compared and hashed at once
};

} // namespace base

template <> struct std::hash<base::Mac> {
    std::size_t operator()(const base::Mac& mac) const noexcept {
        return std::hash<std::uint64_t>{}(mac.number() * 0x9E3779B97F4A7C15ULL);
    }
};
