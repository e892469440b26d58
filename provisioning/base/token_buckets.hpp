// SPDX-License-Identifier: MIT
// One token bucket for each of many, as many as are remembered.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/limit.hpp"
#include "provisioning/base/lru.hpp"

#include <cstddef>
#include <optional>

namespace base {

/// The key that was not heard for the longest is forgotten, and then has a full bucket again.
template <class Key> class TokenBuckets {
  public:
    TokenBuckets(double per_second, double burst, std::size_t most)
        : fresh_(per_second, burst), buckets_(most) {}

    bool take(const Key& key, Steady now) {
        auto& bucket = buckets_.at(key);
        if (!bucket) {
            bucket = fresh_;
        }
        return bucket->take(now);
    }

  private:
    TokenBucket fresh_;
    Lru<Key, std::optional<TokenBucket>> buckets_;
};

} // namespace base
