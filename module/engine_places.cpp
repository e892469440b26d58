// SPDX-License-Identifier: MIT
// By which of our interfaces a phone is reached, and what its file says there.
#include "module/engine.hpp"

#include <algorithm>

namespace engine {

using base::Errc;
using base::fail;
using base::Result;

/// Where the kernel sends what is for that address: one network may lie within another.
std::vector<base::Interface> Engine::interfaces_towards(base::Ipv4 address) const {
    std::vector<base::Interface> found;
    const std::lock_guard lock(mutex_);
    for (const auto& row : seen_.served) {
        if (!row.network().contains(address) ||
            (!found.empty() && row.prefix < found.front().prefix)) {
            continue;
        }
        if (!found.empty() && row.prefix > found.front().prefix) {
            found.clear();
        }
        found.push_back(row);
    }
    return found;
}

/// A host of another network may say that it has a phone's address: it is not asked.
std::optional<base::Mac> Engine::neighbour_at(base::Ipv4 address) const {
    const auto interfaces = interfaces_towards(address);
    if (interfaces.empty()) {
        const auto shown = neighbours_->find(address);
        return shown ? std::optional(shown->mac) : std::nullopt;
    }
    std::optional<base::Mac> mac;
    for (const auto& each : interfaces) { // more than one: two cards in one network
        const auto shown = neighbours_->find(address, each.index);
        if (shown && mac && shown->mac != *mac) {
            return std::nullopt;
        }
        mac = shown ? shown->mac : mac;
    }
    return mac;
}

/// A host that says by ARP that it is a phone, asks, and takes that back before TCP sends the
/// answer once more would get what the phone gets: what it asked on a connection is not answered
/// there.
void Engine::neighbours_moved(const std::vector<base::NeighbourTable::Place>& places) {
    for (const auto& place : places) {
        const auto interfaces = interfaces_towards(place.address);
        if (std::none_of(interfaces.begin(), interfaces.end(), [&](const base::Interface& each) {
                return each.index == place.interface_index;
            })) {
            continue; // nobody of another network hangs up a phone
        }
        http_->hang_up(place.address);
        workpoints_->hang_up(place.address);
    }
}

/// Ours on the network of that one.
std::optional<base::Ipv4> Engine::own_address_at(base::Ipv4 address) const {
    const auto interfaces = interfaces_towards(address);
    return interfaces.empty() ? std::nullopt : std::optional(interfaces.front().address);
}

std::optional<base::Interface> Engine::interface_towards(base::Ipv4 phone) const {
    const auto interfaces = interfaces_towards(phone);
    if (!interfaces.empty()) {
        return interfaces.front();
    }
    const std::lock_guard lock(mutex_);
    return seen_.served.empty() ? std::nullopt : std::optional(seen_.served.front());
}

Result<std::string> Engine::render(base::Mac mac, const std::string& name, bool reveal) const {
    const auto now = inventory_->now();
    const auto* device = now.device(mac);
    const auto row = interface_towards(device != nullptr ? device->seen.address : base::Ipv4{});
    if (!row) {
        return fail(Errc::not_found, "no interface is served, so the file has no address to name; "
                                     "see `pnp status`");
    }
    return files_->render(mac, name, row->address, reveal);
}

} // namespace engine
