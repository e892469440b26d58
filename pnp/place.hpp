// SPDX-License-Identifier: MIT
// A MAC at an address: whoever forges a phone's MAC from elsewhere is somebody else.
#pragma once

#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace pnp {

struct Place {
    base::Mac mac;
    base::Ipv4 address;

    auto operator<=>(const Place&) const = default;
};

} // namespace pnp

template <> struct std::hash<pnp::Place> {
    std::size_t operator()(const pnp::Place& place) const noexcept {
        return std::hash<std::uint64_t>{}((place.mac.number() * 0x9E3779B97F4A7C15ULL) ^
                                          place.address.value);
    }
};
