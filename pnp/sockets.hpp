// SPDX-License-Identifier: MIT
// UDP sockets that know on which interface a datagram came and choose the one where it leaves.
#pragma once

#include "pnp/answered.hpp"
#include "pnp/frame.hpp"
#include "pnp/sharing.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pnp {

/// The socket that hears the group. Bound to the group's own address, so that the PBX's unicast
/// traffic on the same port never comes here; it joins nothing yet. With `sharing`, a PBX in our
/// own process may hold the port. The error names who else holds it and the two ways out.
base::Result<base::Fd> open_group(base::Endpoint group, Sharing* sharing = nullptr);
base::Result<base::Fd> open_unicast(base::Endpoint local);

base::Status join(int fd, base::Ipv4 group, int interface_index);
void leave(int fd, base::Ipv4 group, int interface_index) noexcept;

/// What the kernel does not give of the receive buffer that we ask for.
std::size_t missing_buffer(int fd) noexcept;

/// The port that the system gave to a socket bound to port 0.
std::uint16_t bound_port(int fd) noexcept;

/// The datagrams that go out next; one system call takes many.
class Outbox {
  public:
    static constexpr std::size_t most = 64;

    void add(int fd, const Path& path, std::string_view bytes);

    std::size_t size() const noexcept { return count_; }

    /// Each from the address and out of the interface of its path, in the order of add(). Returns
    /// those that the system does not take, until the next add(). Takes no memory.
    std::span<const Path> send() noexcept;

  private:
    std::size_t send_some(std::size_t begin, std::size_t end) noexcept;

    std::size_t count_ = 0;
    std::array<int, most> sockets_;
    std::array<Path, most> paths_;
    std::array<std::string, most> texts_; ///< whose memory is used again and again
};

struct Received {
    std::string_view bytes; ///< longer than max_datagram when it was cut
    base::Endpoint source;
    int interface_index = 0;
};

/// The buffers for a batch of datagrams, used by one socket after the other.
class Inbox {
  public:
    Inbox();

    /// Reads until nothing is left, but at most some hundred datagrams, so that other sockets get
    /// their turn. `drops` is set to the socket's count of datagrams that the kernel threw away.
    void drain(int fd, std::uint32_t& drops, const std::function<void(const Received&)>& visit);

  private:
    static constexpr std::size_t batch = 32;
    static constexpr int most_batches = 16;
    static constexpr std::size_t slot = max_datagram + 1; // one more shows that it was cut

    std::vector<char> bytes_;
};

} // namespace pnp
