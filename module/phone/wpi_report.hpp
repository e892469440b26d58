// SPDX-License-Identifier: MIT
// What an OpenStage counted: interactions, actions, polls, contact-me requests.
#pragma once

#include "module/phone/workpoint.hpp"
#include "provisioning/base/json.hpp"

#include <chrono>

namespace phone {

struct WpiReport {
    WpiCounts counts;     ///< of the messages
    int interactions = 0; ///< begun
    int unreachable = 0;  ///< of them: no answer
    int wrong = 0;        ///< of them: an answer that no service may give
    int polls = 0;
    int polls_pending = 0; ///< 202
    int polls_failed = 0;  ///< neither 200 nor 202
    int contact_me_accepted = 0;
    int contact_me_ignored = 0;   ///< within the contact gap
    int contact_me_too_close = 0; ///< within a second of the one before: real ones die of it
    int contact_me_wrong = 0;     ///< without ContactMe=true, or another path or method
    bool contact_port_died = false;
    int local_changes = 0;
    int files = 0;                      ///< fetched
    std::chrono::milliseconds first{0}; ///< from the plug to the end of the first interaction

    base::Json json() const;
    void add(const WpiReport& other); ///< without `first`
};

} // namespace phone
