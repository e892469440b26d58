// SPDX-License-Identifier: MIT
// How a phone of the Workpoint Interface is reached, and what it is told to do, in words.
#pragma once

#include "provisioning/admin/commands.hpp"
#include "provisioning/inventory/workpoints.hpp"

#include <optional>
#include <string>
#include <vector>

namespace admin {

/// When it asks next whether there is work for it; nothing of one that does not poll. Any contact
/// starts its time anew.
std::optional<base::UnixMs>
next_poll(const Reach& reach, const inventory::Workpoint& phone, base::UnixMs now);

/// "in 4 min", "now", "overdue".
std::string due(base::UnixMs at, base::UnixMs now);

/// When a phone that can be called is asked to: "now", "in 4 min, since it was asked just before".
std::string when_asked(const inventory::Workpoint& phone, base::UnixMs now);

/// "when asked", "by polls", "-".
std::string_view how_reached(inventory::Reached reached) noexcept;

/// {last_contact, next_poll, reached}: of a phone that never called all three are null.
void set_contact(base::Json& object,
                 const Reach& reach,
                 const inventory::Workpoint* phone,
                 base::UnixMs now);

/// Why a job that has not ended has not been done yet; what came of one that has.
std::string why(const Reach& reach, const inventory::Job& job, base::UnixMs now);

/// Of a job, without values.
base::Json json_of(const Reach& reach, const inventory::Job& job, base::UnixMs now);

/// What a phone should have and was not offered since it was so. May block.
std::vector<std::string> items_not_given(const Reach& reach, const inventory::Device& device);

/// "e164", "key-label.3": as commands take it.
std::string word_of(const inventory::ItemKey& key);

} // namespace admin
