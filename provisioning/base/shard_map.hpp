// SPDX-License-Identifier: MIT
// A map whose copies share what did not change: a copy is one pointer, a change copies one small
// shard.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

namespace base {

/// Readers keep a copy and never see a later change; the writer changes its own copy and hands out
/// another. A change copies two arrays of 64 pointers and one shard (size / 4096 entries).
template <class Key, class Value, class Hash = std::hash<Key>> class ShardMap {
  public:
    const Value* find(const Key& key) const {
        const auto [outer, inner] = place(key);
        const auto* shard = shard_at(outer, inner);
        if (shard == nullptr) {
            return nullptr;
        }
        const auto found = shard->find(key);
        return found == shard->end() ? nullptr : &found->second;
    }

    void put(const Key& key, Value value) {
        auto& shard = own_shard(key);
        size_ += shard.insert_or_assign(key, std::move(value)).second ? 1U : 0U;
    }

    bool erase(const Key& key) {
        if (find(key) == nullptr) {
            return false;
        }
        own_shard(key).erase(key);
        --size_;
        return true;
    }

    std::size_t size() const noexcept { return size_; }

    template <class Visit> void each(Visit&& visit) const {
        if (!root_) {
            return;
        }
        for (const auto& branch : *root_) {
            if (!branch) {
                continue;
            }
            for (const auto& shard : *branch) {
                if (!shard) {
                    continue;
                }
                for (const auto& [key, value] : *shard) {
                    visit(key, value);
                }
            }
        }
    }

  private:
    static constexpr std::size_t width = 64;
    using Shard = std::unordered_map<Key, Value, Hash>;
    using Branch = std::array<std::shared_ptr<const Shard>, width>;
    using Root = std::array<std::shared_ptr<const Branch>, width>;

    static std::pair<std::size_t, std::size_t> place(const Key& key) {
        const std::size_t hash = Hash{}(key)*0x9E3779B97F4A7C15ULL;
        return {hash >> 58U, (hash >> 52U) % width};
    }

    const Shard* shard_at(std::size_t outer, std::size_t inner) const {
        return root_ && (*root_)[outer] ? (*(*root_)[outer])[inner].get() : nullptr;
    }

    /// Copies the way down to the key's shard, so that what readers hold stays as it is.
    Shard& own_shard(const Key& key) {
        const auto [outer, inner] = place(key);
        auto root = root_ ? std::make_shared<Root>(*root_) : std::make_shared<Root>();
        auto branch =
            (*root)[outer] ? std::make_shared<Branch>(*(*root)[outer]) : std::make_shared<Branch>();
        auto shard = (*branch)[inner] ? std::make_shared<Shard>(*(*branch)[inner])
                                      : std::make_shared<Shard>();
        Shard& mine = *shard;
        (*branch)[inner] = std::move(shard);
        (*root)[outer] = std::move(branch);
        root_ = std::move(root);
        return mine;
    }

    std::shared_ptr<const Root> root_;
    std::size_t size_ = 0;
};

} // namespace base
