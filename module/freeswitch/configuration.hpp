// SPDX-License-Identifier: MIT
// What autoload_configs/pnp.conf.xml says: where pnp.conf and our data lie, and whose users are
// ours.
#pragma once

#include "provisioning/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace freeswitch {

struct Configuration {
    std::string file;                 ///< pnp.conf
    std::string data;                 ///< folder of the database; empty: pnp.conf says it
    std::string control;              ///< socket of pnpctl; empty: none
    std::vector<std::string> domains; ///< of the directory, at least one; the first one is dialled

    bool has(std::string_view domain) const;
};

/// The error says what to write where.
base::Result<Configuration> read_configuration();

/// The sentence that says which other module answers for FreeSWITCH's directory; empty: none. It
/// would be asked before us, since FreeSWITCH asks in the order in which modules were bound.
std::optional<std::string> other_directory();

/// SIP profiles of FreeSWITCH's own PnP: they are bound to the group, whose port we then cannot
/// have.
std::vector<std::string> profiles_on_group();

} // namespace freeswitch
