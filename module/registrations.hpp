// SPDX-License-Identifier: MIT
// Finds the phone behind a registration that the PBX saw, and tells its timeline.
#pragma once

#include "provisioning/base/net.hpp"
#include "provisioning/inventory/inventory.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace engine {

/// From any thread; never blocks.
class Registrations {
  public:
    explicit Registrations(inventory::Inventory& inventory) : inventory_(inventory) {}

    /// Again for each refresh.
    void registered(const std::string& number, base::Endpoint from, std::string_view user_agent);
    void unregistered(const std::string& number, base::Endpoint from);
    /// Counts for a phone only where it comes from that phone's address: anybody can try passwords.
    void refused(const std::string& number, base::Ipv4 from, std::string_view why);

    /// Where a phone is registered now.
    std::optional<base::Endpoint> contact(base::Mac mac) const;

  private:
    struct Contact {
        std::string number;
        base::Endpoint from;
        auto operator<=>(const Contact&) const = default;
    };

    base::Mac phone_of(const inventory::Snapshot& now,
                       const std::string& number,
                       base::Ipv4 from,
                       std::string_view user_agent) const;

    inventory::Inventory& inventory_;
    mutable std::mutex mutex_; ///< guards contacts_
    std::map<Contact, base::Mac> contacts_;
};

} // namespace engine
