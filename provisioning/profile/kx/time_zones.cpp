// SPDX-License-Identifier: MIT
// Reads the rows of time_zones.tsv.
#include "provisioning/profile/kx/time_zones.hpp"

#include "provisioning/profile/kx/tsv.hpp"

#include <algorithm>

namespace profile::kx {

const std::vector<TimeZone>& time_zones() {
    static const std::vector<TimeZone> zones = [] {
        std::vector<TimeZone> out;
        for (const auto& cells : shipped_rows("time_zones.tsv", 5)) {
            if (cells[4] != "gap") {
                out.push_back({tsv_number(cells[0]), cells[1], cells[4] == "clean"});
            }
        }
        return out;
    }();
    return zones;
}

const TimeZone* find_time_zone(std::int64_t code) {
    const auto& zones = time_zones();
    const auto found = std::find_if(zones.begin(), zones.end(),
                                    [&](const TimeZone& zone) { return zone.code == code; });
    return found == zones.end() ? nullptr : &*found;
}

} // namespace profile::kx
