// SPDX-License-Identifier: MIT
// Digest authentication as a phone answers it: MD5, with qop=auth or without (RFC 2617, RFC 7616).
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"

#include <string>
#include <string_view>

namespace phone {

struct Challenge {
    std::string realm;
    std::string nonce;
    std::string opaque;
    bool qop_auth = false; ///< the server offers qop=auth; without it the form of RFC 2069 is used
    bool stale = false;    ///< the password was right, the nonce was old
};

/// What the client adds: who it is and what it asks for.
struct Proof {
    std::string user;
    base::Secret password;
    std::string method;
    std::string uri;
    std::string cnonce;
    unsigned count = 1; ///< how often this nonce was used
};

/// Reads the value of WWW-Authenticate or Proxy-Authenticate; refuses what is not Digest with MD5.
base::Result<Challenge> read_challenge(std::string_view value);

/// The `response` parameter.
std::string digest_response(const Challenge& challenge, const Proof& proof);

/// The value of Authorization or Proxy-Authorization.
std::string write_authorization(const Challenge& challenge, const Proof& proof);

} // namespace phone
