// SPDX-License-Identifier: MIT
// Sends contact-mes from the loop, several at a time; Asio is seen in its .cpp only.
#pragma once

#include "provisioning/base/loop.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace wpi {

struct ContactMeDeadlines {
    std::chrono::milliseconds connect = std::chrono::seconds(10);
    std::chrono::milliseconds in_all = std::chrono::seconds(15);
};

/// For the loop thread, as are its callbacks.
class ContactMeClient {
  public:
    /// Nothing wrong: the phone answered 204. Else the error says what was seen, as the end of a
    /// sentence that begins with the phone.
    using Done = std::function<void(base::Status)>;
    /// Is shown each socket, bound and not connected yet: with which descriptor which phone is
    /// called is seen nowhere else.
    using Opened = std::function<void(int socket, base::Endpoint phone)>;

    explicit ContactMeClient(base::Loop& loop,
                             ContactMeDeadlines deadlines = {},
                             Opened opened = nullptr);
    ~ContactMeClient(); ///< closes all that are under way, and tells nobody
    ContactMeClient(const ContactMeClient&) = delete;
    ContactMeClient& operator=(const ContactMeClient&) = delete;

    /// From our address `own` (0.0.0.0: the system chooses) to `phone`, which contact_me_target()
    /// approved. `done` is called once, and never before this has returned.
    void send(base::Ipv4 own, base::Endpoint phone, Done done);

    std::size_t under_way() const noexcept;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace wpi
