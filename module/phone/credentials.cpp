// SPDX-License-Identifier: MIT
#include "module/phone/credentials.hpp"

#include "module/phone/random.hpp"

namespace phone {

base::Result<bool> Credentials::take(const Message& answer) {
    by_proxy_ = answer.status == 407;
    auto challenge = base::Result<Challenge>(
        base::fail(base::Errc::malformed, "the server asks for a password and sends no challenge"));
    for (const auto value : answer.all(by_proxy_ ? "Proxy-Authenticate" : "WWW-Authenticate")) {
        challenge = read_challenge(value);
        if (challenge) {
            break;
        }
    }
    if (!challenge) {
        return tl::unexpected(challenge.error());
    }
    ++proofs_;
    if (proofs_ > 2 || (challenge_ && proofs_ > 1 && !challenge->stale)) {
        return false;
    }
    challenge_ = std::move(*challenge);
    nonce_count_ = 0;
    return true;
}

std::string Credentials::header(std::string_view method, std::string_view uri) {
    if (!challenge_) {
        return {};
    }
    const Proof proof{login_,           password_,      std::string(method),
                      std::string(uri), random_hex(16), ++nonce_count_};
    return fmt::format("{}: {}\r\n", by_proxy_ ? "Proxy-Authorization" : "Authorization",
                       write_authorization(*challenge_, proof));
}

} // namespace phone
