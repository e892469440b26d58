// SPDX-License-Identifier: MIT
#include "provisioning/base/netlink.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"

#include <array>
#include <cerrno>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string>
#include <sys/socket.h>
#include <system_error>

namespace base {
Result<Fd> netlink_socket(std::uint32_t groups) {
    Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    if (!fd) {
        return fail(Errc::io, "no netlink socket: {}", why(errno));
    }
    sockaddr_nl local{};
    local.nl_family = AF_NETLINK;
    local.nl_groups = groups;
    if (::bind(fd.get(), reinterpret_cast<const ::sockaddr*>(&local), sizeof local) != 0) {
        return fail(Errc::io, "no netlink events: {}", why(errno));
    }
    return fd;
}

Status netlink_dump(int fd, std::uint16_t request) {
    struct {
        nlmsghdr head;
        rtgenmsg what;
    } message{};

    message.head.nlmsg_len = NLMSG_LENGTH(sizeof message.what);
    message.head.nlmsg_type = request;
    message.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    message.what.rtgen_family = AF_INET;
    if (::send(fd, &message, message.head.nlmsg_len, MSG_NOSIGNAL) < 0) {
        return fail(Errc::io, "netlink takes no request: {}", why(errno));
    }
    return {};
}

bool netlink_drain(int fd, const std::function<void(std::string_view messages)>& visit) {
    alignas(nlmsghdr) std::array<char, 32768> buffer; // as much as a dump puts into one message
    bool complete = true;
    while (true) {
        sockaddr_nl from{};
        socklen_t size = sizeof from;
        const ssize_t got = ::recvfrom(fd, buffer.data(), buffer.size(), MSG_TRUNC,
                                       reinterpret_cast<::sockaddr*>(&from), &size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && errno == ENOBUFS) {
            complete = false;
            continue;
        }
        if (got < 0) {
            if (errno != EAGAIN) {
                log::warn("base", "netlink: {}", why(errno));
            }
            return complete;
        }
        if (static_cast<std::size_t>(got) > buffer.size()) {
            complete = false;
        } else if (from.nl_pid == 0) { // any process may send to us; the kernel is 0
            visit({buffer.data(), static_cast<std::size_t>(got)});
        }
    }
}

} // namespace base
