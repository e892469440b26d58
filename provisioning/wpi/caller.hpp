// SPDX-License-Identifier: MIT
// Asks phones to call when jobs wait for them: the plan and the client, with a timer of the loop.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/loop.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/wpi/contact_me_client.hpp"
#include "provisioning/wpi/contact_me_plan.hpp"

#include <functional>
#include <memory>

namespace wpi {

class Caller {
  public:
    struct Place {
        base::Endpoint phone; ///< by contact_me_target()
        base::Ipv4 own;       ///< our address that it knows; 0.0.0.0: the system chooses
    };

    /// All on the loop thread, so without waiting for anything.
    struct Reach {
        /// Where a phone is called, looked up at each attempt. An error ends the attempts.
        std::function<base::Result<Place>(base::Mac)> place;
        /// What came of one attempt: it answered 204, or the error.
        std::function<void(base::Mac, const base::Status&)> asked;
        /// It did not come.
        std::function<void(const ContactMePlan::Silence&)> silent;
        /// It is in a call for so long that it is not asked any more.
        std::function<void(base::Mac)> too_busy;
    };

    Caller(base::Loop& loop,
           const base::Clock& clock,
           Reach reach,
           ContactMePacing pacing = {},
           ContactMeDeadlines deadlines = {},
           ContactMeClient::Opened opened = nullptr);
    ~Caller(); ///< from the loop thread or after the loop stopped
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

    // As in ContactMePlan; from any thread.
    void want(base::Mac mac, ContactMePast past = {}, base::Duration hold = {});
    void called(base::Mac mac);
    void busy(base::Mac mac, ContactMePast past = {});
    void settled(base::Mac mac);

  private:
    struct State;
    void post(std::function<void(State&)> change);

    base::Loop& loop_;
    std::shared_ptr<State> state_;
};

} // namespace wpi
