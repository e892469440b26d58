// SPDX-License-Identifier: MIT
// The HTTP port on which a service asks an OpenStage to call: contact-me (guide p. 14).
#pragma once

#include "module/phone/openstage.hpp"
#include "provisioning/base/net.hpp"

#include <list>
#include <optional>
#include <string>
#include <vector>

namespace phone {

struct ContactMe {
    base::Endpoint from;
    int status = 0;                 ///< it was answered with
    bool is_wanted = false;         ///< ContactMe=true stands in it
    std::optional<Service> service; ///< to call instead of its own
};

class ContactPort {
  public:
    static base::Result<ContactPort> open(base::Endpoint local);

    std::uint16_t port() const noexcept { return port_; }

    /// Readable when hear() has something to do.
    int fd() const noexcept { return ready_.get(); }

    /// It answers nobody any more.
    void die();

    bool is_dead() const noexcept { return !fd_; }

    /// Takes what is there without waiting, answers, and says what was asked.
    std::vector<ContactMe> hear();

  private:
    struct Caller {
        base::Fd fd;
        base::Endpoint from;
        std::string text{};
    };

    ContactPort(base::Fd ready, base::Fd fd, std::uint16_t port)
        : ready_(std::move(ready)), fd_(std::move(fd)), port_(port) {}

    void accept();

    base::Fd ready_; ///< an epoll of the others, which come and go during a transfer
    base::Fd fd_;
    std::uint16_t port_ = 0;
    std::list<Caller> callers_;
};

/// The answer's status and what was asked; none while the request is not complete.
std::optional<ContactMe> read_contact_me(std::string_view text);

} // namespace phone
