// SPDX-License-Identifier: MIT
// Reads profile.conf, the description of one vendor.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/profile/vendor.hpp"

#include <string>
#include <string_view>

namespace profile {

/// Takes over what `text` says: settings replace, lists and tables grow, a [step] of a known
/// pattern changes that step and any other comes last. Errors read "FILE:LINE: …".
base::Status read_vendor(Vendor& vendor, std::string_view text, const std::string& file);

/// What a vendor must have when all its files were read; `file` is the one to complain about.
base::Status check_vendor(const Vendor& vendor, const std::string& file);

} // namespace profile
