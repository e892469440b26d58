// SPDX-License-Identifier: MIT
// What it comes to when a phone is made a guest, and when somebody claims it.
#include "provisioning/inventory/guest.hpp"
#include "provisioning/inventory/plan.hpp"

#include <fmt/ranges.h>

namespace inventory {

using base::Errc;
using base::fail;
using base::Status;

Status Plan::carry_out(const MakeGuest& change) {
    const auto mac = change.mac.str();
    if (auto valid = check_mac(change.mac); !valid) {
        return valid;
    }
    if (change.only_pending) {
        if (auto pending = check_pending(change.mac, "make a guest of"); !pending) {
            return pending;
        }
    }
    const auto number = guest_number(change.mac);
    const bool was_guest = has_extension(number);
    const auto* known = device(change.mac);
    if (change.only_again && (known == nullptr || !known->is_approved() || !was_guest)) {
        return fail(Errc::refused,
                    "release {}: it was never a guest, so its lines are not taken by dialling; pnp "
                    "guest {}",
                    mac, mac);
    }
    if (!was_guest) {
        if (change.password.empty()) {
            return fail(Errc::malformed,
                        "make a guest of {}: without a password anybody could "
                        "register as it",
                        mac);
        }
        extensions_[number] = Extension{number, "Guest", change.password};
    }
    orders_.push_back(fmt::format("make a guest of {}", mac));
    if (known != nullptr && known->is_approved() && known->lines == std::vector{number}) {
        return {};
    }
    auto& target = planned(change.mac);
    const auto was = fmt::format("{}", fmt::join(target.device.lines, ", "));
    decide(target, Approval::approved);
    set_lines(target, {number});
    note(target, Step::made_guest,
         was.empty() ? fmt::format("by {}", actor_) : fmt::format("by {}; it had {}", actor_, was));
    return {};
}

Status Plan::carry_out(const ClaimPhone& change) {
    const auto mac = change.mac.str();
    const auto* known = device(change.mac);
    if (known == nullptr || !known->is_approved()) {
        return fail(Errc::refused, "claim {}: it is no phone of ours", mac);
    }
    const bool is_guest = known->lines == std::vector{guest_number(change.mac)};
    const bool has_it = known->lines == std::vector{change.number};
    if (!is_guest && !has_it) {
        return fail(Errc::conflict, "claim {}: it has {} and is no guest; make it one first", mac,
                    fmt::join(known->lines, ", "));
    }
    return carry_out(Assign{change.mac, {change.number}});
}

} // namespace inventory
