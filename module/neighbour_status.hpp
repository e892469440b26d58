// SPDX-License-Identifier: MIT
// What `status` says about the kernel's neighbour table, and whether it is large enough.
#pragma once

#include "provisioning/admin/commands.hpp"
#include "provisioning/base/neighbours.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace engine {

struct Neighbourhood {
    base::NeighbourCheck check = base::NeighbourCheck::enforce;
    bool is_followed = false;
    std::size_t known = 0;                   ///< entries in the table
    std::size_t expected = 0;                ///< phones that are approved
    std::optional<std::size_t> kernel_limit; ///< gc_thresh3
    std::uint64_t mismatches = 0;
};

std::vector<admin::Reach::StatusRow> describe(const Neighbourhood& neighbourhood);

} // namespace engine
