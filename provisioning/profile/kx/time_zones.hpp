// SPDX-License-Identifier: MIT
// The codes of TIME_ZONE_COUNTRY, from conf/vendors/panasonic/time_zones.tsv (guide §5.4.2).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace profile::kx {

struct TimeZone {
    std::int64_t code = 0;
    std::string_view place;
    /// False where our copy of the guide's list is damaged and the code was read from its
    /// neighbours, or stands beside an offset that does not fit.
    bool is_sure = false;
};

/// All that could be read, in the order of the guide.
const std::vector<TimeZone>& time_zones();

/// nullptr: not among them.
const TimeZone* find_time_zone(std::int64_t code);

} // namespace profile::kx
