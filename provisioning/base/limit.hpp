// SPDX-License-Identifier: MIT
// A token bucket: how often something a stranger can trigger may happen.
#pragma once

#include "provisioning/base/clock.hpp"

#include <cstdint>

namespace base {

/// Lets `burst` through at once and `per_second` after that; counts what it held back.
class TokenBucket {
  public:
    TokenBucket(double per_second, double burst)
        : rate_(per_second), burst_(burst), level_(burst) {}

    bool take(Steady now);
    /// How many were held back since the last call: for one log line that says so.
    std::uint64_t held_back() noexcept;

  private:
    double rate_;
    double burst_;
    double level_;
    Steady last_{};
    std::uint64_t held_back_ = 0;
};

} // namespace base
