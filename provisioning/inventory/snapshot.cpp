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

std::vector<base::Mac> Snapshot::holders(std::string_view number) const {
    std::vector<base::Mac> found;
    devices_.each([&](const base::Mac& mac, const auto& device) {
        if (std::find(device->lines.begin(), device->lines.end(), number) != device->lines.end()) {
            found.push_back(mac);
        }
    });
    std::sort(found.begin(), found.end());
    return found;
}

} // namespace inventory
