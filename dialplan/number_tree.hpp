// SPDX-License-Identifier: MIT
// All numbers of a plan as one tree: after each beginning, what a PBX takes and what may follow.
#pragma once

#include "dialplan/number_plan.hpp"
#include "provisioning/base/result.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace dialplan {

/// Sets of keys that are pressed one after the other: [2][0-9][0-9].
using KeyRun = std::vector<Keys>;

/// Without patterns: no number.
class NumberTree {
  public:
    /// Where beginnings that have the same ends meet.
    using Place = std::uint32_t;
    static constexpr Place nowhere = 0;  ///< no number begins so
    static constexpr Place anywhere = 1; ///< taken, and so is whatever follows

    /// Errors: more than most_places or most_fits. Patterns with a key that no phone has are left
    /// out.
    static base::Result<NumberTree> of(const std::vector<KeyPattern>& patterns);
    static constexpr std::size_t most_places = 50'000;
    static constexpr std::size_t most_fits = 1'000'000; ///< patterns at all places together

    Place start() const noexcept { return start_; }

    Place after(Place place, std::size_t key) const { return places_[place].after[key]; }

    Place after(std::string_view digits) const;

    /// Whether the PBX takes the digits that lead here.
    bool takes(Place place) const { return places_[place].takes; }

    /// Whether it takes longer numbers that begin so.
    bool goes_on(Place place) const { return places_[place].goes_on; }

    /// Whether one of the numbers of a run is the beginning of a longer one.
    bool goes_on_after(const KeyRun& run) const;

    enum class Ends : std::uint8_t {
        whole, ///< taken, and no longer number begins so
        fork,  ///< taken, and a longer number begins so
        open,  ///< taken, and so is whatever follows
        dead,  ///< no number begins so, though one begins with all but the last key
    };

    /// Calls `visit` for runs that together are all numbers of that kind, each once and the short
    /// ones first. False: those were not all, since there are more than `most` of them or of their
    /// beginnings.
    bool
    runs(Ends ends, std::size_t most, const std::function<void(const KeyRun& run)>& visit) const;

  private:
    struct Node {
        std::array<Place, keypad.size()> after{};
        bool takes = false;
        bool goes_on = false;
    };

    friend class TreeBuilder;

    std::vector<Node> places_{2}; ///< nowhere and anywhere
    Place start_ = nowhere;
};

} // namespace dialplan
