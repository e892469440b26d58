// SPDX-License-Identifier: MIT
#include "provisioning/admin/pools.hpp"

#include "provisioning/admin/tell.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace admin {
namespace {

/// One of the PBX may have nothing that a phone could register with.
bool can_be_given(const Call& call, const std::string& number) {
    return call.now.extension(number) != nullptr ||
           call.reach.directory.account(number).has_value();
}

} // namespace

std::set<std::string> all_numbers(const Call& call) {
    std::set<std::string> numbers;
    for (const auto* extension : call.now.extensions()) {
        numbers.insert(extension->number);
    }
    call.reach.directory.list_host(
        [&](const std::string& number, const std::string& /*name*/) { numbers.insert(number); });
    return numbers;
}

PoolCount
count(const Call& call, const inventory::Pool& pool, const std::set<std::string>& numbers) {
    PoolCount count;
    const auto now = call.reach.clock.unix_ms();
    for (const auto& range : pool.ranges) {
        // Between them are shorter and longer ones too.
        const auto end = numbers.upper_bound(range.last);
        for (auto number = numbers.lower_bound(range.first); number != end; ++number) {
            const bool is_on_phone = !call.now.holders(*number).empty();
            if (!range.contains(*number) || !(is_on_phone || can_be_given(call, *number))) {
                continue;
            }
            ++count.extensions;
            const auto* release = call.now.release(*number);
            if (is_on_phone) {
                ++count.on_phones;
            } else if (release != nullptr && is_in_quarantine(*release, pool.quarantine, now)) {
                const auto due = release->at + pool.quarantine.count();
                count.due = count.in_quarantine++ == 0 ? due : std::min(count.due, due);
            } else if (count.free++ == 0) {
                count.next = *number;
            }
        }
    }
    return count;
}

std::string why_none(const Call& call, const inventory::Pool& pool, const PoolCount& count) {
    if (count.free != 0) {
        return {};
    }
    auto why = fmt::format("none of {} is free: add extensions there (pnp extension add NUMBER), "
                           "or unassign phones that are gone",
                           pool.str());
    if (count.in_quarantine != 0) {
        why += fmt::format("; {} in quarantine, the first until {} (pool_quarantine)",
                           counted(count.in_quarantine, "number is", "numbers are"),
                           end_text(count.due, call.reach.clock.unix_ms()));
    }
    return why;
}

} // namespace admin
