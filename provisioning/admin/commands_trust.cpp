// SPDX-License-Identifier: MIT
// The commands about who is believed: rotate, show tokens, enrol, show enrolments, export audit.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/jobs.hpp"
#include "provisioning/admin/tell.hpp"

#include "dialplan/csv.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace admin {
namespace {

constexpr std::size_t most_audit = 1'000'000; ///< more than is kept

std::vector<const inventory::Device*> approved(const inventory::Snapshot& now) {
    auto devices = now.devices();
    std::erase_if(devices, [](const auto* device) { return !device->is_approved(); });
    return devices;
}

struct Resyncs {
    std::size_t ordered = 0;
    std::size_t unheard = 0;
    std::size_t failed = 0;
    std::string reason; ///< of the first that failed
};

/// By the pace of all resyncs; those that were never heard have nothing to be told.
Resyncs order_resyncs(const Call& call, const std::vector<const inventory::Device*>& devices) {
    Resyncs resyncs;
    for (const auto* device : devices) {
        if (!device->was_heard()) {
            ++resyncs.unheard;
        } else if (auto sent = call.reach.resync(device->mac, false); sent) {
            ++resyncs.ordered;
        } else if (++resyncs.failed == 1) {
            resyncs.reason = fmt::format("{}: {}", device->mac.str(), sent.error().what);
        }
    }
    return resyncs;
}

std::string resyncs_text(const Resyncs& resyncs) {
    std::string text;
    if (resyncs.ordered > 0) {
        text += fmt::format("{} asked to fetch {} now, a few each second.\n",
                            counted(resyncs.ordered, "phone is", "phones are"),
                            resyncs.ordered == 1 ? "its files" : "their files");
    }
    if (resyncs.failed > 0) {
        text += fmt::format("{} not be asked (the first: {}); unplug and plug in again.\n",
                            counted(resyncs.failed, "phone could", "phones could"), resyncs.reason);
    }
    if (resyncs.unheard > 0) {
        text += fmt::format("{} never heard and will get the new one at once.\n",
                            counted(resyncs.unheard, "phone was", "phones were"));
    }
    return text;
}

/// Which of its tokens the phone has shown to have.
std::string_view in_use(const inventory::Device& device) {
    if (device.confirmed == 0) {
        return "none yet";
    }
    if (device.confirmed == device.generation) {
        return "the new one";
    }
    return device.keeps_previous && device.confirmed + 1 == device.generation ? "the one before"
                                                                              : "one that ended";
}

std::string last_used(const inventory::Device& device, base::UnixMs now) {
    const auto& seen = device.seen;
    return seen.used == 0 ? "never"
                          : fmt::format("{} by {}", ago(seen.used, now), seen.used_from.str());
}

std::string what_for(const inventory::Enrolment& enrolment) {
    return enrolment.rule.empty() ? "approved" : fmt::format("as rule {}", enrolment.rule);
}

base::Json enrolment_json(const inventory::Enrolment& enrolment) {
    base::Json json = base::Json::object({{"rule", enrolment.rule}});
    json.set("from", enrolment.from ? base::Json(enrolment.from->str()) : base::Json());
    json.set("mac", enrolment.mac ? base::Json(enrolment.mac->str()) : base::Json());
    set_time(json, "until", enrolment.until);
    return json;
}

base::Result<base::UnixMs> read_end(const Call& call, std::string_view text) {
    const auto length = base::parse_duration(text);
    if (!length) {
        return tl::unexpected(length.error());
    }
    // A span that does not fit is refused by the inventory, as every one beyond a week is.
    constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365);
    return call.reach.clock.unix_ms() + std::min(*length, longest).count();
}

/// Of --rule: one that pnp.conf has.
base::Status check_rule(const Call& call, std::string_view name) {
    std::vector<std::string> names;
    if (call.reach.rule_names) {
        names = call.reach.rule_names();
    }
    if (std::find(names.begin(), names.end(), name) != names.end()) {
        return {};
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    return base::fail(base::Errc::not_found, "pnp.conf has no section [rule {}]{}",
                      base::printable(name, 40),
                      names.empty() ? "; leave --rule away to approve every phone that asks"
                                    : did_you_mean(name, known));
}

/// Of --from.
base::Status read_from(const Call& call, inventory::Enrolment& wanted) {
    const auto from = call.options.find("--from");
    if (from == call.options.end()) {
        return {};
    }
    wanted.from = base::Network::parse(from->second);
    return wanted.from
               ? base::Status()
               : base::fail(base::Errc::malformed, "'{}' is no network; write it like 10.1.2.0/24",
                            base::printable(from->second, 40));
}

Reply open_enrolment(const Call& call, const inventory::Enrolment& enrolment, std::string text) {
    if (auto applied =
            call.reach.inventory.apply({inventory::OpenEnrolment{enrolment}}, call.caller.actor);
        !applied) {
        return refused(applied.error());
    }
    text += "\nTo end it earlier: pnp enrol stop\n";
    return done(std::move(text), enrolment_json(enrolment));
}

/// What brings an approved phone here.
std::string how_it_comes(const Call& call, base::Mac mac) {
    const auto now = call.reach.clock.unix_ms();
    const auto phone = call.reach.inventory.workpoints().find(mac);
    const auto next = phone ? next_poll(call.reach, *phone, now) : std::nullopt;
    constexpr base::UnixMs overdue = 60'000;
    return next && now < *next + overdue ? fmt::format("it polls, and comes {}", due(*next, now))
                                         : std::string("unplug it and plug it in again");
}

/// Of a phone that calls from where its window is not open.
std::string is_elsewhere(const Call& call, const inventory::Enrolment& wanted) {
    const auto phone = call.reach.inventory.workpoints().find(*wanted.mac);
    return !wanted.from || !phone || phone->last_contact == 0 ||
                   wanted.from->contains(phone->address)
               ? std::string()
               : fmt::format("\nIts last call came from {}, which is not in {}: from there it is "
                             "given nothing by this.",
                             phone->address.str(), wanted.from->str());
}

} // namespace

Reply run_rotate(Call& call) {
    const bool all = call.has("--all");
    if (all == !call.places.empty()) {
        return misunderstood("rotate which token? Name one phone, or --all; usage: pnp rotate MAC");
    }
    std::vector<const inventory::Device*> devices;
    if (all) {
        devices = approved(call.now);
    } else {
        const auto mac = read_mac(call.places[0]);
        if (!mac) {
            return misunderstood(mac.error().what);
        }
        const auto* device = call.now.device(*mac);
        if (device == nullptr || !device->is_approved()) {
            return refused(fmt::format("{} is not approved, so it has no token; `pnp show tokens` "
                                       "lists those that have",
                                       mac->str()));
        }
        devices.push_back(device);
    }
    if (devices.empty()) {
        return done("No phone is approved, so there is no token to change.\n",
                    base::Json::object({{"rotated", std::uint64_t{0}}}));
    }
    std::vector<inventory::Change> changes;
    changes.reserve(devices.size());
    for (const auto* device : devices) {
        changes.emplace_back(inventory::Rotate{device->mac});
    }
    if (auto applied = call.reach.inventory.apply(changes, call.caller.actor); !applied) {
        return refused(applied.error());
    }
    const auto resyncs = order_resyncs(call, devices);
    return done(fmt::format("{} a new token; the one before is valid until the new one is used.\n"
                            "{}Who uses which: pnp show tokens\n",
                            counted(devices.size(), "phone has", "phones have"),
                            resyncs_text(resyncs)),
                base::Json::object({{"rotated", std::uint64_t{devices.size()}},
                                    {"resyncs", std::uint64_t{resyncs.ordered}},
                                    {"failed", std::uint64_t{resyncs.failed}},
                                    {"never_heard", std::uint64_t{resyncs.unheard}}}));
}

Reply run_show_tokens(Call& call) {
    const auto now = call.reach.clock.unix_ms();
    const auto devices = approved(call.now);
    const auto open = call.now.first_tokens(now);
    std::vector<std::vector<std::string>> rows;
    base::Json list = base::Json::array();
    std::size_t before = 0;
    std::size_t lost = 0;
    for (const auto* device : devices) {
        const auto found = open.find(device->mac);
        const std::size_t first = found == open.end() ? 0 : found->second;
        const auto use = in_use(*device);
        before += use == "the one before" ? 1U : 0U;
        lost += use == "one that ended" ? 1U : 0U;
        rows.push_back({device->mac.str(), std::to_string(device->generation), std::string(use),
                        std::to_string(first), last_used(*device, now)});
        base::Json row = base::Json::object(
            {{"mac", device->mac.str()},
             {"generation", std::uint64_t{device->generation}},
             {"confirmed", std::uint64_t{device->confirmed}},
             {"keeps_previous", device->keeps_previous},
             {"first_tokens", std::uint64_t{first}},
             {"used_from",
              device->seen.used == 0 ? base::Json() : base::Json(device->seen.used_from.str())}});
        set_time(row, "used", device->seen.used);
        list.push(std::move(row));
    }
    base::Json json = base::Json::object(
        {{"tokens", std::move(list)}, {"use_the_one_before", std::uint64_t{before}}});
    if (devices.empty()) {
        return done("No phone is approved, so none has a token.\n", std::move(json));
    }
    std::string text =
        table_text({"MAC", "GENERATION", "PHONE USES", "FIRST OPEN", "LAST USED"}, rows);
    text += fmt::format("{} of {} still use the one before{}\n", before, devices.size(),
                        before == 0 ? "." : "; to make them fetch the new one: pnp resync MAC");
    if (lost > 0) {
        text += fmt::format("{} hold a token that ended, having missed two rotations: unplug and "
                            "plug in again.\n",
                            counted(lost, "phone", "phones"));
    }
    return done(std::move(text), std::move(json));
}

Reply run_enrol_start(Call& call) {
    inventory::Enrolment wanted;
    const auto end = read_end(call, call.places[0]);
    if (!end) {
        return misunderstood(end.error().what);
    }
    wanted.until = *end;
    if (const auto rule = call.options.find("--rule"); rule != call.options.end()) {
        if (auto known = check_rule(call, rule->second); !known) {
            return refused(known.error());
        }
        wanted.rule = rule->second;
    }
    if (auto read = read_from(call, wanted); !read) {
        return misunderstood(read.error().what);
    }
    const auto where =
        wanted.from ? "in " + wanted.from->str() : std::string("in every served network");
    return open_enrolment(
        call, wanted,
        wanted.rule.empty()
            ? fmt::format(
                  "Until {} a phone {} that nobody decided about is approved when it asks.\n"
                  "It is still held until it has an extension: pnp assign MAC EXT",
                  end_text(*end, call.reach.clock.unix_ms()), where)
            : fmt::format("Until {} a phone {} that nobody decided about is treated as rule {} "
                          "says.",
                          end_text(*end, call.reach.clock.unix_ms()), where, wanted.rule));
}

Reply run_enrol(Call& call) {
    const auto mac = read_mac(call.places[0]);
    if (!mac) {
        return misunderstood(mac.error().what);
    }
    const auto end = read_end(call, call.places[1]);
    if (!end) {
        return misunderstood(end.error().what);
    }
    const auto* known = call.now.device(*mac);
    if (known != nullptr && known->approval == inventory::Approval::blocked) {
        return refused(fmt::format("{} is blocked, and an enrolment does not change that; to take "
                                   "it back: pnp approve {}",
                                   mac->str(), mac->str()));
    }
    inventory::Enrolment wanted;
    wanted.until = *end;
    wanted.mac = *mac;
    if (auto read = read_from(call, wanted); !read) {
        return misunderstood(read.error().what);
    }
    const auto until = end_text(*end, call.reach.clock.unix_ms());
    return open_enrolment(
        call, wanted,
        known != nullptr && known->is_approved()
            ? fmt::format("{} is expected until {}: {}.{}", mac->str(), until,
                          how_it_comes(call, *mac), is_elsewhere(call, wanted))
            : fmt::format("{} is approved when it asks until {}: plug it in.\n"
                          "It is still held until it has an extension: pnp assign {} EXT",
                          mac->str(), until, mac->str()));
}

Reply run_enrol_stop(Call& call) {
    const auto now = call.reach.clock.unix_ms();
    const auto& all = call.now.enrolments();
    const auto open = std::count_if(all.begin(), all.end(),
                                    [&](const auto& each) { return !is_over(each, now); });
    if (auto applied =
            call.reach.inventory.apply({inventory::CloseEnrolments{}}, call.caller.actor);
        !applied) {
        return refused(applied.error());
    }
    return done(open == 0 ? std::string("No enrolment was open.\n")
                          : fmt::format("{} closed. Phones that were approved stay so.\n",
                                        counted(static_cast<std::size_t>(open), "enrolment is",
                                                "enrolments are")),
                base::Json::object({{"closed", std::int64_t{open}}}));
}

Reply run_show_enrolments(Call& call) {
    const auto now = call.reach.clock.unix_ms();
    std::vector<std::vector<std::string>> rows;
    base::Json list = base::Json::array();
    for (const auto& enrolment : call.now.enrolments()) {
        if (!is_over(enrolment, now)) {
            const bool is_spent =
                enrolment.mac &&
                call.reach.inventory.workpoints().is_window_spent(*enrolment.mac, enrolment.id);
            rows.push_back({end_text(enrolment.until, now), whom(enrolment),
                            what_for(enrolment) + (is_spent ? ", has its passwords" : "")});
            auto json = enrolment_json(enrolment);
            json.set("is_spent", is_spent);
            list.push(std::move(json));
        }
    }
    return done(rows.empty() ? "No enrolment is open; to open one: pnp enrol start DURATION\n"
                             : table_text({"UNTIL", "WHO", "HOW"}, rows) +
                                   "To end them all: pnp enrol stop\n",
                base::Json::object({{"enrolments", std::move(list)}}));
}

Reply run_export_audit(Call& call) {
    const auto lines = call.reach.inventory.audit(most_audit);
    if (!lines) {
        return refused(lines.error());
    }
    std::string csv = "time,who,what\n";
    for (const auto& line : *lines) {
        csv += fmt::format("{},{},{}\n", base::iso_time(line.at), dialplan::csv_field(line.actor),
                           dialplan::csv_field(line.what));
    }
    base::Json json = base::Json::object({{"csv", csv}});
    return done(std::move(csv), std::move(json));
}

} // namespace admin
