// SPDX-License-Identifier: MIT
#include "module/phone/udp.hpp"

#include <array>
#include <cerrno>
#include <memory>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>

namespace phone {

namespace {

using base::Errc;

constexpr std::size_t largest_datagram = 65536;

std::string system_message() {
    return std::generic_category().message(errno);
}

sockaddr* generic(sockaddr_in& address) noexcept {
    return reinterpret_cast<sockaddr*>(&address);
}

struct AddrinfoFree {
    void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};

} // namespace

base::Result<UdpPort> UdpPort::open(base::Endpoint local) {
    auto fd = base::udp_socket(local);
    if (!fd) {
        return tl::unexpected(fd.error());
    }
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    if (getsockname(fd->get(), generic(bound), &size) != 0) {
        return base::fail(Errc::io, "{}: {}", local.str(), system_message());
    }
    return UdpPort(std::move(*fd), base::Endpoint::from(bound));
}

base::Status UdpPort::multicast_by(int interface_index) {
    ip_mreqn by{};
    by.imr_ifindex = interface_index;
    by.imr_address = local_.sockaddr().sin_addr;
    const int one_hop = 1;
    if (setsockopt(fd(), IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by) != 0 ||
        setsockopt(fd(), IPPROTO_IP, IP_MULTICAST_TTL, &one_hop, sizeof one_hop) != 0) {
        return base::fail(Errc::io, "multicast from {}: {}", local_.str(), system_message());
    }
    return {};
}

base::Status UdpPort::send(std::string_view bytes, base::Endpoint to) {
    auto address = to.sockaddr();
    const auto sent =
        sendto(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL, generic(address), sizeof address);
    if (sent < 0 && errno != EPERM && errno != EAGAIN && errno != ENOBUFS) {
        return base::fail(Errc::io, "sending to {} from {}: {}", to.str(), local_.str(),
                          system_message());
    }
    return {};
}

std::optional<Datagram> UdpPort::receive() {
    std::array<char, largest_datagram> buffer; // NOLINT(*-member-init): filled by the kernel
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const auto length =
        recvfrom(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT, generic(from), &size);
    if (length < 0) {
        return std::nullopt;
    }
    return Datagram{base::Endpoint::from(from), {buffer.data(), static_cast<std::size_t>(length)}};
}

base::Result<base::Ipv4> resolve(const std::string& host) {
    if (const auto address = base::Ipv4::parse(host)) {
        return *address;
    }
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
        return base::fail(Errc::not_found, "{} has no address: {}", host, gai_strerror(error));
    }
    const std::unique_ptr<addrinfo, AddrinfoFree> owner(found);
    return base::Endpoint::from(*reinterpret_cast<const sockaddr_in*>(found->ai_addr)).address;
}

} // namespace phone
