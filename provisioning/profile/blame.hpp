// SPDX-License-Identifier: MIT
// Finds the extension that keeps a phone from its file, so that an admin need not guess.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/profile/catalogue.hpp"

#include <functional>
#include <optional>
#include <string>

namespace profile {

/// `tries` says what is wrong with a file of these facts. "line 1 is extension 201: its password
/// does not fit (…)", or nothing where the fault is in no extension. Holds no password.
std::optional<std::string> blamed(const Facts& facts,
                                  const std::function<base::Status(const Facts&)>& tries);

} // namespace profile
