// SPDX-License-Identifier: MIT
// The spellings of a MAC address, read and written.
#include "provisioning/base/mac.hpp"

#include <algorithm>

namespace base {
namespace {

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

std::string spell(const std::array<std::uint8_t, 6>& bytes, const char* digits, bool colons) {
    std::string out;
    out.reserve(17);
    for (const std::uint8_t byte : bytes) {
        if (colons && !out.empty()) {
            out += ':';
        }
        out += digits[byte >> 4U];
        out += digits[byte & 0xFU];
    }
    return out;
}

} // namespace

std::optional<Mac> Mac::parse(std::string_view text) noexcept {
    // 12 digits in one piece, or pieces of 2, 4 or 6 with one and the same separator between them.
    std::size_t piece = 12;
    switch (text.size()) {
    case 12:
        break;
    case 13:
        piece = 6;
        break;
    case 14:
        piece = 4;
        break;
    case 17:
        piece = 2;
        break;
    default:
        return std::nullopt;
    }
    const char separator = piece == 12 ? '\0' : text[piece];
    if (piece != 12 && separator != ':' && separator != '-' && separator != '.') {
        return std::nullopt;
    }
    std::array<std::uint8_t, 6> bytes{};
    std::size_t digits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i % (piece + 1) == piece) {
            if (text[i] != separator) {
                return std::nullopt;
            }
            continue;
        }
        const int digit = hex_digit(text[i]);
        if (digit < 0) {
            return std::nullopt;
        }
        std::uint8_t& byte = bytes[digits / 2];
        byte = static_cast<std::uint8_t>((byte << 4U) | digit);
        ++digits;
    }
    const auto all = [&](std::uint8_t value) {
        return std::all_of(bytes.begin(), bytes.end(), [&](auto byte) { return byte == value; });
    };
    if (all(0x00) || all(0xFF)) {
        return std::nullopt;
    }
    return Mac(bytes);
}

std::string Mac::str() const {
    return spell(bytes(), "0123456789abcdef", false);
}

std::string Mac::upper() const {
    return spell(bytes(), "0123456789ABCDEF", false);
}

std::string Mac::colons() const {
    return spell(bytes(), "0123456789abcdef", true);
}

std::array<std::uint8_t, 6> Mac::bytes() const noexcept {
    std::array<std::uint8_t, 6> bytes{};
    std::uint64_t rest = number_;
    for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
        *byte = static_cast<std::uint8_t>(rest & 0xFFU);
        rest >>= 8U;
    }
    return bytes;
}

Mac Mac::from_number(std::uint64_t number) noexcept {
    Mac mac;
    mac.number_ = number & 0xFFFF'FFFF'FFFFU;
    return mac;
}

} // namespace base
