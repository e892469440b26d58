// SPDX-License-Identifier: MIT
// Reads the plans between the bars one by one and tries each against the digits keyed so far.
#include "module/phone/dial_plan.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace phone {

namespace {

constexpr std::string_view keys = "0123456789*#+";
constexpr std::size_t longest = 500;    // §6.6.1, as the next two
constexpr std::size_t most_plans = 40;  // between the bars
constexpr std::size_t most_digits = 32; // of one plan

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_key(char c) noexcept {
    return keys.find(c) != std::string_view::npos;
}

struct Element {
    std::string takes{};     ///< one of these keys
    bool repeats = false;    ///< no times or more
    bool is_silent = false;  ///< what it takes is not sent
    bool is_instead = false; ///< takes no key, and `sends`
    std::string sends{};
};

/// One plan. What the guide forbids is not good; what it leaves open means as little as it can.
class Plan {
  public:
    explicit Plan(std::string_view text) : text_(text) { is_good_ = read(text); }

    bool is_good() const noexcept { return is_good_; }

    bool rejects() const noexcept { return rejects_; }

    std::string_view text() const noexcept { return text_; }

    /// For one more digit, once it fits; none where it decides at once.
    std::chrono::seconds wait(const DialRules& rules) const noexcept;

    /// What is sent for these digits; none when they do not fit.
    std::optional<std::string> sent(std::string_view keyed) const;

  private:
    bool read(std::string_view text);
    bool read_sign(std::string_view& text);
    bool read_timer(std::string_view& text);
    bool read_element(std::string_view& text, bool is_silent);
    bool read_substitution(std::string_view& text);

    std::string_view text_;
    std::vector<Element> elements_;
    bool is_good_ = false;
    bool rejects_ = false;
    bool waits_macro_ = false;
    std::optional<std::chrono::seconds> timer_;
};

bool Plan::read(std::string_view text) {
    while (!text.empty()) {
        if (!read_sign(text)) {
            return false;
        }
    }
    const auto digits = std::count_if(elements_.begin(), elements_.end(),
                                      [](const Element& element) { return !element.is_instead; });
    return static_cast<std::size_t>(digits) <= most_digits;
}

bool Plan::read_sign(std::string_view& text) {
    switch (text.front()) {
    case '!':
        rejects_ = true;
        break;
    case 'T':
    case 't':
        waits_macro_ = true;
        break;
    case '.':
        break; // of an element, it was read with it
    case 'S':
    case 's':
        return read_timer(text);
    case '<':
        return read_substitution(text);
    default:
        return read_element(text, false);
    }
    text.remove_prefix(1);
    return true;
}

bool Plan::read_timer(std::string_view& text) {
    if (text.size() < 2 || !is_digit(text[1]) || (text.size() > 2 && is_digit(text[2]))) {
        return false;
    }
    timer_ = std::chrono::seconds(text[1] - '0');
    text.remove_prefix(2);
    return true;
}

/// Between the brackets: keys, and from one digit up to another. In [12-21] neither is one digit.
std::optional<std::string> read_range(std::string_view inside) {
    std::string takes;
    bool before = false; // a single digit
    while (!inside.empty()) {
        const char first = inside.front();
        const bool is_from_to = inside.size() > 2 && inside[1] == '-';
        const char last = is_from_to ? inside[2] : first;
        inside.remove_prefix(is_from_to ? 3 : 1);
        if (!is_key(first) || (is_from_to && (!is_digit(first) || !is_digit(last))) ||
            (is_from_to && before && !inside.empty() && is_digit(inside.front()))) {
            return std::nullopt;
        }
        for (char c = first; c <= last; ++c) {
            takes += c;
        }
        before = !is_from_to;
    }
    return takes;
}

bool Plan::read_element(std::string_view& text, bool is_silent) {
    Element element;
    element.is_silent = is_silent;
    const char c = text.front();
    text.remove_prefix(1);
    if (c == 'x' || c == 'X') {
        element.takes = keys.substr(0, 10);
    } else if (c == '[') {
        const auto end = text.find(']');
        const auto range = end == 0 || end == std::string_view::npos
                               ? std::nullopt
                               : read_range(text.substr(0, end));
        if (!range) {
            return false;
        }
        element.takes = *range;
        text.remove_prefix(end + 1);
    } else if (is_key(c)) {
        element.takes = c;
    } else {
        return false;
    }
    element.repeats = !text.empty() && text.front() == '.';
    elements_.push_back(std::move(element));
    return true;
}

/// <101:9999>
bool Plan::read_substitution(std::string_view& text) {
    const auto colon = text.find(':');
    const auto end = text.find('>');
    if (colon == std::string_view::npos || end == std::string_view::npos || end < colon) {
        return false;
    }
    auto keyed = text.substr(1, colon - 1);
    Element instead;
    instead.is_instead = true;
    instead.sends = text.substr(colon + 1, end - colon - 1);
    text.remove_prefix(end + 1);
    while (!keyed.empty()) {
        if (keyed.front() == '.') {
            keyed.remove_prefix(1);
        } else if (!read_element(keyed, true)) {
            return false;
        }
    }
    const bool good = std::all_of(instead.sends.begin(), instead.sends.end(), is_key);
    elements_.push_back(std::move(instead));
    return good;
}

std::chrono::seconds Plan::wait(const DialRules& rules) const noexcept {
    if (timer_ || waits_macro_) {
        return timer_.value_or(rules.macro_digits);
    }
    const bool is_open = std::any_of(elements_.begin(), elements_.end(),
                                     [](const Element& element) { return element.repeats; });
    return is_open ? rules.inter_digit : std::chrono::seconds(0);
}

std::optional<std::string> Plan::sent(std::string_view keyed) const {
    const auto count = elements_.size();
    const auto columns = keyed.size() + 1;
    // fits[at(e, k)]: the elements from e on take the digits from k on.
    std::vector<bool> fits((count + 1) * columns);
    const auto at = [columns](std::size_t e, std::size_t k) { return e * columns + k; };
    const auto takes = [&](std::size_t e, std::size_t k) {
        return k < keyed.size() && elements_[e].takes.find(keyed[k]) != std::string::npos;
    };
    fits[at(count, keyed.size())] = true;
    for (auto e = count; e-- > 0;) {
        for (auto k = columns; k-- > 0;) {
            const auto& element = elements_[e];
            const bool skips = element.repeats || element.is_instead;
            const bool goes_on = takes(e, k) && fits[at(element.repeats ? e : e + 1, k + 1)];
            fits[at(e, k)] = goes_on || (skips && fits[at(e + 1, k)]);
        }
    }
    if (!is_good_ || count == 0 || keyed.empty() || !fits[at(0, 0)]) {
        return std::nullopt;
    }
    std::string result;
    for (std::size_t e = 0, k = 0; e < count;) {
        const auto& element = elements_[e];
        if (takes(e, k) && fits[at(element.repeats ? e : e + 1, k + 1)]) {
            result += element.is_silent ? "" : std::string(1, keyed[k]);
            ++k;
            e += element.repeats ? 0 : 1;
        } else {
            result += element.sends;
            ++e;
        }
    }
    return result;
}

std::vector<Plan> plans_of(std::string_view text) {
    std::vector<Plan> plans;
    for (bool more = true; more;) {
        const auto bar = text.find('|');
        more = bar != std::string_view::npos;
        plans.emplace_back(text.substr(0, bar));
        text.remove_prefix(more ? bar + 1 : text.size());
    }
    return plans;
}

/// What the first plan says that these digits fit: among those that wait, or among the others.
std::optional<Dialled> decide(const std::vector<Plan>& plans,
                              const DialRules& rules,
                              std::string_view keyed,
                              bool of_waiting) {
    for (const auto& plan : plans) {
        const auto wait = plan.wait(rules);
        if ((wait.count() > 0) != of_waiting) {
            continue;
        }
        if (auto number = plan.sent(keyed); number && plan.rejects()) {
            return Dialled{
                {}, wait, fmt::format("its dial plan {} rejects {}", plan.text(), keyed)};
        } else if (number && number->empty()) {
            return Dialled{{}, wait, fmt::format("its dial plan {} sends nothing", plan.text())};
        } else if (number) {
            return Dialled{*number, wait,
                           fmt::format("{} fits its dial plan {}", keyed, plan.text())};
        }
    }
    return std::nullopt;
}

Dialled at_the_end(const std::vector<Plan>& plans, const DialRules& rules, std::string_view keyed) {
    if (auto decided = decide(plans, rules, keyed, true)) {
        return *std::move(decided);
    }
    if (rules.blocks_others) {
        return {{}, {}, fmt::format("{} fits no dial plan, and such numbers are blocked", keyed)};
    }
    return {std::string(keyed),
            {},
            rules.plan.empty() ? "" : fmt::format("{} fits no dial plan", keyed)};
}

} // namespace

bool is_dial_plan(std::string_view text) {
    const auto plans = plans_of(text);
    return text.size() <= longest && plans.size() <= most_plans &&
           std::all_of(plans.begin(), plans.end(), [](const Plan& plan) { return plan.is_good(); });
}

Dialled dial(const DialRules& rules, std::string_view keyed) {
    const auto plans = plans_of(rules.plan);
    for (std::size_t count = 1; count <= keyed.size(); ++count) {
        const auto digits = keyed.substr(0, count);
        if (rules.pound_ends && count > 1 && digits.back() == '#') {
            auto dialled = at_the_end(plans, rules, digits.substr(0, count - 1));
            dialled.after = {};
            return dialled;
        }
        if (auto decided = decide(plans, rules, digits, false)) {
            return *std::move(decided);
        }
    }
    return at_the_end(plans, rules, keyed);
}

} // namespace phone
