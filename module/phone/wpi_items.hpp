// SPDX-License-Identifier: MIT
// The items an OpenStage knows: which values and indexes it takes, and what it never gives back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace phone {

struct ItemRule {
    enum class Kind : std::uint8_t { text, number, flag };
    enum class Access : std::uint8_t { both, read_only, write_only };

    std::string_view name;
    Kind kind = Kind::text;
    Access access = Access::both;
    std::int64_t low = 0; ///< of the number, or bytes of the text
    std::int64_t high = 255;
    int first_index = -1; ///< -1: it has no index
    int last_index = -1;
    std::string_view factory{}; ///< its value fresh from the box
    bool is_kept = true;        ///< over a restart

    bool is_indexed() const noexcept { return first_index >= 0; }
};

/// Null for a name this phone does not know.
const ItemRule* find_item(std::string_view name) noexcept;

/// In the order the phone tells them.
const ItemRule* begin_items() noexcept;
const ItemRule* end_items() noexcept;

/// Empty, or the status a phone gives an item it does not read, or does not write with this value.
std::string refuses_to_read(std::string_view name, std::string_view index);
std::string refuses_to_write(std::string_view name, std::string_view index, std::string_view value);

} // namespace phone
