// SPDX-License-Identifier: MIT
// The commands that look at phones: show devices, show device, explain.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/explain.hpp"
#include "provisioning/admin/installation.hpp"
#include "provisioning/admin/jobs.hpp"
#include "provisioning/admin/tell.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace admin {
namespace {

constexpr base::UnixMs silent_after = 24LL * 3600 * 1000;
constexpr std::string_view states[] = {"pending",  "approved",   "offered",
                                       "fetching", "configured", "registered",
                                       "blocked",  "silent",     "heard"};

/// Vendor and model as the phone wrote them, which may be anything.
std::string what_it_is(const inventory::Sighting& seen) {
    std::string out;
    for (const std::string& part : {seen.vendor, seen.model}) {
        if (!part.empty()) {
            out += (out.empty() ? "" : " ") + base::printable(part, 40);
        }
    }
    return out.empty() ? "-" : out;
}

std::string joined_or(const std::vector<std::string>& words, std::string_view otherwise) {
    return words.empty() ? std::string(otherwise) : fmt::format("{}", fmt::join(words, ","));
}

base::Json device_json(const inventory::Device& device) {
    const inventory::Sighting& seen = device.seen;
    base::Json out = base::Json::object({{"mac", device.mac.str()},
                                         {"state", device.state()},
                                         {"lines", json_list(device.lines)},
                                         {"vendor", base::printable(seen.vendor)},
                                         {"model", base::printable(seen.model)},
                                         {"version", base::printable(seen.version)}});
    out.set("address", device.was_heard() ? base::Json(seen.address.str()) : base::Json());
    out.set("interface", seen.interface);
    set_time(out, "first_heard", seen.first);
    set_time(out, "last_heard", seen.last);
    return out;
}

/// The first thing to do about what the list shows.
std::string after_list(const std::vector<const inventory::Device*>& shown) {
    const auto pending = std::find_if(shown.begin(), shown.end(), [](const auto* device) {
        return device->approval == inventory::Approval::pending;
    });
    if (pending != shown.end()) {
        return fmt::format("Put a pending phone to use: pnp assign {} EXT\n",
                           (*pending)->mac.str());
    }
    return shown.empty() ? "" : "What happened to one of them: pnp explain MAC\n";
}

/// "201 (Alice)", or what is wrong with the number.
std::string line_text(const Call& call, const std::string& number) {
    const auto account = call.reach.directory.account(number);
    if (!account) {
        return fmt::format("{} ({})", number, account.error().what);
    }
    return account->name == number || account->name.empty()
               ? number
               : fmt::format("{} ({})", number, shown_name(account->name));
}

/// What the calls of a phone tell, and what waits for it; little of one that never called.
Calls calls_of(const Call& call, base::Mac mac) {
    const auto& workpoints = call.reach.inventory.workpoints();
    const auto with = call.reach.workpoints ? call.reach.workpoints() : std::nullopt;
    const auto now = call.reach.clock.unix_ms();
    Calls calls;
    calls.is_on = with.has_value();
    calls.port = call.reach.wpi_port();
    calls.polls = with ? with->poll_port : std::uint16_t{0};
    calls.phone = workpoints.find(mac);
    calls.jobs = workpoints.jobs(mac);
    if (calls.phone) {
        calls.next_poll = next_poll(call.reach, *calls.phone, now);
    }
    for (const auto& one : call.now.enrolments()) {
        const bool is_elsewhere =
            one.from && calls.phone && !one.from->contains(calls.phone->address);
        if (one.mac == mac && !is_over(one, now) && !is_elsewhere) {
            const bool is_spent = workpoints.is_window_spent(mac, one.id);
            calls.window = is_spent && calls.window != Calls::Window::open ? Calls::Window::spent
                                                                           : Calls::Window::open;
        }
    }
    return calls;
}

/// Of a phone that speaks the Workpoint Interface; else empty.
std::string contact_text(const Calls& calls, base::UnixMs now) {
    if (!calls.phone || calls.phone->last_contact == 0) {
        return {};
    }
    std::string text = fmt::format("Its last contact was {}", ago(calls.phone->last_contact, now));
    if (calls.next_poll) {
        text += fmt::format("; its next poll is due {}", due(*calls.next_poll, now));
    }
    if (calls.phone->reached != inventory::Reached::unknown) {
        text += fmt::format("; it comes {}", how_reached(calls.phone->reached));
    }
    return text + ".\n";
}

} // namespace

std::span<const std::string_view> device_states() noexcept {
    return states;
}

bool is_in_state(const inventory::Device& device, std::string_view state, base::UnixMs now) {
    if (state == "heard") {
        return device.was_heard();
    }
    if (state == "silent") {
        return device.was_heard() && now - device.seen.last > silent_after;
    }
    return device.state() == state;
}

Reply run_show_devices(Call& call) {
    std::string state;
    if (!call.places.empty()) {
        state = base::lower(call.places[0]);
        if (std::find(std::begin(states), std::end(states), state) == std::end(states)) {
            return misunderstood(fmt::format("'{}' is no state{}; the states are {}",
                                             base::printable(state, 40),
                                             did_you_mean(state, states), fmt::join(states, ", ")));
        }
    }
    const base::UnixMs now = call.reach.clock.unix_ms();
    std::vector<const inventory::Device*> shown = call.now.devices();
    std::erase_if(shown, [&](const auto* device) {
        return !state.empty() && !is_in_state(*device, state, now);
    });
    std::vector<std::vector<std::string>> rows;
    base::Json list = base::Json::array();
    bool calls = false; // one of them
    for (const inventory::Device* device : shown) {
        const auto phone = call.reach.inventory.workpoints().find(device->mac);
        const bool has_called = phone && phone->last_contact != 0;
        const auto next = has_called ? next_poll(call.reach, *phone, now) : std::nullopt;
        calls = calls || has_called;
        rows.push_back(
            {device->mac.str(), std::string(device->state()), joined_or(device->lines, "-"),
             what_it_is(device->seen), device->was_heard() ? device->seen.address.str() : "-",
             ago(device->seen.last, now),
             device->seen.version.empty() ? "-" : base::printable(device->seen.version, 24),
             has_called ? ago(phone->last_contact, now) : "-", next ? due(*next, now) : "-"});
        auto json = device_json(*device);
        set_contact(json, call.reach, phone.get(), now);
        list.push(std::move(json));
    }
    std::string text;
    if (shown.empty()) {
        text = state.empty() ? "No phone yet. Plug one in, or prepare it: pnp assign MAC EXT\n"
                             : fmt::format("No phone is {}.\n", state);
    } else {
        std::vector<std::string> header{"MAC", "STATE", "LINES", "PHONE", "ADDRESS", "LAST HEARD"};
        if (calls) { // the rest says something of OpenStage phones alone
            header.insert(header.end(), {"FIRMWARE", "LAST CONTACT", "NEXT POLL"});
        }
        text = table_text(header, rows);
        text += counted(shown.size(), "phone. ", "phones. ") + after_list(shown);
    }
    return done(std::move(text), base::Json::object({{"devices", std::move(list)}}));
}

Reply run_show_device(Call& call) {
    const auto mac = read_mac(call.places[0]);
    if (!mac) {
        return misunderstood(mac.error().what);
    }
    const inventory::Device* device = call.now.device(*mac);
    if (device == nullptr) {
        return refused(fmt::format("{} is not known; prepare it with: pnp assign {} EXT",
                                   mac->str(), mac->str()));
    }
    const inventory::Sighting& seen = device->seen;
    const base::UnixMs now = call.reach.clock.unix_ms();
    const auto catalogue = call.reach.catalogue();
    const profile::Vendor* vendor = vendor_of(catalogue.get(), *mac, device);

    std::vector<std::string> lines;
    for (const std::string& number : device->lines) {
        lines.push_back(line_text(call, number));
    }
    const auto files =
        vendor != nullptr ? vendor->names_for(*mac, seen.model) : std::vector<std::string>();
    std::string text;
    const auto row = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) {
            text += fmt::format("{:<12} {}\n", name, value);
        }
    };
    row("MAC", mac->colons());
    row("state", std::string(device->state()));
    row("decided", device->decided == 0 ? ""
                                        : fmt::format("{} ({})", local_time(device->decided, now),
                                                      ago(device->decided, now)));
    row("lines", lines.empty() ? "none" : fmt::format("{}", fmt::join(lines, ", ")));
    row("profile", vendor != nullptr ? vendor->title : "none: its vendor is not known");
    row("vendor", base::printable(seen.vendor));
    row("model", base::printable(seen.model));
    row("version", base::printable(seen.version));
    row("user agent", base::printable(seen.user_agent));
    if (device->was_heard()) {
        row("address", seen.interface.empty() ? seen.address.str()
                                              : fmt::format("{} on {}", seen.address.str(),
                                                            base::printable(seen.interface)));
        row("first heard",
            fmt::format("{} ({})", local_time(seen.first, now), ago(seen.first, now)));
    }
    row("last heard", device->was_heard()
                          ? fmt::format("{} ({})", local_time(seen.last, now), ago(seen.last, now))
                          : "never");
    if (const auto phone = call.reach.inventory.workpoints().find(*mac);
        phone && phone->last_contact != 0) {
        const auto next = next_poll(call.reach, *phone, now);
        row("last contact", fmt::format("{} ({})", local_time(phone->last_contact, now),
                                        ago(phone->last_contact, now)));
        row("next poll", next ? due(*next, now) : "none");
        row("comes", std::string(how_reached(phone->reached)));
        row("called at", base::printable(phone->contact_me_uri));
    }
    row("files", fmt::format("{}", fmt::join(files, " ")));
    text += fmt::format("Its story: pnp explain {}\n", mac->str());

    base::Json json = device_json(*device);
    set_contact(json, call.reach, call.reach.inventory.workpoints().find(*mac).get(), now);
    json.set("user_agent", base::printable(seen.user_agent));
    json.set("profile", vendor != nullptr ? base::Json(vendor->name) : base::Json());
    json.set("files", json_list(files));
    set_time(json, "decided", device->decided);
    return done(std::move(text), std::move(json));
}

namespace {

/// What its keys watch in vain.
std::string keys_text(const Call& call, const inventory::Device& device) {
    if (!call.reach.unwatched || !device.is_approved() || device.lines.empty()) {
        return {};
    }
    const auto numbers = call.reach.unwatched(device);
    return numbers.empty()
               ? std::string()
               : fmt::format("Its keys watch {}, which has no hint in the context of {}, so they "
                             "stay dark: add one to the dial plan there, or include a context that "
                             "has it.\n",
                             listed(numbers), device.lines.front());
}

} // namespace

Reply run_explain(Call& call) {
    const auto mac = read_mac(call.places[0]);
    if (!mac) {
        return misunderstood(mac.error().what);
    }
    const inventory::Device* known = call.now.device(*mac);
    inventory::Device unknown;
    unknown.mac = *mac;
    const inventory::Device& device = known != nullptr ? *known : unknown;
    std::vector<inventory::Event> timeline;
    if (known != nullptr) {
        auto read = call.reach.inventory.timeline(*mac);
        if (!read) {
            return refused(read.error());
        }
        timeline = std::move(*read);
    }
    const auto catalogue = call.reach.catalogue();
    const profile::Vendor* vendor = vendor_of(catalogue.get(), *mac, known);
    const auto now = call.reach.clock.unix_ms();
    auto calls = calls_of(call, *mac);
    if (device.is_approved()) {
        calls.not_given = items_not_given(call.reach, device);
    }
    const Around around{call.reach.holds_since(),
                        now,
                        call.reach.sees_registrations,
                        vendor,
                        call.reach.tftp ? call.reach.tftp() : std::nullopt,
                        std::move(calls)};
    const Story story = explain(device, timeline, call.reach.served_elsewhere(device), around);
    std::string text = story.now + "\n";
    if (!story.next.empty()) {
        text += fmt::format("What to do: {}\n", story.next);
    }
    // Where nothing was seen of it there is nothing to conclude from.
    const bool is_seen = vendor != nullptr && vendor->name == "panasonic" && device.was_heard();
    const std::string where = is_seen ? installation(timeline) : std::string();
    text += where.empty() ? "" : where + "\n";
    text += contact_text(around.calls, now);
    text += keys_text(call, device);
    text += story.lines.empty() ? "" : "\n";
    for (const std::string& line : story.lines) {
        text += line + "\n";
    }

    base::Json events = base::Json::array();
    for (const inventory::Event& event : timeline) {
        base::Json row = base::Json::object({{"step", inventory::name(event.step)},
                                             {"address", event.address},
                                             {"detail", shown_name(event.detail)},
                                             {"count", std::uint64_t{event.count}}});
        set_time(row, "first", event.first);
        set_time(row, "last", event.last);
        events.push(std::move(row));
    }
    base::Json json = base::Json::object({{"mac", mac->str()},
                                          {"state", known != nullptr ? device.state() : "unknown"},
                                          {"lines", json_list(device.lines)},
                                          {"events", std::move(events)},
                                          {"now", story.now},
                                          {"next", story.next},
                                          {"installation", where}});
    set_contact(json, call.reach, around.calls.phone.get(), now);
    return done(std::move(text), std::move(json));
}

} // namespace admin
