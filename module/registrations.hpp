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
#include <vector>

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
    /// With which account it did that last; empty: it is not registered.
    std::string account(base::Mac mac) const;
    /// With all of which it is registered.
    std::vector<std::string> accounts(base::Mac mac) const;

    /// The phone behind a contact: by its account where that is one phone's alone, else by who
    /// registered from that very address and port, with a number that it has. Nothing where
    /// several could be, and where the only one is registered from elsewhere.
    std::optional<base::Mac> behind(const std::string& number, base::Endpoint from) const;

    /// Whether a call with this number, of which one end is there, is another phone's than this.
    bool is_anothers(base::Mac mac, const std::string& number, base::Endpoint from) const;

    /// Those that are or were guests, and registered last with an account that is not on their
    /// lines.
    std::vector<base::Mac> strayed() const;

  private:
    struct Contact {
        std::string number;
        base::Endpoint from;
        auto operator<=>(const Contact&) const = default;
    };

    struct Phone {
        base::Mac mac;
        bool is_sure = false;   ///< it cannot be another one
        bool is_guess = false;  ///< what else it registers with from now on counts before
        std::uint64_t when = 0; ///< greater: later
    };

    Phone phone_of(const inventory::Snapshot& now,
                   const std::string& number,
                   base::Ipv4 from,
                   std::string_view user_agent,
                   const Phone& before) const;
    Phone phone_at(const Contact& contact) const;
    bool is_registered_elsewhere(const std::string& number, base::Ipv4 from) const; ///< with mutex_

    /// It works, so what brought it there ends: its first tokens soon, the leave to get more now.
    void end_credentials(base::Mac mac);

    inventory::Inventory& inventory_;
    const base::Clock& clock_;
    Work work_;
    mutable std::mutex mutex_;                                          ///< guards contacts_
    const std::pair<const Contact, Phone>* newest(base::Mac mac) const; ///< with mutex_ held
    std::map<Contact, Phone> contacts_;
    std::uint64_t last_ = 0;
};

} // namespace engine
