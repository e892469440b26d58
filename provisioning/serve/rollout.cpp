// SPDX-License-Identifier: MIT
// Places on the way to new firmware.
#include "provisioning/serve/rollout.hpp"

#include <algorithm>
#include <utility>

namespace serve {

using profile::Firmware;

/// Who but `but_for` got into `state` less than `longest` ago.
std::size_t Rollout::others(const Firmware& firmware,
                            base::Mac but_for,
                            State state,
                            base::Duration longest) const {
    const auto now = clock_.now();
    return static_cast<std::size_t>(
        std::count_if(trips_.begin(), trips_.end(), [&](const auto& entry) {
            const auto& [mac, trip] = entry;
            return mac != but_for && trip.firmware == firmware.name && trip.state == state &&
                   now - trip.since < longest;
        }));
}

/// Places that others have.
std::size_t Rollout::on_way(const Firmware& firmware, base::Mac but_for) const {
    return others(firmware, but_for, State::on_way, longest_way);
}

/// Places that are kept for others.
std::size_t Rollout::kept(const Firmware& firmware, base::Mac but_for) const {
    return others(firmware, but_for, State::called, kept_place);
}

/// Takes the place that is kept for longest, where all are taken or kept: who was called may be
/// gone.
void Rollout::make_room(const Firmware& firmware, base::Mac for_whom) {
    if (on_way(firmware, for_whom) + kept(firmware, for_whom) < firmware.at_a_time) {
        return;
    }
    auto oldest = trips_.end();
    for (auto it = trips_.begin(); it != trips_.end(); ++it) {
        if (it->first != for_whom && it->second.firmware == firmware.name &&
            it->second.state == State::called &&
            (oldest == trips_.end() || it->second.since < oldest->second.since)) {
            oldest = it;
        }
    }
    if (oldest != trips_.end()) {
        trips_.erase(oldest);
    }
}

Turn Rollout::turn(const Firmware& firmware, base::Mac mac, std::string_view version) const {
    if (!profile::is_version(version)) {
        return Turn::unknown;
    }
    if (!profile::is_older(version, firmware.version)) {
        return profile::is_same_version(version, firmware.version) ? Turn::has : Turn::newer;
    }
    const auto now = clock_.now();
    const auto found = trips_.find(mac);
    if (found != trips_.end() && found->second.state == State::on_way &&
        found->second.version == firmware.version) {
        return now - found->second.since < longest_way ? Turn::on_way : Turn::failed;
    }
    const auto before = past_.find(mac);
    if (before == past_.end()) {
        return Turn::waits;
    }
    const auto& past = before->second;
    const bool has_failed = past.failed != base::Steady{} && past.version == firmware.version &&
                            now - past.failed < rest;
    const auto lately = std::count_if(past.began.begin(), past.began.end(),
                                      [&](base::Steady when) { return now - when < rest; });
    return has_failed || static_cast<std::size_t>(lately) >= most_trips ? Turn::failed
                                                                        : Turn::waits;
}

Turn Rollout::now(const Firmware& firmware, base::Mac mac, std::string_view version) const {
    const std::lock_guard hold(lock_);
    return turn(firmware, mac, version);
}

Turn Rollout::look(const Firmware& firmware, base::Mac mac, std::string_view version) const {
    const std::lock_guard hold(lock_);
    const auto now = turn(firmware, mac, version);
    const bool has_place = now == Turn::waits && on_way(firmware, mac) < firmware.at_a_time;
    return has_place ? Turn::on_way : now;
}

Rollout::Step Rollout::take(const Firmware& firmware, base::Mac mac, std::string_view version) {
    const std::lock_guard hold(lock_);
    const auto now = turn(firmware, mac, version);
    if (now == Turn::has || now == Turn::newer) {
        return {now, forget(mac)};
    }
    if (now == Turn::on_way && trips_.at(mac).has_file) {
        fail(mac, trips_.at(mac), clock_.now());
        return {Turn::failed, true};
    }
    if (now == Turn::waits && on_way(firmware, mac) < firmware.at_a_time) {
        make_room(firmware, mac);
        trips_[mac] = {State::on_way, firmware.name, firmware.version, clock_.now()};
        auto& began = past_[mac].began;
        if (began.size() >= most_trips) {
            began.erase(began.begin());
        }
        began.push_back(clock_.now());
        return {Turn::on_way, true};
    }
    return {now, false};
}

bool Rollout::arrived(base::Mac mac) {
    const std::lock_guard hold(lock_);
    return forget(mac);
}

/// Whether it had a trip that began.
bool Rollout::forget(base::Mac mac) {
    const auto found = trips_.find(mac);
    const bool began = found != trips_.end() && found->second.state != State::called;
    if (found != trips_.end()) {
        trips_.erase(found);
    }
    return began;
}

void Rollout::fail(base::Mac mac, Trip& trip, base::Steady when) {
    trip.state = State::failed;
    trip.since = when;
    auto& past = past_[mac];
    past.failed = when;
    past.version = trip.version;
}

void Rollout::fetched(base::Mac mac) {
    const std::lock_guard hold(lock_);
    const auto found = trips_.find(mac);
    if (found != trips_.end() && found->second.state == State::on_way) {
        found->second.has_file = true;
    }
}

void Rollout::not_called(base::Mac mac) {
    const std::lock_guard hold(lock_);
    const auto found = trips_.find(mac);
    if (found != trips_.end() && found->second.state == State::called) {
        trips_.erase(found);
    }
}

std::vector<Rollout::Failed> Rollout::give_up() {
    const std::lock_guard hold(lock_);
    const auto now = clock_.now();
    std::vector<Failed> given_up;
    for (auto& [mac, trip] : trips_) {
        if (trip.state == State::on_way && now - trip.since >= longest_way) {
            fail(mac, trip, trip.since + longest_way);
            given_up.push_back({mac, trip.version});
        }
    }
    return given_up;
}

std::vector<base::Mac> Rollout::call(const Firmware& firmware, std::vector<base::Mac> waiting) {
    const std::lock_guard hold(lock_);
    const auto now = clock_.now();
    const auto rank = [&](base::Mac mac) {
        const auto found = past_.find(mac);
        const auto past = found == past_.end() ? Past{} : found->second;
        return std::pair(past.failed, past.told);
    };
    std::stable_sort(waiting.begin(), waiting.end(),
                     [&](base::Mac a, base::Mac b) { return rank(a) < rank(b); });
    std::vector<base::Mac> called;
    auto places = on_way(firmware, base::Mac()) + kept(firmware, base::Mac());
    for (const auto mac : waiting) {
        if (places >= firmware.at_a_time) {
            break;
        }
        auto& told = past_[mac].told;
        if (told != base::Steady{} && now - told < between_calls) {
            continue;
        }
        trips_[mac] = {State::called, firmware.name, firmware.version, now};
        told = now;
        called.push_back(mac);
        ++places;
    }
    return called;
}

void Rollout::forgive(base::Mac mac) {
    const std::lock_guard hold(lock_);
    const auto found = trips_.find(mac);
    if (found != trips_.end() && found->second.state == State::on_way &&
        clock_.now() - found->second.since < longest_way) {
        return;
    }
    trips_.erase(mac);
    past_.erase(mac);
}

/// The past of the others stays for its time: whether a phone is in a list may hang on what
/// anybody says of it.
void Rollout::keep(const std::vector<base::Mac>& sorted) {
    const std::lock_guard hold(lock_);
    std::erase_if(trips_, [&](const auto& entry) {
        return !std::binary_search(sorted.begin(), sorted.end(), entry.first);
    });
    const auto now = clock_.now();
    std::erase_if(past_, [&](const auto& entry) {
        const auto& past = entry.second;
        const auto last = std::max(
            {past.told, past.failed, past.began.empty() ? base::Steady{} : past.began.back()});
        return now - last >= remembered;
    });
}

} // namespace serve
