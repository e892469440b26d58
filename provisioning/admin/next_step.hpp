// SPDX-License-Identifier: MIT
// What becomes of a phone about which something was decided, by what it did so far.
#pragma once

#include "provisioning/admin/command.hpp"

#include <string>

namespace admin {

/// The device as it was, or a new one that was never heard.
inventory::Device before_of(const Call& call, base::Mac mac);

/// What happens next to a phone that may have its files. `before`: as it was before the decision.
std::string after_decision(const Call& call, const inventory::Device& before);

/// Once that was decided: one that holds a configuration is told to fetch the new one, which is
/// what happens next; for others that is `next`, as after_decision() had it.
std::string have_it_fetch(const Call& call, const inventory::Device& before, std::string next);

/// Whether it may hold what it fetched; each offer sets the stage back, of one that restarts again
/// and again too.
inline bool has_fetched(const inventory::Device& device) {
    return device.seen.stage >= inventory::Stage::fetching || device.seen.used != 0;
}

} // namespace admin
