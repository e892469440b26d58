// SPDX-License-Identifier: MIT
// What one message of a phone teaches, as values: stored before it is answered.
#pragma once

#include "provisioning/inventory/device.hpp"
#include "provisioning/inventory/workpoint.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace wpi {

struct JobNews {
    std::int64_t id = 0;
    inventory::JobState state{};
    std::string result;
    bool was_sent = false; ///< its action goes out with the answer
    bool is_busy = false;  ///< the phone says so
};

struct StepNews {
    inventory::Step step{};
    std::string text; ///< never a value
};

struct News {
    // In the order in which they count.
    bool forgets_written = false; ///< the phone is as from the factory
    bool forgets_refused = false; ///< it has another firmware
    bool has_restarted = false;   ///< some items need not survive that
    bool replaces_reported = false;
    std::map<inventory::ItemKey, std::string> reported;
    std::vector<inventory::ItemKey> taken; ///< no longer refused
    std::map<inventory::ItemKey, std::string> refused;
    std::map<inventory::ItemKey, base::Digest256> written;
    std::vector<inventory::ItemKey> changed; ///< secrets that were changed at the phone
    std::optional<bool> must_read_all;

    std::vector<inventory::ItemKey> restored;
    std::vector<JobNews> jobs;
    std::vector<StepNews> steps;

    bool empty_of_items() const noexcept {
        return !forgets_written && !forgets_refused && !has_restarted && !replaces_reported &&
               reported.empty() && taken.empty() && refused.empty() && written.empty() &&
               changed.empty() && !must_read_all;
    }
};

// What is kept of one phone: anybody can report anything in its name.
constexpr std::size_t most_items_kept = 5000; ///< a phone has some 1,500
constexpr std::size_t longest_value_kept = 2048;

void apply(const News& news, inventory::Workpoint& phone);

} // namespace wpi
