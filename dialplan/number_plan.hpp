// SPDX-License-Identifier: MIT
// The numbers that a PBX takes, as plain values: its contexts, and what it makes of digits.
#pragma once

#include "dialplan/keypad.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dialplan {

/// One extension of a context, as Asterisk writes it: 201, or a pattern such as _NXX, _0[1-5]. or
/// _9!
struct PlanNumber {
    std::string text;
    std::string caller = {}; ///< only for calls from numbers like this one; empty: for all

    bool operator==(const PlanNumber&) const = default;
};

struct PlanInclude {
    std::string context;
    std::string times = {}; ///< when it holds; empty: always

    bool operator==(const PlanInclude&) const = default;
};

struct PlanContext {
    std::vector<PlanNumber> numbers; ///< in the order in which the PBX looks at them
    std::vector<PlanInclude> includes;
    std::vector<std::string> switches; ///< other places where the PBX looks for numbers; not read

    bool operator==(const PlanContext&) const = default;
};

using NumberPlan = std::map<std::string, PlanContext, std::less<>>;

/// A number or pattern, key by key. A key that no phone has leaves an empty set behind.
struct KeyPattern {
    enum class Tail : std::uint8_t {
        none,
        one_or_more, ///< .
        any,         ///< !
    };

    std::vector<Keys> keys;
    Tail tail = Tail::none;
};

/// Dashes count for nothing in it; nothing where a bracket is left open.
std::optional<KeyPattern> read_pattern(std::string_view text);

/// Whether it takes numbers that begin with these digits and are longer.
bool takes_more(const KeyPattern& pattern, std::string_view digits);

/// The contexts that are looked at for calls that start in one of them, in that order: its own
/// numbers first, then its includes, each context once. Times and callers are taken as fulfilled:
/// what is true now and then must not be taken from a phone.
struct Reachable {
    std::vector<std::string_view> contexts; ///< of the plan that was asked
    std::vector<std::string> notes;         ///< what is missing, or holds at times only
    bool is_known = true;                   ///< false: there are switches, so more numbers may be
};

Reachable reachable(const NumberPlan& plan, std::string_view context);

/// What a PBX says of the digits keyed so far.
enum class Fit : std::uint8_t {
    none,
    partial,          ///< a number begins so
    complete,         ///< it is called, and the PBX waits for no more
    complete_or_more, ///< it is called, and a longer number begins so
};

struct Fitting {
    Fit fit = Fit::none;
    std::string number = {};  ///< the extension that takes the call, as the PBX writes it
    std::string context = {}; ///< and where it stands
};

/// As Asterisk decides (pbx.c, without extenpatternmatchnew): the first that fits takes the call,
/// and where one with ! does, nothing behind it in its context is waited for. No switch is asked.
Fitting fit(const NumberPlan& plan, std::string_view context, std::string_view digits);

/// "complete, and a longer number begins so" …
std::string_view words_of(Fit fit) noexcept;

} // namespace dialplan
