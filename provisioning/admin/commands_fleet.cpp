// SPDX-License-Identifier: MIT
// The commands about resyncs of many phones: resync all, resync stop, resync resume, show resync.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/fleet.hpp"
#include "provisioning/admin/tell.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace admin {
namespace {

using inventory::Device;
using inventory::Resynced;

constexpr std::uint32_t usual_rate = 30; ///< a minute: a site of 500 in a quarter of an hour

constexpr std::array<Resynced, 7> states{Resynced::came,    Resynced::answered, Resynced::sent,
                                         Resynced::waits,   Resynced::in_call,  Resynced::refused,
                                         Resynced::given_up};

std::string word(Resynced state) {
    std::string text(inventory::name(state));
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
}

base::Result<std::uint32_t> rate_of(const Call& call) {
    const auto found = call.options.find("--rate");
    if (found == call.options.end()) {
        return usual_rate;
    }
    const auto rate = base::parse_number(found->second);
    const auto most = call.reach.fleet.most_per_minute;
    if (!rate || *rate == 0 || *rate > most) {
        return base::fail(base::Errc::malformed,
                          "--rate wants the number of phones that are told in a minute, 1 to {}",
                          most);
    }
    return static_cast<std::uint32_t>(*rate);
}

/// Those that the options pick; nothing said picks all.
base::Result<std::vector<const Device*>> picked(const Call& call) {
    const auto option = [&](std::string_view name) {
        const auto found = call.options.find(name);
        return found == call.options.end() ? std::string_view() : found->second;
    };
    std::optional<base::Network> network;
    if (call.has("--network")) {
        network = base::Network::parse(option("--network"));
        if (!network) {
            return base::fail(base::Errc::malformed,
                              "--network wants a network, such as 10.1.2.0/24");
        }
    }
    const auto catalogue = call.reach.catalogue();
    const auto vendor_named = option("--vendor");
    const auto known = catalogue ? catalogue->vendors() : std::vector<const profile::Vendor*>();
    if (!vendor_named.empty() && std::none_of(known.begin(), known.end(), [&](const auto* vendor) {
            return vendor->name == vendor_named;
        })) {
        std::vector<std::string_view> names(known.size());
        std::transform(known.begin(), known.end(), names.begin(),
                       [](const auto* vendor) { return std::string_view(vendor->name); });
        return base::fail(base::Errc::malformed, "no vendor is called that; one of: {}",
                          fmt::join(names, ", "));
    }
    std::vector<const Device*> devices;
    for (const auto* device : call.now.devices()) {
        const auto* vendor = vendor_of(catalogue.get(), device->mac, device);
        if (device->is_approved() &&
            (vendor_named.empty() || (vendor != nullptr && vendor->name == vendor_named)) &&
            profile::takes_model(option("--model"), device->seen.model) &&
            (!network || network->contains(device->seen.address))) {
            devices.push_back(device);
        }
    }
    return devices;
}

/// What they are told, those first that can be told nothing: they are in the list for the report.
inventory::Fleet order_of(const Call& call, const std::vector<const Device*>& devices) {
    inventory::Fleet order;
    order.actor = call.caller.actor;
    order.forced = call.has("--force");
    order.reboots = call.has("--reboot");
    for (const auto* device : devices) {
        inventory::FleetPhone phone{device->mac};
        if (auto possible = call.reach.fleet.may_be_told(*device); !possible) {
            phone.state = Resynced::refused;
            phone.detail = possible.error().what;
        }
        order.phones.push_back(std::move(phone));
    }
    return order;
}

std::size_t count(const inventory::Fleet& fleet, Resynced state) {
    return static_cast<std::size_t>(
        std::count_if(fleet.phones.begin(), fleet.phones.end(),
                      [&](const auto& phone) { return phone.state == state; }));
}

/// "about 17 minutes".
std::string time_for(std::size_t phones, std::uint32_t per_minute) {
    const auto minutes = (phones + per_minute - 1) / per_minute;
    return "about " + counted(minutes, "minute", "minutes");
}

Reply show_dry_run(const Call& call, const inventory::Fleet& order) {
    std::vector<std::vector<std::string>> rows;
    base::Json list = base::Json::array();
    std::size_t told = 0;
    std::size_t talking = 0;
    for (const auto& phone : order.phones) {
        const auto* device = call.now.device(phone.mac);
        const bool may = phone.state == Resynced::waits;
        const auto talks = may ? call.reach.fleet.in_call(*device) : std::nullopt;
        const bool is_in_call = talks.value_or(false);
        const bool later = is_in_call && !order.forced;
        told += may ? 1 : 0;
        talking += may && later ? 1 : 0;
        rows.push_back({phone.mac.str(), device->lines.empty() ? "-" : listed(device->lines),
                        !may         ? "cannot be told: " + phone.detail
                        : later      ? "later: it is in a call"
                        : is_in_call ? "told, though it is in a call"
                                     : "told"});
        base::Json row =
            base::Json::object({{"mac", phone.mac.str()}, {"told", may}, {"detail", phone.detail}});
        row.set("in_call", talks.has_value() ? base::Json(is_in_call) : base::Json());
        list.push(std::move(row));
    }
    auto text = table_text({"MAC", "LINES", "WHAT"}, rows);
    text += fmt::format(
        "{} would be told, {} a minute: {}{}. Nothing was done.\n",
        counted(told, "phone", "phones"), order.per_minute, time_for(told, order.per_minute),
        talking == 0 ? std::string() : fmt::format(", {} of them after a call", talking));
    return done(std::move(text),
                base::Json::object({{"dry_run", true},
                                    {"per_minute", std::uint64_t{order.per_minute}},
                                    {"phones", std::move(list)}}));
}

} // namespace

Reply resync_many(Call& call, const std::vector<const Device*>& devices) {
    if (!call.reach.fleet.begin) {
        return refused("resyncs of many phones are not to be had here");
    }
    const auto rate = rate_of(call);
    if (!rate) {
        return misunderstood(rate.error().what);
    }
    if (devices.empty()) {
        return refused("none of these phones is approved: pnp show devices");
    }
    auto order = order_of(call, devices);
    order.per_minute = *rate;
    if (call.has("--dry-run")) {
        return show_dry_run(call, order);
    }
    const auto waiting = count(order, Resynced::waits);
    if (waiting == 0) {
        return refused(
            fmt::format("none of them can be told; the first: {}", order.phones.front().detail));
    }
    if (auto begun = call.reach.fleet.begin(order); !begun) {
        return refused(begun.error());
    }
    auto text =
        fmt::format("{} told, {} a minute: {}. pnp show resync says how far it is, pnp "
                    "resync stop ends it.\n",
                    counted(waiting, "phone is", "phones are"), *rate, time_for(waiting, *rate));
    if (const auto cannot = order.phones.size() - waiting; cannot > 0) {
        text += fmt::format("{} be told; pnp show resync says why.\n",
                            counted(cannot, "phone cannot", "phones cannot"));
    }
    // Of one without a line nobody could say it.
    if (!order.forced && std::none_of(devices.begin(), devices.end(), [&](const auto* device) {
            return call.reach.fleet.in_call(*device).has_value();
        })) {
        text += "Nobody says here whether a phone is in a call, so they are told in calls too.\n";
    }
    return done(std::move(text), base::Json::object({{"phones", std::uint64_t{order.phones.size()}},
                                                     {"told", std::uint64_t{waiting}},
                                                     {"per_minute", std::uint64_t{*rate}}}));
}

Reply run_resync_all(Call& call) {
    const auto devices = picked(call);
    return devices ? resync_many(call, *devices) : misunderstood(devices.error().what);
}

namespace {

Reply stop_or_resume(Call& call, bool stopped) {
    if (!call.reach.fleet.stop) {
        return refused("no resync is under way");
    }
    if (auto ordered = call.reach.fleet.stop(stopped, call.caller.actor); !ordered) {
        return refused(ordered.error());
    }
    const auto fleet = call.reach.fleet.report();
    const auto waiting =
        fleet ? count(*fleet, Resynced::waits) + count(*fleet, Resynced::in_call) : 0;
    return done(
        stopped ? fmt::format("Stopped: {} not told any more. pnp resync resume goes on.\n",
                              counted(waiting, "phone is", "phones are"))
                : fmt::format("It goes on: {} told.\n", counted(waiting, "phone is", "phones are")),
        base::Json::object({{"stopped", stopped}, {"waiting", std::uint64_t{waiting}}}));
}

std::string headline(const inventory::Fleet& fleet, base::UnixMs now) {
    std::vector<std::string> parts;
    for (const auto state : states) {
        if (const auto many = count(fleet, state); many > 0) {
            parts.push_back(fmt::format("{} {}", many, word(state)));
        }
    }
    const auto waiting = count(fleet, Resynced::waits) + count(fleet, Resynced::in_call);
    return fmt::format(
        "Ordered {} by {}, {} a minute{}{}: {} of {}.\n{}\n", local_time(fleet.begun, now),
        shown_name(fleet.actor), fleet.per_minute, fleet.reboots ? ", with a restart" : "",
        fleet.forced ? ", in calls too" : "", fmt::join(parts, ", "),
        counted(fleet.phones.size(), "phone", "phones"),
        inventory::is_over(fleet)
            ? (waiting > 0 ? "It is stopped: pnp resync resume goes on." : "It is over.")
        : fleet.stopped ? "It is stopped: pnp resync resume goes on."
        : waiting > 0   ? fmt::format("It goes on for {}.", time_for(waiting, fleet.per_minute))
                        : "All were told; some are to come yet.");
}

} // namespace

Reply run_resync_stop(Call& call) {
    return stop_or_resume(call, true);
}

Reply run_resync_resume(Call& call) {
    return stop_or_resume(call, false);
}

Reply run_show_resync(Call& call) {
    const auto fleet = call.reach.fleet.report ? call.reach.fleet.report() : std::nullopt;
    if (!fleet) {
        return done("No resync of many phones was ordered yet: pnp resync all\n",
                    base::Json::object({{"phones", base::Json::array()}}));
    }
    const auto now = call.reach.clock.unix_ms();
    std::vector<std::vector<std::string>> rows;
    base::Json list = base::Json::array();
    for (const auto& phone : fleet->phones) {
        const auto* device = call.now.device(phone.mac);
        rows.push_back({phone.mac.str(),
                        device == nullptr || device->lines.empty() ? "-" : listed(device->lines),
                        word(phone.state), local_time(phone.at, now), shown_name(phone.detail)});
        base::Json row = base::Json::object({{"mac", phone.mac.str()},
                                             {"state", inventory::name(phone.state)},
                                             {"detail", phone.detail}});
        set_time(row, "at", phone.at);
        list.push(std::move(row));
    }
    base::Json json = base::Json::object({{"actor", fleet->actor},
                                          {"per_minute", std::uint64_t{fleet->per_minute}},
                                          {"forced", fleet->forced},
                                          {"reboots", fleet->reboots},
                                          {"stopped", fleet->stopped},
                                          {"over", inventory::is_over(*fleet)}});
    set_time(json, "begun", fleet->begun);
    json.set("phones", std::move(list));
    return done(table_text({"MAC", "LINES", "STATE", "SINCE", "WHAT"}, rows) +
                    headline(*fleet, now),
                std::move(json));
}

} // namespace admin
