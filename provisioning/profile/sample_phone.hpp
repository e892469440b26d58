// SPDX-License-Identifier: MIT
// Phones that nobody has, with all that is awkward in a file.
#pragma once

#include "provisioning/profile/catalogue.hpp"
#include "provisioning/profile/vendor.hpp"

#include <cstddef>
#include <string_view>

namespace profile {

/// `everything`: with each value and switch that a site may set; else with as few as there may be.
Facts sample_phone(const Vendor& vendor,
                   std::size_t lines,
                   std::string_view transport,
                   bool everything);

} // namespace profile
