// SPDX-License-Identifier: MIT
// Which cell of the HTS824's table a Panasonic phone is in, and what stays manual there.
#pragma once

#include "provisioning/inventory/device.hpp"

#include <string>
#include <vector>

namespace admin {

/// One line for a phone of the maker, from what was seen of it: whether DHCP or TFTP told it of us,
/// and whether it asks from a network that we serve.
std::string installation(const std::vector<inventory::Event>& timeline);

} // namespace admin
