// SPDX-License-Identifier: MIT
#include "module/freeswitch/contacts.hpp"

namespace freeswitch {

std::vector<Contact> Contacts::registered(const Contact& contact, bool is_only_one) {
    std::vector<Contact> ended;
    const std::lock_guard lock(mutex_);
    if (contacts_.find(contact.call_id) == nullptr) {
        std::vector<std::string> before;
        contacts_.each([&](const std::string& call_id, const Contact& known) {
            if (known.number != contact.number) {
                return;
            }
            if (known.address == contact.address && known.port == contact.port) {
                // It began anew, and the end of what was before is not its end.
                before.push_back(call_id);
            } else if (is_only_one && known.host == contact.host &&
                       known.profile == contact.profile) {
                before.push_back(call_id);
                ended.push_back(known);
            }
        });
        for (const auto& call_id : before) {
            contacts_.erase(call_id);
        }
    }
    contacts_.at(contact.call_id) = contact;
    return ended;
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
