// SPDX-License-Identifier: MIT
// A listening TCP socket: takes connections in, and waits a while where the process has no
// descriptor left.
#pragma once

#include "provisioning/base/limit.hpp"
#include "provisioning/base/loop.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace serve {

class Listener {
  public:
    /// Gets each accepted socket, non-blocking and close-on-exec, and owns it from then on.
    using Accepted = std::function<void(int socket, base::Endpoint peer)>;

    /// Port 0 = any. The error names who holds the port and the remedy.
    static base::Result<std::unique_ptr<Listener>>
    open(base::Loop& loop, base::Endpoint local, Accepted accepted);

    base::Endpoint local() const noexcept { return local_; } ///< with the port the system chose

  private:
    Listener(base::Loop& loop, base::Fd socket, base::Endpoint local, Accepted accepted);

    void watch();
    void take();
    void rest(int error);

    base::Loop& loop_;
    base::Fd socket_; // before the watch that borrows it
    base::Endpoint local_;
    Accepted accepted_;
    std::optional<base::Watch> watch_;
    base::Timer pause_;
    base::TokenBucket complaints_{1.0 / 60, 1};
};

} // namespace serve
