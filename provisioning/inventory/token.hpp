// SPDX-License-Identifier: MIT
// The unguessable part of a device's URL: derived for ever, or random for a first visit.
#pragma once

#include "provisioning/base/crypto.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"

#include <cstdint>
#include <string>

namespace inventory {

/// base64url of the first 128 bits of HMAC-SHA-256(key, MAC as 6 bytes ‖ generation as 4 bytes,
/// most significant first).
std::string derive_token(const base::Secret& key, base::Mac mac, std::uint32_t generation);
std::string derive_token(const base::Hmac256& under_key, base::Mac mac, std::uint32_t generation);

/// base64url of 128 random bits.
base::Result<std::string> random_token();

} // namespace inventory
