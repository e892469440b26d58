// SPDX-License-Identifier: MIT
#include "pnp/limits.hpp"

namespace pnp {
bool Limits::admits(const Asked& asked,
                    const Belief& belief,
                    std::optional<base::Ipv4> approved_at) {
    if (may(asked, belief, approved_at)) {
        return true;
    }
    refuse(asked.source.address);
    return false;
}

bool Limits::may(const Asked& asked, const Belief& belief, std::optional<base::Ipv4> approved_at) {
    const base::Steady now = clock_.now();
    const base::Ipv4 source = asked.source.address;
    const bool is_there = belief.fits() && (belief.shown || asked.mac_by_neighbour);
    if (is_there || (approved_at && (asked.vouched_for || *approved_at == source))) {
        return phones_.take({asked.mac, source}, now);
    }
    if (approved_at) {
        return moved_.take(asked.mac, now) && moved_together_.take(now);
    }
    // Behind a router that the admin listed are many, so only the common bucket holds them back.
    return (asked.vouched_for || sources_.take(source.value, now)) && strangers_.take(now);
}

void Limits::refuse(base::Ipv4 source) {
    const base::UnixMs now = clock_.unix_ms();
    const std::lock_guard lock(mutex_);
    LimitedSource& row = refused_.at(source.value);
    if (row.refused == 0 || std::chrono::milliseconds(now - row.last) > listed_for) {
        row = {source, 0, now, now};
    }
    ++row.refused;
    row.last = now;
}

std::vector<LimitedSource> Limits::limited() const {
    std::vector<LimitedSource> rows;
    const base::UnixMs now = clock_.unix_ms();
    const std::lock_guard lock(mutex_);
    refused_.each([&](std::uint32_t, const LimitedSource& row) {
        if (std::chrono::milliseconds(now - row.last) <= listed_for) {
            rows.push_back(row);
        }
    });
    return rows;
}

} // namespace pnp
