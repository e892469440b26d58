// SPDX-License-Identifier: MIT
// One UDP port of the phone.
#pragma once

#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace phone {

struct Datagram {
    base::Endpoint from;
    std::string bytes;
};

class UdpPort {
  public:
    /// Bound to one address, so that nothing meant for another phone of this machine arrives. Port
    /// 0 takes any free one.
    static base::Result<UdpPort> open(base::Endpoint local);

    /// Multicast leaves by this interface, for one hop.
    base::Status multicast_by(int interface_index);

    /// A datagram the local firewall drops counts as lost on the way, not as an error.
    base::Status send(std::string_view bytes, base::Endpoint to);
    std::optional<Datagram> receive(); ///< none when there is nothing to read

    base::Endpoint local() const noexcept { return local_; }

    int fd() const noexcept { return fd_.get(); }

  private:
    UdpPort(base::Fd fd, base::Endpoint local) : fd_(std::move(fd)), local_(local) {}

    base::Fd fd_;
    base::Endpoint local_;
};

/// The IPv4 address behind a name or a dotted quad. A name waits for the resolver.
base::Result<base::Ipv4> resolve(const std::string& host);

} // namespace phone
