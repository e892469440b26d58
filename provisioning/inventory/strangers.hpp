// SPDX-License-Identifier: MIT
// Who was heard and not decided upon, the least recently heard last.
#pragma once

#include "provisioning/base/mac.hpp"

#include <list>
#include <optional>
#include <unordered_map>

namespace inventory {

/// Every operation takes the same time, however many there are: anybody on the network can call.
class Strangers {
  public:
    void heard(base::Mac mac) {
        if (const auto found = places_.find(mac); found != places_.end()) {
            order_.splice(order_.begin(), order_, found->second);
            return;
        }
        std::list<base::Mac> first{mac}; // without memory for both it is in neither
        places_.emplace(mac, first.begin());
        order_.splice(order_.begin(), first);
    }

    void forget(base::Mac mac) {
        if (const auto found = places_.find(mac); found != places_.end()) {
            order_.erase(found->second);
            places_.erase(found);
        }
    }

    /// Takes out the least recently heard one if there are more than `most`.
    std::optional<base::Mac> take_beyond(std::size_t most) {
        if (places_.size() <= most) {
            return std::nullopt;
        }
        const auto mac = order_.back();
        places_.erase(mac);
        order_.pop_back();
        return mac;
    }

  private:
    std::list<base::Mac> order_; ///< the last heard first
    std::unordered_map<base::Mac, std::list<base::Mac>::iterator> places_;
};

} // namespace inventory
