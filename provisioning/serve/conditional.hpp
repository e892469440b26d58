// SPDX-License-Identifier: MIT
// What a GET with conditions and ranges gets of a file: all of it, a part, or word that it has it.
#pragma once

#include "provisioning/base/crypto.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace serve {

/// What a Range header asks for, of a file of so many bytes.
struct Part {
    enum class Kind : std::uint8_t { whole, part, unsatisfiable };

    Kind kind = Kind::whole;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;

    bool operator==(const Part&) const = default;
};

/// A single range of bytes; whatever else it is, several ranges too, asks for the whole file, which
/// RFC 9110 14.2 allows for each request.
Part parse_range(std::string_view header, std::uint64_t size);

/// A strong entity tag, made of the bytes alone: equal files have equal tags on every server.
std::string entity_tag(std::string_view body);
std::string entity_tag(const base::Digest256& of_body); ///< SHA-256

/// The fields as the request carried them; empty where it did not.
struct Conditions {
    std::string if_none_match;
    std::string if_modified_since;
    std::string range;
    std::string if_range;

    bool none() const noexcept {
        return if_none_match.empty() && if_modified_since.empty() && range.empty();
    }
};

struct Plan {
    int status = 200; ///< 200, 206, 304 or 416
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

/// RFC 9110 13.2.2 for a file that is there (200). `last_modified` 0 = not known.
Plan plan(std::string_view method,
          const Conditions& conditions,
          std::string_view etag,
          std::int64_t last_modified,
          std::uint64_t size);

} // namespace serve
