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
  public:
    /// Moves the deadline of `id` from where `slot` says to `when`, and notes that in `slot`.
    void set(std::uint32_t id, std::optional<base::Steady>& slot, base::Steady when) {
        clear(id, slot);
        due_.emplace(when, id);
        slot = when;
    }

    void clear(std::uint32_t id, std::optional<base::Steady>& slot) {
        if (slot) {
            due_.erase({*slot, id});
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
    std::set<std::pair<base::Steady, std::uint32_t>> due_;
};

} // namespace pnp
