// SPDX-License-Identifier: MIT
// Finds the phone behind a registration that the PBX saw, and tells its timeline.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/inventory/inventory.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace engine {

/// From any thread; never blocks.
class Registrations {
  public:
    using Work = std::function<void(std::function<void()>)>;

    /// `work` runs what waits for the disk, soon and on another thread.
    Registrations(inventory::Inventory& inventory, const base::Clock& clock, Work work)
        : inventory_(inventory), clock_(clock), work_(std::move(work)) {}

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

    /// It works, so what brought it there ends: its first tokens soon, the leave to get more now.
    void end_credentials(base::Mac mac);

    inventory::Inventory& inventory_;
    const base::Clock& clock_;
    Work work_;
    mutable std::mutex mutex_; ///< guards contacts_
    std::map<Contact, base::Mac> contacts_;
};

} // namespace engine
