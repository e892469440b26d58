// SPDX-License-Identifier: MIT
// What pnpctl reads here, as its own user, for a command that runs over there.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"

#include <string>
#include <vector>

namespace ctl {

/// The input that the command wants: the file of `import FILE` (`-` is standard input), the line
/// behind --password-stdin (without echo from a terminal), else nothing.
base::Result<base::Secret> read_input(const std::vector<std::string>& words, int standard_input);

} // namespace ctl
