// SPDX-License-Identifier: MIT
// A SIP dialog (RFC 3261 12): who talks to whom by which way, and the requests written in it.
#pragma once

#include "module/phone/account.hpp"
#include "module/phone/sip.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace phone {

/// The phone's end of a call: one of its lines in service.
struct Seat {
    Account account;
    base::Endpoint local; ///< of the line's SIP port
    base::Endpoint hop;   ///< where a request outside of any dialog goes
    std::string user_agent;
};

class Dialog {
  public:
    /// For a call to a number of the account's server.
    static Dialog towards(const Seat& seat, std::string_view number);
    /// For a call that came; `tag` is the one our answers carry.
    static Dialog from(const Seat& seat, const Message& invite, std::string_view tag);

    /// One request, with the Via of that branch. CSeq is counted elsewhere: ACK and CANCEL repeat
    /// that of their INVITE.
    std::string request(std::string_view method,
                        unsigned cseq,
                        std::string_view branch,
                        std::string_view more = "",
                        std::string_view body = "") const;
    /// The ACK of a final answer that is no 2xx: part of the INVITE's transaction (RFC 3261
    /// 17.1.1.3).
    std::string
    ack_of_refusal(unsigned cseq, std::string_view branch, const Message& refusal) const;

    /// Our 2xx answer came: it fixes the far end's tag, Contact and way (RFC 3261 12.1.2).
    void confirm(const Message& ok);
    /// A re-INVITE and its answer may move the far end (RFC 3261 12.2).
    void retarget(const Message& message);

    bool owns(const Message& message) const;         ///< by Call-ID and our tag
    bool owns_request(const Message& request) const; ///< the far end's tag, too

    const std::string& target() const noexcept { return target_; }

    std::string contact() const; ///< our header line
    /// First Route, else the target itself, else where the line sends everything.
    base::Endpoint next_hop() const;

  private:
    Dialog() = default;

    std::string call_id_;
    std::string near_; ///< our name, URI and tag
    std::string near_tag_;
    std::string far_;
    std::string far_tag_;
    std::string target_;
    std::vector<std::string> routes_;
    std::string contact_uri_;
    base::Endpoint local_;
    base::Endpoint hop_;
    std::string user_agent_;
    bool is_confirmed_ = false; ///< before, requests go where the first one went
};

} // namespace phone
