// SPDX-License-Identifier: MIT
// The socket options and control messages of ip(7) that the responder lives by.
#include "pnp/sockets.hpp"

#include "provisioning/base/log.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <optional>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace pnp {
namespace {

using base::Errc;
using base::fail;

/// A power cut makes every phone of a site ask within the same seconds.
constexpr int receive_buffer = 16 << 20;
/// What goes to an address where nobody answers stays in here until the kernel has asked for it
/// three times, a second each: so many as strangers and moved phones are answered meanwhile (see
/// limits.hpp), of 1,280 bytes as the kernel counts them. In a full one nobody else's answer has
/// room. Where net.core.wmem_max is the limit, as it comes with most kernels, it is 333 of them.
constexpr int send_buffer = 4 << 20;

std::string why(int error) {
    return std::system_category().message(error);
}

base::Status set(int fd, int level, int name, int value, const char* spelled) {
    if (::setsockopt(fd, level, name, &value, sizeof value) != 0) {
        return fail(Errc::io, "socket option {}: {}", spelled, why(errno));
    }
    return {};
}

/// The limit of rmem_max or wmem_max holds for `name` only; `by_force` needs CAP_NET_ADMIN.
void set_buffer(int fd, int by_force, int name, int bytes) noexcept {
    if (::setsockopt(fd, SOL_SOCKET, by_force, &bytes, sizeof bytes) != 0) {
        ::setsockopt(fd, SOL_SOCKET, name, &bytes, sizeof bytes);
    }
}

base::Status tune(int fd) {
    set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, receive_buffer);
    set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, send_buffer);
    // Without its own list only: by default Linux delivers a group that any process joined.
    if (auto done = set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL"); !done) {
        return done;
    }
    if (auto done = set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1, "SO_RXQ_OVFL"); !done) {
        return done;
    }
    return set(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
}

/// Twice what was asked for, as the kernel counts its own needs too.
int buffer_of(int fd, int name) noexcept {
    int given = 0;
    socklen_t size = sizeof given;
    ::getsockopt(fd, SOL_SOCKET, name, &given, &size);
    return given / 2;
}

ip_mreqn membership(base::Ipv4 group, int interface_index) noexcept {
    ip_mreqn out{};
    out.imr_multiaddr.s_addr = htonl(group.value);
    out.imr_ifindex = interface_index;
    return out;
}

/// Room for the control messages of one datagram, aligned as they must be.
struct alignas(cmsghdr) Control {
    std::array<char, CMSG_SPACE(sizeof(in_pktinfo)) + CMSG_SPACE(sizeof(std::uint32_t))> bytes;
};

} // namespace

base::Result<base::Fd> open_group(base::Endpoint group, Sharing* sharing) {
    std::optional<Sharing::Opening> opening;
    if (sharing != nullptr) {
        opening.emplace(sharing->open(group.port));
    }
    auto fd = base::udp_socket(group, true);
    opening.reset();
    if (!fd) {
        if (fd.error().code != Errc::conflict) {
            return fd;
        }
        const std::string holder = base::port_holder("udp", group);
        return fail(
            Errc::conflict,
            "phones cannot be heard: UDP port {0} is taken by {1}; either bind that SIP "
            "server to an address instead of 0.0.0.0 (in FreeSWITCH take out the SIP profile "
            "of its own PnP, whose sip-ip is {2}), or set group_port = 5070 and let nft "
            "send the group there: ip daddr {2} udp dport {0} udp dport set 5070, in a "
            "prerouting chain of priority -300",
            group.port, holder.empty() ? "another process" : holder, group.address.str());
    }
    // Only for the moment of the bind: left on, any local process could take this port too.
    if (auto done = set(fd->get(), SOL_SOCKET, SO_REUSEADDR, 0, "SO_REUSEADDR"); !done) {
        return tl::unexpected(std::move(done.error()));
    }
    if (auto done = tune(fd->get()); !done) {
        return tl::unexpected(std::move(done.error()));
    }
    if (const int given = buffer_of(fd->get(), SO_RCVBUF); given < receive_buffer) {
        base::log::info("pnp",
                        "the kernel gives {} KiB of {} to hear phones with: of a thousand that "
                        "start at once some may have to ask twice; net.core.rmem_max = {} gives it",
                        given / 1024, receive_buffer / 1024, receive_buffer);
    }
    if (const int given = buffer_of(fd->get(), SO_SNDBUF); given < send_buffer) {
        base::log::info("pnp",
                        "the kernel gives {} KiB of {} to answer phones with: while it looks for "
                        "hundreds that are not there others may have to ask twice; "
                        "net.core.wmem_max = {} gives it",
                        given / 1024, send_buffer / 1024, send_buffer);
    }
    return fd;
}

base::Result<base::Fd> open_unicast(base::Endpoint local) {
    auto fd = base::udp_socket(local);
    if (fd) {
        if (auto done = tune(fd->get()); !done) {
            return tl::unexpected(std::move(done.error()));
        }
    }
    return fd;
}

base::Status join(int fd, base::Ipv4 group, int interface_index) {
    const ip_mreqn request = membership(group, interface_index);
    if (::setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) == 0) {
        return {};
    }
    const int error = errno;
    return fail(Errc::io, "{} cannot be joined: {}{}", group.str(), why(error),
                error == ENOBUFS ? "; raise the sysctl net.ipv4.igmp_max_memberships" : "");
}

void leave(int fd, base::Ipv4 group, int interface_index) noexcept {
    // It fails where the interface is gone already, and then there is nothing to leave.
    const ip_mreqn request = membership(group, interface_index);
    ::setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &request, sizeof request);
}

std::size_t missing_buffer(int fd) noexcept {
    return static_cast<std::size_t>(std::max(receive_buffer - buffer_of(fd, SO_RCVBUF), 0));
}

std::uint16_t bound_port(int fd) noexcept {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return 0;
    }
    return ntohs(address.sin_port);
}

void Outbox::add(int fd, const Path& path, std::string_view bytes) {
    texts_[count_].assign(bytes);
    sockets_[count_] = fd;
    paths_[count_] = path;
    ++count_;
}

std::span<const Path> Outbox::send() noexcept {
    const std::size_t count = std::exchange(count_, 0);
    std::size_t failed = 0; // their paths are moved to the front
    for (std::size_t at = 0; at < count;) {
        std::size_t end = at + 1;
        while (end < count && sockets_[end] == sockets_[at]) {
            ++end;
        }
        while (at < end) {
            at += send_some(at, end);
            if (at < end) {
                paths_[failed++] = paths_[at++]; // it stopped the others
            }
        }
    }
    for (std::size_t at = 0; at < count; ++at) {
        OPENSSL_cleanse(texts_[at].data(), texts_[at].size()); // there may be a token in it
    }
    return {paths_.data(), failed};
}

/// How many of them the system took before one that it did not take.
std::size_t Outbox::send_some(std::size_t begin, std::size_t end) noexcept {
    struct alignas(cmsghdr) Info {
        std::array<char, CMSG_SPACE(sizeof(in_pktinfo))> bytes;
    };

    std::array<Info, most> infos{};
    std::array<sockaddr_in, most> targets{};
    std::array<iovec, most> parts{};
    std::array<mmsghdr, most> messages{};
    for (std::size_t at = begin; at < end; ++at) {
        const Path& path = paths_[at];
        targets[at] = path.to.sockaddr();
        parts[at] = {texts_[at].data(), texts_[at].size()};
        msghdr& message = messages[at].msg_hdr;
        message.msg_name = &targets[at];
        message.msg_namelen = sizeof targets[at];
        message.msg_iov = &parts[at];
        message.msg_iovlen = 1;
        message.msg_control = infos[at].bytes.data();
        message.msg_controllen = infos[at].bytes.size();
        cmsghdr* head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = IPPROTO_IP;
        head->cmsg_type = IP_PKTINFO;
        head->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
        in_pktinfo info{};
        info.ipi_ifindex = path.interface_index;
        info.ipi_spec_dst.s_addr = htonl(path.local.value);
        std::memcpy(CMSG_DATA(head), &info, sizeof info);
    }
    int sent = 0;
    do {
        sent = ::sendmmsg(sockets_[begin], messages.data() + begin,
                          static_cast<unsigned>(end - begin), MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

Inbox::Inbox() : bytes_(batch * slot) {}

void Inbox::drain(int fd, std::uint32_t& drops, const std::function<void(const Received&)>& visit) {
    std::array<mmsghdr, batch> messages{};
    std::array<iovec, batch> parts{};
    std::array<sockaddr_in, batch> sources{};
    std::array<Control, batch> controls{};
    for (int turn = 0; turn < most_batches; ++turn) {
        for (std::size_t i = 0; i < batch; ++i) {
            parts[i] = {bytes_.data() + i * slot, slot};
            msghdr& head = messages[i].msg_hdr;
            head = {};
            head.msg_name = &sources[i];
            head.msg_namelen = sizeof sources[i];
            head.msg_iov = &parts[i];
            head.msg_iovlen = 1;
            head.msg_control = controls[i].bytes.data();
            head.msg_controllen = controls[i].bytes.size();
        }
        const int count = ::recvmmsg(fd, messages.data(), batch, MSG_DONTWAIT, nullptr);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        for (int i = 0; i < count; ++i) {
            const auto at = static_cast<std::size_t>(i);
            msghdr& head = messages[at].msg_hdr;
            Received received;
            received.bytes = {bytes_.data() + at * slot, messages[at].msg_len};
            received.source = base::Endpoint::from(sources[at]);
            for (cmsghdr* each = CMSG_FIRSTHDR(&head); each != nullptr;
                 each = CMSG_NXTHDR(&head, each)) {
                if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
                    in_pktinfo info{};
                    std::memcpy(&info, CMSG_DATA(each), sizeof info);
                    received.interface_index = info.ipi_ifindex;
                } else if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SO_RXQ_OVFL) {
                    std::memcpy(&drops, CMSG_DATA(each), sizeof drops);
                }
            }
            visit(received);
        }
        if (count < static_cast<int>(batch)) {
            return;
        }
    }
}

} // namespace pnp
