// SPDX-License-Identifier: MIT
// Places on the way to new firmware.
#include "provisioning/serve/rollout.hpp"

#include <algorithm>

namespace serve {

using profile::Firmware;

/// Places that others have, or that are kept for them.
std::size_t Rollout::taken(const Firmware& firmware, base::Mac but_for) const {
    const auto now = clock_.now();
    return static_cast<std::size_t>(
        std::count_if(trips_.begin(), trips_.end(), [&](const auto& entry) {
            const auto& [mac, trip] = entry;
            return mac != but_for && trip.firmware == firmware.name &&
                   ((trip.state == State::on_way && now - trip.since < longest_way) ||
                    (trip.state == State::called && now - trip.since < kept_place));
        }));
}

Turn Rollout::turn(const Firmware& firmware, base::Mac mac, std::string_view version) const {
    if (!profile::is_version(version)) {
        return Turn::unknown;
    }
    if (!profile::is_older(version, firmware.version)) {
        return profile::is_same_version(version, firmware.version) ? Turn::has : Turn::newer;
    }
    const auto found = trips_.find(mac);
    if (found != trips_.end() && found->second.version == firmware.version) {
        const auto& trip = found->second;
        const auto passed = clock_.now() - trip.since;
        if (trip.state == State::on_way) {
            return passed < longest_way ? Turn::on_way : Turn::failed;
        }
        if (trip.state == State::failed && passed < rest) {
            return Turn::failed;
        }
    }
    return Turn::waits;
}

Turn Rollout::now(const Firmware& firmware, base::Mac mac, std::string_view version) const {
    const std::lock_guard hold(lock_);
    return turn(firmware, mac, version);
}

Turn Rollout::look(const Firmware& firmware, base::Mac mac, std::string_view version) const {
    const std::lock_guard hold(lock_);
    const auto now = turn(firmware, mac, version);
    const bool has_place = now == Turn::waits && taken(firmware, mac) < firmware.at_a_time;
    return has_place ? Turn::on_way : now;
}

Rollout::Step Rollout::take(const Firmware& firmware, base::Mac mac, std::string_view version) {
    const std::lock_guard hold(lock_);
    const auto now = turn(firmware, mac, version);
    if (now == Turn::has || now == Turn::newer) {
        return {now, forget(mac)};
    }
    if (now == Turn::waits && taken(firmware, mac) < firmware.at_a_time) {
        trips_[mac] = {State::on_way, firmware.name, firmware.version, clock_.now()};
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

std::vector<Rollout::Failed> Rollout::give_up() {
    const std::lock_guard hold(lock_);
    const auto now = clock_.now();
    std::vector<Failed> given_up;
    for (auto& [mac, trip] : trips_) {
        if (trip.state == State::on_way && now - trip.since >= longest_way) {
            trip.state = State::failed;
            trip.since += longest_way;
            given_up.push_back({mac, trip.version});
        }
    }
    return given_up;
}

std::vector<base::Mac> Rollout::call(const Firmware& firmware,
                                     const std::vector<base::Mac>& waiting) {
    const std::lock_guard hold(lock_);
    const auto now = clock_.now();
    std::vector<base::Mac> called;
    auto places = taken(firmware, base::Mac());
    for (const auto mac : waiting) {
        if (places >= firmware.at_a_time) {
            break;
        }
        const auto found = trips_.find(mac);
        if (found != trips_.end() && found->second.state == State::called &&
            now - found->second.since < between_calls) {
            continue;
        }
        trips_[mac] = {State::called, firmware.name, firmware.version, now};
        called.push_back(mac);
        ++places;
    }
    return called;
}

void Rollout::forgive(base::Mac mac) {
    const std::lock_guard hold(lock_);
    const auto found = trips_.find(mac);
    if (found != trips_.end() && (found->second.state != State::on_way ||
                                  clock_.now() - found->second.since >= longest_way)) {
        trips_.erase(found);
    }
}

void Rollout::keep(const std::vector<base::Mac>& sorted) {
    const std::lock_guard hold(lock_);
    std::erase_if(trips_, [&](const auto& entry) {
        return !std::binary_search(sorted.begin(), sorted.end(), entry.first);
    });
}

} // namespace serve
