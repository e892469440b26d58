// SPDX-License-Identifier: MIT
// Decides what a phone that asks is told: silence, wait, or a URL made for it.
#pragma once

#include "module/orders.hpp"
#include "module/settings.hpp"
#include "pnp/place.hpp"
#include "pnp/policy.hpp"
#include "provisioning/base/loop.hpp"
#include "provisioning/base/lru.hpp"
#include "provisioning/inventory/inventory.hpp"
#include "provisioning/profile/catalogue.hpp"
#include "provisioning/profile/offer_url.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace engine {

/// Lives on the loop thread; rules(), served_elsewhere(), may_be_guest() and those that are static
/// may be called from any.
class Desk {
  public:
    /// What a reload swaps as a whole.
    struct Rules {
        std::shared_ptr<const profile::Catalogue> catalogue;
        std::vector<profile::Rule> rules;
        UnknownPhone unknown_phone = UnknownPhone::hold;
        profile::Ports ports;
        std::string extensions_context;
        std::vector<ApprovalRule> approval_rules;
        Reoffer reoffer = Reoffer::quiet;
        std::chrono::milliseconds reoffer_quiet = std::chrono::minutes(10);
        ClaimCodes claims;
    };

    /// Whether the MAC that a phone claims answers at its address.
    enum class Neighbour : std::uint8_t { fine, unknown, other };

    /// What the desk asks of the rest.
    struct Senses {
        /// `fine` also where nobody looks.
        std::function<Neighbour(const pnp::Asked&)> neighbour;
        /// Where a phone is registered now.
        std::function<std::optional<base::Endpoint>(base::Mac)> contact;
        /// These phones, if they wait, are to be decided upon again.
        std::function<void(const std::vector<base::Mac>&)> again;
        /// Whether HTTPS is spoken at this address of ours.
        std::function<bool(base::Ipv4)> speaks_tls;
    };

    Desk(base::Loop& loop,
         inventory::Inventory& inventory,
         const base::Clock& clock,
         Senses senses = {});
    ~Desk();
    Desk(const Desk&) = delete;
    Desk& operator=(const Desk&) = delete;

    void rules(std::shared_ptr<const Rules> rules);
    std::shared_ptr<const Rules> rules() const;

    /// How many phones each rule approved so far. Blocks: before the loop starts.
    base::Status recall() { return orders_.recall(); }

    pnp::Decision decide(const pnp::Asked& asked);
    /// Whether decide() could be anything but silent. Nobody has checked yet whether this phone is
    /// who it says: nothing of it is remembered, and nothing is done for it.
    bool answers(const pnp::Asked& asked) const;
    void prepare(const pnp::Asked& asked, std::function<void(base::Result<pnp::Offer>)> done);

    /// Something was decided about these phones: them and the ones for whom that may change
    /// something.
    std::vector<base::Mac> concerned(std::vector<base::Mac> macs);
    /// Rules or windows changed: every phone that a rule could be about.
    std::vector<base::Mac> all_undecided() const;
    /// Asks again about phones whose neighbour entry was not there yet; by itself every 50 ms.
    void look_again();

    /// Goes on with what could not be done at once; each second.
    void tick();

    /// Whether phones wait for a token right now.
    bool is_minting() const noexcept { return minting_ != nullptr || !ready_.empty(); }

    /// What the rules set for a phone, by what it said of itself.
    static profile::Site site_of(const Rules& rules, const inventory::Device& device);
    const profile::Vendor* vendor_of(const inventory::Device& device) const;
    bool served_elsewhere(const inventory::Device& device) const;
    /// Nobody decided upon it, and by its rule or `unknown_phone` it gets a file without secrets.
    bool may_be_guest(const inventory::Device& device) const;

    std::size_t approved_by(const std::string& rule) const { return orders_.approved_by(rule); }

  private:
    using Done = std::function<void(base::Result<std::string>)>;

    static profile::Site
    site_of(const Rules& rules, const pnp::Asked& asked, const profile::Vendor* vendor);
    pnp::Decision decide(const Rules& rules,
                         const pnp::Asked& asked,
                         const profile::Vendor* vendor,
                         bool elsewhere);
    pnp::Decision on_stranger(const Rules& rules,
                              const inventory::Snapshot& now,
                              const pnp::Asked& asked,
                              const profile::Vendor* vendor,
                              bool elsewhere);
    pnp::Decision on_approval(const pnp::Asked& asked, const Ruling& ruling);
    std::optional<std::string> why_not_again(const Rules& rules,
                                             const inventory::Snapshot& now,
                                             const inventory::Device& device,
                                             const pnp::Asked& asked);
    std::string
    rival_of(const Rules& rules, const inventory::Device& device, base::Ipv4 source) const;
    /// One made for this place a moment ago, if it still opens something, else a new one.
    void first_token(const pnp::Place& place, Done done);
    void mint();
    void order_tokens();
    void minted(const base::Result<std::vector<std::string>>& tokens);
    void hand_out();

    base::Loop& loop_;
    inventory::Inventory& inventory_;
    const base::Clock& clock_;
    Senses senses_;
    Orders orders_;
    std::vector<inventory::Enrolment> windows_;          ///< as last seen
    std::unordered_map<base::Mac, base::Steady> looked_; ///< since when for a neighbour entry
    base::Timer look_;
    mutable std::mutex mutex_; // guards rules_
    std::shared_ptr<const Rules> rules_;
    /// One token for each place, however many ask for it at once.
    using Minting = std::map<pnp::Place, std::vector<Done>>;
    Minting waiting_; // one commit serves all that came meanwhile
    std::shared_ptr<Minting> minting_;

    struct Ready {
        base::Result<std::string> token;
        std::vector<Done> askers;
    };

    std::deque<Ready> ready_; ///< made, and soon handed out
    bool hands_out_ = false;  ///< again, after others had their turn

    struct Minted {
        base::Secret token;
        base::Steady at{};
    };

    static constexpr std::size_t most_minted = 2000;
    base::Lru<pnp::Place, Minted> minted_{most_minted}; ///< lately
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace engine
