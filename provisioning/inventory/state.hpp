// SPDX-License-Identifier: MIT
// What the inventory holds, and which mutex guards what.
#pragma once

#include "provisioning/inventory/event_queue.hpp"
#include "provisioning/inventory/inventory.hpp"
#include "provisioning/inventory/pins.hpp"
#include "provisioning/inventory/store.hpp"
#include "provisioning/inventory/strangers.hpp"
#include "provisioning/inventory/workpoints.hpp"

#include <mutex>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace inventory {

/// What the writer knows about a device beside what readers see.
struct Track {
    std::uint64_t serial = 0; ///< a stranger dropped and heard again is another device
    bool on_disk = false;
    std::vector<FirstToken> first_tokens; ///< a few, the oldest first
    std::vector<base::Digest256> former;  ///< tokens that ended, likewise
};

struct Inventory::State {
    State(Limits with, const base::Clock& by) : limits(with), clock(by), opened(by.now()) {}

    const Limits limits;
    const base::Clock& clock;
    const base::Steady opened;
    base::Secret token_key; ///< set before anybody else sees this

    /// Held while the database is used; taken before `model`, never behind it.
    std::mutex disk;
    std::unique_ptr<Store> store;
    bool is_failing = false;    ///< the last flush failed: it was said, and is not said again
    base::UnixMs next_tidy = 0; ///< when old rows are looked for again
    static constexpr std::chrono::milliseconds tidy_every = std::chrono::hours(1);
    static constexpr std::size_t most_audits = 100'000;

    /// Held for moments only, never during I/O: the loop thread waits here.
    mutable std::mutex model;
    Snapshot current; ///< changed in place as long as no reader has a copy of the part
    std::unordered_map<base::Mac, Track> tracks; ///< the same devices as in `current`
    Strangers strangers;                         ///< the pending ones among them
    EventQueue events;
    std::unordered_set<base::Mac> unsaved; ///< whose sighting is newer than on disk
    std::unordered_set<base::Mac> gone;    ///< dropped strangers that still have a row
    base::UnixMs next_expiry = 0;          ///< of a first token; 0 = none
    std::uint64_t next_serial = 1;
    std::uint64_t noted = 0; ///< the order of the newest step
    std::uint64_t strangers_dropped = 0;
    std::uint64_t flush_failures = 0;
    bool flush_fails = false;

    /// Has locks of its own, taken behind `disk` and before `model`.
    std::unique_ptr<Workpoints> workpoints;
    std::unique_ptr<Pins> pins; ///< its lock is the last: taken behind `disk`, and behind `model`

    std::mutex hooks;
    std::function<void(const std::vector<base::Mac>&)> changed;

    struct Host {
        std::function<bool(const std::string&)> is_number;
        std::function<std::set<std::string>()> list;
    } host;

    std::function<void(const Device&, const Event&)> happened;

    /// With no lock held.
    void tell(const Device& device, const Event& event);

    // All of these: with `model` held.
    void fill(Stored stored);
    void put(Device device);
    void drop_strangers();
    Track& track_of(base::Mac mac);
    void add_first_token(base::Mac mac, const FirstToken& token);
    void set_enrolments(std::vector<Enrolment> enrolments);
    void drop_ended_enrolments(base::UnixMs now);
    void drop_old_releases(base::UnixMs now);
    /// Those that lie ahead of a clock that had the time to be set, as from now.
    std::vector<std::pair<std::string, Release>> releases_ahead(base::UnixMs now) const;
    /// Makes exactly the steady tokens known that are valid now; of a device that is not approved
    /// the first ones end too. `before`: as it was, if it was known.
    void renew_credentials(const Device* before, const Device& device);
    /// `under_token_key` is set up for many.
    void load_credentials(const Device& device, const base::Hmac256& under_token_key);
    base::Digest256 steady_hash(base::Mac mac, std::uint32_t generation) const;
    void end_first_tokens(base::Mac mac);
    /// The device after this use of its steady token; empty: nothing changes. Refused: not valid.
    base::Result<std::optional<Device>> after_use(base::Mac mac, std::uint32_t generation) const;
    /// It opens nothing any more, but its holder is known for a while.
    void retire(base::Mac mac, const base::Digest256& token);
    void end_expired_tokens(base::UnixMs now);
    /// How many events a device of this approval may have.
    std::size_t most_events(bool is_stranger) const;
    bool is_stranger(base::Mac mac) const;

    /// Everything of `current` that one flush() writes.
    struct Unsaved {
        struct Seen {
            std::shared_ptr<const Device> device;
            std::uint64_t serial = 0;
        };

        std::vector<base::Mac> gone;
        std::vector<Seen> seen;
        std::vector<EventQueue::Batch> events;
        std::vector<std::size_t> most_events; ///< of each batch
        std::vector<Workpoints::Unsaved> workpoints;
        std::vector<std::pair<std::string, Release>> releases; ///< looked for when it is tidied
        bool has_ended = false; ///< a first token or an enrolment window

        bool empty() const noexcept {
            return gone.empty() && seen.empty() && events.empty() && workpoints.empty() &&
                   !has_ended;
        }
    };

    Unsaved unwritten; ///< that was taken; for who has `disk`

    Unsaved take_unsaved(base::UnixMs now);
    void saved(const Unsaved& unsaved, const std::vector<std::optional<EventRow>>& newest);

    // All of these: with `disk` held.
    /// What was taken and not written is what waits again. Where there is no memory for it, the
    /// next call goes on: before anything else is taken.
    void keep_for_later();
    enum class FirstTokens : std::uint8_t { keep, end };
    /// Commits what put_trust() of the store writes, and shows it to readers.
    base::Status put_trust(const Device& after, FirstTokens first_tokens);
    base::Result<std::vector<std::optional<EventRow>>>
    write(const Unsaved& unsaved, base::UnixMs now, bool tidy);
};

} // namespace inventory
