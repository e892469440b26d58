// SPDX-License-Identifier: MIT
// The SUBSCRIBEs that were answered, so that a repeated one gets the same bytes again.
#pragma once

#include "pnp/message.hpp"
#include "provisioning/base/clock.hpp"
#include "provisioning/base/crypto.hpp"
#include "provisioning/base/net.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

namespace pnp {

enum class Channel : std::uint8_t { group, unicast }; ///< the socket that heard, and that answers

/// Timer J (RFC 3261 17.2.2), and timer F: 64 × T1.
constexpr std::chrono::seconds transaction_life{32};

/// Where a datagram of ours leaves and where it goes.
struct Path {
    Channel channel = Channel::group;
    int interface_index = 0;
    base::Ipv4 local;
    base::Endpoint to;
};

/// A digest, so that no stranger's long header makes the table grow or its buckets collide.
using TransactionKey = base::Digest256;

/// RFC 3261 17.2.3: branch, sent-by and method where the branch has the magic cookie, else the
/// headers that RFC 2543 compared. The source address belongs to it, so that nobody can spoil a
/// transaction of another phone; a copy through a second interface still has the same key.
TransactionKey transaction_key(const Subscribe& request, base::Ipv4 source);

/// A server transaction.
struct Answer {
    TransactionKey key{};
    std::string ok; ///< empty where we chose to be silent
    Path path;
    base::Steady forget{};
    bool open = false;   ///< a NOTIFY is still owed: not forgotten before close()
    bool queued = false; ///< waits in the queue of those to be forgotten
};

/// Bounded in number and in bytes; the oldest finished ones go first when there are too many.
class Answered {
  public:
    explicit Answered(std::size_t most = 20'000, std::size_t most_bytes = std::size_t{64} << 20U)
        : most_(most), most_bytes_(most_bytes) {}

    Answer* find(const TransactionKey& key);
    /// Stays where it is until forgotten. nullptr when all that are remembered are open.
    Answer* add(const TransactionKey& key, base::Steady now);
    void answer(Answer& entry, std::string ok, Path path);
    void open(Answer& entry);
    void close(Answer& entry, base::Steady now);

    void forget_old(base::Steady now);
    std::optional<base::Steady> next_due() const;

    std::size_t size() const noexcept { return table_.size(); }

  private:
    struct KeyHash {
        std::size_t operator()(const TransactionKey& key) const noexcept {
            std::size_t value = 0;
            std::memcpy(&value, key.data(), sizeof value);
            return value;
        }
    };

    static std::size_t cost(const Answer& entry) noexcept;
    void erase(Answer& entry);
    bool make_room();

    std::size_t most_;
    std::size_t most_bytes_;
    std::size_t bytes_ = 0;
    std::unordered_map<TransactionKey, Answer, KeyHash> table_;
    // By age. An open one that comes to the front leaves the queue, and close() puts it back or
    // forgets it: each entry passes a constant number of times, however many are open.
    std::deque<Answer*> queue_;
};

} // namespace pnp
