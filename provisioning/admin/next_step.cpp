// SPDX-License-Identifier: MIT
// What becomes of a phone about which something was decided, by what it did so far.
#include "provisioning/admin/next_step.hpp"

#include "provisioning/admin/jobs.hpp"

#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

namespace admin {
namespace {

bool takes_late_notify(const Call& call, const inventory::Device& device) {
    const auto catalogue = call.reach.catalogue();
    const profile::Vendor* vendor = vendor_of(catalogue.get(), device.mac, &device);
    return vendor == nullptr || vendor->takes_late_notify;
}

using Timeline = std::vector<inventory::Event>;

/// The last event of one of these steps; null where there is none.
const inventory::Event* newest_of(const Timeline& timeline,
                                  std::initializer_list<inventory::Step> steps) {
    const auto found = std::find_if(timeline.rbegin(), timeline.rend(), [&](const auto& event) {
        return std::find(steps.begin(), steps.end(), event.step) != steps.end();
    });
    return found == timeline.rend() ? nullptr : &*found;
}

/// It was answered, has no URL yet, and its dialog is still open.
bool is_waiting(const Call& call, const Timeline& timeline) {
    using inventory::Step;
    const auto* last =
        newest_of(timeline, {Step::held, Step::offered, Step::waited_too_long, Step::file_served});
    return last != nullptr && last->step == Step::held && last->last > call.reach.holds_since();
}

/// It got a file that makes it ask again, and nothing since.
bool asks_again(const Timeline& timeline) {
    using inventory::Step;
    const auto* last =
        newest_of(timeline, {Step::guest_served, Step::heard, Step::offered, Step::boot_served,
                             Step::file_served, Step::configured});
    return last != nullptr && last->step == Step::guest_served;
}

/// Of a phone that calls by the Workpoint Interface, where that is on; else empty.
std::string after_call(const Call& call, base::Mac mac) {
    const auto phone = call.reach.inventory.workpoints().find(mac);
    if (!phone || phone->last_contact == 0 || !call.reach.workpoints || !call.reach.workpoints()) {
        return {};
    }
    const auto now = call.reach.clock.unix_ms();
    const auto next = next_poll(call.reach, *phone, now);
    return phone->reached != inventory::Reached::by_poll
               ? fmt::format("It is told when it calls, which it is asked to do {}.",
                             when_asked(*phone, now))
           : next
               ? fmt::format("It is told when it calls, after its next poll {}.", due(*next, now))
               : "It is told when it calls next; a restart of the phone is quicker.";
}

} // namespace

std::string after_decision(const Call& call, const inventory::Device& before) {
    const std::string mac = before.mac.str();
    if (!before.was_heard()) {
        return "It was never heard: plug it in.";
    }
    if (auto told = after_call(call, before.mac); !told.empty()) {
        return told;
    }
    const auto timeline = call.reach.inventory.timeline(before.mac).value_or(Timeline());
    if (is_waiting(call, timeline)) {
        return takes_late_notify(call, before)
                   ? "The phone waits: it gets its URL now."
                   : "The phone waits, and its kind takes no late URL: unplug it and plug it in "
                     "again.";
    }
    if (before.is_approved() && before.seen.stage >= inventory::Stage::configured) {
        return fmt::format("It holds a configuration already; to make it fetch the new one: pnp "
                           "resync {}",
                           mac);
    }
    if (asks_again(timeline)) {
        return "It comes by itself for its URL within minutes; later than that: restart it.";
    }
    return "Unplug the phone and plug it in again: it asks once when it starts.";
}

inventory::Device before_of(const Call& call, base::Mac mac) {
    if (const inventory::Device* known = call.now.device(mac); known != nullptr) {
        return *known;
    }
    inventory::Device fresh;
    fresh.mac = mac;
    return fresh;
}

std::string have_it_fetch(const Call& call, const inventory::Device& before, std::string next) {
    if (!before.is_approved() || before.seen.stage < inventory::Stage::configured ||
        !after_call(call, before.mac).empty()) {
        return next;
    }
    const auto sent = call.reach.resync(before.mac, false);
    return sent ? "It is told to fetch its new files. " + *sent
                : fmt::format("It could not be told to fetch its new files ({}): unplug it and "
                              "plug it in again.",
                              sent.error().what);
}

} // namespace admin
