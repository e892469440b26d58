// SPDX-License-Identifier: MIT
// Packs groups of items into messages, in order.
#include "provisioning/wpi/split.hpp"

#include <limits>
#include <map>
#include <numeric>
#include <string_view>
#include <utility>

namespace wpi {
namespace {

using Group = std::vector<Item>;

/// All of a message but its items: with the longest nonce.
std::size_t frame_size() {
    const Item any{"a", std::nullopt, ""};
    return write(ServiceMessage{std::string(64, 'F'), Action::write_items, {any}}).size() -
           write(any).size();
}

/// What belongs together, in the order of their first items.
std::vector<Group> groups_of(const std::vector<Item>& items) {
    std::vector<Group> groups;
    std::map<std::pair<std::string_view, int>, std::size_t> known;
    for (const Item& item : items) {
        const ItemRow* row = item_row(item.name);
        const std::string_view group = row != nullptr ? row->group : std::string_view();
        if (group.empty() && !item.index) {
            groups.push_back({item});
            continue;
        }
        const auto [at, is_new] =
            known.try_emplace({group, item.index.value_or(-1)}, groups.size());
        if (is_new) {
            groups.emplace_back();
        }
        groups[at->second].push_back(item);
    }
    return groups;
}

class Packer {
  public:
    Packer(std::optional<std::size_t> most_items, Escape escape)
        : most_(most_items.value_or(0) == 0 ? std::numeric_limits<std::size_t>::max()
                                            : *most_items),
          escape_(escape) {}

    void add(const Group& group) {
        std::vector<std::size_t> sizes;
        for (const Item& item : group) {
            sizes.push_back(write(item, escape_).size());
        }
        if (!fits(group.size(), std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}))) {
            end_message();
        }
        for (std::size_t i = 0; i < group.size(); ++i) {
            if (!fits(1, sizes[i])) { // only of a group that is too much for one message
                end_message();
            }
            message_.push_back(group[i]);
            bytes_ += sizes[i];
        }
    }

    std::vector<std::vector<Item>> messages() {
        end_message();
        return std::move(messages_);
    }

  private:
    bool fits(std::size_t items, std::size_t bytes) const {
        return message_.size() + items <= most_ && frame_ + bytes_ + bytes < largest_written;
    }

    void end_message() {
        if (!message_.empty()) {
            messages_.push_back(std::exchange(message_, {}));
        }
        bytes_ = 0;
    }

    std::size_t most_;
    Escape escape_;
    std::size_t frame_ = frame_size();
    std::vector<std::vector<Item>> messages_;
    std::vector<Item> message_;
    std::size_t bytes_ = 0;
};

} // namespace

std::vector<std::vector<Item>>
split(const std::vector<Item>& items, std::optional<std::size_t> most_items, Escape escape) {
    Packer packer(most_items, escape);
    for (const Group& group : groups_of(items)) {
        packer.add(group);
    }
    return packer.messages();
}

} // namespace wpi
