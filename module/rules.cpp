// SPDX-License-Identifier: MIT
#include "module/rules.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/site.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace engine {

using inventory::Enrolment;

namespace {

bool takes(const ApprovalRule& rule, const Said& said) {
    return (rule.oui.empty() || base::istarts_with(said.mac.str(), rule.oui)) &&
           (rule.vendor.empty() || base::iequals(rule.vendor, said.vendor)) &&
           profile::takes_model(rule.model, said.model) &&
           (!rule.network || rule.network->contains(said.source));
}

bool takes(const Enrolment& window, base::Mac mac, base::Ipv4 source, base::UnixMs now) {
    return !is_over(window, now) && (!window.from || window.from->contains(source)) &&
           (!window.mac || *window.mac == mac);
}

} // namespace

std::string_view word(Action action) noexcept {
    switch (action) {
    case Action::approve:
        return "approve";
    case Action::assign:
        return "assign";
    case Action::guest:
        return "guest";
    case Action::block:
        return "block";
    case Action::hold:
        break;
    }
    return "hold";
}

std::string whom(const ApprovalRule& rule) {
    std::vector<std::string> conditions;
    const auto add = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) {
            conditions.push_back(fmt::format("{} {}", name, value));
        }
    };
    add("MAC", rule.oui.empty() ? "" : rule.oui + "*");
    add("vendor", rule.vendor);
    add("model", rule.model);
    add("in", rule.network ? rule.network->str() : "");
    return conditions.empty() ? "any phone" : fmt::format("{}", fmt::join(conditions, ", "));
}

std::optional<Ruling> rule_on(const Said& said,
                              const std::vector<ApprovalRule>& rules,
                              const std::vector<Enrolment>& windows,
                              base::UnixMs now) {
    for (const auto& window : windows) {
        if (!takes(window, said.mac, said.source, now)) {
            continue;
        }
        if (window.rule.empty()) {
            return Ruling{Action::approve, {}, window, {}};
        }
        const auto named = std::find_if(rules.begin(), rules.end(),
                                        [&](const auto& rule) { return rule.name == window.rule; });
        if (named == rules.end()) {
            return Ruling{Action::hold,
                          {},
                          window,
                          fmt::format("the enrolment window names the rule {}, which pnp.conf does "
                                      "not have: write it, or close the window",
                                      window.rule)};
        }
        if (takes(*named, said)) {
            return Ruling{named->action, *named, window, {}};
        }
    }
    for (const auto& rule : rules) {
        if (!rule.only_enrolment && takes(rule, said)) {
            return Ruling{rule.action, rule, {}, {}};
        }
    }
    return {};
}

bool is_expected(base::Mac mac,
                 base::Ipv4 source,
                 const std::vector<Enrolment>& windows,
                 base::UnixMs now) {
    return std::any_of(windows.begin(), windows.end(), [&](const auto& window) {
        return window.mac && takes(window, mac, source, now);
    });
}

} // namespace engine
