// SPDX-License-Identifier: MIT
// What a SIP message says; sofia-sip reads it in message.cpp and is seen nowhere else.
#pragma once

#include "provisioning/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pnp {

/// A SUBSCRIBE for ua-profile outside a dialog. Header values are the bytes that were sent (a
/// re-printed one would turn %3a into %3A), because the answer has to echo them.
struct Subscribe {
    std::string uri;               ///< Request-URI
    std::vector<std::string> vias; ///< the phone's own first, and alone in its line
    std::string from;
    std::string to;
    std::string call_id;
    std::string cseq;
    std::string contact; ///< empty when absent
    std::string event;

    std::string contact_uri; ///< without angle brackets and header parameters; empty when absent
    std::string contact_host;
    std::uint16_t contact_port = 0; ///< 0: none named
    std::string from_tag;           ///< empty when absent (PLANET)
    std::string via_host;
    std::uint16_t via_port = 0; ///< 0: none named
    std::string branch;         ///< empty when absent (Snom)
    bool wants_rport = false;   ///< RFC 3581
    std::uint32_t sequence = 0;

    std::string vendor; ///< of Event; empty when absent
    std::string model;
    std::string version;
    std::string user_agent;
};

/// A phone's answer to a request of ours.
struct Response {
    int status = 0;
    std::string reason;
    std::string branch; ///< of the top Via
    std::string call_id;
    std::string method; ///< of CSeq
};

bool is_response(std::string_view datagram) noexcept;

/// Errors: truncated or malformed, or not_ours for another method, another event package, or a To
/// tag (a refresh inside somebody's dialog).
base::Result<Subscribe> parse_subscribe(std::string_view datagram);
base::Result<Response> parse_response(std::string_view datagram);

/// Reads a sample and compares every field: nothing when the parser we are linked with is the one
/// we were built for, else what is wrong. To be asked before the engine starts.
std::string check_sofia();

} // namespace pnp
