// SPDX-License-Identifier: MIT
// Which phone registered: by the MAC in its User-Agent, by its address, or because it is the only
// one.
#include "module/registrations.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/catalogue.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace engine {

using inventory::Stage;
using inventory::Step;

namespace {

/// A registered phone may still be on its way through the chain, or fetch once more.
constexpr std::chrono::milliseconds first_tokens_end_after = std::chrono::minutes(10);

} // namespace

/// No phone has the MAC 0: it stands for nobody.
base::Mac Registrations::phone_of(const inventory::Snapshot& now,
                                  const std::string& number,
                                  base::Ipv4 from,
                                  std::string_view user_agent) const {
    const auto holders = now.holders(number);
    if (const auto named = profile::read_user_agent(user_agent).mac) {
        return std::find(holders.begin(), holders.end(), *named) != holders.end() ? *named
                                                                                  : base::Mac();
    }
    for (const base::Mac mac : holders) {
        if (const auto* device = now.device(mac);
            device != nullptr && device->seen.address == from) {
            return mac;
        }
    }
    return holders.size() == 1 ? holders.front() : base::Mac();
}

void Registrations::registered(const std::string& number,
                               base::Endpoint from,
                               std::string_view user_agent) {
    const auto now = inventory_.now();
    const auto mac = phone_of(now, number, from.address, user_agent);
    if (mac == base::Mac()) {
        return;
    }
    const auto* device = now.device(mac);
    if (device == nullptr || !device->is_approved()) {
        return;
    }
    bool is_new = false;
    {
        const std::lock_guard lock(mutex_);
        is_new = contacts_.insert_or_assign({number, from}, mac).second;
    }
    inventory::Sighting seen;
    seen.address = from.address;
    inventory_.saw(mac, seen);
    if (!is_new && device->seen.stage == Stage::registered) {
        return; // refreshed
    }
    inventory_.reached(mac, Stage::registered); // first, so that the step is told with this state
    inventory_.note(mac, Step::registered, from.address.str(),
                    user_agent.empty()
                        ? number
                        : fmt::format("{} as {}", number, base::printable(user_agent, 80)));
    end_credentials(mac);
}

void Registrations::end_credentials(base::Mac mac) {
    const auto end = clock_.unix_ms() + first_tokens_end_after.count();
    work_([&inventory = inventory_, mac, end] {
        const auto done = inventory.shorten_first_tokens(mac, end).and_then(
            [&] { return inventory.settle_claim(mac); });
        if (!done) {
            base::log::error("engine", "{}", done.error().what);
        }
    });
}

void Registrations::unregistered(const std::string& number, base::Endpoint from) {
    base::Mac mac;
    bool has_others = false;
    {
        const std::lock_guard lock(mutex_);
        const auto found = contacts_.find({number, from});
        if (found == contacts_.end()) {
            return;
        }
        mac = found->second;
        contacts_.erase(found);
        has_others = std::any_of(contacts_.begin(), contacts_.end(),
                                 [&](const auto& each) { return each.second == mac; });
    }
    if (has_others) {
        return; // it came again from another port, and the PBX forgets the old one
    }
    const auto now = inventory_.now();
    const auto* device = now.device(mac);
    if (device != nullptr && device->seen.stage == Stage::registered) {
        inventory_.reached(mac, Stage::configured);
    }
    inventory_.note(mac, Step::lost, from.address.str(), number);
}

void Registrations::refused(const std::string& number, base::Ipv4 from, std::string_view why) {
    const auto now = inventory_.now();
    for (const base::Mac mac : now.holders(number)) {
        if (const auto* device = now.device(mac);
            device != nullptr && device->is_approved() && device->seen.address == from) {
            inventory_.note(mac, Step::register_refused, from.str(),
                            fmt::format("{}: {}", number, why));
        }
    }
}

std::optional<base::Endpoint> Registrations::contact(base::Mac mac) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [contact, phone] : contacts_) {
        if (phone == mac) {
            return contact.from;
        }
    }
    return std::nullopt;
}

} // namespace engine
