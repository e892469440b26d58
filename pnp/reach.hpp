// SPDX-License-Identifier: MIT
// Who may be answered, and from which of our addresses: the guard against being used as a
// reflector.
#pragma once

#include "provisioning/base/interfaces.hpp"
#include "provisioning/base/net.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace pnp {

/// One served address with its unicast socket.
struct Row {
    base::Interface interface;
    std::uint16_t port = 0; ///< of the socket that sends NOTIFYs

    base::Endpoint local() const noexcept { return {interface.address, port}; }
};

/// The row that answers a datagram which arrived on interface `index` from `source`; nothing when
/// the source is unspecified, ours, multicast, broadcast, without a port, or outside the networks
/// of that interface. On the loopback our own address is a neighbour like any other.
const Row* row_for(const std::vector<Row>& rows, int index, base::Endpoint source) noexcept;

} // namespace pnp
