// SPDX-License-Identifier: MIT
// The commands about extensions of our own: add, remove, show.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/file_warning.hpp"
#include "provisioning/admin/tell.hpp"

#include "provisioning/base/crypto.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/inventory/guest.hpp"

#include <string>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace admin {
namespace {

constexpr std::size_t password_length = 20;
constexpr std::size_t short_password = 8;

/// Where the password comes from: an option or, by default, from us. Never part of any message.
base::Result<base::Secret> password_of(const Call& call) {
    if (call.has("--password-stdin")) {
        const base::Revealed input = call.caller.input.reveal();
        std::string_view line = input;
        line = line.substr(0, line.find('\n'));
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (line.empty()) {
            return base::fail(base::Errc::malformed,
                              "standard input held no password; write it on one line");
        }
        return base::Secret(line);
    }
    if (call.has("--password")) {
        const std::string_view password = call.options.at("--password");
        if (password.empty()) {
            return base::fail(base::Errc::malformed, "the password is empty; leave --password away "
                                                     "and one is made");
        }
        return base::Secret(password);
    }
    return base::random_password(password_length);
}

/// What the caller should know about a password of their own.
std::string password_warning(const Call& call, const base::Secret& password) {
    std::string text;
    if (call.has("--password")) {
        text += call.caller.over_socket
                    ? "The password now stands in your shell's history; --password-stdin avoids "
                      "that.\n"
                    : "The password now stands in the console's history, and whoever hears of the "
                      "PBX's commands has it; pnpctl with --password-stdin avoids that.\n";
    }
    if (password.size() < short_password) {
        text += "It is short: anybody who reaches the PBX can try passwords until it fits.\n";
    }
    return text;
}

std::vector<std::string> holders_of(const inventory::Snapshot& now, const std::string& number) {
    std::vector<std::string> out;
    for (const base::Mac mac : now.holders(number)) {
        out.push_back(mac.str());
    }
    return out;
}

} // namespace

Reply run_extension_add(Call& call) {
    const std::string& number = call.places[0];
    if (!dialplan::is_number(number)) {
        return misunderstood(
            fmt::format("'{}' is no extension number; it has 1 to 32 letters, digits or _.+*#-",
                        base::printable(number, 40)));
    }
    if (call.has("--password") && call.has("--password-stdin")) {
        return misunderstood("--password and --password-stdin exclude each other");
    }
    if (call.now.extension(number) != nullptr) {
        return refused(fmt::format("extension {} exists already; put it on a phone: pnp assign MAC "
                                   "{}",
                                   number, number));
    }
    if (call.reach.directory.account(number)) {
        return refused(fmt::format("extension {} belongs to the PBX, which keeps its password; use "
                                   "it as it is: pnp assign MAC {}",
                                   number, number));
    }
    if (const auto allowed = call.reach.directory.may_own(number); !allowed) {
        return refused(allowed.error());
    }
    auto password = password_of(call);
    if (!password) {
        return password.error().code == base::Errc::malformed ? misunderstood(password.error().what)
                                                              : refused(password.error());
    }
    const bool generated = !call.has("--password") && !call.has("--password-stdin");
    const std::string warning = password_warning(call, *password);
    const std::string name(call.has("--name") ? call.options.at("--name") : "");
    if (auto added = call.reach.inventory.apply(
            {inventory::AddExtension{{number, name, std::move(*password)}}}, call.caller.actor);
        !added) {
        return refused(added.error());
    }
    std::string text = fmt::format(
        "Extension {}{} is there{}.\n", number,
        name.empty() ? "" : fmt::format(" ({})", shown_name(name)),
        generated ? fmt::format(", with a generated password of {} characters", password_length)
                  : "");
    text += warning;
    // A phone may have the number already, of the PBX or of an extension that is gone.
    for (const base::Mac mac : call.now.holders(number)) {
        text += file_warning(call.reach, mac);
    }
    const std::string next = fmt::format("pnp assign MAC {}", number);
    text += fmt::format("Put it on a phone: {}\n", next);
    text += "Its password then shows in: pnp render MAC FILENAME --reveal\n";
    return done(std::move(text), base::Json::object({{"number", number},
                                                     {"name", name},
                                                     {"password_generated", generated},
                                                     {"next", next}}));
}

Reply run_extension_remove(Call& call) {
    const std::string& number = call.places[0];
    if (const auto holders = holders_of(call.now, number);
        !holders.empty() && call.now.extension(number) != nullptr) {
        return refused(fmt::format("extension {} is on the line of {}; first: pnp unassign {}",
                                   number, fmt::join(holders, ", "), holders.front()));
    }
    if (auto removed =
            call.reach.inventory.apply({inventory::RemoveExtension{number}}, call.caller.actor);
        !removed) {
        return refused(removed.error());
    }
    return done(fmt::format("Extension {} is gone, and its password with it.\n", number),
                base::Json::object({{"number", number}}));
}

Reply run_show_extensions(Call& call) {
    std::vector<std::vector<std::string>> rows;
    base::Json list = base::Json::array();
    std::string unused;
    // In one pass over the phones: a site may have thousands of both.
    std::unordered_map<std::string, std::vector<std::string>> phones;
    for (const inventory::Device* device : call.now.devices()) {
        for (const std::string& number : device->lines) {
            phones[number].push_back(device->mac.str());
        }
    }
    const auto add = [&](const std::string& number, const std::string& name, const char* owner) {
        const auto& holders = phones[number];
        if (holders.empty() && unused.empty() && !inventory::guest_of(number)) {
            unused = number;
        }
        rows.push_back({number, shown_name(name),
                        holders.empty() ? "-" : fmt::format("{}", fmt::join(holders, " ")), owner});
        list.push(base::Json::object({{"number", number},
                                      {"name", name},
                                      {"devices", json_list(holders)},
                                      {"owner", owner}}));
    };
    for (const inventory::Extension* extension : call.now.extensions()) {
        add(extension->number, extension->name, "PBX PnP");
    }
    std::map<std::string, std::string> of_host;
    call.reach.directory.list_host(
        [&](const std::string& number, const std::string& name) { of_host.emplace(number, name); });
    for (const auto& [number, name] : of_host) {
        add(number, name, "the PBX");
    }
    std::string text = rows.empty() ? "There is no extension. Create one: pnp extension add 201\n"
                                    : table_text({"NUMBER", "NAME", "PHONES", "KEPT BY"}, rows);
    if (!unused.empty()) {
        text += fmt::format("Put one on a phone: pnp assign MAC {}\n", unused);
    }
    return done(std::move(text), base::Json::object({{"extensions", std::move(list)}}));
}

} // namespace admin
