// SPDX-License-Identifier: MIT
// Where the phone is plugged in: an interface of this machine and an address on it.
#pragma once

#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"

#include <optional>
#include <string>

namespace phone {

struct Place {
    int interface_index = 0;
    std::string interface;
    base::Ipv4 address;
};

/// The named interface's first address, or `address` on it. Without a name: the interface that has
/// `address`, or else the one this machine would reach `group` by, or else the only one there is.
base::Result<Place>
find_place(const std::string& interface, std::optional<base::Ipv4> address, base::Endpoint group);

} // namespace phone
