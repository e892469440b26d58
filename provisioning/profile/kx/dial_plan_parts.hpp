// SPDX-License-Identifier: MIT
// A dial plan as steps from key to key, and how its text is read.
#pragma once

#include "provisioning/profile/kx/dial_plan.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace profile::kx {

using Keys = std::uint16_t; ///< a set of dial_keys, one bit each

constexpr Keys key_set(char key) noexcept {
    const auto at = dial_keys.find(key);
    return at == std::string_view::npos ? Keys{0} : static_cast<Keys>(1U << at);
}

/// The element that waits for one key. Steps lie in the order of the text, and the last of a part
/// is its end, which waits for none.
struct DialStep {
    Keys keys = 0;                   ///< none at the end, and for a substitution of nothing
    std::size_t next = 0;            ///< the step after one of `keys`
    std::optional<std::size_t> skip; ///< the step that is reached without a key; always a later one
    bool copies = true;              ///< the key is sent as it is; otherwise `sends`
    std::string sends;
};

/// What stands between two |.
struct DialPart {
    std::size_t column = 1;
    std::string text;
    std::vector<DialStep> steps;
    bool repeats = false;                        ///< has a .
    bool substitutes = false;                    ///< has a < >
    bool rejects = false;                        ///< has a !
    bool macro = false;                          ///< has a T
    std::optional<std::chrono::seconds> seconds; ///< of its S

    bool waits() const noexcept { return repeats || macro || seconds; }
};

struct DialPlan::Parts {
    std::vector<DialPart> list;
};

/// The parts of a plan, and what is wrong with each by itself, in no order.
std::vector<DialPart> read_dial_plan(std::string_view plan, std::vector<DialPlanFinding>& findings);

/// A warning for every part that is called before a longer one can be keyed (guide §6.6.1): decided
/// on the digits both fit, not on how they are written.
void find_hidden(const std::vector<DialPart>& parts, std::vector<DialPlanFinding>& findings);

} // namespace profile::kx
