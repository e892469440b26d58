// SPDX-License-Identifier: MIT
// Each phone is idle, due, under way or awaited; two queues by time hold the second and the last.
#include "provisioning/wpi/contact_me_plan.hpp"

#include <algorithm>

namespace wpi {

using std::chrono::seconds;

namespace {

constexpr seconds longest_gap = std::chrono::hours(24);

} // namespace

ContactMePlan::ContactMePlan(const base::Clock& clock, Chance chance, ContactMePacing pacing)
    : clock_(clock), chance_(std::move(chance)), pacing_(pacing) {}

ContactMePlan::Phone& ContactMePlan::phone(base::Mac mac, const ContactMePast& past) {
    forget_the_old();
    auto& phone = phones_[mac];
    phone.gap = std::clamp(past.gap.value_or(pacing_.gap), pacing_.least_gap, longest_gap);
    const auto now = clock_.unix_ms();
    if (!phone.last && past.sent != 0 && base::was_within(past.sent, now, phone.gap)) {
        phone.last = clock_.now() - std::chrono::milliseconds(now - past.sent);
    }
    return phone;
}

void ContactMePlan::queue(base::Mac mac, Phone& phone, base::Duration hold) {
    phone.is_wanted = true;
    if (phone.is_under_way || phone.is_awaited) {
        return; // it is queued when that has ended
    }
    const bool is_queued = due_.erase({phone.due, mac}) != 0;
    auto due = clock_.now() + hold;
    if (phone.last) {
        due = std::max(due, *phone.last + phone.gap + phone.spread);
    }
    phone.due = is_queued ? std::min(phone.due, due) : due;
    due_.insert({phone.due, mac});
}

void ContactMePlan::unqueue(base::Mac mac, const Phone& phone) {
    due_.erase({phone.due, mac});
    awaited_.erase({phone.until, mac});
}

void ContactMePlan::want(base::Mac mac, ContactMePast past, base::Duration hold) {
    auto& wanted = phone(mac, past);
    if (!wanted.is_wanted) {
        wanted.attempts = 0;
    }
    queue(mac, wanted, hold);
}

void ContactMePlan::called(base::Mac mac) {
    const auto found = phones_.find(mac);
    if (found == phones_.end()) {
        return;
    }
    auto& phone = found->second;
    phone.called_meanwhile = phone.is_under_way;
    if (!phone.is_awaited) {
        return;
    }
    unqueue(mac, phone);
    phone.is_awaited = false;
    if (phone.attempts >= pacing_.attempts) { // it comes, and never to an end
        phone.is_wanted = false;
        phone.attempts = 0;
    } else {
        queue(mac, phone);
    }
}

bool ContactMePlan::busy(base::Mac mac, ContactMePast past) {
    const auto now = clock_.now();
    auto& talking = phone(mac, past);
    talking.attempts = 0;
    if (!talking.busy_since) {
        talking.busy_since = now;
    }
    if (now - *talking.busy_since >= pacing_.busy_give_up) {
        settled(mac);
        return false;
    }
    if (talking.is_put_off && due_.contains({talking.due, mac})) {
        return true;
    }
    queue(mac, talking);
    if (!talking.is_under_way && !talking.is_awaited) {
        talking.is_put_off = true;
        due_.erase({talking.due, mac});
        talking.due = std::max(talking.due, now + pacing_.busy_retry);
        due_.insert({talking.due, mac});
    }
    return true;
}

void ContactMePlan::settled(base::Mac mac) {
    const auto found = phones_.find(mac);
    if (found == phones_.end()) {
        return;
    }
    auto& phone = found->second;
    unqueue(mac, phone);
    phone.is_wanted = phone.is_awaited = false;
    phone.called_meanwhile = phone.is_under_way;
    phone.attempts = 0;
    phone.is_put_off = false;
    phone.busy_since.reset();
}

std::vector<base::Mac> ContactMePlan::start() {
    const auto now = clock_.now();
    std::vector<base::Mac> chosen;
    while (under_way_ < pacing_.parallel && !due_.empty() && due_.begin()->first <= now) {
        const auto mac = due_.begin()->second;
        due_.erase(due_.begin());
        auto& phone = phones_.at(mac);
        phone.is_under_way = true;
        phone.called_meanwhile = false;
        phone.is_put_off = false;
        phone.last = now;
        phone.spread = seconds(chance_(static_cast<std::uint32_t>(pacing_.spread.count())));
        ++phone.attempts;
        ++under_way_;
        chosen.push_back(mac);
    }
    return chosen;
}

void ContactMePlan::sent(base::Mac mac, bool arrived) {
    const auto found = phones_.find(mac);
    if (found == phones_.end() || !found->second.is_under_way) {
        return;
    }
    auto& phone = found->second;
    phone.is_under_way = false;
    --under_way_;
    if (phone.called_meanwhile) {
        phone.called_meanwhile = false;
        if (phone.is_wanted) { // by a call that settled nothing, or again since then
            queue(mac, phone);
        }
    } else if (arrived) {
        phone.is_awaited = true;
        phone.until = clock_.now() + pacing_.wait;
        awaited_.insert({phone.until, mac});
    } else {
        was_silent(mac, phone, false);
    }
}

void ContactMePlan::was_silent(base::Mac mac, Phone& phone, bool arrived) {
    const bool is_last =
        phone.attempts >= pacing_.attempts ||
        (phone.busy_since && clock_.now() - *phone.busy_since >= pacing_.busy_give_up);
    silences_.push_back({mac, arrived, is_last});
    if (is_last) {
        phone.is_wanted = false;
        phone.attempts = 0;
        phone.busy_since.reset();
    } else {
        queue(mac, phone);
    }
}

std::vector<ContactMePlan::Silence> ContactMePlan::silences() {
    while (!awaited_.empty() && awaited_.begin()->first <= clock_.now()) {
        const auto mac = awaited_.begin()->second;
        awaited_.erase(awaited_.begin());
        auto& phone = phones_.at(mac);
        phone.is_awaited = false;
        was_silent(mac, phone, true);
    }
    return std::exchange(silences_, {});
}

std::optional<base::Steady> ContactMePlan::next() const {
    std::optional<base::Steady> soonest;
    const auto consider = [&](base::Steady at) { soonest = soonest ? std::min(*soonest, at) : at; };
    if (!silences_.empty()) {
        consider(clock_.now());
    }
    // Where all places are taken, sent() says when there is one.
    if (!due_.empty() && under_way_ < pacing_.parallel) {
        consider(due_.begin()->first);
    }
    if (!awaited_.empty()) {
        consider(awaited_.begin()->first);
    }
    return soonest;
}

/// Of a phone that nothing is wanted of the last attempt counts, for as long as its gap.
void ContactMePlan::forget_the_old() {
    constexpr auto every = std::chrono::minutes(10);
    const auto now = clock_.now();
    if (now - cleaned_ < every) {
        return;
    }
    cleaned_ = now;
    std::erase_if(phones_, [&](const auto& entry) {
        const Phone& phone = entry.second;
        const bool is_idle =
            !phone.is_wanted && !phone.is_under_way && !phone.is_awaited && !phone.busy_since;
        return is_idle && (!phone.last || now - *phone.last > phone.gap + phone.spread);
    });
}

} // namespace wpi
