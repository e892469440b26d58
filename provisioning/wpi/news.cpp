// SPDX-License-Identifier: MIT
// Puts what was learnt of a phone to what was known.
#include "provisioning/wpi/news.hpp"

#include "provisioning/profile/wpi/items.hpp"

namespace wpi {
namespace {

/// As many as are kept; those that are there take a new value either way.
template <class Value>
void put(std::map<inventory::ItemKey, Value>& into,
         const std::map<inventory::ItemKey, Value>& values) {
    for (const auto& [key, value] : values) {
        if (const auto found = into.find(key); found != into.end()) {
            found->second = value;
        } else if (into.size() < most_items_kept) {
            into.emplace(key, value);
        }
    }
}

} // namespace

void apply(const News& news, inventory::Workpoint& phone) {
    if (news.forgets_written) {
        phone.written.clear();
        phone.refused.clear();
    }
    if (news.forgets_refused) {
        for (const auto& [key, status] : phone.refused) {
            phone.written.erase(key); // that was offered only
        }
        phone.refused.clear();
    }
    if (news.has_restarted) { // else a call that breaks off would leave it without
        const auto is_lost = [](const auto& entry) {
            const auto* row = item_row(entry.first.name);
            return row != nullptr && row->each_start;
        };
        std::erase_if(phone.reported, is_lost);
        std::erase_if(phone.written, is_lost);
    }
    if (news.replaces_reported) {
        phone.reported.clear();
    }
    put(phone.reported, news.reported);
    for (const auto& key : news.taken) {
        phone.refused.erase(key);
    }
    put(phone.refused, news.refused);
    put(phone.written, news.written);
    for (const auto& key : news.changed) {
        phone.written.erase(key);
    }
    if (news.must_read_all) {
        phone.must_read_all = *news.must_read_all;
    }
}

} // namespace wpi
