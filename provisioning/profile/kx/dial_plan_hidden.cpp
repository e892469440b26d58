// SPDX-License-Identifier: MIT
// Finds the parts of a dial plan that cannot be keyed to their end, because a shorter one is
// called.
#include "provisioning/profile/kx/dial_plan_parts.hpp"

#include <bit>

namespace profile::kx {
namespace {

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

char lowest(Keys keys) {
    return dial_keys[static_cast<std::size_t>(std::countr_zero(keys))];
}

/// What is keyed for a part that takes one way only: the keys of each place.
std::vector<Keys> places(const DialPart& part) {
    std::vector<Keys> keys;
    for (const auto& step : part.steps) {
        if (step.keys != 0) {
            keys.push_back(step.keys);
        }
    }
    return keys;
}

/// Where `part` can be after so many keys, and where each place was reached from.
struct Reached {
    std::vector<std::size_t> from; ///< by step; `nowhere` if it cannot be there

    bool at(std::size_t step) const { return from[step] != nowhere; }
};

void follow_skips(const DialPart& part, Reached& reached) {
    for (std::size_t i = 0; i < part.steps.size(); ++i) { // they lead to later steps only
        if (const auto skip = part.steps[i].skip; skip && reached.at(i) && !reached.at(*skip)) {
            reached.from[*skip] = reached.from[i];
        }
    }
}

Reached advance(const DialPart& part, const Reached& before, Keys keys) {
    Reached after{std::vector<std::size_t>(part.steps.size(), nowhere)};
    for (std::size_t i = 0; i < part.steps.size(); ++i) {
        const auto& step = part.steps[i];
        if (before.at(i) && (step.keys & keys) != 0 && !after.at(step.next)) {
            after.from[step.next] = i;
        }
    }
    follow_skips(part, after);
    return after;
}

/// Keys that lead from `step` to the end of `part`, at least one.
std::string rest_of(const DialPart& part, std::size_t step) {
    std::string keys;
    while (step + 1 < part.steps.size()) {
        const auto& here = part.steps[step];
        if (here.skip && (!keys.empty() || here.keys == 0)) {
            step = *here.skip;
        } else {
            keys += lowest(here.keys);
            // A repeated element leads back to itself, where it is left by its skip.
            step = here.next;
        }
    }
    return keys;
}

struct Hidden {
    std::string digits; ///< called at once
    std::string longer; ///< and so never keyed
};

/// Digits that `called` is complete with and that `part` goes on after: both are walked at once,
/// key by key, so it is decided exactly, in the product of their lengths.
std::optional<Hidden> hides(const std::vector<Keys>& called, const DialPart& part) {
    std::vector<Reached> ways{{std::vector<std::size_t>(part.steps.size(), nowhere)}};
    ways[0].from[0] = 0;
    follow_skips(part, ways[0]);
    for (const auto keys : called) {
        ways.push_back(advance(part, ways.back(), keys));
    }
    std::optional<Hidden> shortest;
    for (std::size_t step = 0; step < part.steps.size(); ++step) {
        if (!ways.back().at(step) || part.steps[step].keys == 0) {
            continue;
        }
        std::string digits(called.size(), '?');
        auto place = step;
        for (auto i = called.size(); i-- > 0;) {
            place = ways[i + 1].from[place];
            digits[i] = lowest(called[i] & part.steps[place].keys);
        }
        const auto longer = digits + rest_of(part, step);
        if (!shortest || longer.size() < shortest->longer.size()) {
            shortest = {digits, longer};
        }
    }
    return shortest;
}

} // namespace

void find_hidden(const std::vector<DialPart>& parts, std::vector<DialPlanFinding>& findings) {
    for (const auto& part : parts) {
        const auto called = places(part);
        if (part.waits() || part.rejects || called.empty()) {
            continue;
        }
        std::optional<Hidden> first;
        std::size_t count = 0;
        std::string_view which;
        for (const auto& other : parts) {
            if (auto found = &other == &part ? std::nullopt : hides(called, other)) {
                which = count++ == 0 ? std::string_view(other.text) : which;
                first = first ? first : found;
            }
        }
        if (first) {
            findings.push_back(
                {Severity::warning, part.column,
                 fmt::format("{} is called at once, so {} of {}{} cannot be keyed; end the shorter "
                             "plan with T ({}T) or narrow it",
                             first->digits, first->longer, which,
                             count > 1 ? fmt::format(" (and {} more plans)", count - 1) : "",
                             part.text)});
        }
    }
}

} // namespace profile::kx
