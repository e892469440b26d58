// SPDX-License-Identifier: MIT
#include "provisioning/admin/jobs.hpp"

#include "provisioning/admin/tell.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/wpi/contact_me.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace admin {

using inventory::JobState;
using inventory::Reached;

std::optional<base::UnixMs>
next_poll(const Reach& reach, const inventory::Workpoint& phone, base::UnixMs now) {
    const auto with = reach.workpoints ? reach.workpoints() : std::nullopt;
    if (!with || with->poll_port == 0 || phone.last_contact == 0) {
        return std::nullopt;
    }
    const std::chrono::milliseconds interval = with->poll_interval;
    const bool has_polled = base::was_within(phone.last_poll, now, 2 * interval);
    const bool was_told = phone.refused.count({"dcmp-url"}) == 0;
    if (!has_polled && !was_told) {
        return std::nullopt;
    }
    return std::max(phone.last_contact, phone.last_poll) + interval.count();
}

std::string due(base::UnixMs at, base::UnixMs now) {
    constexpr base::UnixMs minute = 60'000;
    if (at <= now) {
        return now - at < minute ? "now" : "overdue";
    }
    const auto left = at - now;
    return left < minute ? fmt::format("in {} s", (left + 999) / 1000)
                         : fmt::format("in {} min", (left + minute - 1) / minute);
}

std::string when_asked(const inventory::Workpoint& phone, base::UnixMs now) {
    const auto from = wpi::hears_contact_from(phone);
    if (from > now && phone.contact_me_sent <= now) {
        return due(from, now) + ", since it was asked a moment ago and does not hear it before";
    }
    return phone.contact_me_failures != 0 ? "within minutes, since it did not come the last time"
                                          : "now";
}

std::string_view how_reached(Reached reached) noexcept {
    switch (reached) {
    case Reached::by_contact_me:
        return "when asked";
    case Reached::by_poll:
        return "by polls";
    case Reached::unknown:
        break;
    }
    return "-";
}

void set_contact(base::Json& object,
                 const Reach& reach,
                 const inventory::Workpoint* phone,
                 base::UnixMs now) {
    set_time(object, "last_contact", phone != nullptr ? phone->last_contact : 0);
    const auto next = phone != nullptr ? next_poll(reach, *phone, now) : std::nullopt;
    set_time(object, "next_poll", next.value_or(0));
    if (phone == nullptr) {
        object.set("reached", {});
        return;
    }
    object.set("reached", phone->reached == Reached::by_contact_me ? "by_contact_me"
                          : phone->reached == Reached::by_poll     ? "by_poll"
                                                                   : "unknown");
}

std::string why(const Reach& reach, const inventory::Job& job, base::UnixMs now) {
    if (job.state != JobState::waiting) {
        return shown_name(job.result);
    }
    std::string text = shown_name(job.result);
    text += text.empty() ? "" : "; ";
    if (!reach.workpoints || !reach.workpoints()) {
        return text + "the Workpoint Interface is off";
    }
    const auto phone = reach.inventory.workpoints().find(job.mac);
    if (!phone || phone->last_contact == 0) {
        return text + "the phone never called";
    }
    const auto next = next_poll(reach, *phone, now);
    const auto asked = "it is asked to call " + when_asked(*phone, now);
    switch (phone->reached) {
    case Reached::by_contact_me:
        return text + asked;
    case Reached::by_poll:
        return text +
               (next ? fmt::format("for its next poll, {}", due(*next, now)) : "for its next call");
    case Reached::unknown:
        break;
    }
    return text + asked + (next ? fmt::format("; it polls {}", due(*next, now)) : "");
}

base::Json json_of(const Reach& reach, const inventory::Job& job, base::UnixMs now) {
    base::Json items = base::Json::array();
    for (const auto& [key, value] : job.items) {
        items.push(word_of(key));
    }
    base::Json json = base::Json::object({{"id", job.id},
                                          {"mac", job.mac.str()},
                                          {"kind", inventory::name(job.kind)},
                                          {"what", inventory::describe(job)},
                                          {"items", std::move(items)},
                                          {"state", inventory::name(job.state)},
                                          {"attempts", std::uint64_t{job.attempts}},
                                          {"why", why(reach, job, now)}});
    set_time(json, "created", job.created);
    set_time(json, "changed", job.changed);
    return json;
}

std::string word_of(const inventory::ItemKey& key) {
    const auto name = base::printable(key.name, 128);
    return key.index < 0 ? name : fmt::format("{}.{}", name, key.index);
}

} // namespace admin
