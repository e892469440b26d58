// SPDX-License-Identifier: MIT
// Finds the MAC that a SUBSCRIBE names, in every spelling that phones use.
#pragma once

#include "pnp/message.hpp"
#include "provisioning/base/mac.hpp"

#include <optional>
#include <string_view>

namespace pnp {

/// Looks for `MAC` + separator + 12 hex digits in Request-URI, To, From, Contact and User-Agent;
/// then for a user part that ends in 12 hex digits (Fanvil) in the same URIs; then for an address
/// in the User-Agent (Htek). Nothing when the message names none (AudioCodes).
std::optional<base::Mac> find_mac(const Subscribe& request);

/// The MAC in the request line of a datagram that nobody has parsed yet: what it will turn out to
/// be for nearly every phone, at a fraction of the cost.
std::optional<base::Mac> glance_mac(std::string_view datagram) noexcept;

} // namespace pnp
