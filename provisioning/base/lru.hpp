// SPDX-License-Identifier: MIT
// A map that never grows beyond its bound: the key that was not used for the longest goes.
#pragma once

#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

namespace base {

/// For what strangers can make us remember. Every operation takes the same time.
template <class Key, class Value> class Lru {
  public:
    explicit Lru(std::size_t most) : most_(most) {}

    /// Makes it if it is not there, and the newest either way.
    Value& at(const Key& key) {
        if (auto* found = find(key)) {
            return *found;
        }
        if (places_.size() >= most_ && !order_.empty()) {
            places_.erase(order_.back().first);
            order_.pop_back();
        }
        order_.emplace_front(key, Value());
        places_.emplace(key, order_.begin());
        return order_.front().second;
    }

    /// nullptr where it is not there; else it is the newest now.
    Value* find(const Key& key) {
        const auto found = places_.find(key);
        if (found == places_.end()) {
            return nullptr;
        }
        order_.splice(order_.begin(), order_, found->second);
        return &order_.front().second;
    }

    void erase(const Key& key) {
        if (const auto found = places_.find(key); found != places_.end()) {
            order_.erase(found->second);
            places_.erase(found);
        }
    }

    /// The newest first.
    template <class Visit> void each(Visit visit) const {
        for (const auto& [key, value] : order_) {
            visit(key, value);
        }
    }

    std::size_t size() const noexcept { return places_.size(); }

  private:
    using Order = std::list<std::pair<Key, Value>>;

    std::size_t most_;
    Order order_; ///< the last used first
    std::unordered_map<Key, typename Order::iterator> places_;
};

} // namespace base
