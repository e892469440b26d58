// SPDX-License-Identifier: MIT
// Sets of the keys that a person can press on a phone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dialplan {

constexpr std::string_view keypad = "0123456789*#+"; ///< + by a long press, on phones that have it

using Keys = std::uint16_t; ///< one bit for each of `keypad`

constexpr Keys all_keys = (1U << keypad.size()) - 1;
constexpr Keys all_digits = 0x3FF;

/// Nothing for what is no key.
constexpr Keys key_set(char key) noexcept {
    const auto at = keypad.find(key);
    return at == std::string_view::npos ? Keys{0} : static_cast<Keys>(1U << at);
}

constexpr bool holds(Keys keys, std::size_t key) noexcept {
    return (keys & 1U << key) != 0;
}

} // namespace dialplan
