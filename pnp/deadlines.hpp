// SPDX-License-Identifier: MIT
// What is due when: an ordered set of deadlines, each owner with at most one.
#pragma once

#include "provisioning/base/clock.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <utility>

namespace pnp {

class Deadlines {
    using Due = std::set<std::pair<base::Steady, std::uint32_t>>;

  public:
    /// Where an owner notes which deadline is its own.
    using Slot = std::optional<Due::const_iterator>;

    void set(std::uint32_t id, Slot& slot, base::Steady when) {
        clear(slot);
        // Most are later than all others, and found at once.
        slot = due_.emplace_hint(due_.end(), when, id);
    }

    void clear(Slot& slot) {
        if (slot) {
            due_.erase(*slot);
            slot.reset();
        }
    }

    /// The earliest owner whose time has come; its deadline stays until set() or clear().
    std::optional<std::uint32_t> ripe(base::Steady now) const {
        if (due_.empty() || due_.begin()->first > now) {
            return std::nullopt;
        }
        return due_.begin()->second;
    }

    std::optional<base::Steady> next() const {
        return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
    }

  private:
    Due due_;
};

} // namespace pnp
