// SPDX-License-Identifier: MIT
// Has written down what rules and windows order, off the loop thread, and each phone once at a
// time.
#pragma once

#include "module/rules.hpp"
#include "provisioning/base/limit.hpp"
#include "provisioning/base/loop.hpp"
#include "provisioning/inventory/inventory.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace engine {

/// Lives on the loop thread.
class Orders {
  public:
    /// These phones are to be decided upon again.
    using Again = std::function<void(const std::vector<base::Mac>&)>;

    Orders(base::Loop& loop,
           inventory::Inventory& inventory,
           const base::Clock& clock,
           Again again);
    ~Orders();
    Orders(const Orders&) = delete;
    Orders& operator=(const Orders&) = delete;

    /// Takes from the audit how many phones each rule approved before. Blocks: before the loop
    /// starts.
    base::Status recall();

    /// Orders what `ruling` approves or assigns, unless that is under way or cannot be. The
    /// sentence says for the timeline what the phone waits for.
    std::string approve(base::Mac mac, const Ruling& ruling);

    /// Two phones claim this MAC.
    void contest(base::Mac mac, base::Ipv4 source, const std::string& detail);

    /// Something was decided: what failed may be possible now. The phones that wait for it.
    std::vector<base::Mac> hopeful();

    /// Tries again what failed long enough ago, and what there was no memory for; each second.
    void tick();

    /// How many phones a rule has approved.
    std::size_t approved_by(const std::string& rule) const;

  private:
    struct Failure {
        std::string reason;
        base::Steady until{}; ///< when it is tried again
    };

    /// A rule, or a window without one.
    struct Giver {
        std::size_t approved = 0; ///< and what is under way
        std::optional<Failure> failure;
        std::set<base::Mac> waiting; ///< for the end of the failure
    };

    enum class Outcome : std::uint8_t { waits, done, overtaken, failed };

    struct Wish {
        base::Mac mac;
        std::string giver; ///< its key
        std::string actor;
        inventory::Change change;
        Outcome outcome = Outcome::waits;
        std::string why = {}; ///< of a failure
    };

    using Wishes = std::vector<Wish>;

    static std::string while_under_way(const Giver& giver, const Ruling& ruling);
    void begin();
    void order(const std::shared_ptr<Wishes>& batch);
    void carry_out(Wishes& wishes);
    void carry_out_together(Wishes::iterator first, Wishes::iterator last);
    void look_at(Wishes& wishes) const;
    void carried_out(const Wishes& wishes);

    base::Loop& loop_;
    inventory::Inventory& inventory_;
    const base::Clock& clock_;
    Again again_;
    std::map<std::string, Giver, std::less<>> givers_;
    Wishes wishes_; ///< that came while others were being carried out
    bool busy_ = false;
    std::unordered_set<base::Mac> under_way_;
    std::unordered_set<base::Mac> contested_; ///< not on disk yet
    base::TokenBucket lines_{0.2, 5};         ///< what strangers make us log
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace engine
