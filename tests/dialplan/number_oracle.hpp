// SPDX-License-Identifier: MIT
// What a PBX and two makes of phones do with digits, written for the tests alone: it shares no code
// with the product and tries every way, one key at a time.
#pragma once

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace oracle {

inline const std::string keys = "0123456789*#+";

/// The characters that the element of a pattern at `at` takes, and where the next one begins.
inline std::string element(const std::string& pattern, std::size_t& at) {
    const char c = pattern[at++];
    switch (c) {
    case 'X':
        return "0123456789";
    case 'Z':
        return "123456789";
    case 'N':
        return "23456789";
    case '[': {
        std::string all;
        for (; pattern[at] != ']'; ++at) {
            if (pattern[at + 1] == '-') {
                for (char one = pattern[at]; one <= pattern[at + 2]; ++one) {
                    all += one;
                }
                at += 2;
            } else {
                all += pattern[at];
            }
        }
        ++at;
        return all;
    }
    default:
        return {c};
    }
}

/// Whether a pattern of Asterisk's takes these digits.
inline bool takes(const std::string& pattern, const std::string& digits) {
    std::size_t at = pattern[0] == '_' ? 1 : 0;
    std::size_t i = 0;
    while (at < pattern.size()) {
        if (at > 0 && pattern[0] == '_' && pattern[at] == '!') {
            return true;
        }
        if (at > 0 && pattern[0] == '_' && pattern[at] == '.') {
            return i < digits.size();
        }
        const auto one = pattern[0] == '_' ? element(pattern, at) : std::string(1, pattern[at++]);
        if (i == digits.size() || one.find(digits[i++]) == one.npos) {
            return false;
        }
    }
    return i == digits.size();
}

/// Whether it takes something longer that begins so.
inline bool takes_longer(const std::string& pattern, const std::string& digits) {
    std::size_t at = pattern[0] == '_' ? 1 : 0;
    for (const char digit : digits) {
        if (at == pattern.size()) {
            return false;
        }
        if (pattern[0] == '_' && (pattern[at] == '!' || pattern[at] == '.')) {
            return true;
        }
        const auto one = pattern[0] == '_' ? element(pattern, at) : std::string(1, pattern[at++]);
        if (one.find(digit) == one.npos) {
            return false;
        }
    }
    return at < pattern.size();
}

struct Plan {
    std::vector<std::string> patterns;

    bool takes(const std::string& digits) const {
        for (const auto& pattern : patterns) {
            if (oracle::takes(pattern, digits)) {
                return true;
            }
        }
        return false;
    }

    bool takes_longer(const std::string& digits) const {
        for (const auto& pattern : patterns) {
            if (oracle::takes_longer(pattern, digits)) {
                return true;
            }
        }
        return false;
    }
};

struct Context {
    std::vector<std::string> patterns;
    std::vector<std::string> includes;
};

using Contexts = std::map<std::string, Context>;

/// What calls that start in `from` reach: each context once, round whatever circles.
inline void
reach(const Contexts& all, const std::string& from, std::set<std::string>& been, Plan& plan) {
    const auto found = all.find(from);
    if (found == all.end() || !been.insert(from).second) {
        return;
    }
    for (const auto& pattern : found->second.patterns) {
        plan.patterns.push_back(pattern);
    }
    for (const auto& other : found->second.includes) {
        reach(all, other, been, plan);
    }
}

inline Plan reached(const Contexts& all, const std::string& from) {
    Plan plan;
    std::set<std::string> been;
    reach(all, from, been, plan);
    return plan;
}

enum class Does { wait, call, refuse };

/// What a phone does once these digits are keyed, and at the end of dialling.
struct Phone {
    virtual ~Phone() = default;
    virtual Does now(const std::string& digits) const = 0;
    virtual Does at_the_end(const std::string& digits) const = 0;
};

inline std::vector<std::string> split(const std::string& text, char by) {
    std::vector<std::string> parts = {""};
    for (const char c : text) {
        if (c == by) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

inline std::string set_at(const std::string& text, std::size_t& at) {
    if (text[at] == 'x') {
        ++at;
        return "0123456789";
    }
    auto all = element(text, at);
    if (const auto x = all.find('x'); x != all.npos) { // [x*] of Htek
        all.replace(x, 1, "0123456789");
    }
    return all;
}

/// Whether a part fits, where `again` behind an element lets it come `least` times or more.
inline bool fits(const std::string& part,
                 std::size_t at,
                 const std::string& digits,
                 std::size_t i,
                 char again,
                 std::size_t least) {
    if (at == part.size()) {
        return i == digits.size();
    }
    auto next = at;
    const auto one = set_at(part, next);
    const bool repeats = next < part.size() && part[next] == again;
    const auto behind = next + (repeats ? 1 : 0);
    for (std::size_t count = 0;; ++count) {
        if (count >= (repeats ? least : 1) && fits(part, behind, digits, i, again, least)) {
            return true;
        }
        if ((!repeats && count == 1) || i == digits.size() || one.find(digits[i]) == one.npos) {
            return false;
        }
        ++i;
    }
}

/// KX-UT670 (guide 6.6.1), where every number that fits nothing is called at the end.
struct Kx : Phone {
    explicit Kx(const std::string& map)
        : parts(map.empty() ? std::vector<std::string>() : split(map, '|')) {}

    Does now(const std::string& digits) const override {
        for (auto part : parts) {
            const bool refuses = part.back() == '!';
            if (refuses) {
                part.pop_back();
            }
            if (part.back() != 'T' && part.find('.') == part.npos &&
                fits(part, 0, digits, 0, '.', 0)) {
                return refuses ? Does::refuse : Does::call;
            }
        }
        return Does::wait;
    }

    Does at_the_end(const std::string& digits) const override {
        for (auto part : parts) {
            if (part.back() == '!' && part.find('.') != part.npos) {
                part.pop_back();
                if (fits(part, 0, digits, 0, '.', 0)) {
                    return Does::refuse;
                }
            }
        }
        return Does::call;
    }

    std::vector<std::string> parts;
};

/// Htek, in the worst case: a complete number is called whatever else begins so, and what fits
/// nothing is refused.
struct Htek : Phone {
    explicit Htek(const std::string& map) : parts(split(map.substr(1, map.size() - 2), '|')) {}

    Does now(const std::string& digits) const override {
        for (const auto& part : parts) {
            if (part.find('+') == part.npos && fits(part, 0, digits, 0, '+', 1)) {
                return Does::call;
            }
        }
        return Does::wait;
    }

    Does at_the_end(const std::string& digits) const override {
        for (const auto& part : parts) {
            if (fits(part, 0, digits, 0, '+', 1)) {
                return Does::call;
            }
        }
        return Does::refuse;
    }

    std::vector<std::string> parts;
};

/// Patterns and numbers as people write them, and as nobody does.
class Maker {
  public:
    explicit Maker(std::uint32_t seed) : random_(seed) {}

    std::size_t below(std::size_t most) {
        return std::uniform_int_distribution<std::size_t>(0, most - 1)(random_);
    }

    std::string pattern() {
        const auto length = 1 + below(below(4) == 0 ? 12 : 5);
        if (below(3) == 0) {
            return digits(length);
        }
        std::string text = "_";
        for (std::size_t i = 0; i < length; ++i) {
            text += one();
        }
        const auto tail = below(8);
        return text + (tail == 0 ? "." : tail == 1 ? "!" : "");
    }

    Plan plan() {
        Plan plan;
        for (auto count = 1 + below(below(20) == 0 ? 60 : 8); count > 0; --count) {
            plan.patterns.push_back(pattern());
        }
        return plan;
    }

    /// Of "phones", which has a number, and three more that include each other as it comes.
    Contexts contexts() {
        static const std::vector<std::string> names = {"phones", "inland", "abroad", "lobby"};
        Contexts all;
        for (const auto& name : names) {
            auto& context = all[name];
            for (auto count = below(3); count > 0; --count) {
                // One that nobody wrote, now and then.
                context.includes.push_back(below(15) == 0 ? "gone" : names[below(names.size())]);
            }
        }
        all["phones"].patterns.push_back(pattern());
        for (auto& pattern : plan().patterns) {
            all[names[below(names.size())]].patterns.push_back(std::move(pattern));
        }
        return all;
    }

    std::string digits(std::size_t length) {
        std::string text;
        while (text.size() < length) {
            text += below(12) == 0 ? keys[10 + below(3)] : static_cast<char>('0' + below(4));
        }
        return text;
    }

    /// One that a pattern takes.
    std::string number_of(const std::string& pattern) {
        if (pattern[0] != '_') {
            return pattern;
        }
        std::string text;
        for (std::size_t at = 1; at < pattern.size();) {
            if (pattern[at] == '.' || pattern[at] == '!') {
                return text + digits(below(4) + (pattern[at] == '.' ? 1 : 0));
            }
            const auto one = element(pattern, at);
            text += one[below(one.size())];
        }
        return text;
    }

    /// Numbers that matter for a plan: taken ones, their beginnings, longer ones, and any.
    std::vector<std::string> samples(const Plan& plan, std::size_t count) {
        std::vector<std::string> all;
        while (all.size() < count) {
            auto number = number_of(plan.patterns[below(plan.patterns.size())]);
            switch (below(5)) {
            case 0:
                number = number.substr(0, 1 + below(number.size() + 1));
                break;
            case 1:
                number += digits(1 + below(2));
                break;
            case 2:
                number = digits(1 + below(6));
                break;
            default:
                break;
            }
            if (!number.empty()) {
                all.push_back(number);
            }
        }
        return all;
    }

  private:
    std::string one() {
        switch (below(8)) {
        case 0:
            return "X";
        case 1:
            return "Z";
        case 2:
            return "N";
        case 3: {
            const auto first = below(5);
            return std::string("[") + keys[first] + "-" + keys[first + 1 + below(4)] + "]";
        }
        case 4:
            return std::string("[") + keys[below(4)] + keys[5 + below(8)] + "]";
        default:
            return digits(1);
        }
    }

    std::mt19937 random_;
};

} // namespace oracle
