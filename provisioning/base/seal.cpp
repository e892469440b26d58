// SPDX-License-Identifier: MIT
// AES-256-GCM by OpenSSL's EVP (NIST SP 800-38D: 96-bit nonces, 128-bit tags).
#include "provisioning/base/seal.hpp"

#include "provisioning/base/crypto.hpp"
#include "provisioning/base/error_mark.hpp"

#include <array>
#include <cassert>
#include <memory>
#include <new>

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace base {
namespace {

constexpr char version = 1;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t overhead = 1 + nonce_size + tag_size;
constexpr std::size_t most_text = 1U << 20U; // EVP counts in int

struct ContextFree {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};

using Context = std::unique_ptr<EVP_CIPHER_CTX, ContextFree>;

struct GcmFree {
    void operator()(EVP_CIPHER* cipher) const noexcept { EVP_CIPHER_free(cipher); }
};

using Gcm = std::unique_ptr<EVP_CIPHER, GcmFree>;

Gcm gcm() {
    Gcm cipher(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
    if (!cipher) { // no memory: looked up again by the next one
        throw std::bad_alloc();
    }
    return cipher;
}

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

/// A context that has taken key, nonce and place; null when OpenSSL lacks something.
Context begin(const Secret& key, std::string_view nonce, std::string_view place, bool seals) {
    const Revealed revealed = key.reveal();
    // Looking it up costs as much as a password does.
    static const Gcm cipher = gcm();
    Context context(EVP_CIPHER_CTX_new());
    int size = 0;
    const bool begun = context &&
                       EVP_CipherInit_ex2(context.get(), cipher.get(), bytes(revealed),
                                          bytes(nonce), seals ? 1 : 0, nullptr) == 1 &&
                       EVP_CipherUpdate(context.get(), nullptr, &size, bytes(place),
                                        static_cast<int>(place.size())) == 1;
    return begun ? std::move(context) : nullptr;
}

} // namespace

Sealer::Sealer(Secret key) : key_(std::move(key)) {
    assert(key_.size() == key_size);
}

Result<std::string> Sealer::seal(std::string_view text, std::string_view place) const {
    const ErrorMark mark;
    if (text.size() > most_text || place.size() > most_text) {
        return fail(Errc::refused, "{} bytes are too many to be sealed", text.size());
    }
    std::array<std::uint8_t, nonce_size> random{};
    if (auto filled = random_bytes(random); !filled) {
        return tl::unexpected(filled.error());
    }
    std::string out(overhead + text.size(), '\0');
    out[0] = version;
    std::copy(random.begin(), random.end(), bytes(out) + 1);
    const auto context = begin(key_, std::string_view(out).substr(1, nonce_size), place, true);
    auto* const body = bytes(out) + 1 + nonce_size;
    int size = 0;
    int rest = 0;
    if (!context ||
        EVP_CipherUpdate(context.get(), body, &size, bytes(text), static_cast<int>(text.size())) !=
            1 ||
        EVP_CipherFinal_ex(context.get(), body + size, &rest) != 1 ||
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_size, body + text.size()) !=
            1) {
        return fail(Errc::io, "OpenSSL cannot seal by AES-256-GCM; look at its set-up");
    }
    return out;
}

Result<Secret> Sealer::open(std::string_view sealed, std::string_view place) const {
    const ErrorMark mark;
    if (sealed.size() < overhead || sealed.size() - overhead > most_text || sealed[0] != version) {
        return fail(Errc::malformed, "it is not sealed, or by a newer version");
    }
    const auto context = begin(key_, sealed.substr(1, nonce_size), place, false);
    const auto body = sealed.substr(1 + nonce_size, sealed.size() - overhead);
    std::string tag(sealed.substr(sealed.size() - tag_size));
    std::string text(body.size(), '\0');
    int size = 0;
    int rest = 0;
    std::array<unsigned char, tag_size> nothing{}; // GCM has no padding: never written to
    const bool is_sound =
        context &&
        EVP_CipherUpdate(context.get(), bytes(text), &size, bytes(body),
                         static_cast<int>(body.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_size, bytes(tag)) == 1 &&
        EVP_CipherFinal_ex(context.get(), nothing.data(), &rest) == 1;
    Secret out(is_sound ? text : std::string_view());
    OPENSSL_cleanse(text.data(), text.size());
    if (!is_sound) {
        return fail(Errc::refused, "the key is not the one it was sealed with, or it was changed");
    }
    return out;
}

} // namespace base
