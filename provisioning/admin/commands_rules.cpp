// SPDX-License-Identifier: MIT
// The command about what approves phones by itself: show rules.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/pools.hpp"
#include "provisioning/admin/tell.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace admin {
namespace {

using Windows = std::vector<inventory::Enrolment>;

Windows open_windows(const Call& call) {
    Windows open = call.now.enrolments();
    const auto now = call.reach.clock.unix_ms();
    std::erase_if(open, [&](const auto& window) { return is_over(window, now); });
    return open;
}

/// The window that names it and stays open longest.
const inventory::Enrolment* window_of(const Reach::Rule& rule, const Windows& windows) {
    const inventory::Enrolment* longest = nullptr;
    for (const auto& window : windows) {
        if (window.rule == rule.name && (longest == nullptr || window.until > longest->until)) {
            longest = &window;
        }
    }
    return longest;
}

/// What it waits for and what to do about it; empty when it acts. `why_none`: of its pool.
std::string why_it_waits(const Reach::Rule& rule, const std::string& why_none, bool has_window) {
    if (rule.approves && rule.approved >= rule.most) {
        return fmt::format("it has approved {}, its most: raise `most` in pnp.conf, then: pnp "
                           "reload",
                           counted(rule.approved, "phone", "phones"));
    }
    if (!why_none.empty()) {
        return why_none;
    }
    if (rule.only_enrolment && !has_window) {
        return fmt::format("no enrolment is open for it: pnp enrol start 1h --rule {}", rule.name);
    }
    return {};
}

/// As the rule writes it.
std::string shown_pool(const inventory::Pool& pool) {
    return pool.name.empty() ? pool.numbers() : pool.name;
}

/// Windows without a rule, and those whose rule is gone.
std::string
other_windows(const Windows& windows, const std::vector<Reach::Rule>& rules, base::UnixMs now) {
    std::string text;
    for (const auto& window : windows) {
        const auto end = end_text(window.until, now);
        if (window.rule.empty()) {
            text += fmt::format("Until {} an enrolment approves {}, before any rule.\n", end,
                                whom(window));
        } else if (std::none_of(rules.begin(), rules.end(),
                                [&](const auto& rule) { return rule.name == window.rule; })) {
            text += fmt::format("Until {} an enrolment names the rule {}, which pnp.conf does not "
                                "have: write it, or: pnp enrol stop\n",
                                end, window.rule);
        }
    }
    return text;
}

} // namespace

Reply run_show_rules(Call& call) {
    const auto rules =
        call.reach.rules ? call.reach.rules() : base::Result<std::vector<Reach::Rule>>();
    if (!rules) {
        return refused(rules.error());
    }
    const auto now = call.reach.clock.unix_ms();
    const auto windows = open_windows(call);
    const auto numbers = all_numbers(call);
    std::vector<std::vector<std::string>> rows;
    base::Json list = base::Json::array();
    std::string waiting;
    for (const auto& rule : *rules) {
        const auto left = rule.pool ? count(call, *rule.pool, numbers) : PoolCount();
        const auto* window = window_of(rule, windows);
        const auto why = why_it_waits(rule, rule.pool ? why_none(call, *rule.pool, left) : "",
                                      window != nullptr);
        if (!why.empty()) {
            waiting += fmt::format("{} waits: {}\n", shown_name(rule.name), why);
        }
        rows.push_back(
            {shown_name(rule.name), shown_name(rule.phones), rule.action,
             rule.pool ? fmt::format("{}, {} free", shown_pool(*rule.pool), left.free) : "-",
             rule.approves ? fmt::format("{} of {}", rule.approved, rule.most) : "-",
             !why.empty() ? "waits"
             : window != nullptr && rule.only_enrolment
                 ? "acts until " + end_text(window->until, now)
                 : "acts"});
        base::Json row = base::Json::object({{"rule", rule.name},
                                             {"phones", rule.phones},
                                             {"action", rule.action},
                                             {"only_enrolment", rule.only_enrolment},
                                             {"waits", why}});
        row.set("pool", rule.pool ? base::Json(shown_pool(*rule.pool)) : base::Json());
        row.set("free", rule.pool ? base::Json(std::uint64_t{left.free}) : base::Json());
        row.set("approved",
                rule.approves ? base::Json(std::uint64_t{rule.approved}) : base::Json());
        row.set("most", rule.approves ? base::Json(std::uint64_t{rule.most}) : base::Json());
        set_time(row, "until", window != nullptr ? window->until : 0);
        list.push(std::move(row));
    }
    auto text = rows.empty()
                    ? std::string("pnp.conf has no section [rule NAME]: a phone that nobody "
                                  "approved gets what `unknown_phone` says.\n")
                    : table_text({"RULE", "PHONES", "ACTION", "POOL", "APPROVED", "NOW"}, rows) +
                          "The first rule that matches a phone wins.\n";
    return done(std::move(text) + waiting + other_windows(windows, *rules, now),
                base::Json::object({{"rules", std::move(list)}}));
}

} // namespace admin
