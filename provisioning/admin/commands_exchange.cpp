// SPDX-License-Identifier: MIT
// The commands by which one phone takes over from another: replace, swap.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/file_warning.hpp"
#include "provisioning/admin/next_step.hpp"
#include "provisioning/admin/tell.hpp"
#include "provisioning/inventory/workpoints.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace admin {
namespace {

using inventory::Device;

struct Pair {
    std::array<base::Mac, 2> macs;
    std::array<Device, 2> before;
};

base::Result<Pair> read_pair(const Call& call) {
    Pair pair;
    for (std::size_t at = 0; at < pair.macs.size(); ++at) {
        const auto mac = read_mac(call.places[at]);
        if (!mac) {
            return tl::unexpected(mac.error());
        }
        pair.macs.at(at) = *mac;
        pair.before.at(at) = before_of(call, *mac);
    }
    if (pair.macs[0] == pair.macs[1]) {
        return base::fail(base::Errc::malformed, "{} is named twice; name two phones",
                          pair.macs[0].str());
    }
    return pair;
}

/// Whether `to` has keys enough for what is on `from`.
base::Status check_lines(const Call& call, const Device& from, const Device& to) {
    const auto catalogue = call.reach.catalogue();
    const auto most = most_lines(catalogue.get(), to.mac, &to);
    if (from.lines.size() <= most) {
        return {};
    }
    return base::fail(base::Errc::conflict,
                      "{} has {}, and {} has {} at most; give it those that matter: pnp assign {} "
                      "EXT,EXT",
                      from.mac.str(), counted(from.lines.size(), "extension", "extensions"),
                      to.mac.str(), counted(most, "line", "lines"), to.mac.str());
}

bool are_of_one_vendor(const Call& call, const Device& one, const Device& other) {
    const auto catalogue = call.reach.catalogue();
    const auto* vendor = vendor_of(catalogue.get(), one.mac, &one);
    return vendor != nullptr && vendor == vendor_of(catalogue.get(), other.mac, &other);
}

std::size_t count_waiting(const Call& call, base::Mac mac) {
    const auto jobs = call.reach.inventory.workpoints().jobs(mac);
    return static_cast<std::size_t>(std::count_if(
        jobs.begin(), jobs.end(), [](const auto& job) { return !has_ended(job.state); }));
}

std::string jobs_text(std::size_t waited, std::size_t taken_over) {
    if (waited == 0) {
        return {};
    }
    auto text =
        taken_over == 0
            ? std::string()
            : fmt::format("{} that waited for the old one {} for the new one now. ",
                          counted(taken_over, "job", "jobs"), taken_over == 1 ? "waits" : "wait");
    if (taken_over < waited) {
        text += fmt::format("{} of the old one {} given up; `pnp show jobs` lists them.",
                            counted(waited - taken_over, "job", "jobs"),
                            waited - taken_over == 1 ? "was" : "were");
    }
    return fmt::format("{}\n", text.substr(0, text.find_last_not_of(' ') + 1));
}

base::Json phone_json(const inventory::Snapshot& now, base::Mac mac, std::string_view next) {
    const auto* device = now.device(mac);
    base::Json json = base::Json::object({{"mac", mac.str()}, {"next", next}});
    if (device != nullptr) {
        json.set("state", device->state()).set("lines", json_list(device->lines));
    }
    return json;
}

} // namespace

Reply run_replace(Call& call) {
    const auto pair = read_pair(call);
    if (!pair) {
        return misunderstood(pair.error().what);
    }
    const auto& [gone, heir] = pair->before;
    if (auto fits = check_lines(call, gone, heir); !fits) {
        return refused(fits.error());
    }
    const auto waited = count_waiting(call, gone.mac);
    const auto had = count_waiting(call, heir.mac);
    auto next = after_decision(call, heir);
    const inventory::Replace change{gone.mac, heir.mac, are_of_one_vendor(call, gone, heir)};
    if (auto applied = call.reach.inventory.apply({change}, call.caller.actor); !applied) {
        return refused(applied.error());
    }
    next = gone.lines.empty() && !call.reach.served_elsewhere(heir)
               ? fmt::format("It has no extension, as the old one had none: pnp assign {} EXT",
                             heir.mac.str())
               : have_it_fetch(call, heir, std::move(next));
    std::string text =
        gone.lines.empty()
            ? fmt::format("{} is approved in place of {}.\n", heir.mac.str(), gone.mac.str())
            : fmt::format("{} has {} now, in place of {}.\n", heir.mac.str(), listed(gone.lines),
                          gone.mac.str());
    text += next + "\n" + file_warning(call.reach, heir.mac);
    text += jobs_text(waited, count_waiting(call, heir.mac) - had);
    text += fmt::format("{} is blocked and its URLs have ended.", gone.mac.str());
    if (has_fetched(gone) && !gone.lines.empty()) {
        text += fmt::format(" What it fetched before it still holds, the password of {} too: "
                            "unplug it.",
                            listed(gone.lines));
    }
    text += fmt::format(" Once it works again: pnp approve {}\n", gone.mac.str());
    const auto now = call.reach.inventory.now();
    return done(std::move(text), base::Json::object({{"old", phone_json(now, gone.mac, "")},
                                                     {"new", phone_json(now, heir.mac, next)}}));
}

Reply run_swap(Call& call) {
    const auto pair = read_pair(call);
    if (!pair) {
        return misunderstood(pair.error().what);
    }
    const auto& before = pair->before;
    for (std::size_t at = 0; at < before.size(); ++at) {
        if (auto fits = check_lines(call, before.at(at), before.at(1 - at)); !fits) {
            return refused(fits.error());
        }
    }
    std::array<std::string, 2> next;
    for (std::size_t at = 0; at < before.size(); ++at) {
        next.at(at) = after_decision(call, before.at(at));
    }
    const inventory::Swap change{pair->macs[0], pair->macs[1]};
    if (auto applied = call.reach.inventory.apply({change}, call.caller.actor); !applied) {
        return refused(applied.error());
    }
    if (before[0].lines == before[1].lines) {
        return done("Both have the same extensions: nothing changed.\n",
                    base::Json::object({{"phones", base::Json::array()}}));
    }
    const auto now = call.reach.inventory.now();
    std::string text;
    base::Json list = base::Json::array();
    for (std::size_t at = 0; at < before.size(); ++at) {
        const auto mac = pair->macs.at(at);
        const auto& lines = before.at(1 - at).lines;
        auto& then = next.at(at);
        if (lines.empty()) { // there is no file for it, so nothing to fetch
            then = fmt::format("What it fetched before it still holds, the password of {} too: "
                               "unplug it, or: pnp assign {} EXT",
                               listed(before.at(at).lines), mac.str());
            text += fmt::format("{} has no extension any more. {}\n", mac.str(), then);
        } else {
            then = have_it_fetch(call, before.at(at), std::move(then));
            text += fmt::format("{} has {} now. {}\n{}", mac.str(), listed(lines), then,
                                file_warning(call.reach, mac));
        }
        list.push(phone_json(now, mac, then));
    }
    return done(std::move(text), base::Json::object({{"phones", std::move(list)}}));
}

} // namespace admin
