// SPDX-License-Identifier: MIT
// What autoload_configs/pnp.conf.xml says: where pnp.conf and our data lie, and whose users are
// ours.
#pragma once

#include "module/freeswitch/contacts.hpp"
#include "provisioning/base/result.hpp"

#include <functional>
#include <map>
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

/// Other modules that answer for FreeSWITCH's directory or dial plan. FreeSWITCH asks in the order
/// in which modules were bound, and takes the first answer.
struct Rivals {
    std::optional<std::string> refusal; ///< the sentence about one that would be asked before us
    std::vector<std::string> remarks;   ///< those that are asked after us, a sentence each
    std::vector<std::string> problems;  ///< those that are asked before us
};

Rivals rivals();

/// SIP profiles of FreeSWITCH's own PnP: they are bound to the group, whose port we then cannot
/// have.
std::vector<std::string> profiles_on_group();

/// What each SIP profile keeps of a number (multiple-registrations): with Apart::none a REGISTER
/// from elsewhere takes the place of the one before it.
using Profiles = std::map<std::string, Apart, std::less<>>;

Profiles profiles();

} // namespace freeswitch
