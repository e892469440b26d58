// SPDX-License-Identifier: MIT
// DIAL_PLAN_n of Panasonic's KX-UT670 (guide §6.6.1).
#include "dialplan/digit_map_input.hpp"
#include "provisioning/profile/kx/dial_plan.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dialplan {
namespace {

namespace kx = profile::kx;

/// The guide has digits between brackets, and leaves open what * # + mean there.
std::vector<KeyRun> split(const std::vector<KeyRun>& runs) {
    std::vector<KeyRun> done;
    for (const auto& run : runs) {
        std::vector<KeyRun> grown = {{}};
        for (const auto keys : run) {
            std::vector<KeyRun> longer;
            for (const auto& begin : grown) {
                const auto add = [&](Keys one) {
                    longer.push_back(begin);
                    longer.back().push_back(one);
                };
                if ((keys & all_digits) != 0) {
                    add(keys & all_digits);
                }
                for (const char sign : keypad.substr(10)) {
                    if ((keys & key_set(sign)) != 0) {
                        add(key_set(sign));
                    }
                }
                if (longer.size() > kx::most_dial_plans) {
                    return longer; // as many as there is no room for
                }
            }
            grown = std::move(longer);
        }
        done.insert(done.end(), grown.begin(), grown.end());
    }
    return done;
}

/// Digits where they are among the keys: for parts that only wait.
std::vector<KeyRun> digits_of(std::vector<KeyRun> runs) {
    for (auto& run : runs) {
        for (auto& keys : run) {
            keys = (keys & all_digits) != 0 ? keys & all_digits : keys;
        }
    }
    return runs;
}

/// The parts between |, within the limits of the phone.
class Parts {
  public:
    /// Whether these find room besides, each with `end` behind it.
    bool has_room(const std::vector<KeyRun>& runs, std::string_view end) const {
        const auto all = split(runs);
        std::size_t length = length_;
        for (const auto& run : all) {
            length += spell(run).size() + end.size() + 1;
        }
        return parts_.size() + all.size() <= kx::most_dial_plans &&
               length <= kx::longest_dial_plan + 1; // the first part has no | before it
    }

    void add(const std::vector<KeyRun>& runs, std::string_view end) {
        for (const auto& run : split(runs)) {
            parts_.push_back(spell(run) + std::string(end));
            length_ += parts_.back().size() + 1;
        }
    }

    std::string text() const { return fmt::format("{}", fmt::join(parts_, "|")); }

  private:
    std::vector<std::string> parts_;
    std::size_t length_ = 0;
};

class KxMap {
  public:
    explicit KxMap(const MapInput& input) : input_(input) {}

    DigitMap make() {
        const auto stays_whole = [this](const KeyRun& run) {
            return !input_.tree.goes_on_after(run);
        };
        const auto never = [](const KeyRun&) { return false; };
        const auto late = add(input_.emergency, "", never);
        if (!late.empty()) {
            note("no room for the emergency numbers {}: they are called after the phone's timer",
                 some_of(late));
        }
        if (const auto rest = add(whole_besides_emergency(input_), "", stays_whole);
            !rest.empty()) {
            note("no room for {}: called after the phone's timer", some_of(rest));
        }
        if (const auto rest = add(input_.dead, "!", never); !rest.empty()) {
            note("no room to refuse {}: the PBX does", some_of(rest));
        }
        // What waits would do so without a part of its own as well (guide §6.6.1, no match).
        add(digits_of(input_.forks), "T", never);
        add(digits_of(input_.open), "x.", never);
        note_pound();
        map_.text = parts_.text();
        map_.refuses_others = !input_.dead.empty();
        return std::move(map_);
    }

  private:
    template <class... Args> void note(fmt::format_string<Args...> text, Args&&... args) {
        map_.notes.push_back(fmt::format(text, std::forward<Args>(args)...));
    }

    /// What finds no room.
    std::vector<KeyRun> add(std::vector<KeyRun> runs,
                            std::string_view end,
                            const std::function<bool(const KeyRun&)>& may) {
        std::vector<KeyRun> too_long;
        std::erase_if(runs, [&](const KeyRun& run) {
            const bool is_too_long =
                run.size() + (end == "x." ? 1U : 0U) > kx::most_dial_plan_digits;
            if (is_too_long) {
                too_long.push_back(run);
            }
            return is_too_long;
        });
        auto fitted = fit_runs(
            std::move(runs), [&](const auto& some) { return parts_.has_room(some, end); }, may);
        fitted.left_out.insert(fitted.left_out.end(), too_long.begin(), too_long.end());
        parts_.add(fitted.runs, end);
        if (fitted.is_widened && end.empty()) {
            note("to find room, some parts take more numbers than the PBX has; it refuses those");
        }
        return std::move(fitted.left_out);
    }

    /// POUND_KEY_DELIMITER_ENABLE is Y from the factory (guide §5.6.3).
    void note_pound() {
        std::vector<KeyRun> ended;
        for (const auto* runs : {&input_.whole, &input_.forks}) {
            for (const auto& run : *runs) {
                if (std::find(run.begin() + 1, run.end(), key_set('#')) != run.end()) {
                    ended.push_back(run);
                }
            }
        }
        if (!ended.empty()) {
            note("{}: the # ends dialling on these phones, unless POUND_KEY_DELIMITER_ENABLE is N",
                 some_of(ended));
        }
    }

    const MapInput& input_;
    DigitMap map_;
    Parts parts_;
};

} // namespace

DigitMap digit_map_kx(const MapInput& input) {
    return KxMap(input).make();
}

Dialled dial_kx(std::string_view map, std::string_view digits) {
    const auto plan = kx::DialPlan::parse(map);
    if (!plan) {
        return {"", plan.error().what};
    }
    kx::Match match;
    for (std::size_t count = 1; count <= digits.size(); ++count) {
        match = plan->match(digits.substr(0, count));
        if (match.kind == kx::Match::Kind::call) {
            return {match.number, count < digits.size()
                                      ? fmt::format("at once, before {}", digits.substr(count))
                                      : "at once"};
        }
        if (match.kind == kx::Match::Kind::reject) {
            return {"", fmt::format("refused by the phone at {}", digits.substr(0, count))};
        }
    }
    if (match.kind == kx::Match::Kind::call_later) {
        return {match.number, fmt::format("{} s after the last key", match.wait.count())};
    }
    return {std::string(digits), fmt::format("{} s after the last key; it fits no part of the map",
                                             kx::DialTimers().inter_digit.count())};
}

} // namespace dialplan
