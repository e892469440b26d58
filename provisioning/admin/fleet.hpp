// SPDX-License-Identifier: MIT
// Orders a resync of phones that one command or another has picked.
#pragma once

#include "provisioning/admin/command.hpp"

#include <vector>

namespace admin {

/// By the options --rate, --force, --reboot and --dry-run of the call.
Reply resync_many(Call& call, const std::vector<const inventory::Device*>& devices);

} // namespace admin
