// SPDX-License-Identifier: MIT
// Asks the kernel which MAC answers for an address on one interface.
#pragma once

#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"

#include <optional>
#include <string>

namespace pnp {

/// Nothing when the neighbour table holds no complete entry. Does not wait for one.
std::optional<base::Mac> neighbour_mac(base::Ipv4 address, const std::string& interface);

} // namespace pnp
