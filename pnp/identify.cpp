// SPDX-License-Identifier: MIT
// The searches for a MAC, in the order in which they are to be trusted.
#include "pnp/identify.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/catalogue.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace pnp {
namespace {

constexpr std::size_t digits = 12;

bool is_hex(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// 12 hex digits at the front and nothing else: not 11 and a colon, as Mac::parse would take too.
std::optional<base::Mac> leading_mac(std::string_view text) noexcept {
    const std::string_view twelve = text.substr(0, digits);
    if (twelve.size() < digits || !std::all_of(twelve.begin(), twelve.end(), is_hex)) {
        return std::nullopt;
    }
    return base::Mac::parse(twelve);
}

/// The separators seen: `%3a` Snom, `%3A` Grandstream, `=` PLANET, nothing Htek and Yealink.
std::string_view without_separator(std::string_view text) noexcept {
    if (base::istarts_with(text, "%3a")) {
        return text.substr(3);
    }
    return !text.empty() && (text[0] == ':' || text[0] == '=') ? text.substr(1) : text;
}

std::optional<base::Mac> marked_mac(std::string_view text) noexcept {
    for (std::size_t at = 0; at + 3 + digits <= text.size(); ++at) {
        if (!base::istarts_with(text.substr(at), "MAC")) {
            continue;
        }
        const std::string_view rest = without_separator(text.substr(at + 3));
        const auto mac = leading_mac(rest);
        const std::string_view behind = rest.substr(std::min(digits, rest.size()));
        if (mac &&
            (behind.empty() || std::string_view("@;>").find(behind[0]) != std::string_view::npos)) {
            return mac;
        }
    }
    return std::nullopt;
}

/// The last 12 characters before the @, when they are hex digits and no longer number's tail.
std::optional<base::Mac> trailing_mac(std::string_view text) noexcept {
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos || at < digits) {
        return std::nullopt;
    }
    const std::string_view before = text.substr(0, at - digits);
    const bool escaped =
        before.size() >= 3 && base::iequals(before.substr(before.size() - 3), "%3a");
    if (!before.empty() && is_hex(before.back()) && !escaped) {
        return std::nullopt;
    }
    return leading_mac(text.substr(at - digits));
}

} // namespace

std::optional<base::Mac> glance_mac(std::string_view datagram) noexcept {
    constexpr std::string_view method = "SUBSCRIBE ";
    constexpr std::size_t longest = 256;
    if (datagram.substr(0, method.size()) != method) {
        return std::nullopt;
    }
    const std::string_view start = datagram.substr(method.size(), longest);
    const std::string_view uri = start.substr(0, start.find_first_of(" \r\n"));
    const auto marked = marked_mac(uri);
    return marked ? marked : trailing_mac(uri);
}

std::optional<base::Mac> find_mac(const Subscribe& request) {
    const std::array<std::string_view, 4> uris{request.uri, request.to, request.from,
                                               request.contact_uri};
    for (const std::string_view uri : uris) {
        if (const auto mac = marked_mac(uri)) {
            return mac;
        }
    }
    if (const auto mac = marked_mac(request.user_agent)) {
        return mac;
    }
    for (const std::string_view uri : uris) {
        if (const auto mac = trailing_mac(uri)) {
            return mac;
        }
    }
    return profile::read_user_agent(request.user_agent).mac;
}

} // namespace pnp
