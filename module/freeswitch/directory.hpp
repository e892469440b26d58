// SPDX-License-Identifier: MIT
// The administrator's own users and dial plan, as they lie in FreeSWITCH's files.
#pragma once

#include "module/freeswitch/configuration.hpp"
#include "module/host.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace freeswitch {

/// Whether a number stands for itself in XML, in a regular expression and in a dial string.
bool is_plain_number(std::string_view number);

/// As pnp_host.find_account: 0, PNP_NONE or PNP_UNUSABLE with a sentence.
int find_user(const Configuration& configuration,
              std::string_view number,
              pnp_account& account,
              std::string& why);

/// Those that have something to register with.
void each_user(
    const Configuration& configuration,
    const std::function<void(const std::string& number, const std::string& name)>& visit);

/// The sentence that says what of the administrator's one of ours would hide, or that this cannot
/// be seen; empty: nothing.
std::optional<std::string>
in_the_way(const Configuration& configuration, std::string_view number, std::string_view context);

} // namespace freeswitch
