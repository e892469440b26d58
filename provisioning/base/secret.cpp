// SPDX-License-Identifier: MIT
// Masks a secret by AES-256-CTR, and wipes every copy that is given up.
#include "provisioning/base/secret.hpp"

#include "provisioning/base/crypto.hpp"
#include "provisioning/base/error_mark.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace base {

namespace {

constexpr std::size_t number_size = sizeof(std::uint64_t);
constexpr std::size_t piece = 1U << 20U; // EVP counts in int

struct StreamFree {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};

struct CipherFree {
    void operator()(EVP_CIPHER* cipher) const noexcept { EVP_CIPHER_free(cipher); }
};

using Cipher = std::unique_ptr<EVP_CIPHER, CipherFree>;

/// Throws where OpenSSL has none, or no memory: looked up again by the next one.
Cipher looked_up_stream() {
    Cipher cipher(EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr));
    if (!cipher) {
        throw std::runtime_error("OpenSSL has no AES-256-CTR"); // as it is without SHA-256
    }
    return cipher;
}

const std::uint8_t* process_key() {
    static const auto key = [] {
        std::array<std::uint8_t, 32> made{};
        // Without randomness no token and no password is made either; zeros still hide from a
        // search.
        (void)random_bytes(made);
        return made;
    }();
    return key.data();
}

/// Masks and unmasks: the same both ways.
void mask(const char* number, std::string_view from, char* to) {
    const ErrorMark mark;
    std::array<std::uint8_t, 16> start{}; // the number, and the count of blocks behind it
    std::memcpy(start.data(), number, number_size);
    // Looking it up costs more than a short text's mask.
    static const Cipher cipher = looked_up_stream();
    const std::unique_ptr<EVP_CIPHER_CTX, StreamFree> context(EVP_CIPHER_CTX_new());
    bool fine = context && EVP_EncryptInit_ex2(context.get(), cipher.get(), process_key(),
                                               start.data(), nullptr) == 1;
    for (std::size_t at = 0; fine && at < from.size(); at += piece) {
        int size = 0;
        fine = EVP_EncryptUpdate(context.get(), reinterpret_cast<unsigned char*>(to) + at, &size,
                                 reinterpret_cast<const unsigned char*>(from.data()) + at,
                                 static_cast<int>(std::min(piece, from.size() - at))) == 1;
    }
    if (!fine) {
        throw std::runtime_error("OpenSSL makes no AES-256-CTR");
    }
}

} // namespace

Revealed::Revealed(std::string_view masked) {
    if (!masked.empty()) {
        const auto text = masked.substr(number_size);
        text_.resize(text.size());
        mask(masked.data(), text, text_.data());
    }
}

Revealed::~Revealed() {
    OPENSSL_cleanse(text_.data(), text_.size());
}

Secret::Secret(std::string_view text) {
    if (text.empty()) {
        return;
    }
    static std::atomic<std::uint64_t> last{0};
    const std::uint64_t number = ++last; // copies share it, and with it all that is masked
    masked_.resize(number_size + text.size());
    std::memcpy(masked_.data(), &number, number_size);
    mask(masked_.data(), text, masked_.data() + number_size);
}

// A short text lives inside the std::string itself, so a move leaves its bytes behind.
Secret::Secret(Secret&& other) noexcept : masked_(std::move(other.masked_)) {
    other.wipe();
}

Secret& Secret::operator=(const Secret& other) {
    if (this != &other) {
        wipe(); // before the assignment, which may free the buffer
        masked_ = other.masked_;
    }
    return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        masked_ = std::move(other.masked_);
        other.wipe();
    }
    return *this;
}

Secret::~Secret() {
    wipe();
}

std::size_t Secret::size() const noexcept {
    return masked_.empty() ? 0 : masked_.size() - number_size;
}

bool Secret::operator==(const Secret& other) const {
    const Revealed mine = reveal();
    const Revealed others = other.reveal();
    return equal_constant_time(mine, others);
}

void Secret::wipe() noexcept {
    // The whole capacity: a longer text may have stood here before. Growing up to it never
    // allocates.
    masked_.resize(masked_.capacity());
    OPENSSL_cleanse(masked_.data(), masked_.size());
    masked_.clear();
}

} // namespace base
