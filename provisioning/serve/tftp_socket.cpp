// SPDX-License-Identifier: MIT
#include "provisioning/serve/tftp_socket.hpp"

#include "provisioning/serve/tftp_packet.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace serve {
namespace {

constexpr int ethernet = 1500;
constexpr int ip_and_udp = 28;

} // namespace

std::optional<TftpDatagram> receive_tftp(int fd, TftpRoom& room) noexcept {
    sockaddr_in source{};
    socklen_t length = sizeof source;
    ssize_t size = 0;
    do {
        size = ::recvfrom(fd, room.data(), room.size(), MSG_DONTWAIT,
                          reinterpret_cast<sockaddr*>(&source), &length);
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        return std::nullopt;
    }
    return TftpDatagram{{room.data(), static_cast<std::size_t>(size)},
                        base::Endpoint::from(source)};
}

bool send_tftp(int fd, base::Endpoint to, std::string_view bytes) noexcept {
    const sockaddr_in address = to.sockaddr();
    ssize_t sent = 0;
    do {
        sent = ::sendto(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                        reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } while (sent < 0 && errno == EINTR);
    return sent == static_cast<ssize_t>(bytes.size());
}

base::Result<base::Fd> open_tftp_transfer(base::Ipv4 local) {
    auto fd = base::udp_socket({local, 0});
    const int on = 1;
    if (fd && ::setsockopt(fd->get(), IPPROTO_IP, IP_RECVERR, &on, sizeof on) != 0) {
        return base::fail(base::Errc::io, "IP_RECVERR on UDP {}: {}", local.str(),
                          std::system_category().message(errno));
    }
    return fd;
}

bool is_tftp_unreachable(int fd, base::Endpoint peer) noexcept {
    struct alignas(cmsghdr) {
        std::array<char, CMSG_SPACE(sizeof(sock_extended_err) + sizeof(sockaddr_in))> bytes;
    } control{};

    bool is_unreachable = false;
    while (true) {
        sockaddr_in sent_to{};
        msghdr message{};
        message.msg_name = &sent_to;
        message.msg_namelen = sizeof sent_to;
        message.msg_control = control.bytes.data();
        message.msg_controllen = control.bytes.size();
        if (::recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return is_unreachable;
        }
        for (const cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
             each = CMSG_NXTHDR(&message, const_cast<cmsghdr*>(each))) { // NOLINT: glibc's macro
            if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_RECVERR) {
                const auto* error = reinterpret_cast<const sock_extended_err*>(CMSG_DATA(each));
                is_unreachable = is_unreachable || (error->ee_origin == SO_EE_ORIGIN_ICMP &&
                                                    error->ee_errno == ECONNREFUSED &&
                                                    base::Endpoint::from(sent_to) == peer);
            }
        }
    }
}

std::size_t tftp_room_for_block(base::Ipv4 local, base::Endpoint to) noexcept {
    int mtu = ethernet;
    const base::Fd probe(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in from = base::Endpoint{local, 0}.sockaddr();
    const sockaddr_in address = to.sockaddr();
    socklen_t size = sizeof mtu;
    // connect() sends nothing; it looks the route up, and the kernel knows what came of it before.
    if (!probe || ::bind(probe.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
        ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::getsockopt(probe.get(), IPPROTO_IP, IP_MTU, &mtu, &size) != 0) {
        return tftp_block;
    }
    constexpr int headers = ip_and_udp + static_cast<int>(tftp_header);
    constexpr int least = 8; // of RFC 2348; IP wants 68 of every way
    return static_cast<std::size_t>(std::max(least, std::min(mtu, ethernet) - headers));
}

} // namespace serve
