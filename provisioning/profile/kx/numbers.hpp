// SPDX-License-Identifier: MIT
// Runs numbers through the dial plans of a phone's files: which of them nobody can call from it.
#pragma once

#include "provisioning/profile/kx/lint.hpp"

#include <string>
#include <vector>

namespace profile::kx {

/// R-DIALPLAN as warnings for the `files` of one phone, from weak to strong: which `numbers` a plan
/// denies, or calls something shorter for (guide §6.6.1, §5.8.1, §5.6.3). Plans with an error are
/// lint_phone()'s to tell of, and of equal plans one is told. A number that cannot be keyed is left
/// out.
std::vector<Finding> check_numbers(const std::vector<NamedFile>& files,
                                   const std::vector<std::string>& numbers);

} // namespace profile::kx
