// SPDX-License-Identifier: MIT
// Where a valid UTF-8 character ends, so that strangers' bytes can be told from text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace base {

struct Utf8 {
    std::uint32_t code = 0;
    std::size_t length = 0; ///< 0: no character starts here
};

/// The character that starts at `at`; over-long forms and surrogates are none (RFC 3629).
inline Utf8 utf8_at(std::string_view text, std::size_t at) noexcept {
    const auto byte = [&](std::size_t i) -> std::uint32_t {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
    };
    const std::uint32_t first = byte(0);
    if (first < 0x80) {
        return {first, at < text.size() ? 1U : 0U};
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 0;
    if (length == 0 || first > 0xF4) {
        return {};
    }
    std::uint32_t code = first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) {
            return {};
        }
        code = (code << 6U) | (byte(i) & 0x3FU);
    }
    constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < least[length] || code > 0x10FFFF || surrogate) {
        return {};
    }
    return {code, length};
}

/// What a phone's file can carry: UTF-8 without control characters, those of C1 among them, and
/// without what XML has no place for.
inline bool is_plain_text(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size();) {
        const Utf8 found = utf8_at(text, at);
        if (found.length == 0 || found.code < 0x20 || (found.code >= 0x7f && found.code < 0xa0) ||
            found.code == 0xfffe || found.code == 0xffff) {
            return false;
        }
        at += found.length;
    }
    return true;
}

} // namespace base
