// SPDX-License-Identifier: MIT
// The arithmetic of the token bucket.
#include "provisioning/base/limit.hpp"

#include <algorithm>
#include <utility>

namespace base {

bool TokenBucket::take(Steady now) {
    if (now > last_) {
        const std::chrono::duration<double> passed = now - last_;
        level_ = std::min(burst_, level_ + passed.count() * rate_);
        last_ = now;
    }
    if (level_ < 1.0) {
        ++held_back_;
        return false;
    }
    level_ -= 1.0;
    return true;
}

std::uint64_t TokenBucket::held_back() noexcept {
    return std::exchange(held_back_, 0);
}

} // namespace base
