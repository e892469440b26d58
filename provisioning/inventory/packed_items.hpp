// SPDX-License-Identifier: MIT
// A list of items as one blob of the database.
#pragma once

#include "provisioning/inventory/workpoint.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace inventory {

/// Of each item its name, index and the size of its value, each ended by a zero byte, then the
/// value, which may be any bytes. No name may have a zero byte.
std::string pack(const std::map<ItemKey, std::string>& items);
std::string pack(const std::map<ItemKey, base::Digest256>& items);

/// Nothing for what pack() did not write.
std::optional<std::map<ItemKey, std::string>> unpack(std::string_view packed);
std::optional<std::map<ItemKey, base::Digest256>> unpack_digests(std::string_view packed);

} // namespace inventory
