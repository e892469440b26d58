// SPDX-License-Identifier: MIT
// A person dials at a KX-UT670: which keys make it call, deny, or sound the busy tone.
#pragma once

#include "provisioning/profile/kx/dial_plan.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace profile::kx {

struct DialSettings {
    DialTimers timers;
    /// DIAL_PLAN_NOT_MATCH_ENABLE_n (guide §5.8.1), default N. Y: digits that fit no plan, or only
    /// the beginning of one, are denied at the end of dialling; N: they are called then. The field
    /// of nearly the same name on the web page means the opposite. Nothing fits an empty plan, so Y
    /// with one denies every call.
    bool not_match_enable = false;
    /// POUND_KEY_DELIMITER_ENABLE (guide §5.6.3), default Y. Y: # as second or later key ends
    /// dialling and is not sent, so *#8 and 12#3 cannot be dialled by hand; N: # is a digit.
    bool pound_key_delimiter = true;
};

/// What the phone did; nothing follows anything but `waiting`.
struct Dialled {
    enum class Kind : std::uint8_t {
        waiting,   ///< for another key
        called,    ///< `number`
        denied,    ///< by a plan with !, or by DIAL_PLAN_NOT_MATCH_ENABLE
        busy_tone, ///< no first digit came in time
    };
    Kind kind = Kind::waiting;
    std::string number;
};

/// One time off the hook, key by key.
class Dialling {
  public:
    Dialling(DialPlan plan, const DialSettings& settings);

    /// One of dial_keys; anything else is no key and does nothing.
    const Dialled& press(char key);
    /// All of `keys`, with no time between them.
    const Dialled& press(std::string_view keys);
    /// Time without a key; adds up until the next one.
    const Dialled& wait(std::chrono::milliseconds time);
    /// The end of dialling by hand: Enter, or off-hook after the digits (guide §6.6.1).
    const Dialled& end();

    const Dialled& now() const noexcept { return now_; }

  private:
    std::chrono::milliseconds patience() const;

    DialPlan plan_;
    DialSettings settings_;
    std::string digits_;
    Match match_;
    std::chrono::milliseconds waited_{0};
    Dialled now_;
};

} // namespace profile::kx
