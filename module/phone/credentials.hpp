// SPDX-License-Identifier: MIT
// One account's answers to the challenges of its server, for whatever request it sends.
#pragma once

#include "module/phone/digest.hpp"
#include "module/phone/sip.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace phone {

class Credentials {
  public:
    Credentials(std::string login, base::Secret password)
        : login_(std::move(login)), password_(std::move(password)) {}

    /// Takes the challenge of a 401 or 407: whether it is worth another try, which a refused
    /// password is not. An error says what there is no answer to.
    base::Result<bool> take(const Message& answer);

    /// The header line for the next request, nothing before the first challenge.
    std::string header(std::string_view method, std::string_view uri);

    /// The server took the proof: a later challenge is a new one.
    void accepted() noexcept { proofs_ = 0; }

  private:
    std::string login_;
    base::Secret password_;
    std::optional<Challenge> challenge_;
    bool by_proxy_ = false;
    unsigned nonce_count_ = 0;
    int proofs_ = 0; ///< since the last success: a wrong password must not loop
};

} // namespace phone
