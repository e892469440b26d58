// SPDX-License-Identifier: MIT
#include "module/freeswitch/contacts.hpp"

#include <fmt/format.h>

namespace freeswitch {

namespace {

/// RFC 3261 10.2: all of a phone's REGISTERs should have one Call-ID, so its numbers may share it;
/// and anybody can write another phone's.
std::string key_of(const Contact& contact) {
    return fmt::format("{}\n{}\n{}", contact.number, contact.host, contact.call_id);
}

} // namespace

std::vector<Contact> Contacts::registered(const Contact& contact, bool is_only_one) {
    std::vector<Contact> ended;
    const auto key = key_of(contact);
    const std::lock_guard lock(mutex_);
    if (const Contact* before = contacts_.find(key); before != nullptr) {
        if (before->address != contact.address || before->port != contact.port) {
            ended.push_back(*before); // it comes through another port of its router now
        }
    } else {
        std::vector<std::string> others;
        contacts_.each([&](const std::string& other, const Contact& known) {
            if (known.number != contact.number || known.host != contact.host) {
                return;
            }
            if (known.address == contact.address && known.port == contact.port) {
                // It began anew, and the end of what was before is not its end.
                others.push_back(other);
            } else if (is_only_one && known.profile == contact.profile) {
                others.push_back(other);
                ended.push_back(known);
            }
        });
        for (const auto& other : others) {
            contacts_.erase(other);
        }
    }
    contacts_.at(key) = contact;
    return ended;
}

std::optional<Contact> Contacts::expired(const Contact& contact) {
    const auto key = key_of(contact);
    const std::lock_guard lock(mutex_);
    const Contact* found = contacts_.find(key);
    if (found == nullptr) {
        return std::nullopt;
    }
    Contact out = *found;
    contacts_.erase(key);
    return out;
}

std::vector<Contact> Contacts::unregistered(const Contact& contact, bool is_only_one) {
    const auto key = key_of(contact);
    std::vector<std::string> keys;
    std::vector<Contact> ended;
    const std::lock_guard lock(mutex_);
    contacts_.each([&](const std::string& other, const Contact& known) {
        if (other == key || (is_only_one && known.profile == contact.profile &&
                             known.number == contact.number && known.host == contact.host)) {
            keys.push_back(other);
            ended.push_back(known);
        }
    });
    for (const auto& one : keys) {
        contacts_.erase(one);
    }
    return ended;
}

std::optional<Contact>
Contacts::of(std::string_view number, std::string_view address, std::uint16_t port) const {
    const std::lock_guard lock(mutex_);
    std::optional<Contact> out;
    contacts_.each([&](const std::string&, const Contact& known) {
        if (!out && known.number == number && known.address == address &&
            (port == 0 || known.port == port)) {
            out = known;
        }
    });
    return out;
}

} // namespace freeswitch
