// SPDX-License-Identifier: MIT
// Says of a name that is not in the table what was probably meant.
#pragma once

#include "provisioning/profile/kx/report.hpp"

#include <cstddef>

namespace profile::kx {

// A file may hold very many: this is how many are looked at closely.
constexpr std::size_t most_searched = 25; ///< unknown names for which the nearest is looked up
constexpr std::size_t most_repeats = 25;  ///< of names set above whose value is looked at

/// V02 where only the number of line, button or codec is wrong; else V01, which offers the nearest
/// known name if `may_search`: that takes time in proportion to the table.
void check_unknown_name(const Spot& spot, bool may_search, Report& report);

} // namespace profile::kx
