// SPDX-License-Identifier: MIT
// P4200 and its kin of Htek phones: {20x|0[x*#]+}, as the maker's guide to its dial plan writes it.
//
// Sourced there: keys 0-9 * #, x for a digit, [3-5], [147], [x*], + for one or more of what stands
// before, ^ < = > and commas, which are not used here; what fits nothing is not called, and a map
// that the phone does not understand is as if it were the factory's, {[x*]+}. Not known, and so
// assumed to the phone user's good: how long a map may be; and whether a complete number is called
// at once where a longer one begins so, so that every part which ends there is one of which no
// longer number begins.
#include "dialplan/digit_map_input.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dialplan {
namespace {

constexpr std::size_t longest_map = 128; // characters; the phone's own limit is unknown
constexpr Keys htek_keys = all_keys & ~key_set('+');
constexpr std::string_view anything = "[x*#]+";

/// Without the key that these phones do not have, and without the numbers that need it.
std::vector<KeyRun> keyable(std::vector<KeyRun> runs, bool& is_less) {
    for (auto& run : runs) {
        for (auto& keys : run) {
            keys &= htek_keys;
        }
    }
    is_less = std::erase_if(runs,
                            [](const KeyRun& run) {
                                return std::find(run.begin(), run.end(), Keys{0}) != run.end();
                            }) > 0 ||
              is_less;
    join(runs);
    return runs;
}

class HtekMap {
  public:
    HtekMap(const MapInput& input, bool refuse_others)
        : input_(input), emergency_(keyable(input.emergency, is_less_)),
          whole_(keyable(whole_besides_emergency(input), is_less_)),
          refuses_(refuse_others && input.is_all) {
        if (refuse_others && !refuses_) {
            note("numbers that the PBX does not take are not refused, since not all that it takes "
                 "are known");
        }
    }

    DigitMap make() {
        if (is_less_) {
            note("numbers with a + cannot be keyed on these phones");
        }
        const bool is_done = refuses_ && make_list();
        if (!is_done) {
            make_hints();
        }
        map_.refuses_others = is_done;
        map_.text = fmt::format("{{{}}}", fmt::join(parts_, "|"));
        return std::move(map_);
    }

  private:
    void note(std::string_view text) { map_.notes.emplace_back(text); }

    static std::size_t length_of(const std::vector<KeyRun>& runs, std::size_t more) {
        std::size_t length = 0;
        for (const auto& run : runs) {
            length += spell(run).size() + 1 + more;
        }
        return length;
    }

    std::size_t room() const {
        std::size_t used = 2 + anything.size(); // { and }, and what may come last
        for (const auto& part : parts_) {
            used += part.size() + 1;
        }
        return used < longest_map ? longest_map - used : 0;
    }

    /// What finds no room.
    std::vector<KeyRun> add(std::vector<KeyRun> runs,
                            std::string_view end,
                            const std::function<bool(const KeyRun&)>& may) {
        auto fitted = fit_runs(
            std::move(runs),
            [&](const auto& some) { return length_of(some, end.size()) <= room(); }, may);
        for (const auto& run : fitted.runs) {
            parts_.push_back(spell(run) + std::string(end));
        }
        if (fitted.is_widened && end.empty()) {
            note("to find room, some parts take more numbers than the PBX has; it refuses those");
        }
        return std::move(fitted.left_out);
    }

    std::vector<KeyRun> add_whole() {
        const auto stays_whole = [this](const KeyRun& run) {
            return !input_.tree.goes_on_after(run);
        };
        auto late = add(emergency_, "", [](const KeyRun&) { return false; });
        for (auto& run : add(whole_, "", stays_whole)) {
            late.push_back(std::move(run));
        }
        return late;
    }

    /// All that the PBX takes, so that the phone refuses the rest. False: there is no room for it.
    bool make_list() {
        const auto always = [](const KeyRun&) { return true; };
        bool ignored = false;
        auto forks = keyable(input_.forks, ignored);
        std::vector<KeyRun> open;
        for (auto& run : keyable(input_.open, ignored)) {
            const bool is_any = run.back() == htek_keys;
            if (!is_any) {
                forks.push_back(run); // complete already; what follows is the next part's
            } else {
                run.pop_back();
            }
            open.push_back(std::move(run));
        }
        join(forks);
        const bool is_whole = add_whole().empty() && add(std::move(forks), "+", always).empty() &&
                              add(std::move(open), anything, always).empty();
        if (!is_whole) {
            note("no room for all numbers of the PBX, so others are not refused");
            parts_.clear();
        }
        return is_whole;
    }

    void make_hints() {
        const auto late = add_whole();
        if (!late.empty()) {
            map_.notes.push_back(
                fmt::format("no room for {}: called after the phone's timer", some_of(late)));
        }
        parts_.emplace_back(anything);
    }

    const MapInput& input_;
    bool is_less_ = false;
    std::vector<KeyRun> emergency_;
    std::vector<KeyRun> whole_;
    bool refuses_;
    DigitMap map_;
    std::vector<std::string> parts_;
};

/// One part of a map: its sets of keys, the last of which may come again.
struct Part {
    KeyRun run;
    bool repeats = false;
};

Keys read_keys(std::string_view inside) {
    Keys keys = 0;
    for (std::size_t i = 0; i < inside.size(); ++i) {
        if (inside[i] == 'x') {
            keys |= all_digits;
        } else if (i + 2 < inside.size() && inside[i + 1] == '-') {
            for (char c = inside[i]; c <= inside[i + 2]; ++c) {
                keys |= key_set(c);
            }
            i += 2;
        } else {
            keys |= key_set(inside[i]);
        }
    }
    return keys;
}

Part read_part(std::string_view text) {
    Part part;
    if (!text.empty() && text.back() == '+') {
        part.repeats = true;
        text.remove_suffix(1);
    }
    while (!text.empty()) {
        const auto length = text.front() == '[' ? std::min(text.find(']'), text.size() - 1) + 1 : 1;
        part.run.push_back(read_keys(length > 1 ? text.substr(1, length - 2) : text.substr(0, 1)));
        text.remove_prefix(length);
    }
    return part;
}

bool takes(const Part& part, std::string_view digits) {
    if (digits.size() < part.run.size() || (digits.size() > part.run.size() && !part.repeats)) {
        return false;
    }
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if ((part.run[std::min(i, part.run.size() - 1)] & key_set(digits[i])) == 0) {
            return false;
        }
    }
    return true;
}

} // namespace

DigitMap digit_map_htek(const MapInput& input, bool refuse_others) {
    return HtekMap(input, refuse_others).make();
}

Dialled dial_htek(std::string_view map, std::string_view digits) {
    std::vector<Part> parts;
    if (map.size() > 2) {
        map = map.substr(1, map.size() - 2); // without { and }
    }
    while (!map.empty()) {
        const auto end = std::min(map.find('|'), map.size());
        parts.push_back(read_part(map.substr(0, end)));
        map.remove_prefix(std::min(end + 1, map.size()));
    }
    const auto fits = [&](std::string_view keyed, bool at_once) {
        return std::any_of(parts.begin(), parts.end(), [&](const Part& part) {
            return part.repeats != at_once && takes(part, keyed);
        });
    };
    for (std::size_t count = 1; count <= digits.size(); ++count) {
        if (fits(digits.substr(0, count), true)) {
            return {std::string(digits.substr(0, count)),
                    count < digits.size() ? fmt::format("at once, before {}", digits.substr(count))
                                          : "at once"};
        }
    }
    if (fits(digits, false)) {
        return {std::string(digits), "after the phone's own timer"};
    }
    return {"", "refused by the phone: it fits no part of the map"};
}

} // namespace dialplan
