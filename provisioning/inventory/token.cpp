// SPDX-License-Identifier: MIT
// The unguessable part of a device's URL: derived for ever, or random for a first visit.
#include "provisioning/inventory/token.hpp"

#include <array>
#include <span>

namespace inventory {

namespace {

constexpr std::size_t token_bytes = 16;

} // namespace

std::string derive_token(const base::Secret& key, base::Mac mac, std::uint32_t generation) {
    const base::Revealed revealed = key.reveal();
    return derive_token(base::Hmac256(revealed), mac, generation);
}

std::string derive_token(const base::Hmac256& under_key, base::Mac mac, std::uint32_t generation) {
    std::string message;
    for (const auto byte : mac.bytes()) {
        message += static_cast<char>(byte);
    }
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        message += static_cast<char>(generation >> shift & 0xffU);
    }
    const auto digest = under_key.of(message);
    return base::base64url(std::span(digest).first(token_bytes));
}

base::Result<std::string> random_token() {
    std::array<std::uint8_t, token_bytes> bytes{};
    if (auto filled = base::random_bytes(bytes); !filled) {
        return tl::unexpected(filled.error());
    }
    return base::base64url(bytes);
}

} // namespace inventory
