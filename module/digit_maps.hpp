// SPDX-License-Identifier: MIT
// The PBX's dial plan as the engine knows it, and the digit maps made of it, each once.
#pragma once

#include "dialplan/digit_map.hpp"
#include "module/host.h"
#include "provisioning/base/clock.hpp"
#include "provisioning/base/limit.hpp"
#include "provisioning/profile/catalogue.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace engine {

/// From any thread but the loop's: it asks the host, and a map of a large plan takes its time.
class DigitMaps {
  public:
    DigitMaps(const pnp_host& host, const base::Clock& clock) : host_(host), clock_(clock) {}

    /// The plan is read again, too. Never waits for a map that is being made.
    void settings(std::vector<std::string> emergency);
    std::vector<std::string> emergency() const;

    /// Read at most every ten seconds, or a second later where it is new and lacks what was asked
    /// for: that may be on its way. Refused where the host cannot tell it.
    base::Result<std::shared_ptr<const dialplan::NumberPlan>> plan();

    /// Of a line whose calls start in `context`, as the site wants it; nothing where there is none
    /// to be had, which the log tells.
    std::optional<std::string> map_of(const profile::Vendor& vendor,
                                      const profile::Site& site,
                                      const std::string& number,
                                      const std::string& context);

  private:
    using Wanted = std::tuple<std::string, std::string, bool>; // vendor, context, refuses others

    using Emergency = std::shared_ptr<const std::vector<std::string>>;

    Emergency wanted() const;
    base::Result<std::shared_ptr<const dialplan::NumberPlan>>
    plan_locked(const Emergency& with, const std::string& context);

    const pnp_host& host_;
    const base::Clock& clock_;
    mutable std::mutex settings_; ///< guards what follows, for moments
    Emergency emergency_ = std::make_shared<const std::vector<std::string>>(); // each time another
    std::mutex mutex_; ///< guards all below; held while a map is made, which is made once
    Emergency made_with_;
    std::shared_ptr<const dialplan::NumberPlan> plan_;
    base::Steady read_at_{};
    bool was_new_ = false; ///< another than the one before, when it was read last
    std::map<Wanted, base::Result<std::string>> maps_; // of this plan and these settings
    base::TokenBucket complaints_{0.1, 3};
};

} // namespace engine
