// SPDX-License-Identifier: MIT
// Wipes every copy of a secret that is given up.
#include "provisioning/base/secret.hpp"

#include <openssl/crypto.h>

namespace base {

Secret::Secret(std::string_view text) : text_(text) {}

// A short text lives inside the std::string itself, so a move leaves its bytes behind.
Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) {
    other.wipe();
}

Secret& Secret::operator=(const Secret& other) {
    if (this != &other) {
        wipe(); // before the assignment, which may free the buffer
        text_ = other.text_;
    }
    return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        text_ = std::move(other.text_);
        other.wipe();
    }
    return *this;
}

Secret::~Secret() {
    wipe();
}

bool Secret::operator==(const Secret& other) const noexcept {
    return text_.size() == other.text_.size() &&
           CRYPTO_memcmp(text_.data(), other.text_.data(), text_.size()) == 0;
}

void Secret::wipe() noexcept {
    // The whole capacity: a longer text may have stood here before. Growing up to it never
    // allocates.
    text_.resize(text_.capacity());
    OPENSSL_cleanse(text_.data(), text_.size());
    text_.clear();
}

} // namespace base
