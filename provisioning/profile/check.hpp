// SPDX-License-Identifier: MIT
// Looks at what a template made, before any phone gets it.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/profile/vendor.hpp"

#include <string_view>

namespace profile {

constexpr std::size_t largest_file = 1U << 20U;

/// The file as it is sent. XML: well-formed, and with the elements that the step declares. Text:
/// UTF-8 lines. KX: see kx/compose.hpp. Items: see wpi/items.hpp. Errors start with "line L column
/// C: " of `made` and repeat none of its values.
base::Result<std::string> finish_file(const ChainStep& step, std::string made);

} // namespace profile
