// SPDX-License-Identifier: MIT
// Tells at load what a [profile] rule would otherwise do wrong at the first phone.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/profile/catalogue.hpp"
#include "provisioning/profile/site.hpp"

namespace profile {

/// Vendor, spelling and time zone must be known, placeholders too; offer_url must be a URL that a
/// NOTIFY can carry; and the files made by the rule must pass their checkers. Of a rule for all
/// vendors, what suits some of them only is told in the log. The error names the setting and, where
/// a word is unknown, the nearest known one.
base::Status check_rule(const Rule& rule, const Catalogue& catalogue);

/// The same for a [firmware] section: its vendor takes firmware from us, and a file that carries it
/// passes the format's checker.
base::Status check_firmware(const Firmware& firmware, const Catalogue& catalogue);

} // namespace profile
