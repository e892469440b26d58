// SPDX-License-Identifier: MIT
// The words that may stand next on a console's line.
#pragma once

#include "provisioning/admin/commands.hpp"

#include <string>
#include <vector>

namespace admin {

std::vector<std::string> complete(const Reach& reach, std::vector<std::string> words);

} // namespace admin
