// SPDX-License-Identifier: MIT
// Runs of keys made fewer: without a change to what they say, and where they are too many with one.
#pragma once

#include "dialplan/number_tree.hpp"

#include <functional>
#include <vector>

namespace dialplan {

/// Joins runs that differ in one key: [1]5 and [2]5 to [12]5. They say the same as before.
void join(std::vector<KeyRun>& runs);

/// Whether every number of a run is one of another run.
bool is_within(const KeyRun& run, const KeyRun& other);

/// What was done so that runs find room.
struct Fitted {
    std::vector<KeyRun> runs;
    std::vector<KeyRun> left_out;
    bool is_widened = false; ///< some say more than before
};

/// Runs for which `has_room` says yes. Those that `may` grow take any digit, from their last key
/// on, until there is room; then the longest are left out, since who dials them waits least.
Fitted fit_runs(std::vector<KeyRun> runs,
                const std::function<bool(const std::vector<KeyRun>&)>& has_room,
                const std::function<bool(const KeyRun&)>& may);

/// "20[1-5]", "0x", "[x*#]": for people, and for phones that read it so. Several digits that are no
/// range stand one by one.
std::string spell(Keys keys);
std::string spell(const KeyRun& run);

} // namespace dialplan
