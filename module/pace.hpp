// SPDX-License-Identifier: MIT
// So many turns a minute, each at a moment of its own within its share of it.
#pragma once

#include "provisioning/base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace engine {

/// A minute has as many equal shares as it has turns, and the moment of a turn is any within its
/// share: never more than one above the number in any minute, and no beat that a whole site keeps.
class Pace {
  public:
    using Random = std::function<double()>; ///< from 0 to below 1

    explicit Pace(Random random) : random_(std::move(random)) {}

    /// From now on; `per_minute` is not 0.
    void begin(base::Steady now, std::uint32_t per_minute) {
        share_ = std::chrono::duration_cast<base::Duration>(std::chrono::minutes(1)) / per_minute;
        begin_ = now;
        draw();
    }

    /// How many turns came since it was asked last. What was slept through is not made up for.
    std::size_t due(base::Steady now) {
        std::size_t turns = 0;
        while (turn_ <= now) {
            ++turns;
            begin_ += share_;
            if (now - begin_ > share_ + lateness) {
                begin_ = now;
            }
            draw();
        }
        return turns;
    }

  private:
    static constexpr base::Duration lateness = std::chrono::seconds(2);

    void draw() { turn_ = begin_ + std::chrono::duration_cast<base::Duration>(share_ * random_()); }

    Random random_;
    base::Duration share_{};
    base::Steady begin_{}; ///< of the share that is next
    base::Steady turn_{};
};

} // namespace engine
