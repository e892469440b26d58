// SPDX-License-Identifier: MIT
// Who misses too often, and what it gets for it: slowed where phones are, shut out elsewhere.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/lru.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace serve {

enum class Standing : std::uint8_t {
    free,
    slowed, ///< what it misses is answered late
    shut,   ///< nothing is looked up for it but a valid credential
};

/// Counts misses by source, or by whatever else a number names. From any thread; memory is bounded,
/// and whoever was not heard for the longest is forgotten first.
class Penalties {
  public:
    struct Limits {
        std::uint32_t misses = 30; ///< in a minute
        base::Duration shut_for = std::chrono::minutes(10);
        base::Duration longest = std::chrono::hours(1);      ///< doubling up to this
        base::Duration trusted_for = std::chrono::hours(24); ///< since a phone was configured there
        std::size_t most = 10'000;
    };

    struct Row {
        std::uint64_t who = 0;
        std::uint64_t misses = 0; ///< since then
        std::uint64_t held = 0;   ///< requests that got no work while it was shut out
        base::Steady since;
        base::Steady until; ///< it stands like this unless it goes on
        Standing standing{};
    };

    explicit Penalties(Limits limits)
        : limits_(limits), known_(limits.most), trusted_(limits.most) {}

    Penalties() : Penalties(Limits{}) {}

    Standing standing(std::uint64_t who, base::Steady now);

    struct Verdict {
        Standing standing{};
        bool is_new = false; ///< it was free until now
    };

    Verdict miss(std::uint64_t who, base::Steady now);

    /// A request that got no work, because of its standing.
    void held(std::uint64_t who, base::Steady now);

    /// Phones are there: it is slowed at most, from now on for a day. 300 may sit behind one
    /// address, and one scanner beside them.
    void trust(std::uint64_t who, base::Steady now);

    /// Those who are not free, the last heard first.
    std::vector<Row> list(base::Steady now) const;

  private:
    struct Entry {
        base::Steady window; ///< when the running minute began
        std::uint32_t in_window = 0;
        std::uint64_t misses = 0;
        std::uint64_t held = 0;
        base::Steady since;
        base::Steady until;
        base::Duration next{}; ///< how long it is shut out the next time
        Standing standing = Standing::free;
    };

    bool is_trusted(std::uint64_t who, base::Steady now);
    Standing standing(const Entry& entry, base::Steady now) const;

    const Limits limits_;
    mutable std::mutex lock_; ///< of what follows
    base::Lru<std::uint64_t, Entry> known_;
    base::Lru<std::uint64_t, base::Steady> trusted_;
};

} // namespace serve
