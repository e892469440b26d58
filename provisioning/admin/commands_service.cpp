// SPDX-License-Identifier: MIT
// The commands about the service itself: status, render, resync, reload, show audit, help, version.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/fleet.hpp"
#include "provisioning/admin/tell.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/kx/effective.hpp"
#include "provisioning/profile/kx/reader.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace admin {
namespace {

constexpr std::size_t audit_lines = 50;

Reach::StatusRow devices_row(const inventory::Snapshot& now) {
    std::map<std::string_view, std::size_t> by_state;
    for (const inventory::Device* device : now.devices()) {
        ++by_state[device->state()];
    }
    std::vector<std::string> parts;
    for (const std::string_view state : device_states()) {
        if (const auto found = by_state.find(state); found != by_state.end()) {
            parts.push_back(fmt::format("{} {}", found->second, state));
        }
    }
    return {"devices", parts.empty()
                           ? "none yet"
                           : fmt::format("{} ({})", now.device_count(), fmt::join(parts, ", "))};
}

std::string help_for(const Command& command) {
    std::string text = fmt::format("pnp {}\n{}\n", command.usage, command.help);
    std::vector<std::pair<std::string, std::string_view>> options;
    for (const Option& option : command.options) {
        options.emplace_back(option.value.empty() ? std::string(option.name)
                                                  : fmt::format("{} {}", option.name, option.value),
                             option.help);
    }
    options.emplace_back("--json", "print one line of JSON");
    for (const auto& [name, help] : options) {
        text += fmt::format("  {:<17} {}\n", name, help);
    }
    return text;
}

} // namespace

Reply run_status(Call& call) {
    std::vector<Reach::StatusRow> rows = call.reach.status();
    rows.push_back(devices_row(call.now));
    rows.push_back({"extensions", fmt::format("{} of our own", call.now.extensions().size())});
    std::size_t width = 0;
    for (const auto& row : rows) {
        width = std::max(width, row.name.size());
    }
    std::string text;
    std::size_t problems = 0;
    base::Json list = base::Json::array();
    for (const auto& row : rows) {
        text +=
            fmt::format("{} {:<{}}  {}\n", row.is_problem ? "!" : " ", row.name, width, row.value);
        problems += row.is_problem ? 1 : 0;
        list.push(base::Json::object(
            {{"name", row.name}, {"value", row.value}, {"is_problem", row.is_problem}}));
    }
    if (problems > 0) {
        text += fmt::format("{} {} marked with ! above.\n", problems,
                            problems == 1 ? "problem is" : "problems are");
    }
    return done(std::move(text), base::Json::object({{"status", std::move(list)}}));
}

Reply run_render(Call& call) {
    const auto mac = read_mac(call.places[0]);
    if (!mac) {
        return misunderstood(mac.error().what);
    }
    const inventory::Device* device = call.now.device(*mac);
    if (device == nullptr) {
        return refused(fmt::format("{} is not known, so it has no files; first: pnp assign {} EXT",
                                   mac->str(), mac->str()));
    }
    const auto catalogue = call.reach.catalogue();
    const profile::Vendor* vendor = vendor_of(catalogue.get(), *mac, device);
    const auto names = vendor != nullptr ? vendor->names_for(*mac, device->seen.model)
                                         : std::vector<std::string>();
    if (call.places.size() < 2) {
        return misunderstood(
            names.empty()
                ? fmt::format("which file of {}? Its vendor is not known, so "
                              "neither are its files",
                              mac->str())
                : fmt::format("which file of {}? One of: {}", mac->str(), fmt::join(names, " ")));
    }
    const std::string& name = call.places[1];
    const bool reveal = call.has("--reveal");
    auto file = call.reach.render(*mac, name, reveal);
    if (!file) {
        const std::vector<std::string_view> known(names.begin(), names.end());
        const bool is_known = std::find(names.begin(), names.end(), name) != names.end();
        return refused(file.error().what + (is_known ? "" : did_you_mean(name, known)));
    }
    if (!reveal && file->starts_with(profile::kx::signature)) {
        *file = profile::kx::without_secrets(*file); // a site's template may hold some of its own
    }
    if (reveal) {
        base::log::warn("admin", "{} looked at the passwords in {} of {}", call.caller.actor,
                        base::printable(name), mac->str());
    }
    base::Json json = base::Json::object({{"mac", mac->str()}, {"name", name}, {"content", *file}});
    return done(std::move(*file), std::move(json));
}

namespace {

/// Several, or options that are about several.
Reply resync_those(Call& call) {
    std::vector<const inventory::Device*> devices;
    for (const auto& place : call.places) {
        const auto mac = read_mac(place);
        if (!mac) {
            return misunderstood(mac.error().what);
        }
        const auto* device = call.now.device(*mac);
        if (device == nullptr || !device->is_approved()) {
            return refused(fmt::format("{} is not approved, so nobody is told; leave it out, or "
                                       "first: pnp approve {}",
                                       mac->str(), mac->str()));
        }
        if (std::find(devices.begin(), devices.end(), device) == devices.end()) {
            devices.push_back(device);
        }
    }
    return resync_many(call, devices);
}

} // namespace

Reply run_resync(Call& call) {
    if (call.places.size() > 1 || call.has("--dry-run") || call.has("--rate")) {
        return resync_those(call);
    }
    const auto mac = read_mac(call.places[0]);
    if (!mac) {
        return misunderstood(mac.error().what);
    }
    const inventory::Device* device = call.now.device(*mac);
    if (device == nullptr || !device->was_heard()) {
        return refused(
            fmt::format("{} was never heard, so its address is not known; plug it in", mac->str()));
    }
    const auto sent = call.reach.resync(*mac, call.has("--reboot"));
    if (!sent) {
        return refused(sent.error());
    }
    base::log::info("admin", "{} ordered a resync of {}", call.caller.actor, mac->str());
    return done(*sent + "\n", base::Json::object({{"mac", mac->str()}, {"result", *sent}}));
}

Reply run_reload(Call& call) {
    const auto changed = call.reach.reload();
    if (!changed) {
        return refused(fmt::format("Nothing was changed: {}", changed.error().what));
    }
    base::log::info("admin", "{} ordered a reload", call.caller.actor);
    return done(*changed + "\n", base::Json::object({{"result", *changed}}));
}

Reply run_show_audit(Call& call) {
    const auto lines = call.reach.inventory.audit(audit_lines);
    if (!lines) {
        return refused(lines.error());
    }
    const base::UnixMs now = call.reach.clock.unix_ms();
    std::vector<std::vector<std::string>> rows;
    base::Json list = base::Json::array();
    for (const auto& line : *lines) {
        rows.push_back({local_time(line.at, now), shown_name(line.actor), shown_name(line.what)});
        base::Json row = base::Json::object({{"actor", line.actor}, {"what", line.what}});
        set_time(row, "at", line.at);
        list.push(std::move(row));
    }
    return done(rows.empty() ? "Nobody decided anything yet.\n"
                             : table_text({"TIME", "WHO", "WHAT"}, rows),
                base::Json::object({{"audit", std::move(list)}}));
}

Reply run_help(Call& call) {
    if (!call.places.empty()) {
        if (call.places.size() == 1) {
            // Of a group, such as `show`: all of its commands.
            std::string text;
            base::Json list = base::Json::array();
            for (const Command& command : commands()) {
                if (command.word == call.places[0]) {
                    text += (text.empty() ? "" : "\n") + help_for(command);
                    list.push(
                        base::Json::object({{"usage", command.usage}, {"help", command.help}}));
                }
            }
            if (!text.empty()) {
                return done(std::move(text), base::Json::object({{"commands", std::move(list)}}));
            }
        }
        const auto found = find_command(call.places);
        if (!found) {
            return misunderstood(found.error().what);
        }
        return done(
            help_for(*found->command),
            base::Json::object({{"usage", found->command->usage}, {"help", found->command->help}}));
    }
    std::size_t width = 0;
    for (const Command& command : commands()) {
        width = std::max(width, command.usage.size());
    }
    constexpr std::size_t widest = 30; // longer usages get a line of their own
    width = std::min(width, widest);
    std::string text;
    base::Json list = base::Json::array();
    for (const Command& command : commands()) {
        text += command.usage.size() > width
                    ? fmt::format("{}\n{:<{}}  {}\n", command.usage, "", width, command.help)
                    : fmt::format("{:<{}}  {}\n", command.usage, width, command.help);
        list.push(base::Json::object({{"usage", command.usage}, {"help", command.help}}));
    }
    text += "A MAC reads 001fc1000001, 00:1F:C1:00:00:01 or 001f.c100.0001; --json prints JSON.\n";
    return done(std::move(text), base::Json::object({{"commands", std::move(list)}}));
}

Reply run_version(Call& /*call*/) {
    return done("PBX PnP " PNP_VERSION "\n", base::Json::object({{"version", PNP_VERSION}}));
}

} // namespace admin
