// SPDX-License-Identifier: MIT
// The machine's IPv4 interfaces, kept by netlink events, and which of them we serve.
#pragma once

#include "provisioning/base/loop.hpp"
#include "provisioning/base/net.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace base {

/// One row per address of an interface that is up.
struct Interface {
    int index = 0;
    std::string name;
    Ipv4 address;
    int prefix = 32;
    bool loopback = false;
    bool multicast = false;

    Network network() const noexcept { return {address, prefix}; }

    bool operator==(const Interface&) const = default;
};

/// Which interfaces to serve: `auto` is each multicast-capable one with a private or link-local
/// address, and never the loopback; a name or an address takes just that one, a public one too.
struct InterfaceChoice {
    bool automatic = true;
    std::vector<std::string> names;

    bool takes(const Interface& row) const;
};

class Interfaces {
  public:
    /// Calls `changed` on the loop thread with the rows that are up whenever they change, and once
    /// soon after the construction. Lost netlink messages (ENOBUFS) lead to a new dump.
    Interfaces(Loop& loop, std::function<void(const std::vector<Interface>&)> changed);
    ~Interfaces();
    Interfaces(const Interfaces&) = delete;
    Interfaces& operator=(const Interfaces&) = delete;

    /// What getifaddrs(3) says now; for the first look and for tests.
    static Result<std::vector<Interface>> list();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace base
