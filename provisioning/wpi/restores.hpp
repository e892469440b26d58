// SPDX-License-Identifier: MIT
// How often an item was set back to the site's value: a phone and a service that each insist would
// go on for ever.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/lru.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/wpi/interaction.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <vector>

namespace wpi {

/// Three times in an hour. From any thread.
class Restores {
  public:
    bool may(base::Mac mac, const inventory::ItemKey& key, base::UnixMs now) {
        const std::lock_guard hold(lock_);
        auto* items = items_.find(mac);
        const auto found = items == nullptr ? decltype(items->end())() : items->find(key);
        return items == nullptr || found == items->end() ||
               std::count_if(found->second.begin(), found->second.end(), [&](base::UnixMs at) {
                   return base::was_within(at, now, std::chrono::hours(1));
               }) < most_restores;
    }

    void add(base::Mac mac, const std::vector<inventory::ItemKey>& keys, base::UnixMs now) {
        const std::lock_guard hold(lock_);
        auto& items = items_.at(mac);
        for (const auto& key : keys) {
            auto& times = items[key];
            times.push_back(now);
            if (times.size() > most_restores) {
                times.erase(times.begin());
            }
        }
    }

  private:
    std::mutex lock_; ///< of what follows
    /// Of each phone no more items than the site wants it to have.
    base::Lru<base::Mac, std::map<inventory::ItemKey, std::vector<base::UnixMs>>> items_{2000};
};

} // namespace wpi
