// SPDX-License-Identifier: MIT
// What every thread of ours does first inside a host.
#pragma once

#include <string>

namespace base {

/// Gives the calling thread normal priority, whatever the host's has, and this name.
void settle_thread(const std::string& name);

} // namespace base
