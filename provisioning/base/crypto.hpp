// SPDX-License-Identifier: MIT
// Random bytes, hashes and their spellings, by OpenSSL.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_mac_ctx_st;

namespace base {

using Digest256 = std::array<std::uint8_t, 32>;

/// Fills with random bytes; an error only if the system has no randomness to give.
Status random_bytes(std::span<std::uint8_t> out);
/// `length` characters out of letters and digits that nobody confuses (no 0 O 1 l I).
Result<Secret> random_password(std::size_t length);

Digest256 sha256(std::string_view data);

/// HMAC-SHA-256 of many messages under one key. It is as good as the key, and not masked: for a
/// while only.
class Hmac256 {
  public:
    explicit Hmac256(std::string_view key);

    Digest256 of(std::string_view data) const;

  private:
    struct Free {
        void operator()(evp_mac_ctx_st* context) const noexcept;
    };

    std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

Digest256 hmac_sha256(std::string_view key, std::string_view data);
std::string md5_hex(std::string_view data); ///< for SIP and HTTP digest only (RFC 7616)

std::string hex(std::span<const std::uint8_t> bytes);
std::string base64url(std::span<const std::uint8_t> bytes); ///< RFC 4648 section 5, no padding
bool equal_constant_time(std::string_view a, std::string_view b) noexcept;

} // namespace base
