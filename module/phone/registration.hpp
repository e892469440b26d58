// SPDX-License-Identifier: MIT
// REGISTER for one account: the request, the proof when the server asks for one, the result.
#pragma once

#include "module/phone/account.hpp"
#include "module/phone/credentials.hpp"
#include "module/phone/sip.hpp"

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

    /// From now on the request takes the registration back (RFC 3261 10.2.2).
    void leave() noexcept { asked_ = 0; }

    bool is_leaving() const noexcept { return asked_ == 0; }

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
    Account account_;
    base::Endpoint local_;
    std::string user_agent_;
    HostPort next_hop_;
    std::string server_; ///< as it stands in URIs: host, or host:port when it is not 5060
    std::string call_id_;
    std::string tag_;
    std::string branch_;
    unsigned cseq_ = 0;
    Credentials credentials_;
    std::uint64_t asked_;
    std::uint64_t granted_ = 0;
    bool registered_ = false;
    int status_ = 0;
    std::string reason_;
};

} // namespace phone
