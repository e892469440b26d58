// SPDX-License-Identifier: MIT
// Timelines, sightings and counts of the file door.
#include "provisioning/serve/diary.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/serve/target.hpp"

#include <fmt/format.h>

namespace serve {

using inventory::Stage;
using inventory::Step;

std::string Diary::shown(std::string_view name) {
    return base::printable(without_token(name), 64);
}

void Diary::note(base::Mac mac, Step step, base::Ipv4 source, std::string_view text) {
    inventory_.note(mac, step, source.str(), text);
}

void Diary::rumour(base::Mac mac, Step step, base::Ipv4 source, std::string_view text) {
    {
        const auto line = fmt::format("{} {} {}", source.str(), inventory::name(step), text);
        const std::lock_guard hold(lock_);
        auto& known = rumours_.at(mac);
        if (known.last != line) {
            if (!known.others.take(clock_.now())) {
                return;
            }
            known.last = line;
        }
    }
    note(mac, step, source, text);
}

void Diary::refused(const Refused& refusal, base::Ipv4 source) {
    auto& counted = refusal.why == Refusal::outside      ? count.outside
                    : refusal.why == Refusal::unapproved ? count.unapproved
                    : refusal.why == Refusal::no_token   ? count.no_token
                    : refusal.why == Refusal::old_token  ? count.old_token
                    : refusal.why == Refusal::foreign    ? count.foreign_token
                                                         : count.neighbour;
    ++counted;
    const bool is_stranger = refusal.why == Refusal::outside || refusal.why == Refusal::no_token;
    ++(is_stranger ? count.strangers : count.refused);
    for (const auto& remark : refusal.remarks) {
        rumour(remark.mac, remark.step, source, remark.text);
    }
}

void Diary::heard(base::Mac mac, const Request& request) {
    inventory::Sighting seen;
    seen.address = request.peer.address;
    seen.user_agent = request.user_agent;
    inventory_.saw(mac, seen);
}

void Diary::asked(const Phone& phone, const Request& request) {
    inventory::Sighting seen;
    seen.address = request.peer.address;
    if (phone.from_request) {
        seen.model = phone.model;
        seen.version = phone.firmware;
    }
    if (phone.device.seen.user_agent.empty()) {
        seen.user_agent = request.user_agent;
    }
    inventory_.saw(phone.device.mac, seen);
    const auto stage = phone.device.seen.stage;
    if (stage == Stage::heard || stage == Stage::offered) {
        inventory_.reached(phone.device.mac, Stage::fetching);
    }
}

bool Diary::may_complain() {
    const std::lock_guard hold(lock_);
    return complaints_.take(clock_.now());
}

FileCounters Diary::counters() const {
    return {count.served,    count.missing,   count.refused,
            count.strangers, count.outside,   count.unapproved,
            count.no_token,  count.old_token, count.foreign_token,
            count.neighbour, count.boots,     count.boots_refused,
            count.guests,    count.held,      0};
}

} // namespace serve
