// SPDX-License-Identifier: MIT
// The head of an HTTP request as plain values; Beast is seen in head.cpp only.
#pragma once

#include "provisioning/serve/conditional.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace serve {

struct Head {
    std::string method;
    std::string target;
    int minor = 1;            ///< HTTP/1.minor: 0 or 1
    bool keep_alive = false;  ///< what the client wants, by its version and its Connection field
    bool expects_100 = false; ///< waits for a word before it sends its body (RFC 9110 10.1.1)
    bool has_length = false;  ///< there is a Content-Length, if of 0
    std::uint64_t body_bytes = 0;
    std::string user_agent;
    std::string authorization;
    std::string cookie; ///< several are joined by "; "
    Conditions conditions;
};

/// A request that is answered with `status` and the end of its connection.
struct BadHead {
    int status = 400;
    const char* why = "";
};

/// Reads a whole head, from the request line to the empty line. Refused is all that two readers
/// could frame differently (RFC 9112 11.2): Transfer-Encoding in HTTP/1.0 or beside a
/// Content-Length, more than one Content-Length; and a body without a length, or with more than
/// `most_body` bytes.
tl::expected<Head, BadHead> parse_head(std::string_view bytes, std::uint64_t most_body);

} // namespace serve
