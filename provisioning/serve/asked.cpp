// SPDX-License-Identifier: MIT
// Paths, file names and the Basic scheme, read as far as they have the one shape that we write.
#include "provisioning/serve/asked.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/catalogue.hpp"

#include <algorithm>

namespace serve {
namespace {

constexpr std::size_t token_length = 22; // 128 bits as base64url

bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_token(std::string_view text) {
    return text.size() == token_length && std::all_of(text.begin(), text.end(), [](char c) {
               return is_alnum(c) || c == '-' || c == '_';
           });
}

bool is_vendor(std::string_view text) {
    return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
        return (is_alnum(c) && base::lower(std::string_view(&c, 1))[0] == c) || c == '-' ||
               c == '_';
    });
}

bool is_name(std::string_view text) {
    return !text.empty() && text.find('/') == std::string_view::npos;
}

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// RFC 4648 section 4; padding is not asked for.
std::optional<std::string> decode_base64(std::string_view text) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while (!text.empty() && text.back() == '=') {
        text.remove_suffix(1);
    }
    std::string out;
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        const auto digit = digits.find(c);
        if (digit == std::string_view::npos) {
            return std::nullopt;
        }
        bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out += static_cast<char>((bits >> held) & 0xFFU);
        }
    }
    return out;
}

void read_login(Asked& asked, std::string_view header) {
    constexpr std::string_view scheme = "basic ";
    asked.has_login = !header.empty();
    if (!base::istarts_with(header, scheme)) {
        return;
    }
    const auto pair = decode_base64(base::trim(header.substr(scheme.size())));
    const auto colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) {
        return;
    }
    const auto user = base::Mac::parse(std::string_view(*pair).substr(0, colon));
    const auto password = std::string_view(*pair).substr(colon + 1);
    if (user && is_token(password)) {
        asked.user = user;
        asked.token = password;
    }
}

} // namespace

std::optional<base::Mac> mac_in(std::string_view name) {
    constexpr std::size_t digits = 12;
    std::size_t run = 0;
    for (std::size_t i = 0; i <= name.size(); ++i) {
        if (i < name.size() && is_hex(name[i])) {
            ++run;
            continue;
        }
        if (run >= digits) {
            const auto mac = base::Mac::parse(name.substr(i - digits, digits));
            if (mac && (mac->bytes()[0] & 1U) == 0) { // a group address is no phone
                return mac;
            }
        }
        run = 0;
    }
    return std::nullopt;
}

Asked read_request(const Request& request) {
    constexpr std::string_view by_token = "/p/";
    constexpr std::string_view by_vendor = "/boot/";
    Asked asked;
    std::string_view path = request.path;
    asked.name = path.substr(path.find_last_of('/') + 1);
    asked.named = mac_in(asked.name);
    asked.agent = profile::read_user_agent(request.user_agent).mac;
    if (path.starts_with(by_token)) {
        path.remove_prefix(by_token.size());
        const auto slash = std::min(path.find('/'), path.size());
        if (is_token(path.substr(0, slash)) && slash < path.size() &&
            is_name(path.substr(slash + 1))) {
            asked.door = Door::token;
            asked.token = path.substr(0, slash);
        }
    } else if (path.starts_with(by_vendor)) {
        path.remove_prefix(by_vendor.size());
        const auto slash = std::min(path.find('/'), path.size());
        if (is_vendor(path.substr(0, slash)) && slash < path.size() &&
            is_name(path.substr(slash + 1))) {
            asked.door = Door::boot;
            asked.vendor = path.substr(0, slash);
        }
    } else if (!path.empty() && is_name(path.substr(1))) {
        asked.door = Door::login;
        read_login(asked, request.authorization);
    }
    return asked;
}

} // namespace serve
