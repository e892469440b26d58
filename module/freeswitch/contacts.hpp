// SPDX-License-Identifier: MIT
// Who is registered at FreeSWITCH from where, as its events tell, so that a NOTIFY reaches one
// phone.
#pragma once

#include "provisioning/base/lru.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace freeswitch {

struct Contact {
    std::string number;
    std::string host; ///< FreeSWITCH's domain
    std::string profile;
    std::string call_id; ///< which one of a number's registrations it is; two numbers may share it
    std::string address;
    std::uint16_t port = 0;
};

/// From any thread. Registrations that began before we were loaded are not known until they are
/// renewed. At most 10,000: the one that was not renewed for the longest is forgotten.
class Contacts {
  public:
    /// `is_only_one`: FreeSWITCH keeps one of each number at this SIP profile. Returns those whose
    /// place it took, of which FreeSWITCH tells nobody.
    std::vector<Contact> registered(const Contact& contact, bool is_only_one);
    /// What was known of it: by time.
    std::optional<Contact> expired(const Contact& contact);
    /// By its own hand. Where one of each number is kept, that is whichever it was, of any Call-ID.
    std::vector<Contact> unregistered(const Contact& contact, bool is_only_one);
    /// The newest one; port 0: of any.
    std::optional<Contact>
    of(std::string_view number, std::string_view address, std::uint16_t port) const;

  private:
    mutable std::mutex mutex_; ///< guards contacts_
    base::Lru<std::string, Contact> contacts_{10'000};
};

} // namespace freeswitch
