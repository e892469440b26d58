// SPDX-License-Identifier: MIT
// Reads patterns, and follows digits through contexts and their includes.
#include "dialplan/number_plan.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace dialplan {
namespace {

Keys between(char first, char last) {
    Keys keys = 0;
    for (const char key : keypad) {
        keys |= first <= key && key <= last ? key_set(key) : Keys{0};
    }
    return keys;
}

/// Between brackets: single characters, and from one character up to another.
Keys read_set(std::string_view inside) {
    Keys keys = 0;
    while (!inside.empty()) {
        const bool is_range = inside.size() > 2 && inside[1] == '-';
        keys |= is_range ? between(inside[0], inside[2]) : key_set(inside[0]);
        inside.remove_prefix(is_range ? 3 : 1);
    }
    return keys;
}

std::optional<KeyPattern> read_wildcards(std::string_view text) {
    KeyPattern pattern;
    while (!text.empty()) {
        const char c = text.front();
        text.remove_prefix(1);
        switch (c) {
        case 'x':
        case 'X':
            pattern.keys.push_back(all_digits);
            break;
        case 'z':
        case 'Z':
            pattern.keys.push_back(between('1', '9'));
            break;
        case 'n':
        case 'N':
            pattern.keys.push_back(between('2', '9'));
            break;
        case '[': {
            const auto end = text.find(']');
            if (end == std::string_view::npos) {
                return std::nullopt;
            }
            pattern.keys.push_back(read_set(text.substr(0, end)));
            text.remove_prefix(end + 1);
            break;
        }
        case '.': // what stands behind either counts for nothing
            pattern.tail = KeyPattern::Tail::one_or_more;
            return pattern;
        case '!':
            pattern.tail = KeyPattern::Tail::any;
            return pattern;
        case '-':
        case ' ':
            break;
        default:
            pattern.keys.push_back(key_set(c));
        }
    }
    return pattern;
}

/// How Asterisk looks at an extension (ast_extension_match and its kin).
enum class Look : std::uint8_t {
    match,      ///< does it take these digits
    can_match,  ///< or could it with more
    match_more, ///< could it with more
};

enum class Found : std::uint8_t { no, yes, ends };

Found look_at(const KeyPattern& pattern, std::string_view digits, Look look) {
    const auto& keys = pattern.keys;
    for (std::size_t i = 0; i < std::min(keys.size(), digits.size()); ++i) {
        if ((keys[i] & key_set(digits[i])) == 0) {
            return Found::no;
        }
    }
    if (digits.size() < keys.size()) {
        return look == Look::match ? Found::no : Found::yes;
    }
    switch (pattern.tail) {
    case KeyPattern::Tail::any:
        return Found::ends;
    case KeyPattern::Tail::one_or_more:
        return digits.size() == keys.size() && look == Look::match ? Found::no : Found::yes;
    case KeyPattern::Tail::none:
        break;
    }
    return digits.size() == keys.size() && look != Look::match_more ? Found::yes : Found::no;
}

struct Place {
    std::string_view context;
    const PlanNumber* number = nullptr;
};

/// One look through a context and what it includes.
class Search {
  public:
    Search(const NumberPlan& plan, std::string_view digits, Look look)
        : plan_(plan), digits_(digits), look_(look) {}

    std::optional<Place> in(std::string_view name) {
        const auto at = plan_.find(name);
        if (at == plan_.end() || std::find(seen_.begin(), seen_.end(), name) != seen_.end()) {
            return std::nullopt;
        }
        seen_.push_back(at->first);
        for (const auto& number : at->second.numbers) {
            const auto pattern = read_pattern(number.text);
            const auto found = pattern ? look_at(*pattern, digits_, look_) : Found::no;
            if (found == Found::ends && look_ == Look::match_more) {
                return std::nullopt; // complete, whatever this context has and includes besides
            }
            if (found != Found::no) {
                return Place{at->first, &number};
            }
        }
        for (const auto& include : at->second.includes) {
            if (auto place = in(include.context)) {
                return place;
            }
        }
        return std::nullopt;
    }

  private:
    const NumberPlan& plan_;
    std::string_view digits_;
    Look look_;
    std::vector<std::string_view> seen_;
};

class Walk {
  public:
    explicit Walk(const NumberPlan& plan) : plan_(plan) {}

    Reachable from(std::string_view context) {
        visit(context);
        return std::move(found_);
    }

  private:
    void visit(std::string_view name) {
        const auto at = plan_.find(name);
        auto& contexts = found_.contexts;
        if (at == plan_.end() ||
            std::find(contexts.begin(), contexts.end(), name) != contexts.end()) {
            return; // as Asterisk, which looks nowhere twice, so a circle ends
        }
        contexts.push_back(at->first);
        const auto& context = at->second;
        note_numbers(at->first, context);
        for (const auto& other : context.switches) {
            found_.is_known = false;
            found_.notes.push_back(fmt::format("context {} asks a switch ({}), whose numbers "
                                               "cannot be listed",
                                               name, other));
        }
        for (const auto& include : context.includes) {
            if (!include.times.empty()) {
                found_.notes.push_back(fmt::format("context {} includes {} at times only ({}): "
                                                   "taken as always",
                                                   name, include.context, include.times));
            }
            if (!plan_.contains(include.context)) {
                found_.notes.push_back(fmt::format("context {} includes {}, which does not exist",
                                                   name, include.context));
            }
            visit(include.context);
        }
    }

    void note_numbers(std::string_view name, const PlanContext& context) {
        for (const auto& number : context.numbers) {
            if (!read_pattern(number.text)) {
                found_.notes.push_back(fmt::format("{} in context {} has a [ without its ]: it "
                                                   "takes no call",
                                                   number.text, name));
            } else if (!number.caller.empty()) {
                found_.notes.push_back(fmt::format("{} in context {} is for callers like {} only: "
                                                   "taken as for all",
                                                   number.text, name, number.caller));
            }
        }
    }

    const NumberPlan& plan_;
    Reachable found_;
};

} // namespace

std::optional<KeyPattern> read_pattern(std::string_view text) {
    if (!text.empty() && text.front() == '_') {
        return read_wildcards(text.substr(1));
    }
    KeyPattern pattern;
    for (const char c : text) {
        if (c != '-' && c != ' ') {
            pattern.keys.push_back(key_set(c));
        }
    }
    return pattern;
}

bool takes_more(const KeyPattern& pattern, std::string_view digits) {
    const auto& keys = pattern.keys;
    if (std::find(keys.begin(), keys.end(), Keys{0}) != keys.end()) {
        return false; // of a letter, which no phone has
    }
    return look_at(pattern, digits, Look::match_more) != Found::no;
}

Reachable reachable(const NumberPlan& plan, std::string_view context) {
    return Walk(plan).from(context);
}

Fitting fit(const NumberPlan& plan, std::string_view context, std::string_view digits) {
    const auto look = [&](Look how) { return Search(plan, digits, how).in(context); };
    const auto taken = look(Look::match);
    if (!taken) {
        return {look(Look::can_match) ? Fit::partial : Fit::none};
    }
    return {look(Look::match_more) ? Fit::complete_or_more : Fit::complete, taken->number->text,
            std::string(taken->context)};
}

std::string_view words_of(Fit fit) noexcept {
    switch (fit) {
    case Fit::partial:
        return "incomplete";
    case Fit::complete:
        return "complete";
    case Fit::complete_or_more:
        return "complete, and a longer number begins so";
    case Fit::none:
        break;
    }
    return "no such number";
}

} // namespace dialplan
