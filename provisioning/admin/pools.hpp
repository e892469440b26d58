// SPDX-License-Identifier: MIT
// How much of a pool is left.
#pragma once

#include "provisioning/admin/command.hpp"

#include <cstddef>
#include <set>
#include <string>

namespace admin {

/// Every extension, ours and those of the PBX. Asks the PBX.
std::set<std::string> all_numbers(const Call& call);

/// Of a pool's numbers, as far as they are extensions that a phone can have.
struct PoolCount {
    std::size_t extensions = 0;
    std::size_t on_phones = 0;
    std::size_t in_quarantine = 0; ///< on no phone
    std::size_t free = 0;
    std::string next;     ///< the first of those that are free
    base::UnixMs due = 0; ///< when the first quarantine ends
};

PoolCount
count(const Call& call, const inventory::Pool& pool, const std::set<std::string>& numbers);

/// Why a phone would get none, and what to do; empty where one is free.
std::string why_none(const Call& call, const inventory::Pool& pool, const PoolCount& count);

} // namespace admin
