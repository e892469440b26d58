// SPDX-License-Identifier: MIT
// A device's timeline in sentences.
#pragma once

#include "provisioning/inventory/device.hpp"

#include <string>

namespace admin {

/// Time, address, what happened, and how often.
std::string sentence(const inventory::Event& event, base::UnixMs now);

} // namespace admin
