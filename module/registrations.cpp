// SPDX-License-Identifier: MIT
// Which phone registered: by the MAC in its User-Agent, by its address, or because it is the only
// one.
#include "module/registrations.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/inventory/guest.hpp"
#include "provisioning/profile/catalogue.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace engine {

using inventory::Stage;
using inventory::Step;

namespace {

/// A registered phone may still be on its way through the chain, or fetch once more.
constexpr std::chrono::milliseconds first_tokens_end_after = std::chrono::minutes(10);

bool has_line(const inventory::Device& device, std::string_view number) {
    return std::find(device.lines.begin(), device.lines.end(), number) != device.lines.end();
}

bool was_guest(const inventory::Snapshot& now, base::Mac mac) {
    return now.extension(inventory::guest_number(mac)) != nullptr;
}

/// A guest, or one that was, which has another number now.
bool has_lost(const inventory::Snapshot& now, base::Mac mac, std::string_view number) {
    const auto* device = now.device(mac);
    return device != nullptr && device->is_approved() && was_guest(now, mac) &&
           !has_line(*device, number);
}

/// An account that only this phone was ever given, whatever it has now.
std::optional<base::Mac> owner_of(const inventory::Snapshot& now, std::string_view number) {
    const auto mac = inventory::guest_of(number);
    const auto* device = mac ? now.device(*mac) : nullptr;
    return device != nullptr && device->is_approved() ? mac : std::nullopt;
}

} // namespace

/// No phone has the MAC 0: it stands for nobody.
Registrations::Phone Registrations::phone_of(const inventory::Snapshot& now,
                                             const std::string& number,
                                             base::Ipv4 from,
                                             std::string_view user_agent,
                                             const Phone& before) const {
    if (const auto owner = owner_of(now, number)) {
        return {*owner, true};
    }
    const auto holders = now.holders(number);
    const auto named = profile::read_user_agent(user_agent).mac;
    if (named && std::find(holders.begin(), holders.end(), *named) != holders.end()) {
        return {*named, true}; // its password makes it one of them
    }
    // It may have been released a moment ago, and not come for that yet. Anybody can write another
    // phone's MAC, so that one has to have had this number.
    const auto* given_up = now.release(number);
    const bool is_named = named && given_up != nullptr && given_up->mac == *named;
    const auto former = is_named ? *named : before.mac;
    if (former != base::Mac() && (!named || *named == former) && has_lost(now, former, number)) {
        const bool is_guess = !is_named && before.is_guess;
        return {former, false, is_guess, is_guess ? before.when : 0};
    }
    if (named) {
        return {};
    }
    // After a restart of the PBX: nobody has the number, and where its last phone was somebody
    // still registers with it.
    if (holders.empty() && given_up != nullptr && has_lost(now, given_up->mac, number) &&
        now.device(given_up->mac)->seen.address == from) {
        return {given_up->mac, false, true};
    }
    const bool is_sure = holders.size() == 1;
    for (const base::Mac mac : holders) {
        if (const auto* device = now.device(mac);
            device != nullptr && device->seen.address == from) {
            return {mac, is_sure};
        }
    }
    return is_sure ? Phone{holders.front(), true} : Phone();
}

Registrations::Phone Registrations::phone_at(const Contact& contact) const {
    const std::lock_guard lock(mutex_);
    const auto found = contacts_.find(contact);
    return found != contacts_.end() ? found->second : Phone();
}

void Registrations::registered(const std::string& number,
                               base::Endpoint from,
                               std::string_view user_agent) {
    const auto now = inventory_.now();
    auto phone = phone_of(now, number, from.address, user_agent, phone_at({number, from}));
    const auto mac = phone.mac;
    const auto* device = now.device(mac);
    const bool is_ours = device != nullptr && device->is_approved();
    if (!is_ours) {
        if (now.holders(number).empty()) {
            return;
        }
        phone = {}; // nobody knows which one, or it says that it is none: it dials for nobody
    }
    bool is_new = false;
    {
        const std::lock_guard lock(mutex_);
        phone.when = phone.when != 0 ? phone.when : ++last_;
        is_new = contacts_.insert_or_assign({number, from}, phone).second;
    }
    if (!is_ours || !has_line(*device, number)) {
        return; // with what it had before: it is told to come
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
        mac = found->second.mac;
        contacts_.erase(found);
        has_others = std::any_of(contacts_.begin(), contacts_.end(),
                                 [&](const auto& each) { return each.second.mac == mac; });
    }
    if (has_others) {
        return; // it came again from another port, and the PBX forgets the old one
    }
    const auto now = inventory_.now();
    const auto* device = now.device(mac);
    if (device == nullptr) {
        return;
    }
    if (device->seen.stage == Stage::registered) {
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
    const auto* found = newest(mac);
    return found != nullptr ? std::optional(found->first.from) : std::nullopt;
}

std::string Registrations::account(base::Mac mac) const {
    const std::lock_guard lock(mutex_);
    const auto* found = newest(mac);
    return found != nullptr ? found->first.number : std::string();
}

std::vector<std::string> Registrations::accounts(base::Mac mac) const {
    std::vector<std::string> numbers;
    const std::lock_guard lock(mutex_);
    for (const auto& [contact, phone] : contacts_) {
        if (phone.mac == mac && (numbers.empty() || numbers.back() != contact.number)) {
            numbers.push_back(contact.number); // they are sorted by it
        }
    }
    return numbers;
}

const std::pair<const Registrations::Contact, Registrations::Phone>*
Registrations::newest(base::Mac mac) const {
    const std::pair<const Contact, Phone>* newest = nullptr;
    for (const auto& each : contacts_) {
        if (each.second.mac == mac &&
            (newest == nullptr || each.second.when > newest->second.when)) {
            newest = &each;
        }
    }
    return newest;
}

std::optional<base::Mac> Registrations::behind(const std::string& number,
                                               base::Endpoint from) const {
    const auto now = inventory_.now();
    if (const auto owner = owner_of(now, number)) {
        return owner;
    }
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = contacts_.find({number, from}); found != contacts_.end()) {
            const auto& phone = found->second;
            const auto* device = now.device(phone.mac);
            return phone.is_sure && device != nullptr && has_line(*device, number)
                       ? std::optional(phone.mac)
                       : std::nullopt;
        }
        if (is_registered_elsewhere(number, from.address)) {
            return {}; // a program that knows the password
        }
    }
    const auto holders = now.holders(number);
    return holders.size() == 1 ? std::optional(holders.front()) : std::nullopt;
}

/// A phone may call from another port than the one of its contact (TCP), so its address counts.
bool Registrations::is_registered_elsewhere(const std::string& number, base::Ipv4 from) const {
    for (auto each = contacts_.lower_bound({number, {}});
         each != contacts_.end() && each->first.number == number; ++each) {
        if (each->first.from.address != from || !each->second.is_sure) {
            return true;
        }
    }
    return false;
}

bool Registrations::is_anothers(base::Mac mac,
                                const std::string& number,
                                base::Endpoint from) const {
    const std::lock_guard lock(mutex_);
    const auto found = contacts_.find({number, from});
    return found != contacts_.end() && found->second.mac != base::Mac() && found->second.mac != mac;
}

std::vector<base::Mac> Registrations::strayed() const {
    const auto now = inventory_.now();
    std::map<base::Mac, std::pair<std::uint64_t, std::string_view>> last;
    std::vector<base::Mac> all;
    const std::lock_guard lock(mutex_);
    for (const auto& [contact, phone] : contacts_) {
        auto& entry = last[phone.mac];
        if (phone.when >= entry.first) {
            entry = {phone.when, contact.number};
        }
    }
    for (const auto& [mac, entry] : last) {
        const auto* device = now.device(mac);
        if (device != nullptr && device->is_approved() && !device->lines.empty() &&
            was_guest(now, mac) && !has_line(*device, entry.second)) {
            all.push_back(mac);
        }
    }
    return all;
}

} // namespace engine
