// SPDX-License-Identifier: MIT
// How often somebody may ask: strangers share what there is, and never starve a phone that is
// known.
#pragma once

#include "pnp/belief.hpp"
#include "pnp/place.hpp"
#include "pnp/policy.hpp"
#include "provisioning/base/clock.hpp"
#include "provisioning/base/lru.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/token_buckets.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace pnp {

/// A source that asks more than it may, for lists.
struct LimitedSource {
    base::Ipv4 address;
    std::uint64_t refused = 0; ///< SUBSCRIBEs without an answer since then
    base::UnixMs since = 0;
    base::UnixMs last = 0;
};

/// Loop thread, but limited().
class Limits {
  public:
    explicit Limits(const base::Clock& clock) : clock_(clock) {}

    /// Whether this SUBSCRIBE is dealt with. `approved_at`: of an approved phone, the address where
    /// it was last seen.
    bool admits(const Asked& asked, const Belief& belief, std::optional<base::Ipv4> approved_at);

    /// Whether the phone's timeline may say so: it is a few lines long.
    bool tells(base::Mac mac) { return told_.take(mac, clock_.now()); }

    static constexpr std::chrono::minutes listed_for{1};

    /// Those who asked too much within the last minute, the last one first. Any thread.
    std::vector<LimitedSource> limited() const;

  private:
    bool may(const Asked& asked, const Belief& belief, std::optional<base::Ipv4> approved_at);
    void refuse(base::Ipv4 source);

    static constexpr std::size_t most = 16'384;

    const base::Clock& clock_;
    // A phone asks once per boot and repeats that a few times. Each phone that is where it says has
    // a bucket of its own, so large that whoever forges its MAC and address has to send a flood to
    // empty it. So many are answered with a fraction of a core.
    base::TokenBuckets<Place> phones_{2000, 2000, most};
    // An approved MAC at an address where nobody is known: the phone after a move, or a forger.
    base::TokenBuckets<base::Mac> moved_{2, 10, most};
    // A stranger's host, however many MACs it makes up.
    base::TokenBuckets<std::uint32_t> sources_{1, 10, most};
    // What is answered makes the kernel look for the address, and its table has room for 1,024; a
    // look takes up to three seconds, and the answer waits in our send buffer meanwhile. A power
    // cut has every phone of a site ask at once.
    base::TokenBucket moved_together_{100, 300};
    base::TokenBucket strangers_{100, 400};

    base::TokenBuckets<base::Mac> told_{1.0 / 60, 1, most};

    mutable std::mutex mutex_; // guards refused_
    base::Lru<std::uint32_t, LimitedSource> refused_{1000};
};

} // namespace pnp
