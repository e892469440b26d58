// SPDX-License-Identifier: MIT
// The file that holds the key to what is sealed in the database.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"

#include <optional>
#include <string>

namespace inventory {

/// Empty when there is no such file. Refused with a remedy: one that others may read, or of the
/// wrong size.
base::Result<std::optional<base::Secret>> read_key(const std::string& path);

/// A new random key (mode 0600), whole and on the platter before this returns. Never replaces a
/// file.
base::Result<base::Secret> make_key(const std::string& path);

} // namespace inventory
