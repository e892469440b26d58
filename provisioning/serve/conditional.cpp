// SPDX-License-Identifier: MIT
// Preconditions and ranges of RFC 9110, sections 13 and 14.
#include "provisioning/serve/conditional.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/serve/date.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <span>

namespace serve {
namespace {

/// Digits, however many: what does not fit is larger than every file.
std::optional<std::uint64_t> position(std::string_view digits) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    if (digits.empty()) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        const auto digit = static_cast<std::uint64_t>(c - '0');
        value = value > (most - digit) / 10 ? most : value * 10 + digit;
    }
    return value;
}

/// RFC 9110 13.1.2: a list of entity tags, compared weakly, or an asterisk.
bool any_tag_is(std::string_view list, std::string_view etag) {
    if (base::trim(list) == "*") {
        return true;
    }
    while (!list.empty()) {
        const auto open = list.find('"');
        if (open == std::string_view::npos) {
            return false;
        }
        const auto close = list.find('"', open + 1);
        if (close == std::string_view::npos) {
            return false;
        }
        if (list.substr(open, close - open + 1) == etag) {
            return true;
        }
        list.remove_prefix(close + 1);
    }
    return false;
}

/// RFC 9110 13.1.5: the strong comparison; a weak tag starts with W/ and so never equals ours.
bool range_still_holds(std::string_view if_range,
                       std::string_view etag,
                       std::int64_t last_modified) {
    if_range = base::trim(if_range);
    if (if_range.empty() || if_range == etag) {
        return true;
    }
    const auto date = parse_http_date(if_range);
    return date && last_modified != 0 && *date == last_modified;
}

} // namespace

Part parse_range(std::string_view header, std::uint64_t size) {
    constexpr std::string_view unit = "bytes=";
    const Part whole{Part::Kind::whole, 0, size};
    const Part unsatisfiable{Part::Kind::unsatisfiable, 0, 0};
    header = base::trim(header);
    if (!base::istarts_with(header, unit)) {
        return whole;
    }
    const auto spec = base::trim(header.substr(unit.size()));
    const auto dash = spec.find('-');
    if (dash == std::string_view::npos) {
        return whole;
    }
    const auto first = position(spec.substr(0, dash));
    const auto last = position(spec.substr(dash + 1));
    if (dash == 0) { // "-500": the last 500 bytes
        if (!last) {
            return whole;
        }
        if (*last == 0) {
            return unsatisfiable;
        }
        if (size == 0) {
            return whole;
        }
        const auto length = std::min(*last, size);
        return {Part::Kind::part, size - length, length};
    }
    const bool open = dash + 1 == spec.size();
    if (!first || (!open && (!last || *last < *first))) {
        return whole;
    }
    if (*first >= size) {
        return unsatisfiable;
    }
    const auto end = open ? size - 1 : std::min(*last, size - 1);
    return {Part::Kind::part, *first, end - *first + 1};
}

std::string entity_tag(const base::Digest256& of_body) {
    constexpr std::size_t enough = 16; // of 32 bytes: nobody collides 128 bits by accident
    return '"' + base::base64url(std::span(of_body).first<enough>()) + '"';
}

std::string entity_tag(std::string_view body) {
    return entity_tag(base::sha256(body));
}

Plan plan(std::string_view method,
          const Conditions& conditions,
          std::string_view etag,
          std::int64_t last_modified,
          std::uint64_t size) {
    if (!conditions.if_none_match.empty()) {
        if (any_tag_is(conditions.if_none_match, etag)) {
            return {304, 0, 0};
        }
    } else if (last_modified != 0) {
        const auto since = parse_http_date(base::trim(conditions.if_modified_since));
        if (since && last_modified <= *since) {
            return {304, 0, 0};
        }
    }
    // RFC 9110 14.2: a Range of any method but GET is ignored.
    if (method != "GET" || conditions.range.empty() ||
        !range_still_holds(conditions.if_range, etag, last_modified)) {
        return {200, 0, size};
    }
    const auto part = parse_range(conditions.range, size);
    switch (part.kind) {
    case Part::Kind::part:
        return {206, part.offset, part.length};
    case Part::Kind::unsatisfiable:
        return {416, 0, 0};
    case Part::Kind::whole:
        break;
    }
    return {200, 0, size};
}

} // namespace serve
