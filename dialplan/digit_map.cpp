// SPDX-License-Identifier: MIT
// Sorts the numbers of a context by what a phone may do with them, and has the vendor's map made.
#include "dialplan/digit_map.hpp"

#include "dialplan/digit_map_input.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dialplan {
namespace {

using base::Errc;
using base::fail;

constexpr std::size_t most_waits = 20; ///< that are told

std::vector<KeyRun>
runs_of(const NumberTree& tree, NumberTree::Ends ends, std::size_t most, bool& is_all) {
    std::vector<KeyRun> runs;
    is_all = tree.runs(ends, most, [&](const KeyRun& run) { runs.push_back(run); }) && is_all;
    join(runs);
    return runs;
}

bool can_be_keyed(std::string_view number) {
    return !number.empty() && number.find_first_not_of(keypad) == std::string_view::npos;
}

std::vector<KeyPattern> patterns_of(const NumberPlan& plan, const Reachable& in) {
    std::vector<KeyPattern> patterns;
    for (const auto name : in.contexts) {
        for (const auto& number : plan.find(name)->second.numbers) {
            if (auto pattern = read_pattern(number.text)) {
                patterns.push_back(std::move(*pattern));
            }
        }
    }
    return patterns;
}

class Maker {
  public:
    Maker(const NumberPlan& plan, std::string_view context, const DigitMapWishes& wishes)
        : plan_(plan), context_(context), wishes_(wishes), in_(reachable(plan, context)) {
        notes_ = in_.notes;
    }

    DigitMap make(std::string_view vendor) {
        auto map = made(vendor, input());
        map.waits = std::move(waits_);
        map.notes.insert(map.notes.begin(), notes_.begin(), notes_.end());
        return map;
    }

  private:
    DigitMap made(std::string_view vendor, const MapInput& input) const {
        if (vendor == "panasonic") {
            return digit_map_kx(input);
        }
        return vendor == "htek" ? digit_map_htek(input, wishes_.refuse_others)
                                : digit_map_openstage();
    }

    MapInput input() {
        MapInput input;
        auto patterns = patterns_of(plan_, in_);
        sort_emergency(patterns, input);
        for (const auto& number : wishes_.emergency) {
            if (can_be_keyed(number)) {
                patterns.push_back(*read_pattern(number));
            }
        }
        auto tree = NumberTree::of(patterns);
        input.is_all = in_.is_known && tree;
        if (!tree) {
            notes_.push_back(tree.error().what);
        }
        if (input.is_all) {
            input.tree = std::move(*tree);
            sort_numbers(input);
        } else {
            notes_.emplace_back("so the phone waits before each call but those to emergency "
                                "numbers");
        }
        return input;
    }

    void sort_emergency(const std::vector<KeyPattern>& of_pbx, MapInput& input) {
        auto all = of_pbx;
        for (const auto& number : wishes_.emergency) {
            all.push_back(*read_pattern(number));
        }
        for (const auto& number : wishes_.emergency) {
            if (!can_be_keyed(number)) {
                notes_.push_back(
                    fmt::format("the emergency number {} has no keys on a phone", number));
                continue;
            }
            const auto in_plan = fit(plan_, context_, number).fit;
            if (in_.is_known && (in_plan == Fit::none || in_plan == Fit::partial)) {
                notes_.push_back(fmt::format("the PBX has no emergency number {} in context {}: "
                                             "add it to the dial plan",
                                             number, context_));
            }
            const bool waits = std::any_of(all.begin(), all.end(), [&](const auto& pattern) {
                return takes_more(pattern, number);
            });
            if (waits) {
                waits_.push_back(
                    fmt::format("{}, an emergency number: longer numbers begin so", number));
            } else {
                input.emergency.push_back(read_pattern(number)->keys);
            }
        }
        join(input.emergency);
    }

    void sort_numbers(MapInput& input) {
        const auto& tree = input.tree;
        using Ends = NumberTree::Ends;
        input.whole = runs_of(tree, Ends::whole, most_runs, input.is_all);
        input.forks = runs_of(tree, Ends::fork, most_runs, input.is_all);
        input.open = runs_of(tree, Ends::open, most_runs, input.is_all);
        if (wishes_.refuse_others) {
            bool is_all = true;
            input.dead = runs_of(tree, Ends::dead, most_runs, is_all);
        }
        if (!input.is_all) {
            notes_.push_back(fmt::format("more than {} kinds of numbers: those behind them are "
                                         "called after the phone's own timer",
                                         most_runs));
        }
        for (const auto& run : input.forks) {
            if (waits_.size() < most_waits) {
                waits_.push_back(spell(run) + ": longer numbers begin so");
            }
        }
        for (const auto& run : input.open) {
            if (waits_.size() < most_waits) {
                waits_.push_back(spell(run) + " and longer: whatever follows is taken");
            }
        }
        const auto all = input.forks.size() + input.open.size();
        if (all > most_waits) {
            waits_.push_back(fmt::format("and more: {} kinds of numbers in all", all));
        }
    }

    const NumberPlan& plan_;
    std::string_view context_;
    const DigitMapWishes& wishes_;
    Reachable in_;
    std::vector<std::string> waits_;
    std::vector<std::string> notes_;
};

} // namespace

std::vector<KeyRun> whole_besides_emergency(const MapInput& input) {
    auto runs = input.whole;
    std::erase_if(runs, [&](const KeyRun& run) {
        return std::any_of(input.emergency.begin(), input.emergency.end(),
                           [&](const KeyRun& other) { return is_within(run, other); });
    });
    return runs;
}

std::string some_of(const std::vector<KeyRun>& runs) {
    constexpr std::size_t most = 5;
    std::vector<std::string> some;
    for (std::size_t i = 0; i < std::min(runs.size(), most); ++i) {
        some.push_back(spell(runs[i]));
    }
    return fmt::format("{}{}", fmt::join(some, ", "),
                       runs.size() > most ? fmt::format(" and {} more", runs.size() - most) : "");
}

const std::vector<std::string_view>& digit_map_vendors() {
    static const std::vector<std::string_view> vendors = {"htek", "openstage", "panasonic"};
    return vendors;
}

base::Result<DigitMap> digit_map(std::string_view vendor,
                                 const NumberPlan& plan,
                                 std::string_view context,
                                 const DigitMapWishes& wishes) {
    const auto& vendors = digit_map_vendors();
    if (std::find(vendors.begin(), vendors.end(), vendor) == vendors.end()) {
        return fail(Errc::not_found, "no digit maps are known for {}; only for {}", vendor,
                    fmt::join(vendors, ", "));
    }
    if (!plan.contains(context)) {
        return fail(Errc::not_found, "the PBX has no dial plan context {}", context);
    }
    return Maker(plan, context, wishes).make(vendor);
}

Dialled dial(std::string_view vendor, std::string_view map, std::string_view digits) {
    if (vendor == "panasonic") {
        return dial_kx(map, digits);
    }
    if (vendor == "htek") {
        return dial_htek(map, digits);
    }
    return {std::string(digits), "after the phone's own timer"};
}

} // namespace dialplan
