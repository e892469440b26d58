// SPDX-License-Identifier: MIT
// What a phone is told of a PBX's numbers, so that it calls a complete one without waiting.
#pragma once

#include "dialplan/number_plan.hpp"
#include "provisioning/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dialplan {

struct DigitMapWishes {
    /// They pass at once, in the PBX's plan or not, unless the PBX takes longer numbers that begin
    /// so.
    std::vector<std::string> emergency;
    /// The phone refuses what the PBX does not take, as far as its map can say it.
    bool refuse_others = false;
};

struct DigitMap {
    std::string text; ///< as the vendor writes it; empty: none, the phone waits before each call
    bool refuses_others = false;
    std::vector<std::string> waits; ///< complete numbers that are called later, with the reason
    std::vector<std::string> notes; ///< what it does not say and why, each a sentence
};

/// The map for phones whose calls start in `context`. It calls nothing early that the PBX would
/// still take a digit for, and refuses nothing that the PBX takes. What does not find room in it is
/// called after the phone's own timer, and never refused. Errors: no such context, or a vendor
/// whose maps are not known.
base::Result<DigitMap> digit_map(std::string_view vendor,
                                 const NumberPlan& plan,
                                 std::string_view context,
                                 const DigitMapWishes& wishes);

/// The vendors that digit_map knows.
const std::vector<std::string_view>& digit_map_vendors();

/// What a phone makes of digits that are keyed one after the other, and then no more.
struct Dialled {
    std::string number; ///< that is called; empty: none is
    std::string how;    ///< "at once", "5 s after the last key": for people
};

/// By a map of digit_map's.
Dialled dial(std::string_view vendor, std::string_view map, std::string_view digits);

} // namespace dialplan
