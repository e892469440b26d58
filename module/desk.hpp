// SPDX-License-Identifier: MIT
// Decides what a phone that asks is told: silence, wait, or a URL made for it.
#pragma once

#include "module/settings.hpp"
#include "pnp/policy.hpp"
#include "provisioning/base/loop.hpp"
#include "provisioning/inventory/inventory.hpp"
#include "provisioning/profile/catalogue.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace engine {

/// Lives on the loop thread; served_elsewhere() and site() may be called from any.
class Desk {
  public:
    /// What a reload swaps as a whole.
    struct Rules {
        std::shared_ptr<const profile::Catalogue> catalogue;
        std::vector<profile::Rule> rules;
        UnknownPhone unknown_phone = UnknownPhone::hold;
        std::uint16_t http_port = 5480;
        std::string extensions_context;
    };

    Desk(base::Loop& loop, inventory::Inventory& inventory, const base::Clock& clock);
    ~Desk();
    Desk(const Desk&) = delete;
    Desk& operator=(const Desk&) = delete;

    void rules(std::shared_ptr<const Rules> rules);
    std::shared_ptr<const Rules> rules() const;

    pnp::Decision decide(const pnp::Asked& asked);
    void prepare(const pnp::Asked& asked, std::function<void(base::Result<pnp::Offer>)> done);

    /// What the rules set for a phone, by what it said of itself.
    static profile::Site site_of(const Rules& rules, const inventory::Device& device);
    const profile::Vendor* vendor_of(const inventory::Device& device) const;
    bool served_elsewhere(const inventory::Device& device) const;

  private:
    using Done = std::function<void(base::Result<std::string>)>;

    static profile::Site site_of(const Rules& rules, const pnp::Asked& asked);
    void first_token(base::Mac mac, Done done);
    void mint();

    base::Loop& loop_;
    inventory::Inventory& inventory_;
    const base::Clock& clock_;
    mutable std::mutex mutex_; // guards rules_
    std::shared_ptr<const Rules> rules_;
    std::vector<std::pair<base::Mac, Done>> waiting_; // one commit serves all that came meanwhile
    bool minting_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace engine
