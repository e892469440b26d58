// SPDX-License-Identifier: MIT
// What TFTP needs of UDP sockets: datagrams one at a time, the room on the way to a client, and the
// word of a client's machine that nobody listens there.
#pragma once

#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace serve {

/// One datagram's room: one octet more than the longest request shows that it was cut off.
using TftpRoom = std::array<char, 513>;

struct TftpDatagram {
    std::string_view bytes; ///< in the room
    base::Endpoint source;
};

/// The next one that waits at a socket, if any does.
std::optional<TftpDatagram> receive_tftp(int fd, TftpRoom& room) noexcept;

/// False where the system does not take it, which is as good as lost on the way.
bool send_tftp(int fd, base::Endpoint to, std::string_view bytes) noexcept;

/// A transfer's own socket, which is its transfer identifier (RFC 1350 section 4). The error names
/// the remedy.
base::Result<base::Fd> open_tftp_transfer(base::Ipv4 local);

/// Whether `peer` refused a packet of this socket (ICMP port unreachable). Takes all such words in.
bool is_tftp_unreachable(int fd, base::Endpoint peer) noexcept;

/// Octets of data that travel in one packet from `local` to `to`, never more than Ethernet takes:
/// 1500 octets less 20 for IP, 8 for UDP and 4 of our own are 1468. A larger block would be cut
/// into fragments, which small boot loaders and some firewalls do not take, and of which each that
/// is lost costs the whole block; a way that is known to be narrower, such as a tunnel, has less.
std::size_t tftp_room_for_block(base::Ipv4 local, base::Endpoint to) noexcept;

} // namespace serve
