// SPDX-License-Identifier: MIT
// The commands that move assignments in bulk: import, export.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/file_warning.hpp"
#include "provisioning/admin/tell.hpp"

#include "dialplan/import.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace admin {
namespace {

constexpr std::size_t max_file = 16U << 20U;

/// pnpctl reads the file as its own user and sends it; a PBX console names a file of the server.
base::Result<std::string> read_import(const Call& call) {
    if (!call.caller.input.empty()) {
        const base::Revealed input = call.caller.input.reveal();
        return std::string(input);
    }
    if (call.caller.over_socket) {
        return base::fail(base::Errc::malformed,
                          "the file is empty; its first line reads mac,extensions,name");
    }
    return base::read_file(call.places[0], max_file);
}

base::Json problems_json(const std::vector<dialplan::Problem>& problems) {
    base::Json out = base::Json::array();
    for (const dialplan::Problem& problem : problems) {
        out.push(base::Json::object({{"line", problem.line}, {"text", problem.text}}));
    }
    return out;
}

std::string problems_text(const std::vector<dialplan::Problem>& problems) {
    std::string out;
    for (const dialplan::Problem& problem : problems) {
        out += fmt::format("line {}: {}\n", problem.line, problem.text);
    }
    return out;
}

/// "3 extensions created, 12 phones assigned".
std::string summary(const dialplan::ImportPlan& plan, bool applied) {
    const auto created = static_cast<std::size_t>(
        std::count_if(plan.changes.begin(), plan.changes.end(), [](const auto& change) {
            return std::holds_alternative<inventory::AddExtension>(change);
        }));
    const std::size_t assigned = plan.changes.size() - created;
    return fmt::format("{}{} {}, {} {}; {} held already.\n",
                       applied ? "" : "Dry run: ", counted(created, "extension", "extensions"),
                       applied ? "created" : "to create", counted(assigned, "phone", "phones"),
                       applied ? "assigned" : "to assign", counted(plan.unchanged, "row", "rows"));
}

/// Of phones in the plan, a screen of warnings at most. To make a file takes longer than to
/// import its row, so not all of thousands are tried.
std::string warnings(const Call& call, const dialplan::ImportPlan& plan) {
    constexpr std::size_t most_told = 10;
    constexpr std::size_t most_tried = 500;
    std::string text;
    std::size_t told = 0;
    std::size_t phones = 0;
    for (const inventory::Change& change : plan.changes) {
        const auto* assign = std::get_if<inventory::Assign>(&change);
        if (assign == nullptr || ++phones > most_tried) {
            continue;
        }
        const std::string warning = file_warning(call.reach, assign->mac);
        if (!warning.empty() && told++ < most_told) {
            text += fmt::format("{}: {}", assign->mac.str(), warning);
        }
    }
    if (told > most_told) {
        text += fmt::format("{} more phones like these; see: pnp lint MAC\n", told - most_told);
    }
    if (phones > most_tried) {
        text +=
            fmt::format("The files of the first {} phones were tried; of the others `pnp explain "
                        "MAC` says if one cannot be made.\n",
                        most_tried);
    }
    return text;
}

} // namespace

Reply run_import(Call& call) {
    const auto csv = read_import(call);
    if (!csv) {
        return refused(csv.error());
    }
    const auto catalogue = call.reach.catalogue();
    const dialplan::ImportPlan plan = dialplan::plan_import(
        *csv, call.now,
        [&](const std::string& number) -> base::Status {
            return call.reach.directory.account(number).map([](const auto& /*account*/) {});
        },
        [&](base::Mac mac) { return most_lines(catalogue.get(), mac, call.now.device(mac)); },
        [&](const std::string& number) { return call.reach.directory.may_own(number); });
    const bool dry = call.has("--dry-run");
    base::Json json = base::Json::object({{"problems", problems_json(plan.problems)},
                                          {"notes", problems_json(plan.notes)},
                                          {"changes", json_list(plan.descriptions)},
                                          {"unchanged", std::uint64_t{plan.unchanged}}});
    if (!plan.problems.empty()) {
        json.set("applied", false);
        return {1,
                fmt::format("{}{}; nothing was changed. Correct {} and import again.\n",
                            problems_text(plan.problems),
                            counted(plan.problems.size(), "problem", "problems"),
                            plan.problems.size() == 1 ? "it" : "them"),
                std::move(json)};
    }
    std::string text = problems_text(plan.notes);
    if (dry) {
        for (const std::string& description : plan.descriptions) {
            text += description + "\n";
        }
    } else if (!plan.changes.empty()) {
        if (auto applied = call.reach.inventory.apply(plan.changes, call.caller.actor); !applied) {
            return refused(fmt::format("{}; nothing was changed", applied.error().what));
        }
    }
    json.set("applied", !dry);
    text += summary(plan, !dry);
    if (dry && !plan.changes.empty()) {
        text += "To do it: the same without --dry-run\n";
    } else if (!plan.changes.empty()) {
        text += warnings(call, plan);
        text += "Phones that wait get their URL now; unplug the others and plug them in again.\n";
    }
    return done(std::move(text), std::move(json));
}

Reply run_export(Call& call) {
    std::string csv = dialplan::export_csv(call.now);
    base::Json json = base::Json::object({{"csv", csv}});
    return done(std::move(csv), std::move(json));
}

} // namespace admin
