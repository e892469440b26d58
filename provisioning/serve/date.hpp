// SPDX-License-Identifier: MIT
// Dates as HTTP writes them (RFC 9110 5.6.7), independent of the locale of the host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace serve {

/// "Sun, 06 Nov 1994 08:49:37 GMT", for seconds since 1970 of the years 1970 to 9999.
std::string http_date(std::int64_t seconds);
/// The three forms a server must read; nothing when it is none of them.
std::optional<std::int64_t> parse_http_date(std::string_view text);

} // namespace serve
