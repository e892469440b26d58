// SPDX-License-Identifier: MIT
// What a list of changes comes to, found out before anything is written.
#include "provisioning/inventory/plan.hpp"

#include <algorithm>

namespace inventory {

using base::Errc;
using base::fail;
using base::Status;

Plan::Plan(const Snapshot& before,
           const std::function<bool(const std::string&)>& is_host_number,
           const std::optional<std::set<std::string>>& of_pools,
           base::UnixMs now,
           std::string_view actor)
    : before_(before), is_host_number_(is_host_number), of_pools_(of_pools), now_(now),
      actor_(actor) {}

Status Plan::add(const Change& change) {
    return std::visit([this](const auto& order) { return carry_out(order); }, change);
}

Status Plan::check_mac(base::Mac mac) {
    if (mac == base::Mac()) {
        return fail(Errc::malformed, "000000000000 is no phone; give the MAC on its label");
    }
    return {};
}

std::vector<base::Mac> Plan::touched() const {
    std::set<base::Mac> macs;
    for (const auto& [mac, planned] : devices_) {
        macs.insert(mac);
    }
    if (!extensions_.empty()) { // in one pass: an import creates thousands
        for (const auto* device : before_.devices()) {
            if (std::any_of(device->lines.begin(), device->lines.end(),
                            [&](const auto& number) { return extensions_.count(number) != 0; })) {
                macs.insert(device->mac);
            }
        }
    }
    return {macs.begin(), macs.end()};
}

const Device* Plan::device(base::Mac mac) const {
    const auto found = devices_.find(mac);
    return found != devices_.end() ? &found->second.device : before_.device(mac);
}

Plan::Planned& Plan::planned(base::Mac mac) {
    const auto [found, is_new] = devices_.try_emplace(mac);
    if (is_new) {
        if (const auto* known = before_.device(mac)) {
            found->second.device = *known;
        }
        found->second.device.mac = mac;
    }
    return found->second;
}

bool Plan::has_extension(const std::string& number) const {
    const auto found = extensions_.find(number);
    return found != extensions_.end() ? found->second.has_value()
                                      : before_.extension(number) != nullptr;
}

bool Plan::is_extension(const std::string& number) const {
    if (has_extension(number)) {
        return true;
    }
    const auto [said, is_new] = host_said_.try_emplace(number, false);
    if (is_new) {
        said->second = is_host_number_ && is_host_number_(number);
    }
    return said->second;
}

bool Plan::is_in_pool(const std::string& number) const {
    return has_extension(number) ||
           ((!of_pools_ || of_pools_->count(number) != 0) && is_extension(number));
}

void Plan::decide(Planned& planned, Approval approval) {
    auto& device = planned.device;
    if (device.approval == approval) {
        return;
    }
    if (device.is_approved()) {
        ++device.generation; // no later approval brings its tokens back to life
    }
    device.approval = approval;
    device.decided = now_;
    device.confirmed = 0;
    device.keeps_previous = false;
    device.claim = Claim::settled;
    device.boots = 0;
}

void Plan::note(Planned& planned, Step step, const std::string& detail) {
    planned.events.push_back({step, "", detail, now_, now_, 1});
}

/// Decisions stand still while a plan is made, so what is so here is so when it is carried out.
Status Plan::check_pending(base::Mac mac, std::string_view verb) const {
    const auto* known = device(mac);
    if (known != nullptr && known->approval == Approval::pending) {
        return {};
    }
    return fail(Errc::conflict, "{} {}: it is {} by now; decide upon it yourself", verb, mac.str(),
                known != nullptr ? known->state() : "forgotten");
}

Status Plan::carry_out(const Approve& change) {
    if (auto valid = check_mac(change.mac); !valid) {
        return valid;
    }
    if (change.only_pending) {
        if (auto pending = check_pending(change.mac, "approve"); !pending) {
            return pending;
        }
    }
    orders_.push_back(fmt::format("approve {}", change.mac.str()));
    auto& target = planned(change.mac);
    if (target.device.is_approved()) {
        target.device.claim = Claim::granted;
        target.device.boots = 0;
        note(target, Step::approved, fmt::format("again by {}", actor_));
        return {};
    }
    decide(target, Approval::approved);
    note(target, Step::approved, fmt::format("by {}", actor_));
    return {};
}

Status Plan::carry_out(const Block& change) {
    if (auto valid = check_mac(change.mac); !valid) {
        return valid;
    }
    orders_.push_back(fmt::format("block {}", change.mac.str()));
    if (const auto* known = device(change.mac);
        known != nullptr && known->approval == Approval::blocked) {
        return {};
    }
    block(planned(change.mac), fmt::format("by {}", actor_));
    return {};
}

void Plan::block(Planned& planned, const std::string& detail) {
    decide(planned, Approval::blocked);
    planned.is_blocked_anew = true;
    note(planned, Step::blocked, detail);
}

} // namespace inventory
