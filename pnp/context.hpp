// SPDX-License-Identifier: MIT
// What the parts of the responder share: time, settings, the policy, the way out and the counters.
#pragma once

#include "pnp/answered.hpp"
#include "pnp/policy.hpp"
#include "pnp/service.hpp"
#include "provisioning/base/clock.hpp"
#include "provisioning/base/limit.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

namespace pnp {

/// The counters as the loop thread writes them and any thread may read them.
struct Tally {
    using Count = std::atomic<std::uint64_t>;
    Count datagrams, subscribes, retransmissions, malformed, not_ours, nameless, foreign_source,
        offers, held, notify_accepted, notify_failed, table_full, send_failures, kernel_drops;

    Counters read() const;
};

/// Sends one datagram; false when the system would not take it.
using Send = std::function<bool(const Path&, std::string_view bytes)>;

struct Wiring {
    Send send;
    std::function<void()> due_changed; ///< next_due() may be earlier than it was
    std::function<base::Result<std::uint32_t>()> random;
};

struct Context {
    const base::Clock& clock;
    Settings settings;
    Policy policy;
    Wiring wiring;
    Tally& tally;

    // Whatever a stranger's datagram can write into the log is limited.
    base::TokenBucket strangers{0.2, 5};
    base::TokenBucket phones{50, 500};

    bool send(const Path& path, std::string_view bytes);
    void note(const Asked& asked, inventory::Step step, std::string_view detail) const noexcept;
};

/// "phone 001fc1000001 (Htek UC924) at 10.0.0.2"
std::string described(const Asked& asked);

} // namespace pnp
