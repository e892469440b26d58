// SPDX-License-Identifier: MIT
// The inventory as readers see it.
#include "provisioning/inventory/snapshot.hpp"

#include <algorithm>

namespace inventory {

const Device* Snapshot::device(base::Mac mac) const {
    const auto* found = devices_.find(mac);
    return found == nullptr ? nullptr : found->get();
}

const Extension* Snapshot::extension(const std::string& number) const {
    const auto* found = extensions_.find(number);
    return found == nullptr ? nullptr : found->get();
}

std::optional<Credential> Snapshot::credential(std::string_view token) const {
    const auto* found = credentials_.find(base::sha256(token));
    return found == nullptr ? std::nullopt : std::optional(*found);
}

std::optional<base::Mac> Snapshot::former_holder(std::string_view token) const {
    const auto* found = former_.find(base::sha256(token));
    return found == nullptr ? std::nullopt : std::optional(*found);
}

std::unordered_map<base::Mac, std::size_t> Snapshot::first_tokens(base::UnixMs now) const {
    std::unordered_map<base::Mac, std::size_t> counts;
    credentials_.each([&](const base::Digest256&, const Credential& credential) {
        if (!credential.steady && credential.expires > now) {
            ++counts[credential.mac];
        }
    });
    return counts;
}

std::vector<const Device*> Snapshot::devices() const {
    std::vector<const Device*> all;
    all.reserve(devices_.size());
    devices_.each([&](const base::Mac&, const auto& device) { all.push_back(device.get()); });
    std::sort(all.begin(), all.end(),
              [](const Device* a, const Device* b) { return a->mac < b->mac; });
    return all;
}

std::vector<const Extension*> Snapshot::extensions() const {
    std::vector<const Extension*> all;
    all.reserve(extensions_.size());
    extensions_.each(
        [&](const std::string&, const auto& extension) { all.push_back(extension.get()); });
    std::sort(all.begin(), all.end(),
              [](const Extension* a, const Extension* b) { return a->number < b->number; });
    return all;
}

std::vector<base::Mac> Snapshot::holders(const std::string& number) const {
    const auto* found = holders_.find(number);
    return found == nullptr ? std::vector<base::Mac>() : *found;
}

void Snapshot::put(std::shared_ptr<const Device> device) {
    const auto mac = device->mac;
    const auto* before = this->device(mac);
    if (before == nullptr || before->lines != device->lines) {
        if (before != nullptr) {
            for (const auto& number : before->lines) {
                holds(number, mac, false);
            }
        }
        for (const auto& number : device->lines) {
            holds(number, mac, true);
        }
    }
    devices_.put(mac, std::move(device));
}

void Snapshot::erase(base::Mac mac) {
    if (const auto* device = this->device(mac); device != nullptr) {
        for (const auto& number : device->lines) {
            holds(number, mac, false);
        }
        devices_.erase(mac);
    }
}

void Snapshot::holds(const std::string& number, base::Mac mac, bool does) {
    auto macs = holders(number);
    const auto place = std::lower_bound(macs.begin(), macs.end(), mac);
    const bool is_there = place != macs.end() && *place == mac;
    if (is_there == does) {
        return;
    }
    if (does) {
        macs.insert(place, mac);
    } else {
        macs.erase(place);
    }
    if (macs.empty()) {
        holders_.erase(number);
    } else {
        holders_.put(number, std::move(macs));
    }
}

} // namespace inventory
