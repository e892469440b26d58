// SPDX-License-Identifier: MIT
// REGISTER for one account: the request, the proof when the server asks for one, the result.
#pragma once

#include "module/phone/account.hpp"
#include "module/phone/digest.hpp"
#include "module/phone/sip.hpp"

#include <optional>
#include <string>

namespace phone {

class Registration {
  public:
    /// For an account that is_usable(), from `local`.
    Registration(Account account, base::Endpoint local, std::string user_agent);

    /// Where to send it, proxy first; the name may still have to be resolved.
    const HostPort& next_hop() const noexcept { return next_hop_; }

    const Account& account() const noexcept { return account_; }

    base::Endpoint local() const noexcept { return local_; }

    /// A new transaction: the first, the one that answers a challenge, or a refresh.
    std::string request();
    bool owns_answer(const Message& answer) const noexcept;

    enum class Next { wait, send_again, registered, refused };
    /// Judges a response; remembers its status and reason.
    Next on_answer(const Message& answer);
    /// Nobody answered, or the request could not be sent.
    void failed(std::string reason);

    bool is_registered() const noexcept { return registered_; }

    int status() const noexcept { return status_; }

    const std::string& reason() const noexcept { return reason_; }

    std::uint64_t expires() const noexcept { return granted_; } ///< seconds the server granted

  private:
    Next prove(const Message& answer);

    Account account_;
    base::Endpoint local_;
    std::string user_agent_;
    HostPort next_hop_;
    std::string server_; ///< as it stands in URIs: host, or host:port when it is not 5060
    std::string call_id_;
    std::string tag_;
    std::string branch_;
    unsigned cseq_ = 0;
    std::uint64_t asked_;
    std::uint64_t granted_ = 0;
    std::optional<Challenge> challenge_;
    bool by_proxy_ = false;
    unsigned nonce_count_ = 0;
    int proofs_ = 0; ///< since the last success: a wrong password must not loop
    bool registered_ = false;
    int status_ = 0;
    std::string reason_;
};

} // namespace phone
