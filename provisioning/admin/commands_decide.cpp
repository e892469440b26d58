// SPDX-License-Identifier: MIT
// The commands that decide about a phone: approve, block, assign, unassign.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/file_warning.hpp"
#include "provisioning/admin/jobs.hpp"
#include "provisioning/admin/tell.hpp"

#include "provisioning/base/text.hpp"

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

/// What happens next to a phone that may have its files, by what it did so far.
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

/// The device as it was, or a new one that was never heard.
inventory::Device before_of(const Call& call, base::Mac mac) {
    if (const inventory::Device* known = call.now.device(mac); known != nullptr) {
        return *known;
    }
    inventory::Device fresh;
    fresh.mac = mac;
    return fresh;
}

/// Applies one change and tells the device as it is then.
Reply decide(const Call& call,
             const inventory::Change& change,
             base::Mac mac,
             std::string text,
             const std::string& next) {
    if (auto applied = call.reach.inventory.apply({change}, call.caller.actor); !applied) {
        return refused(applied.error());
    }
    const inventory::Snapshot now = call.reach.inventory.now();
    const inventory::Device* device = now.device(mac);
    base::Json json = base::Json::object({{"mac", mac.str()}});
    if (device != nullptr) {
        json.set("state", device->state()).set("lines", json_list(device->lines));
    }
    json.set("next", next);
    return done(fmt::format("{}\n{}{}", text, next, next.empty() ? "" : "\n"), std::move(json));
}

struct Lines {
    std::vector<std::string> numbers;
    std::vector<std::string> told; ///< "201 (Alice) on line 1"
    std::vector<std::string> shared;
};

/// Reads EXT[,EXT…] and asks the directory for each.
base::Result<Lines> read_lines(const Call& call, base::Mac mac, std::string_view text) {
    Lines out;
    std::vector<std::string_view> known;
    for (const inventory::Extension* extension : call.now.extensions()) {
        known.push_back(extension->number);
    }
    for (const std::string_view part : base::split(text, ',')) {
        std::string number(part);
        if (std::find(out.numbers.begin(), out.numbers.end(), number) != out.numbers.end()) {
            return base::fail(base::Errc::malformed, "extension {} is named twice; once is enough",
                              base::printable(number, 40));
        }
        const auto account = call.reach.directory.account(number);
        if (!account) {
            return base::fail(
                account.error().code, "{}{}", account.error().what,
                account.error().code == base::Errc::not_found ? did_you_mean(number, known) : "");
        }
        out.numbers.push_back(number);
        out.told.push_back(fmt::format("{}{} on line {}", number,
                                       account->name.empty() || account->name == number
                                           ? ""
                                           : fmt::format(" ({})", shown_name(account->name)),
                                       out.numbers.size()));
        std::vector<std::string> others;
        for (const base::Mac holder : call.now.holders(number)) {
            if (holder != mac) {
                others.push_back(holder.str());
            }
        }
        if (!others.empty()) {
            out.shared.push_back(
                fmt::format("{} is also on {}: they ring together.", number, listed(others)));
        }
    }
    if (out.numbers.empty()) {
        return base::fail(base::Errc::malformed, "no extension; write one, or several as 201,202");
    }
    return out;
}

} // namespace

Reply run_approve(Call& call) {
    const auto mac = read_mac(call.places[0]);
    if (!mac) {
        return misunderstood(mac.error().what);
    }
    const inventory::Device before = before_of(call, *mac);
    const bool has_files = !before.lines.empty() || call.reach.served_elsewhere(before);
    const std::string next =
        has_files ? after_decision(call, before)
                  : fmt::format("It has no extension yet, so it is still held: pnp assign {} EXT",
                                mac->str());
    if (before.claim == inventory::Claim::contested) {
        return decide(call, inventory::Approve{*mac}, *mac,
                      fmt::format("{} is approved again. Two phones claimed this MAC, and the one "
                                  "that asks next gets its files: take the wrong one off the "
                                  "network first.",
                                  mac->str()),
                      "Then unplug the right one and plug it in again.");
    }
    return decide(
        call, inventory::Approve{*mac}, *mac,
        fmt::format("{} is approved{}.", mac->str(),
                    before.is_approved() ? " (it was already; it may be given a new URL now)" : ""),
        next);
}

Reply run_block(Call& call) {
    const auto mac = read_mac(call.places[0]);
    if (!mac) {
        return misunderstood(mac.error().what);
    }
    const inventory::Device before = before_of(call, *mac);
    std::string text = fmt::format("{} is blocked: it gets nothing from now on.", mac->str());
    if (before.seen.stage >= inventory::Stage::fetching && !before.lines.empty()) {
        text += fmt::format(" What it fetched before it still holds, the password of {} too.",
                            listed(before.lines));
    }
    return decide(call, inventory::Block{*mac}, *mac, text,
                  fmt::format("To take it back: pnp approve {}", mac->str()));
}

Reply run_assign(Call& call) {
    const auto mac = read_mac(call.places[0]);
    if (!mac) {
        return misunderstood(mac.error().what);
    }
    const auto lines = read_lines(call, *mac, call.places[1]);
    if (!lines) {
        return lines.error().code == base::Errc::malformed ? misunderstood(lines.error().what)
                                                           : refused(lines.error());
    }
    const inventory::Device before = before_of(call, *mac);
    const auto catalogue = call.reach.catalogue();
    const std::size_t most = most_lines(catalogue.get(), *mac, &before);
    if (lines->numbers.size() > most) {
        return refused(fmt::format("{} extensions for {}, which has {} at most",
                                   lines->numbers.size(), mac->str(),
                                   counted(most, "line", "lines")));
    }
    std::string text = fmt::format("{} has {}.", mac->str(), listed(lines->told));
    for (const std::string& shared : lines->shared) {
        text += "\n" + shared;
    }
    const std::string next = before.is_approved() && before.lines == lines->numbers &&
                                     before.seen.stage >= inventory::Stage::configured
                                 ? "Nothing changed."
                                 : after_decision(call, before);
    Reply reply = decide(call, inventory::Assign{*mac, lines->numbers}, *mac, text, next);
    const std::string warning = reply.status == 0 ? file_warning(call.reach, *mac) : "";
    if (!warning.empty()) {
        reply.text += warning;
        reply.json.set("warning", warning);
    }
    return reply;
}

Reply run_unassign(Call& call) {
    const auto mac = read_mac(call.places[0]);
    if (!mac) {
        return misunderstood(mac.error().what);
    }
    const inventory::Device* device = call.now.device(*mac);
    if (device == nullptr) {
        return refused(
            fmt::format("{} is not known; `pnp show devices` lists the phones", mac->str()));
    }
    if (device->lines.empty()) {
        return done(fmt::format("{} had no extension.\n", mac->str()),
                    base::Json::object({{"mac", mac->str()},
                                        {"state", device->state()},
                                        {"lines", base::Json::array()},
                                        {"next", ""}}));
    }
    return decide(
        call, inventory::Unassign{*mac}, *mac,
        fmt::format("{} has no extension any more (it had {}).", mac->str(), listed(device->lines)),
        fmt::format("It is offered nothing until it has one: pnp assign {} EXT", mac->str()));
}

} // namespace admin
