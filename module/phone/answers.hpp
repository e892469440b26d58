// SPDX-License-Identifier: MIT
// Answers kept for the retransmissions of their requests (RFC 3261 17.2).
#pragma once

#include "module/phone/sip.hpp"

#include <deque>
#include <string>

namespace phone {

class Answers {
  public:
    /// In place of an earlier answer to the same request.
    void keep(const Message& request, std::string answer);
    /// Null when the request is a new one.
    const std::string* find(const Message& request) const;

  private:
    struct Given {
        std::string key;
        std::string answer;
    };

    std::deque<Given> given_;
};

} // namespace phone
