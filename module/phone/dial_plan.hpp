// SPDX-License-Identifier: MIT
// What a KX-UT670 makes of the digits that are keyed: its dial plan (guide §6.6.1).
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace phone {

/// What the files say about dialling on one line.
struct DialRules {
    std::string plan;                     ///< DIAL_PLAN_n, empty for none
    bool blocks_others = false;           ///< DIAL_PLAN_NOT_MATCH_ENABLE_n is Y
    bool pound_ends = true;               ///< POUND_KEY_DELIMITER_ENABLE is Y
    std::chrono::seconds inter_digit{5};  ///< INTDIGIT_TIM
    std::chrono::seconds macro_digits{5}; ///< MACRODIGIT_TIM, the timer T
};

/// What the phone does with it.
struct Dialled {
    std::string number;            ///< to call; empty when it calls nobody
    std::chrono::seconds after{0}; ///< of waiting for one more digit
    std::string why;               ///< the plan that decided, or that none did
};

/// The digits come one after the other: the first moment that decides does, and what is keyed
/// later is lost. The end of `keyed` is the end of dialling, as if the handset were lifted then;
/// only a plan that ends with a timer has its time.
Dialled dial(const DialRules& rules, std::string_view keyed);

/// Whether every sign, bracket and timer is one of the guide's.
bool is_dial_plan(std::string_view text);

} // namespace phone
