// SPDX-License-Identifier: MIT
#include "provisioning/admin/diagnosis.hpp"

#include <algorithm>

namespace admin {

const Rule& diagnose(const Facts& facts) {
    const auto holds = [&](const Rule& rule) { return rule.holds(facts); };
    const std::span<const Rule> none;
    const bool calls = facts.is_caller();
    for (const auto rules : {rules_of_entry(), calls ? rules_of_calls() : none,
                             calls ? none : rules_of_offers(), calls ? none : rules_of_files()}) {
        const auto found = std::find_if(rules.begin(), rules.end(), holds);
        if (found != rules.end()) {
            return *found;
        }
    }
    const auto rules = rules_of_registration();
    return *std::find_if(rules.begin(), rules.end(), holds);
}

} // namespace admin
