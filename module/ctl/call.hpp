// SPDX-License-Identifier: MIT
// One command over the control socket: the words out, the text to print in.
#pragma once

#include "provisioning/base/new_files.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace ctl {

struct Answer {
    int status = 0;
    std::string text;
    std::vector<base::NewFile> files = {}; ///< for a folder that we name; see write_output
};

/// What the daemon takes as input (provisioning/admin/control.hpp).
constexpr std::size_t max_input = 4U << 20U;

/// Where to reach the daemon: `given` if not empty, else the first of $PNP_CONTROL (alone, if set),
/// /run/pnp/pnp.ctl, /run/asterisk/pnp.ctl, /run/freeswitch/pnp.ctl and ./data/pnp.ctl that is
/// there. The error says what was tried. `for_leases`: before these four the sockets that take
/// dhcp-event alone, pnp-dhcp.ctl in /run/pnp, /run/pnp-dhcp, /run/asterisk, /run/freeswitch and
/// ./data.
base::Result<std::string> find_socket(const std::string& given, bool for_leases = false);

/// Sends the command and waits for its reply.
base::Result<Answer> call(const std::string& socket,
                          const std::vector<std::string>& words,
                          const base::Secret& input,
                          std::chrono::seconds patience = std::chrono::minutes(2));

} // namespace ctl
