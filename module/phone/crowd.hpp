// SPDX-License-Identifier: MIT
// Many phones in one process, one thread each: what a building does after a power cut.
#pragma once

#include "module/phone/phone.hpp"

#include <functional>
#include <string_view>

namespace phone {

struct CrowdReport {
    int phones = 0;
    std::map<std::string, int> outcomes;
    WpiReport workpoint; ///< the sum of all
    int accounts_registered = 0;
    int restarts = 0;
    std::vector<std::chrono::milliseconds> firsts; ///< of each, sorted
    std::chrono::milliseconds took{0};             ///< from the first thread to the last
    std::vector<std::string> problems; ///< some of those whose outcome is not configured
    Exit exit = Exit::configured;      ///< the worst one's

    base::Json json() const;
};

/// Phones like `settings`, with the MAC counted up, and the address if it has one. `tell` gets one
/// line when they have started and when they have ended; the single steps are told to nobody.
CrowdReport run_crowd(const Settings& settings,
                      int phones,
                      int stop_fd,
                      const std::function<void(std::string_view)>& tell);

} // namespace phone
