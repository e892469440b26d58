// SPDX-License-Identifier: MIT
// Percent-decoding and the refusal of every path that could be read in two ways.
#include "provisioning/serve/target.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <optional>

namespace serve {
namespace {

std::optional<unsigned> hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return static_cast<unsigned>(c - 'a') + 10U;
    }
    if (c >= 'A' && c <= 'F') {
        return static_cast<unsigned>(c - 'A') + 10U;
    }
    return std::nullopt;
}

/// "http://host/path" to "/path"; a proxy or a phone with a proxy setting writes that.
std::optional<std::string_view> origin_form(std::string_view target) {
    if (!target.empty() && target.front() == '/') {
        return target;
    }
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (base::istarts_with(target, scheme)) {
            target.remove_prefix(scheme.size());
            const auto end = target.find_first_of("/?#");
            if (end == 0 || target.empty()) {
                return std::nullopt; // no host
            }
            target = end == std::string_view::npos ? std::string_view{} : target.substr(end);
            return target.empty() || target.front() != '/' ? std::string_view("/") : target;
        }
    }
    return std::nullopt;
}

bool is_in_token(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

} // namespace

base::Result<std::string> clean_path(std::string_view target) {
    const auto origin = origin_form(target);
    if (!origin) {
        return base::fail(base::Errc::malformed, "the target is neither a path nor an http URL");
    }
    const auto raw = origin->substr(0, origin->find('?'));
    std::string path;
    path.reserve(raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
        auto c = static_cast<unsigned char>(raw[i]);
        if (c == '#') {
            return base::fail(base::Errc::malformed, "a fragment in the target");
        }
        if (c == '%') {
            const auto high = i + 2 < raw.size() ? hex_digit(raw[i + 1]) : std::nullopt;
            const auto low = high ? hex_digit(raw[i + 2]) : std::nullopt;
            if (!low) {
                return base::fail(base::Errc::malformed, "a bad percent escape");
            }
            c = static_cast<unsigned char>(*high << 4U | *low);
            i += 2;
        }
        if (c < 0x20 || c > 0x7e || c == '\\') {
            return base::fail(base::Errc::malformed, "a control or non-ASCII character");
        }
        if (c == '/' && !path.empty() && path.back() == '/') {
            continue;
        }
        path.push_back(static_cast<char>(c));
    }
    std::string_view rest = path;
    while (!rest.empty()) {
        rest.remove_prefix(1); // the slash
        const auto segment = rest.substr(0, rest.find('/'));
        if (segment == "." || segment == "..") {
            return base::fail(base::Errc::malformed, "a dot segment");
        }
        rest.remove_prefix(segment.size());
    }
    return path;
}

std::string_view query_of(std::string_view target) {
    const auto mark = target.find('?');
    return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

std::string without_token(std::string_view text) {
    constexpr std::string_view folder = "/p/";
    constexpr std::size_t token_length = 22;
    constexpr std::size_t shown = 4;
    std::string out;
    while (!text.empty()) {
        const auto* const end = std::find_if_not(text.begin(), text.end(), is_in_token);
        const auto run = static_cast<std::size_t>(end - text.begin());
        // Most of a token is as bad as all of it.
        const bool is_secret = run >= token_length || (run > shown && out == folder);
        out += text.substr(0, is_secret ? shown : run);
        out += is_secret ? "..." : "";
        out += text.substr(run, 1);
        text.remove_prefix(std::min(run + 1, text.size()));
    }
    return out;
}

} // namespace serve
