// SPDX-License-Identifier: MIT
// Resyncs many phones, one after the other at a pace, and knows what became of each.
#pragma once

#include "module/pace.hpp"
#include "provisioning/base/clock.hpp"
#include "provisioning/base/one_at_a_time.hpp"
#include "provisioning/inventory/inventory.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace engine {

/// One order at a time; the last one can be looked at until the next. From any thread.
class Fleet {
  public:
    /// A phone that was told, restarted and fetched all is back by then, and an OpenStage that
    /// cannot be asked to call has polled three times.
    static constexpr std::chrono::milliseconds patience = std::chrono::minutes(15);
    /// A phone in a call is looked at again so much later...
    static constexpr base::Duration between_looks = std::chrono::minutes(1);
    /// ...and is left alone after so long.
    static constexpr std::chrono::milliseconds longest_call = std::chrono::hours(4);
    /// The PBX is asked about at most so many phones before one is told.
    static constexpr std::size_t most_looks = 50;
    static constexpr std::uint32_t most_per_minute = 600;

    struct Reach {
        /// Tells one phone, and says where; the error why it cannot be told. Blocks.
        std::function<base::Result<std::string>(base::Mac, bool reboot)> tell;
        /// Nothing: nobody knows. Blocks.
        std::function<std::optional<bool>(const inventory::Device&)> in_call;
        /// Runs it soon, on another thread.
        std::function<void(std::function<void()>)> work;
        Pace::Random random;
    };

    Fleet(inventory::Inventory& inventory, const base::Clock& clock, Reach reach)
        : inventory_(inventory), clock_(clock), reach_(std::move(reach)), pace_(reach_.random) {}

    /// Goes on where the program ended: who was told is not told again. Blocks.
    base::Status recall();

    /// Refused while another is under way. Blocks, as the next.
    base::Status begin(inventory::Fleet fleet);
    /// Refused where there is nothing to stop, or to go on with.
    base::Status stop(bool stopped, std::string_view actor);

    /// As far as it is; nothing: there was none yet.
    std::optional<inventory::Fleet> report() const;

    /// Each second, on the loop thread.
    void tick();
    /// A new step in a phone's timeline; in whatever order they come.
    void happened(base::Mac mac, const inventory::Event& event);

  private:
    using State = inventory::Resynced;

    // All of these: with `lock_` held.
    void take(std::optional<inventory::Fleet> fleet, std::uint64_t noted);
    void set(std::size_t at, State state, std::string detail);
    base::Duration time_in_state(std::size_t at) const;
    bool has_used_its_url(std::size_t at, const inventory::Device& device) const;
    void look_at_those_told();
    std::optional<std::size_t> next_waiting(const std::unordered_set<std::size_t>& but_for) const;

    // On a worker, without it.
    void carry_on(std::size_t turns);
    std::vector<base::Mac> take_turns(std::size_t turns);
    bool may_be_told(std::size_t at, base::Mac mac, bool forced);
    base::Status write(bool before_telling);

    inventory::Inventory& inventory_;
    const base::Clock& clock_;
    const Reach reach_;
    std::mutex ordering_;     ///< held while an order is taken; before lock_
    base::OneAtATime writes_; ///< an order, or a worker
    mutable std::mutex lock_; ///< of what follows; for moments only
    std::optional<inventory::Fleet> fleet_;
    std::unordered_map<base::Mac, std::size_t> places_; ///< in fleet_->phones
    std::unordered_map<base::Mac, base::Steady> looks_; ///< no sooner: those in a call
    // Threads tell of steps late: what was noted by then is no sign of a phone that it came.
    std::uint64_t noted_ = 0;                           ///< when it was ordered
    std::unordered_map<base::Mac, std::uint64_t> told_; ///< when it was told, by this program
    // The clock on the wall may be set meanwhile.
    std::unordered_map<std::size_t, base::Steady> since_; ///< in this state...
    base::Steady taken_;                                  ///< ...or else since then
    std::unordered_map<std::size_t, base::UnixMs> used_;  ///< its URL, last before it was told
    std::unordered_set<std::size_t> unsaved_;
    Pace pace_;
    std::size_t turns_ = 0; ///< that came and nobody took yet
    bool was_over_ = true;
};

} // namespace engine
