// SPDX-License-Identifier: MIT
// Looks whether the PBX tells phones of what their keys watch.
#include "module/engine.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/inventory/guest.hpp"

#include <algorithm>

#include <fmt/ranges.h>

namespace engine {

namespace log = base::log;

/// On a worker, or the thread of a console: the PBX is asked. A guest, whose context has no hints,
/// is not asked about: its keys are those it has once it is claimed.
std::vector<std::string> Engine::unwatched(const inventory::Device& device) const {
    const auto* vendor = desk_->vendor_of(device);
    if (host_.has_hint == nullptr || device.lines.empty() || vendor == nullptr ||
        vendor->max_keys == 0 || inventory::guest_of(device.lines.front())) {
        return {};
    }
    std::vector<std::string> numbers;
    for (const auto& key : Desk::site_of(*desk_->rules(), device).keys) {
        if (key.kind == profile::Key::Kind::blf &&
            std::find(numbers.begin(), numbers.end(), key.number) == numbers.end() &&
            host_.has_hint(host_.context, device.lines.front().c_str(), key.number.c_str()) == 0) {
            numbers.push_back(key.number);
        }
    }
    return numbers;
}

/// Loop thread. A dial plan changes without a word to us, and phones are not asked for this.
void Engine::look_at_keys() {
    const auto turn = host_.has_hint != nullptr ? looks_at_keys_.begin() : nullptr;
    if (!turn) {
        return;
    }
    loop_->work([this, turn] {
        std::map<base::Mac, std::vector<std::string>> found;
        const auto now = inventory_->now();
        for (const auto* device : now.devices()) {
            if (device->is_approved()) {
                if (auto numbers = unwatched(*device); !numbers.empty()) {
                    found.emplace(device->mac, std::move(numbers));
                }
            }
        }
        const std::lock_guard lock(mutex_);
        std::size_t lines = 0;
        for (const auto& [mac, numbers] : found) {
            constexpr std::size_t enough = 5;
            const auto before = unwatched_.find(mac);
            if ((before == unwatched_.end() || before->second != numbers) && ++lines <= enough) {
                log::warn("engine",
                          "keys of {} watch {}, which has no hint in the context of {}: add one "
                          "there, such as exten => {},hint,PJSIP/{}",
                          mac.str(), fmt::join(numbers, ", "), now.device(mac)->lines.front(),
                          numbers.front(), numbers.front());
            }
        }
        unwatched_ = std::move(found);
    });
}

} // namespace engine
