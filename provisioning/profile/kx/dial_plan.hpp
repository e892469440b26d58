// SPDX-License-Identifier: MIT
// The dial plan of a KX-UT670 (guide §6.6.1): what is wrong with it, and what the phone makes of
// digits.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/profile/kx/finding.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace profile::kx {

constexpr const char* dial_plan_section = "§6.6.1";     ///< of the guide
constexpr std::size_t longest_dial_plan = 500;          ///< characters, guide §6.6.1
constexpr std::size_t most_dial_plans = 40;             ///< parts between |, guide §6.6.1
constexpr std::size_t most_dial_plan_digits = 32;       ///< in one part, guide §6.6.1
constexpr std::string_view dial_keys = "0123456789*#+"; ///< what a person can key

struct DialPlanFinding {
    Severity severity{};
    std::size_t column = 1; ///< in the plan, from 1
    std::string what;       ///< for an operator, with the remedy
};

/// All that can be said of a value of DIAL_PLAN_n, by column; an empty plan is right. A plan that
/// is too long is not looked at further. Takes time in proportion to the square of its length.
std::vector<DialPlanFinding> check_dial_plan(std::string_view plan);

/// How long the phone waits for another digit (guide §5.6.1).
struct DialTimers {
    std::chrono::seconds first_digit{30}; ///< FIRSTDIGIT_TIM, 1 to 600; then busy tone
    std::chrono::seconds inter_digit{5};  ///< INTDIGIT_TIM, 1 to 15
    std::chrono::seconds macro{5};        ///< MACRODIGIT_TIM, 1 to 15: the T of a plan
};

/// What the phone makes of the digits keyed so far.
struct Match {
    enum class Kind : std::uint8_t {
        none,         ///< no plan begins so
        partial,      ///< a plan begins so
        call,         ///< complete: called at once, even if a longer plan begins so
        call_later,   ///< complete: called when `wait` passes without another digit
        reject,       ///< complete, and not to be called
        reject_later, ///< the same, once `wait` passed: a plan with . and !
    };
    Kind kind = Kind::none;
    std::string number;           ///< what is sent, after substitution; for the call kinds
    std::chrono::seconds wait{0}; ///< for the later kinds
    std::size_t plan = 0; ///< which part of the plan, from 0; for all kinds that are complete
};

/// A plan that check_dial_plan finds no error in.
class DialPlan {
  public:
    /// The first error of check_dial_plan, or the plan.
    static base::Result<DialPlan> parse(std::string_view plan);

    /// Where several parts fit, the first that decides at once wins, else the first (the guide says
    /// only that a complete one is called at once). Keys that are not in dial_keys fit nowhere.
    /// Takes time in proportion to digits × length of the plan.
    Match match(std::string_view digits, const DialTimers& timers = {}) const;

    struct Parts;

  private:
    explicit DialPlan(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}

    std::shared_ptr<const Parts> parts_;
};

} // namespace profile::kx
