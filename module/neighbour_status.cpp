// SPDX-License-Identifier: MIT
#include "module/neighbour_status.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace engine {

std::vector<admin::Reach::StatusRow> describe(const Neighbourhood& neighbourhood) {
    std::vector<admin::Reach::StatusRow> rows;
    if (neighbourhood.check == base::NeighbourCheck::off) {
        rows.push_back({"neighbours", "nobody looks (neighbour_check = off)"});
        return rows;
    }
    if (!neighbourhood.is_followed) {
        rows.push_back({"neighbours",
                        "the kernel does not tell who they are; see the log, and set "
                        "neighbour_check = log to serve phones all the same",
                        true});
        return rows;
    }
    rows.push_back({"neighbours", fmt::format("{} known, {} times it was another than claimed{}",
                                              neighbourhood.known, neighbourhood.mismatches,
                                              neighbourhood.check == base::NeighbourCheck::log
                                                  ? " (neighbour_check = log)"
                                                  : "")});
    if (neighbourhood.kernel_limit && neighbourhood.expected > *neighbourhood.kernel_limit / 2) {
        // Beyond half of it the kernel begins to throw out entries that are a few seconds old.
        const std::size_t wanted = std::max<std::size_t>(4096, 4 * neighbourhood.expected);
        rows.push_back({"neighbours",
                        fmt::format("the kernel keeps {} at most, and {} phones are expected: "
                                    "sysctl -w net.ipv4.neigh.default.gc_thresh1={} "
                                    "net.ipv4.neigh.default.gc_thresh2={} "
                                    "net.ipv4.neigh.default.gc_thresh3={}, and the same in "
                                    "/etc/sysctl.d",
                                    *neighbourhood.kernel_limit, neighbourhood.expected, wanted / 4,
                                    wanted / 2, wanted),
                        true});
    }
    return rows;
}

} // namespace engine
