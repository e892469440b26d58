// SPDX-License-Identifier: MIT
// What the parts of the responder share: time, settings, the policy, the way out and the counters.
#pragma once

#include "pnp/answered.hpp"
#include "pnp/belief.hpp"
#include "pnp/place.hpp"
#include "pnp/policy.hpp"
#include "pnp/service.hpp"
#include "provisioning/base/clock.hpp"
#include "provisioning/base/limit.hpp"
#include "provisioning/base/token_buckets.hpp"

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace pnp {

/// The counters as the loop thread writes them and any thread may read them.
struct Tally {
    using Count = std::atomic<std::uint64_t>;
    Count datagrams, subscribes, retransmissions, malformed, not_ours, nameless, foreign_source,
        mismatches, offers, held, notify_accepted, notify_failed, limited, table_full,
        send_failures, kernel_drops;

    Counters read() const;
};

/// Sends one datagram, perhaps a moment later; false when the system would not take it.
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
    base::TokenBucket unnamed{1000, 1000}; ///< datagrams that no glance tells who sent them
    base::TokenBucket rivals{1, 5};
    base::TokenBucket outsiders{0.5, 5};
    /// Phones that are not answered, so that nobody asks the network who they are: each may be made
    /// up, and takes the place of another one in the list.
    base::TokenBucket unchecked{1, 200};
    /// Questions and answers in a timeline, which has room for 200 lines: whoever forges a phone's
    /// questions must not push out what else happened to it.
    base::TokenBuckets<Place> stories{1.0 / 30, 40, 16'384};

    /// One line about a datagram that is not answered, if the log can take one more.
    void tell_of_stranger(std::string_view text);
    void send(const Path& path, std::string_view bytes);
    /// The system would not take it.
    void not_sent(const Path& path);
    /// What this phone is told, now that it is known to have asked.
    Decision hear(const Asked& asked);
    /// What the network shows about its MAC; that it fits where nobody wants to know.
    Belief look(const Asked& asked) const;
    bool is_allowed(base::Ipv4 source) const noexcept;
    /// The network shows something else than the phone claims. False when it is served all the
    /// same.
    bool refuses(const Asked& asked, const Belief& belief);
    void note(const Asked& asked, inventory::Step step, std::string_view detail) noexcept;
};

void log_failure(const char* what) noexcept;

/// Lets nothing escape: we run inside somebody else's process, and the policy is other people's
/// code.
template <class F> void guarded(F&& task) noexcept {
    try {
        std::forward<F>(task)();
    } catch (const std::exception& error) {
        log_failure(error.what());
    } catch (...) {
        log_failure("an exception of unknown type");
    }
}

/// "phone 001fc1000001 (Htek UC924) at 10.0.0.2"
std::string described(const Asked& asked);

} // namespace pnp
