// SPDX-License-Identifier: MIT
// When a phone looks for new files again by itself (guide §2.4.3.4, §5.4.5).
#pragma once

#include "module/phone/vendor.hpp"
#include "provisioning/base/clock.hpp"

namespace phone {

/// The phone's minutes, which may be shorter than ours, and its time of day.
struct PhoneTime {
    std::chrono::milliseconds minute{60'000};
    base::Steady started;               ///< a moment at which ...
    std::chrono::minutes time_of_day{}; ///< ... its clock showed this, since midnight
};

/// After a check at `now` that could get every file, or could not. None: never again by itself.
std::optional<base::Steady>
next_check(const Provisioning& plan, bool failed, base::Steady now, const PhoneTime& time);

} // namespace phone
