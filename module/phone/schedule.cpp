// SPDX-License-Identifier: MIT
// Interval, retry and time of day on the phone's own clock (guide §5.4.5).
#include "module/phone/schedule.hpp"

namespace phone {

namespace {

constexpr std::chrono::minutes day{24 * 60};

/// The next moment the phone's clock comes to `wanted`; a whole day later if it shows it now.
base::Steady next_at(std::chrono::minutes wanted, base::Steady now, const PhoneTime& time) {
    const auto passed = (now - time.started) / time.minute; // whole minutes
    const auto shown = (time.time_of_day + std::chrono::minutes(passed)) % day;
    const auto left = wanted > shown ? wanted - shown : day - (shown - wanted);
    return time.started + (passed + left.count()) * time.minute;
}

} // namespace

std::optional<base::Steady>
next_check(const Provisioning& plan, bool failed, base::Steady now, const PhoneTime& time) {
    if (!plan.enabled) {
        return std::nullopt;
    }
    if (plan.daily) { // it switches the interval and the retry off, also without a clock
        return plan.has_clock ? std::optional(next_at(*plan.daily, now, time)) : std::nullopt;
    }
    if (!plan.cyclic) {
        return std::nullopt;
    }
    return now + (failed ? plan.retry : plan.interval).count() * time.minute;
}

} // namespace phone
