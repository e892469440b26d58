// SPDX-License-Identifier: MIT
// The commands that decide about a phone: approve, block, assign, unassign.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/file_warning.hpp"
#include "provisioning/admin/next_step.hpp"
#include "provisioning/admin/tell.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>

#include <fmt/ranges.h>

namespace admin {
namespace {

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

/// What is near a number that nobody has. A site may have 100,000: no list of them is made before.
std::string near_extension(const Call& call, std::string_view number) {
    std::vector<std::string_view> known;
    for (const inventory::Extension* extension : call.now.extensions()) {
        known.push_back(extension->number);
    }
    return did_you_mean(number, known);
}

/// Reads EXT[,EXT…] and asks the directory for each.
base::Result<Lines> read_lines(const Call& call, base::Mac mac, std::string_view text) {
    Lines out;
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
                account.error().code == base::Errc::not_found ? near_extension(call, number) : "");
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

/// "@sales" is a pool of pnp.conf.
base::Result<inventory::Pool> read_pool(const Call& call, std::string_view name) {
    const auto pools = call.reach.pools ? call.reach.pools() : std::vector<inventory::Pool>();
    std::vector<std::string_view> known;
    for (const auto& pool : pools) {
        if (pool.name == name) {
            return pool;
        }
        known.push_back(pool.name);
    }
    if (name.find(',') != name.npos) {
        return base::fail(base::Errc::malformed,
                          "a pool gives one number and stands alone; write the others as numbers");
    }
    auto instead = did_you_mean(name, known);
    if (pools.empty()) {
        instead = "; write it into [general], such as: pool sales = 200-299";
    } else if (instead.empty()) {
        instead = fmt::format("; it has {}", fmt::join(known, ", "));
    }
    return base::fail(base::Errc::not_found, "pnp.conf has no pool {}{}",
                      name.empty() ? "without a name" : base::printable(name, 40), instead);
}

void add_file_warning(const Call& call, base::Mac mac, Reply& reply) {
    const std::string warning = reply.status == 0 ? file_warning(call.reach, mac) : "";
    if (!warning.empty()) {
        reply.text += warning;
        reply.json.set("warning", warning);
    }
}

Reply assign_from_pool(const Call& call, base::Mac mac, std::string_view name) {
    const auto pool = read_pool(call, name);
    if (!pool) {
        return pool.error().code == base::Errc::malformed ? misunderstood(pool.error().what)
                                                          : refused(pool.error());
    }
    const inventory::Device before = before_of(call, mac);
    const auto next = after_decision(call, before);
    if (auto applied =
            call.reach.inventory.apply({inventory::AssignFromPool{mac, *pool}}, call.caller.actor);
        !applied) {
        return refused(applied.error());
    }
    const inventory::Snapshot now = call.reach.inventory.now();
    const auto* device = now.device(mac);
    const auto lines = device != nullptr ? device->lines : std::vector<std::string>();
    const bool is_same = before.is_approved() && before.lines == lines;
    const auto account = call.reach.directory.account(lines.empty() ? "" : lines.front());
    const auto name_text = account && account->name != account->number
                               ? fmt::format(" ({})", shown_name(account->name))
                               : "";
    auto text =
        is_same || lines.size() != 1
            ? fmt::format("{} has {}, of the pool {}.", mac.str(), listed(lines), pool->str())
            : fmt::format("{} has {}{} on line 1, from the pool {}.", mac.str(), lines.front(),
                          name_text, pool->str());
    const auto then = is_same && before.seen.stage >= inventory::Stage::configured
                          ? std::string("Nothing changed.")
                          : next;
    Reply reply =
        done(fmt::format("{}\n{}\n", text, then), base::Json::object({{"mac", mac.str()}}));
    reply.json.set("state", device != nullptr ? device->state() : "")
        .set("lines", json_list(lines))
        .set("pool", pool->name)
        .set("next", then);
    add_file_warning(call, mac, reply);
    return reply;
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
    if (has_fetched(before) && !before.lines.empty()) {
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
    if (call.places[1].starts_with("@")) {
        return assign_from_pool(call, *mac, std::string_view(call.places[1]).substr(1));
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
    add_file_warning(call, *mac, reply);
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
