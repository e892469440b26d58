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

    struct Settings {
        std::vector<std::string> emergency;
        std::string extensions_context; ///< where calls of our own extensions start by default
    };

    /// The plan is read again, too.
    void settings(Settings settings);
    std::vector<std::string> emergency() const;

    /// Read at most every ten seconds. Refused where the host cannot tell it.
    base::Result<std::shared_ptr<const dialplan::NumberPlan>> plan();

    /// Of a line, as the site wants it; nothing where there is none to be had, which the log tells.
    std::optional<std::string> map_of(const profile::Vendor& vendor,
                                      const profile::Site& site,
                                      const profile::Account& account);

  private:
    using Wanted = std::tuple<std::string, std::string, bool>; // vendor, context, refuses others

    base::Result<std::shared_ptr<const dialplan::NumberPlan>> plan_locked();

    const pnp_host& host_;
    const base::Clock& clock_;
    mutable std::mutex mutex_; // guards all below; held while a map is made, which is made once
    Settings settings_;
    std::shared_ptr<const dialplan::NumberPlan> plan_;
    base::Steady read_at_{};
    std::map<Wanted, base::Result<std::string>> maps_; // of this plan and these settings
    base::TokenBucket complaints_{0.1, 3};
};

} // namespace engine
