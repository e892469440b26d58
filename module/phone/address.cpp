// SPDX-License-Identifier: MIT
#include "module/phone/address.hpp"

#include "module/phone/sip.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>

namespace phone {

namespace {

/// What stands behind "sip:", without parameters and headers.
std::string_view address_part(std::string_view uri) noexcept {
    constexpr std::string_view scheme = "sip:";
    if (!base::istarts_with(uri, scheme)) {
        return {};
    }
    uri.remove_prefix(scheme.size());
    // RFC 3261 25.1: a user part may hold ; and ? as well, so they end the URI only behind the @.
    const auto at = uri.find('@');
    const auto host = at == std::string_view::npos ? 0 : at + 1;
    return uri.substr(0, uri.find_first_of(";?", host));
}

} // namespace

std::string escape_user(std::string_view user) {
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        "-_.!~*'()&=+$,;?/";
    std::string text;
    for (const char c : user) {
        if (plain.find(c) != std::string_view::npos) {
            text += c;
        } else {
            text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return text;
}

std::string quote_name(std::string_view name) {
    if (name.empty()) {
        return {};
    }
    std::string text = "\"";
    for (const char c : name) {
        if (c == '"' || c == '\\') {
            text += '\\';
        }
        text += c;
    }
    return text + "\" ";
}

std::string uri_host(const HostPort& server) {
    return server.port == 5060 ? server.host : fmt::format("{}:{}", server.host, server.port);
}

std::string_view uri_of(std::string_view value) noexcept {
    auto at = value.find('<');
    if (!value.empty() && value.front() == '"') { // a display name may hold a < of its own
        auto end = value.find('"', 1);
        while (end != std::string_view::npos && value[end - 1] == '\\') {
            end = value.find('"', end + 1);
        }
        at = end == std::string_view::npos ? end : value.find('<', end);
    }
    if (at == std::string_view::npos) {
        return main_value(value);
    }
    value.remove_prefix(at + 1);
    return value.substr(0, value.find('>'));
}

std::string_view user_of(std::string_view uri) noexcept {
    const auto part = address_part(uri);
    const auto at = part.find('@');
    return at == std::string_view::npos ? std::string_view{}
                                        : part.substr(0, std::min(at, part.find(':')));
}

base::Result<HostPort> host_of(std::string_view uri) {
    const auto part = address_part(uri);
    const auto at = part.find('@');
    if (part.empty()) {
        return base::fail(base::Errc::malformed, "{} is no sip: URI", base::printable(uri, 60));
    }
    return read_server(part.substr(at == std::string_view::npos ? 0 : at + 1));
}

} // namespace phone
