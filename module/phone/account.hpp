// SPDX-License-Identifier: MIT
// One account of the phone as a delivered configuration describes it, in no vendor's spelling.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace phone {

struct Account {
    int line = 0;
    std::string user;
    std::string login; ///< the authentication id; the user where the file gives none
    base::Secret password;
    std::string display_name;
    std::string server;              ///< host or host:port
    std::string proxy;               ///< the same, empty when requests go to the server itself
    std::string transport = "UDP";   ///< UDP, TCP, TLS or DNS-SRV
    bool registers = true;           ///< the file tells it to register
    std::uint64_t expires = 900;     ///< seconds
    std::uint16_t local_port = 5060; ///< 0 takes any free one
    std::chrono::seconds try_again_after{60}; ///< a refusal or silence
    bool is_final_403 = false;                ///< after that answer it does not register again
    bool hears_server_only = false; ///< drops SIP from any other address than its server's

    bool operator==(const Account&) const = default;
};

struct HostPort {
    std::string host;
    std::uint16_t port = 5060;
};

/// Reads `host` or `host:port`.
base::Result<HostPort> read_server(std::string_view text);

/// Whether a REGISTER can be written from it: user and server are there, nothing holds a line
/// break.
base::Status is_usable(const Account& account);

} // namespace phone
