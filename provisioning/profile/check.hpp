// SPDX-License-Identifier: MIT
// Looks at a rendered file before any phone gets it.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/profile/vendor.hpp"

#include <string_view>

namespace profile {

constexpr std::size_t largest_file = 1U << 20U;

/// XML: well-formed, and with the elements that the step declares. Text: UTF-8 lines. Errors start
/// with "line L column C: " of the file and repeat none of its values.
base::Status check_file(const ChainStep& step, std::string_view file);

} // namespace profile
