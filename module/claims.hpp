// SPDX-License-Identifier: MIT
// Carries out what people dial: claims a guest for an extension, makes it a guest again, and has
// the phone come for it.
#pragma once

#include "module/host.h"
#include "module/registrations.hpp"
#include "provisioning/base/clock.hpp"
#include "provisioning/inventory/inventory.hpp"

#include <functional>
#include <map>
#include <string>

namespace engine {

class Claims {
  public:
    /// Has one phone fetch its configuration again. Both may block.
    using Resync = std::function<void(base::Mac)>;
    using InCall = std::function<bool(base::Mac)>;

    /// A call that lasts longer is none, or nobody's who waits for the phone.
    static constexpr base::Duration longest_call = std::chrono::hours(4);

    Claims(inventory::Inventory& inventory,
           const Registrations& registrations,
           const base::Clock& clock,
           Resync resync,
           InCall is_in_call)
        : inventory_(inventory), registrations_(registrations), clock_(clock),
          resync_(std::move(resync)), is_in_call_(std::move(is_in_call)) {}

    /// The guest that calls with this account from there becomes `extension`, if the PIN is right;
    /// of other phones no PIN is looked at. From any thread; blocks until it is on disk.
    pnp_claimed claim(const std::string& number,
                      base::Endpoint from,
                      const std::string& extension,
                      std::string_view pin);
    /// It becomes a guest again, if it ever was one. From any thread; blocks.
    pnp_claimed release(const std::string& number, base::Endpoint from);

    /// Phones that are registered with what they are no longer are told: a few seconds after the
    /// change, when their call has ended, and each minute until they come. Also
    /// after a restart, for what they should be is on disk and what they are is seen. Every second
    /// or so, on one worker at a time.
    void look();

  private:
    inventory::Inventory& inventory_;
    const Registrations& registrations_;
    const base::Clock& clock_;
    Resync resync_;
    InCall is_in_call_;

    struct Wait {
        base::Steady next; ///< when it is told
        std::optional<base::Steady> talks_since = {};
    };

    std::map<base::Mac, Wait> waits_;
};

} // namespace engine
