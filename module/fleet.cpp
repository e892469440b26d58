// SPDX-License-Identifier: MIT
// Turns of a resync of many phones, and what their timelines say of them afterwards.
#include "module/fleet.hpp"

#include "provisioning/base/log.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace engine {

using base::Errc;
using base::fail;
using base::Status;
using inventory::Step;

void Fleet::take(std::optional<inventory::Fleet> fleet, std::uint64_t noted) {
    fleet_ = std::move(fleet);
    noted_ = noted;
    places_.clear();
    looks_.clear();
    told_.clear();
    since_.clear();
    used_.clear();
    taken_ = clock_.now();
    unsaved_.clear();
    turns_ = 0;
    was_over_ = !fleet_ || inventory::is_over(*fleet_);
    if (!fleet_) {
        return;
    }
    for (std::size_t at = 0; at < fleet_->phones.size(); ++at) {
        places_.emplace(fleet_->phones[at].mac, at);
    }
    pace_.begin(clock_.now(), fleet_->per_minute);
}

Status Fleet::recall() {
    auto stored = inventory_.fleet();
    if (!stored) {
        return tl::unexpected(stored.error());
    }
    const std::lock_guard hold(lock_);
    take(std::move(*stored), 0);
    if (!was_over_) {
        base::log::info("engine", "the resync that {} ordered goes on: pnp show resync",
                        fleet_->actor);
    }
    return {};
}

Status Fleet::begin(inventory::Fleet fleet) {
    const std::lock_guard order(ordering_);
    fleet.per_minute = std::clamp(fleet.per_minute, 1U, most_per_minute);
    fleet.begun = clock_.unix_ms();
    const auto noted = inventory_.noted();
    for (auto& phone : fleet.phones) {
        phone.at = fleet.begun;
    }
    const auto turn = writes_.begin(); // nothing is written of the one before from now on
    {
        const std::lock_guard hold(lock_);
        if (!turn || (fleet_ && !inventory::is_over(*fleet_))) {
            return fail(Errc::refused, "another resync is under way: pnp show resync; to end it: "
                                       "pnp resync stop");
        }
    }
    auto done = inventory_.begin_fleet(fleet);
    const std::lock_guard hold(lock_);
    if (done) {
        take(std::move(fleet), noted);
    }
    return done;
}

Status Fleet::stop(bool stopped, std::string_view actor) {
    const std::lock_guard order(ordering_);
    {
        const std::lock_guard hold(lock_);
        const bool has_waiting =
            fleet_ && std::any_of(fleet_->phones.begin(), fleet_->phones.end(),
                                  [](const auto& phone) { return is_waiting(phone.state); });
        if (!has_waiting || fleet_->stopped == stopped) {
            return stopped ? fail(Errc::refused, "no phone waits for a resync: pnp show resync")
                           : fail(Errc::refused, "no resync is stopped: pnp show resync");
        }
        if (stopped) {
            fleet_->stopped = true; // at once; it is on disk before that is said
        }
    }
    auto done = inventory_.stop_fleet(stopped, actor);
    const std::lock_guard hold(lock_);
    if (!done) {
        fleet_->stopped = !stopped;
    } else if (!stopped) {
        fleet_->stopped = false;
        turns_ = 0;
        was_over_ = false;
        pace_.begin(clock_.now(), fleet_->per_minute);
    }
    return done;
}

std::optional<inventory::Fleet> Fleet::report() const {
    const std::lock_guard hold(lock_);
    return fleet_;
}

void Fleet::set(std::size_t at, State state, std::string detail) {
    auto& phone = fleet_->phones[at];
    // Of one that was told the moment of that stays: it may have fetched before it confirmed.
    if (phone.state != state && state != State::answered) {
        phone.at = clock_.unix_ms();
        since_[at] = clock_.now();
        if (const auto devices = inventory_.now();
            state == State::sent && devices.device(phone.mac) != nullptr) {
            used_[at] = devices.device(phone.mac)->seen.used;
        }
    }
    phone.state = state;
    phone.detail = std::move(detail);
    unsaved_.insert(at);
}

/// As far as this program knows: patience begins anew with it.
base::Duration Fleet::time_in_state(std::size_t at) const {
    const auto since = since_.find(at);
    return clock_.now() - (since != since_.end() ? since->second : taken_);
}

bool Fleet::has_used_its_url(std::size_t at, const inventory::Device& device) const {
    const auto before = used_.find(at);
    return before != used_.end() ? device.seen.used != before->second
                                 : device.seen.used >= fleet_->phones[at].at;
}

/// What no step tells, and who gave no sign for too long.
void Fleet::look_at_those_told() {
    const auto devices = inventory_.now();
    for (std::size_t at = 0; at < fleet_->phones.size(); ++at) {
        const auto& phone = fleet_->phones[at];
        if (!is_under_way(phone.state)) {
            continue;
        }
        const auto* device = devices.device(phone.mac);
        if (device != nullptr && has_used_its_url(at, *device)) {
            set(at, State::came, "used its URL");
        } else if (time_in_state(at) >= patience) {
            set(at, State::given_up,
                fmt::format("gave no sign within {} minutes",
                            std::chrono::duration_cast<std::chrono::minutes>(patience).count()));
        }
    }
}

void Fleet::tick() {
    std::size_t turns = 0;
    base::OneAtATime::Turn writes;
    {
        const std::lock_guard hold(lock_);
        if (!fleet_) {
            return;
        }
        if (!was_over_) {
            look_at_those_told();
            if (inventory::is_over(*fleet_)) {
                was_over_ = true;
                base::log::info("engine", "the resync of {} phones {}: pnp show resync",
                                fleet_->phones.size(), fleet_->stopped ? "is stopped" : "is over");
            }
            if (!fleet_->stopped) {
                // A worker that the disk keeps waiting makes no crowd of those behind it.
                turns_ = std::min(turns_ + pace_.due(clock_.now()),
                                  std::size_t{1} + fleet_->per_minute / 30);
            }
        }
        if (unsaved_.empty() && turns_ == 0) {
            return;
        }
        writes = writes_.begin();
        if (!writes) {
            return;
        }
        turns = std::exchange(turns_, 0);
    }
    reach_.work([this, turns, writes] { carry_on(turns); });
}

void Fleet::carry_on(std::size_t turns) {
    const auto batch = take_turns(turns);
    if (auto done = write(true); !done) {
        // Who is not on disk as told is not told: a restart would tell it twice.
        base::log::error("engine", "the resync waits: {}", done.error().what);
        const std::lock_guard hold(lock_);
        for (const auto mac : batch) {
            set(places_.at(mac), State::waits, "");
        }
        return;
    }
    bool reboots = false;
    {
        const std::lock_guard hold(lock_);
        reboots = fleet_->reboots;
    }
    for (const auto mac : batch) {
        const auto told = reach_.tell(mac, reboots);
        const std::lock_guard hold(lock_);
        const auto at = places_.at(mac);
        if (fleet_->phones[at].state != State::sent) {
            continue; // it was faster
        }
        set(at, told ? State::sent : State::refused, told ? *told : told.error().what);
    }
    if (auto done = write(false); !done) {
        base::log::debug("engine", "{}", done.error().what); // with the next ones
    }
}

std::optional<std::size_t>
Fleet::next_waiting(const std::unordered_set<std::size_t>& but_for) const {
    const auto now = clock_.now();
    for (std::size_t at = 0; at < fleet_->phones.size(); ++at) {
        const auto& phone = fleet_->phones[at];
        const auto look = looks_.find(phone.mac);
        if (is_waiting(phone.state) && but_for.count(at) == 0 &&
            (look == looks_.end() || look->second <= now)) {
            return at;
        }
    }
    return std::nullopt;
}

/// Marks those whose turn it is as told.
std::vector<base::Mac> Fleet::take_turns(std::size_t turns) {
    std::vector<base::Mac> batch;
    std::unordered_set<std::size_t> looked_at;
    while (batch.size() < turns && looked_at.size() < turns + most_looks) {
        std::size_t at = 0;
        base::Mac mac;
        bool forced = false;
        {
            const std::lock_guard hold(lock_);
            const auto next = fleet_->stopped ? std::nullopt : next_waiting(looked_at);
            if (!next) {
                break;
            }
            at = *next;
            mac = fleet_->phones[at].mac;
            forced = fleet_->forced;
        }
        looked_at.insert(at);
        if (!may_be_told(at, mac, forced)) {
            continue;
        }
        const std::lock_guard hold(lock_);
        if (!fleet_->stopped && is_waiting(fleet_->phones[at].state)) {
            set(at, State::sent, "");
            told_[mac] = inventory_.noted();
            batch.push_back(mac);
        }
    }
    return batch;
}

bool Fleet::may_be_told(std::size_t at, base::Mac mac, bool forced) {
    const auto devices = inventory_.now();
    const auto* device = devices.device(mac);
    if (device == nullptr || !device->is_approved()) {
        const std::lock_guard hold(lock_);
        set(at, State::refused, "it is not approved any more");
        return false;
    }
    if (forced || !reach_.in_call(*device).value_or(false)) {
        return true;
    }
    const std::lock_guard hold(lock_);
    const auto& phone = fleet_->phones[at];
    if (!is_waiting(phone.state)) {
        return false;
    }
    if (phone.state == State::in_call && time_in_state(at) >= longest_call) {
        set(at, State::given_up,
            fmt::format("in a call for {} hours",
                        std::chrono::duration_cast<std::chrono::hours>(longest_call).count()));
        return false;
    }
    looks_[mac] = clock_.now() + between_looks;
    set(at, State::in_call, "in a call: later");
    return false;
}

Status Fleet::write(bool before_telling) {
    std::vector<inventory::FleetPhone> phones;
    {
        const std::lock_guard hold(lock_);
        for (const auto at : unsaved_) {
            phones.push_back(fleet_->phones[at]);
        }
        unsaved_.clear();
    }
    if (phones.empty()) {
        return {};
    }
    auto done = inventory_.put_fleet(phones, before_telling);
    if (!done) {
        const std::lock_guard hold(lock_);
        for (const auto& phone : phones) {
            unsaved_.insert(places_.at(phone.mac));
        }
    }
    return done;
}

void Fleet::happened(base::Mac mac, const inventory::Event& event) {
    const std::lock_guard hold(lock_);
    const auto place = places_.find(mac);
    if (place == places_.end()) {
        return;
    }
    const auto at = place->second;
    const auto state = fleet_->phones[at].state;
    const auto told = told_.find(mac);
    const bool was_told = told != told_.end();
    if (state == State::came || (is_waiting(state) && fleet_->reboots) ||
        event.order <= (was_told ? told->second : noted_)) {
        return;
    }
    switch (event.step) {
    case Step::file_served:
    case Step::called: {
        // By itself and before its turn, too: it has what it would have been told to fetch.
        auto what = event.step == Step::called ? "called" : "fetched " + event.detail;
        set(at, State::came, is_waiting(state) ? "by itself: " + what : what);
        return;
    }
    case Step::registered:
        // At our start the PBX tells of all that are registered: those did not come.
        if (is_under_way(state) && was_told) {
            set(at, State::came, "registered: " + event.detail);
        }
        return;
    case Step::resync_answered:
    case Step::contact_asked:
        if (state == State::sent) {
            set(at, State::answered, event.detail);
        }
        return;
    case Step::resync_failed:
        if (is_under_way(state) && was_told) {
            const bool answered = !event.detail.empty() && event.detail[0] >= '1' &&
                                  event.detail[0] <= '9'; // "481 Subscription does not exist"
            set(at, answered ? State::refused : State::given_up, event.detail);
        }
        return;
    default:
        return;
    }
}

} // namespace engine
