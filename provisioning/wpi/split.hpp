// SPDX-License-Identifier: MIT
// Divides what a phone shall be told among messages that it can take.
#pragma once

#include "provisioning/wpi/message.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace wpi {

/// Of a WriteItems, in bytes: a phone's own limit is 50 kB (WPI guide p. 69).
constexpr std::size_t largest_written = 40'000;

/// The lists of several WriteItems, to be sent one after the other (WPI guide p. 71): none with
/// more than `most_items` items (nothing or 0: any number), and each below 40,000 bytes as write()
/// makes it. Items of one group and index of the table stay in one message, and so do items that
/// the table does not know and that have the same index. Order stays, but that the items of a
/// group follow its first one. What cannot be kept: a group that is too much for one message is
/// divided, and an item that is too large goes alone.
std::vector<std::vector<Item>> split(const std::vector<Item>& items,
                                     std::optional<std::size_t> most_items,
                                     Escape escape = Escape::normal);

} // namespace wpi
