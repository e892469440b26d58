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
    std::string uri;     ///< its Contact, in mod_sofia's words
    std::string address;
    std::uint16_t port = 0;
    std::uint64_t sequence = 0; ///< FreeSWITCH's number of the event that told it
};

/// What tells the registrations of a number from each other at a SIP profile.
enum class Apart : std::uint8_t {
    none, ///< there is one at a time, of whatever Call-ID
    by_contact,
    by_call_id
};

/// From any thread, and in any order: what is older than the last that was heard of the same
/// registration is ignored. Registrations that began before we were loaded are not known until they
/// are renewed. At most 10,000: the one that was not renewed for the longest is forgotten.
class Contacts {
  public:
    /// Returns those whose place it took, of which FreeSWITCH tells nobody; nothing: it is old.
    std::optional<std::vector<Contact>> registered(const Contact& contact, Apart apart);
    /// What was known of it: by time.
    std::optional<Contact> expired(const Contact& contact, Apart apart);
    /// By its own hand.
    std::vector<Contact> unregistered(const Contact& contact, Apart apart);
    /// The newest one; port 0: of any.
    std::optional<Contact>
    of(std::string_view number, std::string_view address, std::uint16_t port) const;

  private:
    mutable std::mutex mutex_; ///< guards both
    base::Lru<std::string, Contact> contacts_{10'000};
    /// Who went: a REGISTER that was before it and is told after it is known as old, for moments.
    base::Lru<std::string, Contact> gone_{500};
};

} // namespace freeswitch
