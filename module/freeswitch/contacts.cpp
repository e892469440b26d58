// SPDX-License-Identifier: MIT
#include "module/freeswitch/contacts.hpp"

#include <vector>

namespace freeswitch {

void Contacts::registered(const Contact& contact) {
    const std::lock_guard lock(mutex_);
    if (contacts_.find(contact.call_id) == nullptr) {
        // It began anew, and the end of what was before is not its end.
        std::vector<std::string> before;
        contacts_.each([&](const std::string& call_id, const Contact& known) {
            if (known.number == contact.number && known.address == contact.address &&
                known.port == contact.port) {
                before.push_back(call_id);
            }
        });
        for (const auto& call_id : before) {
            contacts_.erase(call_id);
        }
    }
    contacts_.at(contact.call_id) = contact;
}

std::optional<Contact> Contacts::gone(const std::string& call_id) {
    const std::lock_guard lock(mutex_);
    const Contact* found = contacts_.find(call_id);
    if (found == nullptr) {
        return std::nullopt;
    }
    Contact out = *found;
    contacts_.erase(call_id);
    return out;
}

std::optional<Contact> Contacts::of(std::string_view number, std::string_view address) const {
    const std::lock_guard lock(mutex_);
    std::optional<Contact> out;
    contacts_.each([&](const std::string&, const Contact& known) {
        if (!out && known.number == number && known.address == address) {
            out = known;
        }
    });
    return out;
}

} // namespace freeswitch
