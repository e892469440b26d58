// SPDX-License-Identifier: MIT
// Living beside a PBX in one process: its sockets on 0.0.0.0:5060 let ours in, and hear no group.
#pragma once

#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace pnp {

/// The UDP sockets of this very process that are bound to 0.0.0.0 on one port.
///
/// Linux hands a group's datagram to every wildcard socket of the port once anybody joined, so a
/// PBX would answer the phone's question with 401, and RFC 3261 17.1.3 lets the first answer win.
/// IP_MULTICAST_ALL = 0 makes such a socket deaf to groups that it did not join itself.
class Sharing {
  public:
    ~Sharing() { restore(); }

    Sharing() = default;
    Sharing(const Sharing&) = delete;
    Sharing& operator=(const Sharing&) = delete;

    /// While this lives the sockets allow another bind to their port (SO_REUSEADDR), and no longer:
    /// left on, any local process could take the PBX's port.
    class Opening {
      public:
        explicit Opening(std::vector<int> fds);
        ~Opening();
        Opening(Opening&&) = default; // what was moved from holds none
        Opening& operator=(Opening&&) = delete;
        Opening(const Opening&) = delete;
        Opening& operator=(const Opening&) = delete;

      private:
        std::vector<int> fds_; ///< whose flag was off before
    };

    /// Makes them deaf, and lets one bind in. Call it again whenever the PBX may have new sockets.
    Opening open(std::uint16_t port);

    /// Makes them hear groups again, as far as they did before and are still there.
    void restore() noexcept;

  private:
    struct Deaf {
        int fd = -1;
        ino_t inode = 0; ///< a number is used again for another socket
    };

    std::vector<Deaf> deaf_;
};

} // namespace pnp
