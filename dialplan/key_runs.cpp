// SPDX-License-Identifier: MIT
// Joins and widens runs of keys.
#include "dialplan/key_runs.hpp"

#include <algorithm>
#include <unordered_map>

namespace dialplan {
namespace {

struct Hash {
    std::size_t operator()(const KeyRun& run) const noexcept {
        std::size_t hash = run.size();
        for (const auto keys : run) {
            hash = hash * 8209 + keys; // a prime above all sets of keys
        }
        return hash;
    }
};

/// One pass over a position; whether any two were joined.
bool join_at(std::vector<KeyRun>& runs, std::size_t position) {
    std::unordered_map<KeyRun, Keys, Hash> others; // a run without that key → what it may be
    std::vector<KeyRun> rest;
    for (auto& run : runs) {
        if (position >= run.size()) {
            rest.push_back(std::move(run));
            continue;
        }
        const Keys keys = run[position];
        run[position] = 0;
        others[std::move(run)] |= keys;
    }
    const bool is_joined = rest.size() + others.size() < runs.size();
    for (auto& [run, keys] : others) {
        rest.push_back(run);
        rest.back()[position] = keys;
    }
    runs = std::move(rest);
    return is_joined;
}

std::size_t longest(const std::vector<KeyRun>& runs) {
    std::size_t length = 0;
    for (const auto& run : runs) {
        length = std::max(length, run.size());
    }
    return length;
}

void sort(std::vector<KeyRun>& runs) {
    std::sort(runs.begin(), runs.end(), [](const KeyRun& a, const KeyRun& b) {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    });
}

/// Any digit as the key that is so far from the end.
bool widen(std::vector<KeyRun>& runs,
           std::size_t from_end,
           const std::function<bool(const KeyRun&)>& may) {
    bool done = false;
    for (auto& run : runs) {
        if (from_end >= run.size()) {
            continue;
        }
        auto wide = run;
        auto& keys = wide[run.size() - 1 - from_end];
        if ((keys & all_digits) == 0 || (keys & all_digits) == all_digits) {
            continue;
        }
        keys |= all_digits;
        if (may(wide)) {
            run = std::move(wide);
            done = true;
        }
    }
    return done;
}

} // namespace

void join(std::vector<KeyRun>& runs) {
    for (bool again = true; again;) {
        again = false;
        for (auto position = longest(runs); position-- > 0;) {
            again = join_at(runs, position) || again;
        }
    }
    sort(runs);
}

bool is_within(const KeyRun& run, const KeyRun& other) {
    if (run.size() != other.size()) {
        return false;
    }
    for (std::size_t i = 0; i < run.size(); ++i) {
        if ((run[i] & ~other[i]) != 0) {
            return false;
        }
    }
    return true;
}

Fitted fit_runs(std::vector<KeyRun> runs,
                const std::function<bool(const std::vector<KeyRun>&)>& has_room,
                const std::function<bool(const KeyRun&)>& may) {
    Fitted fitted;
    join(runs);
    const auto length = longest(runs);
    for (std::size_t from_end = 0; from_end < length && !has_room(runs); ++from_end) {
        if (widen(runs, from_end, may)) {
            fitted.is_widened = true;
            join(runs);
        }
    }
    if (has_room(runs)) {
        fitted.runs = std::move(runs);
        return fitted;
    }
    for (auto& run : runs) {
        fitted.runs.push_back(run);
        if (!has_room(fitted.runs)) {
            fitted.runs.pop_back();
            fitted.left_out.push_back(std::move(run));
        }
    }
    return fitted;
}

std::string spell(Keys keys) {
    std::string each;
    for (std::size_t key = 0; key < keypad.size(); ++key) {
        if (holds(keys, key)) {
            each += keypad[key];
        }
    }
    if (keys == all_digits) {
        return "x";
    }
    if ((keys & all_digits) == all_digits) {
        return "[x" + each.substr(10) + "]";
    }
    if (each.size() == 1) {
        return each;
    }
    const bool is_range = each.size() > 2 && (keys & ~all_digits) == 0 &&
                          each.back() - each.front() + 1 == static_cast<int>(each.size());
    return is_range ? std::string("[") + each.front() + "-" + each.back() + "]" : "[" + each + "]";
}

std::string spell(const KeyRun& run) {
    std::string text;
    for (const auto keys : run) {
        text += spell(keys);
    }
    return text;
}

} // namespace dialplan
