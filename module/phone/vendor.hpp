// SPDX-License-Identifier: MIT
// The seam between a phone's life and its maker's habits: one table of functions per vendor.
#pragma once

#include "module/phone/account.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace phone {

struct Identity {
    base::Mac mac;
    std::string model;
    std::string version;
};

/// The parts of a SUBSCRIBE that are new at each start.
struct DialogIds {
    std::string branch;
    std::string tag;
    std::string call_id;
};

/// What the phone's flash holds: the vendor's own key → value. Passwords are among the values.
using Values = std::map<std::string, std::string>;

/// What one file said.
struct ReadFile {
    Values values;
    std::vector<std::string> unknown;  ///< names this phone does not know; kept, and worth a look
    std::vector<std::string> doubtful; ///< keys whose value a real phone may read otherwise
};

struct HttpLogin {
    std::string user;
    base::Secret password;
};

struct Vendor {
    std::string_view name; ///< as on the command line
    std::string_view title;
    std::string_view model;   ///< when none is named
    std::string_view version; ///< when none is named
    std::uint16_t pnp_port;   ///< the port its SUBSCRIBE comes from

    DialogIds (*new_dialog)(base::Endpoint local);
    std::string (*subscribe)(const Identity& phone,
                             const DialogIds& ids,
                             base::Endpoint local,
                             base::Ipv4 group);
    std::string (*http_user_agent)(const Identity& phone);
    std::string (*sip_user_agent)(const Identity& phone);
    /// The file names in the order the phone asks for them.
    std::vector<std::string> (*chain)(const Identity& phone);
    base::Result<ReadFile> (*read_file)(std::string_view body);

    std::vector<Account> (*accounts)(const Values& values);
    std::string (*server_url)(const Values& values); ///< empty when no file set one
    bool (*asks_by_pnp)(const Values& values);
    HttpLogin (*http_login)(const Values& values);
    int (*http_seconds)(const Values& values);
};

/// Null for a name nobody knows.
const Vendor* find_vendor(std::string_view name) noexcept;
std::vector<std::string_view> vendor_names();

} // namespace phone
