// SPDX-License-Identifier: MIT
#include "pnp/belief.hpp"

#include <fmt/format.h>

namespace pnp {

Belief belief_in(const Asked& asked, const Policy& policy) {
    // A MAC that came from the table is in the table.
    if (asked.vouched_for || asked.mac_by_neighbour || !policy.neighbour) {
        return {};
    }
    const auto shown = policy.neighbour(asked.source.address, asked.interface_index);
    if (!shown) {
        return {Belief::Kind::unseen, {}};
    }
    return {shown->mac == asked.mac ? Belief::Kind::fits : Belief::Kind::other, shown};
}

std::string mismatch(const Asked& asked, const Belief& belief, base::NeighbourCheck check) {
    const std::string address = asked.source.address.str();
    const std::string seen =
        belief.kind == Belief::Kind::other
            ? fmt::format("the neighbour table shows {} at {}, not this phone",
                          belief.shown->mac.str(), address)
            : fmt::format("nobody answered for {} in time, so the phone's MAC could not be checked",
                          address);
    if (check == base::NeighbourCheck::log) {
        return seen + "; served all the same (neighbour_check = log)";
    }
    return fmt::format("{}; if a router or proxy stands between, write neighbour_allow = {}, or "
                       "neighbour_check = log",
                       seen, address);
}

} // namespace pnp
