// SPDX-License-Identifier: MIT
// Names and SIP URIs as they stand in From, To, Contact and Record-Route.
#pragma once

#include "module/phone/account.hpp"

#include <string>
#include <string_view>

namespace phone {

/// RFC 3261 25.1: what a user part may not hold as it is becomes %XX.
std::string escape_user(std::string_view user);
/// The display name with quotes and the blank behind it, nothing for an empty one.
std::string quote_name(std::string_view name);
/// host, or host:port when it is not 5060.
std::string uri_host(const HostPort& server);

/// The URI in a header value: what stands between <>, or else in front of the parameters.
std::string_view uri_of(std::string_view value) noexcept;
/// The user part of a sip: URI, as it stands; empty when there is none.
std::string_view user_of(std::string_view uri) noexcept;
/// Where requests to a sip: URI go.
base::Result<HostPort> host_of(std::string_view uri);

} // namespace phone
