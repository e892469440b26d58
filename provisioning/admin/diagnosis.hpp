// SPDX-License-Identifier: MIT
// Where a phone stands and what is missing, found by tables of small rules.
#pragma once

#include "provisioning/admin/facts.hpp"

#include <span>
#include <string>
#include <string_view>

namespace admin {

struct Rule {
    bool (*holds)(const Facts&);
    std::string (*now)(const Facts&);  ///< a sentence
    std::string (*next)(const Facts&); ///< what to do; empty when all is well
};

// Asked in this order: the first rule that holds is told.
std::span<const Rule> rules_of_entry();        ///< is it known, heard, allowed, and itself
std::span<const Rule> rules_of_offers();       ///< from its question to the URL it took
std::span<const Rule> rules_of_files();        ///< from its first request to its configuration
std::span<const Rule> rules_of_calls();        ///< the Workpoint Interface: for callers, no files
std::span<const Rule> rules_of_registration(); ///< at the PBX; the last one always holds

/// The first rule of all that holds.
const Rule& diagnose(const Facts& facts);

/// What has to be right for a phone to call by the Workpoint Interface.
std::string how_to_call(const Facts& facts);

constexpr std::string_view replug = "Unplug the phone and plug it in again: it asks once when it "
                                    "starts.";

constexpr base::UnixMs registers_within = 10 * minute; // it restarts with the new file first

inline bool is_configured(const Facts& f) {
    return f.device.seen.stage == inventory::Stage::configured;
}

/// What was seen, without what the step advises: that is told better by the rule.
inline std::string until_semicolon(const std::string& detail) {
    return detail.substr(0, detail.find(';'));
}

inline std::string nothing(const Facts& /*unused*/) {
    return {};
}

} // namespace admin
