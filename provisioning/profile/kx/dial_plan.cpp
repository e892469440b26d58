// SPDX-License-Identifier: MIT
// Checks a dial plan, and follows digits through it.
#include "provisioning/profile/kx/dial_plan.hpp"

#include "provisioning/profile/kx/dial_plan_parts.hpp"

#include <algorithm>

namespace profile::kx {
namespace {

bool is_error(const DialPlanFinding& finding) {
    return finding.severity == Severity::error;
}

struct Checked {
    std::vector<DialPart> parts;
    std::vector<DialPlanFinding> findings;
};

Checked check(std::string_view plan) {
    Checked done;
    auto& findings = done.findings;
    if (plan.size() > longest_dial_plan) {
        findings.push_back(
            {Severity::error, longest_dial_plan + 1,
             fmt::format("{} characters; the phone takes {}", plan.size(), longest_dial_plan)});
        return done;
    }
    done.parts = read_dial_plan(plan, findings);
    if (std::none_of(findings.begin(), findings.end(), is_error)) {
        find_hidden(done.parts, findings);
    }
    std::stable_sort(findings.begin(), findings.end(),
                     [](const auto& a, const auto& b) { return a.column < b.column; });
    return done;
}

/// The steps of a part that may be next; keys are followed in all of them at once, so nothing is
/// tried twice.
using Places = std::vector<bool>;

void follow_skips(const DialPart& part, Places& places) {
    for (std::size_t i = 0; i < places.size(); ++i) { // they lead to later steps only
        if (places[i] && part.steps[i].skip) {
            places[*part.steps[i].skip] = true;
        }
    }
}

Places follow(const DialPart& part, std::string_view digits) {
    Places places(part.steps.size());
    places[0] = true;
    follow_skips(part, places);
    for (const char key : digits) {
        Places after(places.size());
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (places[i] && (part.steps[i].keys & key_set(key)) != 0) {
                after[part.steps[i].next] = true;
            }
        }
        follow_skips(part, after);
        places = std::move(after);
    }
    return places;
}

/// fits[i][step]: the digits from the i-th on lead from that step to the end.
std::vector<Places> ways_to_the_end(const DialPart& part, std::string_view digits) {
    std::vector<Places> fits(digits.size() + 1, Places(part.steps.size()));
    fits[digits.size()].back() = true;
    for (auto i = digits.size() + 1; i-- > 0;) {
        for (auto at = part.steps.size(); at-- > 0;) {
            const auto& step = part.steps[at];
            if ((step.skip && fits[i][*step.skip]) ||
                (i < digits.size() && (step.keys & key_set(digits[i])) != 0 &&
                 fits[i + 1][step.next])) {
                fits[i][at] = true;
            }
        }
    }
    return fits;
}

/// What is sent for digits that fit the part. An element with . takes as many as it can.
std::string sent(const DialPart& part, std::string_view digits) {
    if (!part.substitutes) {
        return std::string(digits);
    }
    const auto fits = ways_to_the_end(part, digits);
    std::string number;
    std::size_t at = 0;
    for (std::size_t i = 0; at + 1 < part.steps.size();) {
        const auto& step = part.steps[at];
        if (i < digits.size() && (step.keys & key_set(digits[i])) != 0 && fits[i + 1][step.next]) {
            number += step.copies ? std::string(1, digits[i]) : step.sends;
            at = step.next;
            ++i;
        } else {
            number += step.keys == 0 ? step.sends : std::string();
            at = *step.skip;
        }
    }
    return number;
}

Match::Kind kind_of(const DialPart& part) {
    if (part.rejects) {
        return part.waits() ? Match::Kind::reject_later : Match::Kind::reject;
    }
    return part.waits() ? Match::Kind::call_later : Match::Kind::call;
}

std::chrono::seconds wait_of(const DialPart& part, const DialTimers& timers) {
    if (part.seconds) {
        return *part.seconds;
    }
    if (part.macro) {
        return timers.macro;
    }
    return part.repeats ? timers.inter_digit : std::chrono::seconds(0);
}

bool is_later(Match::Kind kind) {
    return kind == Match::Kind::call_later || kind == Match::Kind::reject_later;
}

} // namespace

std::vector<DialPlanFinding> check_dial_plan(std::string_view plan) {
    return check(plan).findings;
}

base::Result<DialPlan> DialPlan::parse(std::string_view plan) {
    auto checked = check(plan);
    const auto& findings = checked.findings;
    if (const auto error = std::find_if(findings.begin(), findings.end(), is_error);
        error != findings.end()) {
        return base::fail(base::Errc::malformed, "dial plan, character {}: {}", error->column,
                          error->what);
    }
    return DialPlan(std::make_shared<const Parts>(Parts{std::move(checked.parts)}));
}

Match DialPlan::match(std::string_view digits, const DialTimers& timers) const {
    Match match;
    const DialPart* complete = nullptr;
    for (std::size_t i = 0; i < parts_->list.size(); ++i) {
        const auto& part = parts_->list[i];
        const auto places = follow(part, digits);
        if (places.back() && !digits.empty()) { // nothing is called without a digit
            const auto kind = kind_of(part);
            if (complete == nullptr || (is_later(match.kind) && !is_later(kind))) {
                complete = &part;
                match.kind = kind;
                match.plan = i;
            }
        } else if (complete == nullptr &&
                   std::find(places.begin(), places.end(), true) != places.end()) {
            match.kind = Match::Kind::partial;
        }
    }
    if (complete != nullptr) {
        match.wait = wait_of(*complete, timers);
        if (!complete->rejects) {
            match.number = sent(*complete, digits);
        }
    }
    return match;
}

} // namespace profile::kx
