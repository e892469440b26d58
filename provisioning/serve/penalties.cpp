// SPDX-License-Identifier: MIT
// Misses by the minute, and penalties that double.
#include "provisioning/serve/penalties.hpp"

#include <algorithm>

namespace serve {
namespace {

constexpr base::Duration window = std::chrono::minutes(1);

} // namespace

Standing Penalties::standing(const Entry& entry, base::Steady now) const {
    return now < entry.until ? entry.standing : Standing::free;
}

Standing Penalties::standing(std::uint64_t who, base::Steady now) {
    const std::lock_guard hold(lock_);
    const auto* entry = known_.find(who);
    return entry == nullptr ? Standing::free : standing(*entry, now);
}

bool Penalties::is_trusted(std::uint64_t who, base::Steady now) {
    const auto* since = trusted_.find(who);
    return since != nullptr && now - *since < limits_.trusted_for;
}

Penalties::Verdict Penalties::miss(std::uint64_t who, base::Steady now) {
    const std::lock_guard hold(lock_);
    auto& entry = known_.at(who);
    const auto before = standing(entry, now);
    if (before == Standing::free && entry.standing != Standing::free) { // its penalty is over
        const auto next = now - entry.until < limits_.longest ? entry.next : base::Duration{};
        entry = {};
        entry.next = next;
    }
    if (entry.in_window == 0 || now - entry.window >= window) {
        entry.window = now;
        entry.in_window = 0;
    }
    if (entry.misses++ == 0) {
        entry.since = now;
    }
    if (before == Standing::shut || ++entry.in_window <= limits_.misses) {
        return {before, false};
    }
    if (is_trusted(who, now)) {
        entry.standing = Standing::slowed;
        entry.until = now + window;
    } else {
        const auto length = entry.next == base::Duration{} ? limits_.shut_for : entry.next;
        entry.standing = Standing::shut;
        entry.until = now + length;
        entry.next = std::min(2 * length, limits_.longest);
    }
    return {entry.standing, before == Standing::free};
}

void Penalties::held(std::uint64_t who, base::Steady now) {
    const std::lock_guard hold(lock_);
    if (auto* entry = known_.find(who); entry != nullptr && now < entry->until) {
        ++entry->held;
    }
}

void Penalties::trust(std::uint64_t who, base::Steady now) {
    const std::lock_guard hold(lock_);
    trusted_.at(who) = now;
    auto* entry = known_.find(who);
    if (entry != nullptr && standing(*entry, now) == Standing::shut) {
        entry->standing = Standing::slowed;
        entry->until = std::min(entry->until, now + window);
        entry->in_window = 0;
    }
}

std::vector<Penalties::Row> Penalties::list(base::Steady now) const {
    const std::lock_guard hold(lock_);
    std::vector<Row> rows;
    known_.each([&](std::uint64_t who, const Entry& entry) {
        if (const auto stands = standing(entry, now); stands != Standing::free) {
            rows.push_back({who, entry.misses, entry.held, entry.since, entry.until, stands});
        }
    });
    return rows;
}

} // namespace serve
