// SPDX-License-Identifier: MIT
// Which zone a phone's clock shows: an IANA name, this machine's own, or the vendor's index.
#pragma once

#include "provisioning/profile/vendor.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace profile {

/// The IANA name of this machine's zone, such as Europe/Berlin; empty when it has none. `tz` is the
/// environment variable TZ (nullptr: not set), `etc` the folder of timezone and localtime.
std::string machine_time_zone(const char* tz, const std::string& etc = "/etc");

/// The vendor's value for an IANA name. A number is the vendor's own index: any where it is said
/// for this vendor, else one of its table, since another vendor's phones count otherwise.
std::optional<std::string>
vendor_time_zone(const Vendor& vendor, std::string_view zone, bool is_for_vendor);

bool is_zone_index(std::string_view zone); ///< "50", "-60003"

} // namespace profile
