// SPDX-License-Identifier: MIT
// The tables of conf/vendors/panasonic, which are built in.
#pragma once

#include "provisioning/base/tsv.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace profile::kx {

using base::split_cells;
using base::tsv_number;

/// The rows of one of its files.
std::vector<std::vector<std::string_view>> shipped_rows(std::string_view name, std::size_t cells);

} // namespace profile::kx
