// SPDX-License-Identifier: MIT
// Seals secrets for the disk: AES-256-GCM, each with a nonce of its own and bound to its place.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"

#include <string>
#include <string_view>

namespace base {

/// Stateless beside its key: may be used by several threads.
class Sealer {
  public:
    static constexpr std::size_t key_size = 32;

    /// `key` has `key_size` bytes.
    explicit Sealer(Secret key);

    /// A version byte, the 96-bit nonce, the ciphertext and the tag. `place` says what the text
    /// belongs to, such as "extension/201": it opens nowhere else.
    Result<std::string> seal(std::string_view text, std::string_view place) const;
    /// An error when the key or the place is another one, or a bit has changed.
    Result<Secret> open(std::string_view sealed, std::string_view place) const;

  private:
    Secret key_;
};

} // namespace base
