// SPDX-License-Identifier: MIT
// Nonces that phones used: a message that opens a conversation should bring a new one.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/lru.hpp"
#include "provisioning/base/mac.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string_view>

namespace wpi {

/// The last 64 of each phone for a day (how a service should defend itself is unknown; default:
/// replays are logged). From any thread.
class Replays {
  public:
    static constexpr std::size_t most = 64;
    static constexpr std::chrono::milliseconds kept = std::chrono::hours(24);

    /// Takes a note of it; `is_first`: it opens a conversation. True: such a one, and known.
    bool is_replay(base::Mac mac, std::string_view nonce, bool is_first, base::UnixMs now) {
        const auto hash = std::hash<std::string_view>{}(nonce);
        const std::lock_guard hold(lock_);
        auto& seen = seen_.at(mac);
        while (!seen.empty() && !base::was_within(seen.front().at, now, kept)) {
            seen.pop_front();
        }
        for (const auto& one : seen) {
            if (one.hash == hash) {
                return is_first; // a conversation may keep to one nonce (WPI guide p. 34)
            }
        }
        if (seen.size() >= most) {
            seen.pop_front();
        }
        seen.push_back({hash, now});
        return false;
    }

  private:
    struct Seen {
        std::size_t hash = 0;
        base::UnixMs at = 0;
    };

    std::mutex lock_; ///< of what follows
    base::Lru<base::Mac, std::deque<Seen>> seen_{10'000};
};

} // namespace wpi
