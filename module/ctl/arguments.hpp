// SPDX-License-Identifier: MIT
// pnpctl's own options, which stand before the first word of the command.
#pragma once

#include "provisioning/base/result.hpp"

#include <string>
#include <vector>

namespace ctl {

struct Arguments {
    std::string control; ///< empty: look where daemons put it
    bool json = false;
    bool help = false;
    bool version = false;
    std::vector<std::string> words; ///< the command, with the options that are its own
};

base::Result<Arguments> read_arguments(const std::vector<std::string>& arguments);

/// What --help says of pnpctl itself.
std::string own_help();

} // namespace ctl
