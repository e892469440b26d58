// SPDX-License-Identifier: MIT
#include "module/phone/random.hpp"

#include "provisioning/base/crypto.hpp"

#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace phone {

namespace {

std::string random_of(std::string_view alphabet, std::size_t length) {
    std::vector<std::uint8_t> bytes(length);
    if (auto filled = base::random_bytes(bytes); !filled) {
        throw std::runtime_error(filled.error().what);
    }
    std::string text;
    text.reserve(length);
    for (const auto byte : bytes) {
        text += alphabet[byte % alphabet.size()]; // near enough to even for an identifier
    }
    return text;
}

} // namespace

std::string random_digits(std::size_t length) {
    return random_of("0123456789", length);
}

std::string random_hex(std::size_t length) {
    return random_of("0123456789abcdef", length);
}

} // namespace phone
