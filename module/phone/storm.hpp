// SPDX-License-Identifier: MIT
// Thousands of phones that ask at the same moment, in one thread: no more than SUBSCRIBE and
// NOTIFY.
#pragma once

#include "module/phone/phone.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace phone {

struct StormReport {
    int phones = 0;
    int answered = 0; ///< 200 and NOTIFY came to the phone's address, whatever stood in them
    int right = 0;    ///< ... in the phone's own dialog, at its Contact, with a URL
    int urls = 0;     ///< of those right, which are different ones
    int at_first = 0; ///< right, and the phone did not have to ask again
    int repeats = 0;  ///< of all SUBSCRIBEs
    int strange = 0;  ///< datagrams that are neither
    std::uint32_t lost_here = 0; ///< datagrams that this program was too slow for
    /// From a phone's first SUBSCRIBE to its answer to the NOTIFY, of those answered, sorted.
    std::vector<std::chrono::microseconds> times;
    std::chrono::microseconds took{0}; ///< from the first SUBSCRIBE of all to the last answer

    base::Json json() const;
};

/// Phones like `settings`, with MACs and addresses counted up from its own, at its port and the
/// three behind it; they share sockets, so the addresses have to be local ones of this machine.
/// `per_second` 0: all at once. Each repeats its question as RFC 3261 17.1.2.2 says and gives up
/// after `settings.wait`.
base::Result<StormReport>
run_storm(const Settings& settings, int phones, int per_second, int stop_fd);

} // namespace phone
