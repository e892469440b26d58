// SPDX-License-Identifier: MIT
// A map whose copies share what did not change: a copy is one pointer, a change copies one small
// shard, and only if a copy still holds it.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace base {

/// A value shared by its copies; the first to write to a shared one gets a copy of its own.
/// Not std::shared_ptr: its use_count() is a relaxed read, so a writer that sees 1 would not be
/// ordered behind the last look of the reader that has just let go.
template <class T> class SharedUntilWritten {
  public:
    SharedUntilWritten() = default;

    SharedUntilWritten(const SharedUntilWritten& other) noexcept : node_(other.node_) {
        if (node_ != nullptr) {
            node_->owners.fetch_add(1, std::memory_order_relaxed);
        }
    }

    SharedUntilWritten(SharedUntilWritten&& other) noexcept
        : node_(std::exchange(other.node_, nullptr)) {}

    SharedUntilWritten& operator=(const SharedUntilWritten& other) noexcept {
        SharedUntilWritten copy(other);
        std::swap(node_, copy.node_);
        return *this;
    }

    SharedUntilWritten& operator=(SharedUntilWritten&& other) noexcept {
        std::swap(node_, other.node_);
        return *this;
    }

    ~SharedUntilWritten() {
        if (node_ != nullptr && node_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            delete node_;
        }
    }

    /// Null while nothing was written.
    const T* get() const noexcept { return node_ == nullptr ? nullptr : &node_->value; }

    /// The value to write to. Nobody can begin to share it meanwhile: only who holds this object
    /// could hand out a copy of it.
    T& own() {
        if (node_ == nullptr) {
            node_ = new Node();
        } else if (node_->owners.load(std::memory_order_acquire) != 1) {
            SharedUntilWritten copy;
            copy.node_ = new Node(node_->value);
            std::swap(node_, copy.node_);
        }
        return node_->value;
    }

  private:
    struct Node {
        Node() = default;

        explicit Node(const T& from) : value(from) {}

        std::atomic<std::size_t> owners{1};
        T value{};
    };

    Node* node_ = nullptr;
};

/// Readers keep a copy and never see a later change; the writer changes its own copy and hands out
/// another. The first change after a copy was handed out copies two arrays of 64 pointers and one
/// shard (size / 4096 entries); what no copy holds any more is changed in place. A shard is one
/// sorted array: nodes of their own would cost a third more memory, and a cache miss each.
template <class Key, class Value, class Hash = std::hash<Key>> class ShardMap {
  public:
    const Value* find(const Key& key) const {
        const auto [outer, inner] = place(key);
        const auto* shard = shard_at(outer, inner);
        if (shard == nullptr) {
            return nullptr;
        }
        const auto found = lower_bound(*shard, key);
        return is_at(*shard, found, key) ? &found->second : nullptr;
    }

    void put(const Key& key, Value value) {
        auto& shard = own_shard(key);
        const auto found = lower_bound(shard, key);
        if (is_at(shard, found, key)) {
            found->second = std::move(value);
            return;
        }
        const auto at = found - shard.begin();
        if (shard.size() == shard.capacity()) { // doubled, a quarter of the memory would be empty
            shard.reserve(shard.size() + shard.size() / 4 + 1);
        }
        shard.emplace(shard.begin() + at, key, std::move(value));
        ++size_;
    }

    bool erase(const Key& key) {
        if (find(key) == nullptr) {
            return false;
        }
        auto& shard = own_shard(key);
        shard.erase(lower_bound(shard, key));
        --size_;
        return true;
    }

    std::size_t size() const noexcept { return size_; }

    template <class Visit> void each(Visit&& visit) const {
        if (root_.get() == nullptr) {
            return;
        }
        for (const auto& branch : *root_.get()) {
            if (branch.get() == nullptr) {
                continue;
            }
            for (const auto& shard : *branch.get()) {
                if (shard.get() == nullptr) {
                    continue;
                }
                for (const auto& [key, value] : *shard.get()) {
                    visit(key, value);
                }
            }
        }
    }

  private:
    static constexpr std::size_t width = 64;
    using Shard = std::vector<std::pair<Key, Value>>; ///< by key
    using Branch = std::array<SharedUntilWritten<Shard>, width>;
    using Root = std::array<SharedUntilWritten<Branch>, width>;

    static std::pair<std::size_t, std::size_t> place(const Key& key) {
        const std::size_t hash = Hash{}(key)*0x9E3779B97F4A7C15ULL;
        return {hash >> 58U, (hash >> 52U) % width};
    }

    template <class Entries> static auto lower_bound(Entries& entries, const Key& key) {
        return std::lower_bound(
            entries.begin(), entries.end(), key,
            [](const auto& entry, const Key& wanted) { return entry.first < wanted; });
    }

    template <class Place> static bool is_at(const Shard& shard, Place place, const Key& key) {
        return place != shard.end() && place->first == key;
    }

    const Shard* shard_at(std::size_t outer, std::size_t inner) const {
        const Root* root = root_.get();
        const Branch* branch = root == nullptr ? nullptr : (*root)[outer].get();
        return branch == nullptr ? nullptr : (*branch)[inner].get();
    }

    /// The key's shard for writing. Order matters: copying a shared root raises the counts of its
    /// branches, so that they are found to be shared in their turn.
    Shard& own_shard(const Key& key) {
        const auto [outer, inner] = place(key);
        return root_.own()[outer].own()[inner].own();
    }

    SharedUntilWritten<Root> root_;
    std::size_t size_ = 0;
};

} // namespace base
