// SPDX-License-Identifier: MIT
// Randomness and hashes by OpenSSL 3, which may be in FIPS mode and lack MD5.
#include "provisioning/base/crypto.hpp"

#include "provisioning/base/error_mark.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdexcept>

namespace base {
namespace {

struct MdFree {
    void operator()(EVP_MD* md) const noexcept { EVP_MD_free(md); }
};

using Md = std::unique_ptr<EVP_MD, MdFree>;

/// Throws where OpenSSL has none, or no memory: looked up again by the next one.
Md looked_up_sha256() {
    Md md(EVP_MD_fetch(nullptr, "SHA256", nullptr));
    if (!md) {
        throw std::runtime_error("OpenSSL has no SHA-256");
    }
    return md;
}

struct MacFree {
    void operator()(EVP_MAC* mac) const noexcept { EVP_MAC_free(mac); }

    void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
};

using MacContext = std::unique_ptr<EVP_MAC_CTX, MacFree>;

/// Without a key. Throws where OpenSSL has none, or no memory.
MacContext keyless_hmac() {
    const std::unique_ptr<EVP_MAC, MacFree> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    MacContext context(mac ? EVP_MAC_CTX_new(mac.get()) : nullptr);
    std::string digest = "SHA256";
    const std::array<OSSL_PARAM, 2> params = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    if (!context || EVP_MAC_CTX_set_params(context.get(), params.data()) != 1) {
        throw std::runtime_error("OpenSSL has no HMAC-SHA-256");
    }
    return context;
}

} // namespace

Status random_bytes(std::span<std::uint8_t> out) {
    const ErrorMark mark;
    while (!out.empty()) {
        const auto piece = out.first(std::min<std::size_t>(out.size(), 1U << 20U));
        if (RAND_bytes(piece.data(), static_cast<int>(piece.size())) != 1) {
            return fail(Errc::io, "the system gives no random bytes; look at OpenSSL's set-up");
        }
        out = out.subspan(piece.size());
    }
    return {};
}

Result<Secret> random_password(std::size_t length) {
    constexpr std::string_view alphabet =
        "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    static_assert(alphabet.size() == 57);
    if (length == 0) {
        return fail(Errc::refused, "a password needs at least one character");
    }
    std::string text;
    text.reserve(length);
    std::array<std::uint8_t, 64> bytes{};
    Status random;
    while (text.size() < length && (random = random_bytes(bytes))) {
        for (const std::uint8_t byte : bytes) {
            // Six bits, and the values above the alphabet thrown away: `byte % 57` would favour
            // some.
            const std::size_t index = byte & 63U;
            if (index < alphabet.size() && text.size() < length) {
                text += alphabet[index];
            }
        }
    }
    OPENSSL_cleanse(bytes.data(), bytes.size());
    if (!random) {
        return tl::unexpected(random.error());
    }
    Secret secret(text);
    OPENSSL_cleanse(text.data(), text.size());
    return secret;
}

Digest256 sha256(std::string_view data) {
    const ErrorMark mark;
    // Looking it up costs more than a short text's digest.
    static const Md md = looked_up_sha256();
    Digest256 out{};
    if (EVP_Digest(data.data(), data.size(), out.data(), nullptr, md.get(), nullptr) != 1) {
        throw std::runtime_error("OpenSSL makes no SHA-256"); // zeros would be a token anyone knows
    }
    return out;
}

Hmac256::Hmac256(std::string_view key) {
    const ErrorMark mark;
    // Looking both up costs more than a short text's HMAC.
    static const MacContext keyless = keyless_hmac();
    context_.reset(EVP_MAC_CTX_dup(keyless.get()));
    // A null pointer for an empty text would mean "no key given" to OpenSSL.
    const char* bytes = key.empty() ? "" : key.data();
    if (!context_ || EVP_MAC_init(context_.get(), reinterpret_cast<const unsigned char*>(bytes),
                                  key.size(), nullptr) != 1) {
        throw std::runtime_error("OpenSSL cannot make an HMAC");
    }
}

void Hmac256::Free::operator()(evp_mac_ctx_st* context) const noexcept {
    EVP_MAC_CTX_free(context);
}

Digest256 Hmac256::of(std::string_view data) const {
    const ErrorMark mark;
    Digest256 out{};
    std::size_t size = 0;
    // Begins anew under the same key.
    if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1 ||
        EVP_MAC_update(context_.get(), reinterpret_cast<const unsigned char*>(data.data()),
                       data.size()) != 1 ||
        EVP_MAC_final(context_.get(), out.data(), &size, out.size()) != 1 || size != out.size()) {
        throw std::runtime_error("OpenSSL cannot make an HMAC");
    }
    return out;
}

Digest256 hmac_sha256(std::string_view key, std::string_view data) {
    return Hmac256(key).of(data);
}

std::string md5_hex(std::string_view data) {
    const ErrorMark mark;
    const Md md(EVP_MD_fetch(nullptr, "MD5", nullptr));
    std::array<std::uint8_t, 16> out{};
    if (!md || EVP_Digest(data.data(), data.size(), out.data(), nullptr, md.get(), nullptr) != 1) {
        return {}; // FIPS: the caller falls back to something that is no MD5
    }
    return hex(out);
}

std::string hex(std::span<const std::uint8_t> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        out += digits[byte >> 4U];
        out += digits[byte & 0xFU];
    }
    return out;
}

std::string base64url(std::span<const std::uint8_t> bytes) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out;
    out.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t buffer = 0;
    unsigned bits = 0;
    for (const std::uint8_t byte : bytes) {
        buffer = ((buffer << 8U) | byte) & 0xFFFFU;
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            out += digits[(buffer >> bits) & 63U];
        }
    }
    if (bits > 0) {
        out += digits[(buffer << (6 - bits)) & 63U];
    }
    return out;
}

bool equal_constant_time(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace base
