// SPDX-License-Identifier: MIT
// The checks of a datagram's source, before a byte of it is parsed.
#include "pnp/reach.hpp"

#include <algorithm>

namespace pnp {
namespace {

/// 0/8, 240/4 with 255.255.255.255, and multicast: never the address of one phone.
bool is_one_host(base::Ipv4 address) noexcept {
    return address.value >> 24U != 0 && address.value >> 28U < 0xEU;
}

/// The first and the last address of a network with room for them (RFC 3021: a /31 has none).
bool is_edge(const base::Network& network, base::Ipv4 address) noexcept {
    if (network.prefix >= 31 || network.prefix <= 0) {
        return false;
    }
    const std::uint32_t host_bits = ~0U >> static_cast<unsigned>(network.prefix);
    const std::uint32_t host = address.value & host_bits;
    return host == 0 || host == host_bits;
}

} // namespace

const Row* row_for(const std::vector<Row>& rows, int index, base::Endpoint source) noexcept {
    if (source.port == 0 || !is_one_host(source.address)) {
        return nullptr;
    }
    const Row* found = nullptr;
    for (const Row& row : rows) {
        const base::Interface& interface = row.interface;
        if (interface.address == source.address && !interface.loopback) {
            return nullptr;
        }
        // The longest prefix wins where one interface has several addresses.
        if (interface.index == index && interface.network().contains(source.address) &&
            !is_edge(interface.network(), source.address) &&
            (found == nullptr || interface.prefix > found->interface.prefix)) {
            found = &row;
        }
    }
    return found;
}

} // namespace pnp
