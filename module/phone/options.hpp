// SPDX-License-Identifier: MIT
// The command line of pnp-phone.
#pragma once

#include "module/phone/phone.hpp"

#include <optional>
#include <string>

namespace phone {

struct Options {
    bool help = false;
    bool json = false;
    int phones = 1;      ///< alike but for the MAC, and the address if one is given
    bool storms = false; ///< they ask and no more
    int per_second = 0;  ///< so many of them are plugged in; 0: all at once
    Settings settings;
};

/// Errors are usage errors: the wrong word and what was expected.
base::Result<Options> parse_options(int count, const char* const* words);

std::string help_text();

} // namespace phone
