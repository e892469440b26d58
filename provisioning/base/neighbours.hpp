// SPDX-License-Identifier: MIT
// Which MAC answers for an address on the networks we are in, as the kernel sees it.
#pragma once

#include <cstdint>

namespace base {

/// What happens to a phone that claims another MAC than the one that answers at its address.
enum class NeighbourCheck : std::uint8_t {
    enforce, ///< it gets nothing
    log,     ///< it is noted, and served
    off,     ///< nobody looks
};

} // namespace base
