// SPDX-License-Identifier: MIT
// socket, bind, listen and accept4 by hand, because Asio's sockets are not close-on-exec.
#include "provisioning/serve/listener.hpp"

#include "provisioning/base/log.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace serve {
namespace {

constexpr int backlog = 1024; // 300 phones start at once when the power comes back
constexpr int at_once = 64;   // accepted before other sockets of the loop get their turn
constexpr auto pause_without_descriptors = std::chrono::milliseconds(250);

std::string words(int error) {
    return std::generic_category().message(error);
}

base::Error refusal(base::Endpoint local, int error) {
    const std::string where = local.str();
    switch (error) {
    case EADDRINUSE: {
        const std::string holder = base::port_holder("tcp", local);
        return {base::Errc::conflict,
                fmt::format("{} is taken by {}; stop it or configure another port", where,
                            holder.empty() ? "another process" : holder)};
    }
    case EADDRNOTAVAIL:
        return {base::Errc::io,
                fmt::format("{} is not an address of this machine now; check the interfaces that "
                            "are configured against `ip address`",
                            where)};
    case EACCES:
    case EPERM:
        return {base::Errc::refused,
                fmt::format("{} may not be used by this process; ports below 1024 need the "
                            "capability CAP_NET_BIND_SERVICE, or configure a higher port",
                            where)};
    case EMFILE:
    case ENFILE:
        return {base::Errc::io,
                fmt::format("{} cannot be opened: {}; raise the limit of open files "
                            "(LimitNOFILE= of the service)",
                            where, words(error))};
    default:
        return {base::Errc::io, fmt::format("{} cannot be opened: {}", where, words(error))};
    }
}

} // namespace

base::Result<std::unique_ptr<Listener>>
Listener::open(base::Loop& loop, base::Endpoint local, Accepted accepted) {
    base::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) {
        return tl::unexpected(refusal(local, errno));
    }
    // A restart must not wait for the connections that the last one left in TIME_WAIT.
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address = local.sockaddr();
    socklen_t length = sizeof address;
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
        ::listen(socket.get(), backlog) != 0 ||
        ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
        return tl::unexpected(refusal(local, errno));
    }
    std::unique_ptr<Listener> listener(
        new Listener(loop, std::move(socket), base::Endpoint::from(address), std::move(accepted)));
    listener->watch();
    return listener;
}

Listener::Listener(base::Loop& loop, base::Fd socket, base::Endpoint local, Accepted accepted)
    : loop_(loop), socket_(std::move(socket)), local_(local), accepted_(std::move(accepted)),
      pause_(loop) {}

void Listener::watch() {
    watch_.emplace(loop_, socket_.get(), [this] { take(); });
}

void Listener::take() {
    for (int i = 0; i < at_once; ++i) {
        sockaddr_in peer{};
        socklen_t length = sizeof peer;
        const int socket = ::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&peer), &length,
                                     SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (socket < 0) {
            switch (errno) {
            case EAGAIN:
                return;
            case EMFILE:
            case ENFILE:
            case ENOBUFS:
            case ENOMEM:
                rest(errno);
                return;
            default: // of the connection, which accept(2) says to pass over
                continue;
            }
        }
        const int on = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        accepted_(socket, base::Endpoint::from(peer));
    }
}

void Listener::rest(int error) {
    if (complaints_.take(std::chrono::steady_clock::now())) {
        base::log::error("serve",
                         "no connection can be taken in at {}: {}; raise the limit of open files "
                         "(LimitNOFILE= of the service)",
                         local_.str(), words(error));
    }
    // The connection stays in the backlog and readable: looking again at once would spin.
    watch_.reset();
    pause_.after(pause_without_descriptors, [this] { watch(); });
}

} // namespace serve
