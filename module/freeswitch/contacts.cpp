// SPDX-License-Identifier: MIT
#include "module/freeswitch/contacts.hpp"

#include <utility>

#include <fmt/format.h>

namespace freeswitch {

namespace {

/// By its Contact where there is one for each of them, as mod_sofia's own rows are: a phone that
/// comes through another port of its router keeps its Call-ID, and its old row is there until it
/// expires.
bool is_by_uri(const Contact& contact, Apart apart) {
    return apart == Apart::by_contact && !contact.uri.empty();
}

/// RFC 3261 10.2: all of a phone's REGISTERs should have one Call-ID, so its numbers may share it;
/// and anybody can write another phone's.
std::string key_of(const Contact& contact, Apart apart) {
    return fmt::format("{}\n{}\n{}", contact.number, contact.host,
                       is_by_uri(contact, apart) ? contact.uri : contact.call_id);
}

bool is_same(const Contact& known, const Contact& contact, Apart apart) {
    if (known.number != contact.number || known.host != contact.host) {
        return false;
    }
    if (is_by_uri(known, apart) && is_by_uri(contact, apart)) {
        return known.profile == contact.profile && known.uri == contact.uri;
    }
    return known.call_id == contact.call_id ||
           (apart == Apart::none && known.profile == contact.profile);
}

/// Of the same phone, which may have begun anew.
bool is_from_there(const Contact& known, const Contact& contact) {
    return known.number == contact.number && known.host == contact.host &&
           known.address == contact.address && known.port == contact.port;
}

} // namespace

std::optional<std::vector<Contact>> Contacts::registered(const Contact& contact, Apart apart) {
    const auto key = key_of(contact, apart);
    std::vector<Contact> ended;
    std::vector<std::string> others;
    bool is_old = false;
    const std::lock_guard lock(mutex_);
    if (Contact* known = contacts_.find(key);
        known != nullptr && is_from_there(*known, contact) && known->sequence <= contact.sequence) {
        *known = contact; // renewed
        return ended;
    }
    gone_.each([&](const std::string&, const Contact& gone) {
        is_old = is_old || (is_same(gone, contact, apart) && gone.sequence > contact.sequence);
    });
    contacts_.each([&](const std::string& other, const Contact& known) {
        const bool is_from = is_from_there(known, contact);
        if (!is_from && !is_same(known, contact, apart)) {
            return;
        }
        is_old = is_old || known.sequence > contact.sequence;
        if (other != key) {
            others.push_back(other);
        }
        // Of a phone that began anew, the end of what was before is not its end.
        if (!is_from) {
            ended.push_back(known);
        }
    });
    if (is_old) {
        return std::nullopt;
    }
    auto fresh = contact;
    contacts_.at(key) = std::move(fresh); // what takes no memory comes last
    for (const auto& other : others) {
        contacts_.erase(other);
    }
    return ended;
}

std::optional<Contact> Contacts::expired(const Contact& contact, Apart apart) {
    const auto key = key_of(contact, apart);
    const std::lock_guard lock(mutex_);
    const Contact* found = contacts_.find(key);
    if (found == nullptr || found->sequence > contact.sequence) {
        return std::nullopt;
    }
    Contact out = *found;
    contacts_.erase(key);
    return out;
}

std::vector<Contact> Contacts::unregistered(const Contact& contact, Apart apart) {
    std::vector<std::string> keys;
    std::vector<Contact> ended;
    bool is_old = false;
    const std::lock_guard lock(mutex_);
    contacts_.each([&](const std::string& key, const Contact& known) {
        if (!is_same(known, contact, apart)) {
            return;
        }
        if (known.sequence > contact.sequence) {
            is_old = true;
            return;
        }
        keys.push_back(key);
        ended.push_back(known);
    });
    if (!is_old) {
        auto gone = contact;
        gone_.at(key_of(contact, apart)) = std::move(gone); // what takes no memory comes last
    }
    for (const auto& key : keys) {
        contacts_.erase(key);
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
