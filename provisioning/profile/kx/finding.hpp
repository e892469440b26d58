// SPDX-License-Identifier: MIT
// How bad a finding in a KX-UT670's configuration is.
#pragma once

#include <cstdint>

namespace profile::kx {

enum class Severity : std::uint8_t { info, warning, error };

} // namespace profile::kx
