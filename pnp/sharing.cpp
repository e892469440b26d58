// SPDX-License-Identifier: MIT
// Finds the process's own wildcard sockets, and sets and restores two of their options.
#include "pnp/sharing.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>

#include <dirent.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace pnp {
namespace {

bool is_on_wildcard(int fd, std::uint16_t port) noexcept {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    int type = 0;
    socklen_t type_size = sizeof type;
    return ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
           size == sizeof address && address.sin_family == AF_INET &&
           address.sin_addr.s_addr == INADDR_ANY && ntohs(address.sin_port) == port &&
           ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_DGRAM;
}

std::vector<int> wildcard_sockets(std::uint16_t port) {
    std::vector<int> found;
    const auto look = [&](int fd) {
        if (is_on_wildcard(fd, port)) {
            found.push_back(fd);
        }
    };
    if (DIR* folder = ::opendir("/proc/self/fd"); folder != nullptr) {
        while (const dirent* entry = ::readdir(folder)) {
            if (const auto number = base::parse_number(entry->d_name)) {
                look(static_cast<int>(*number));
            }
        }
        ::closedir(folder);
        return found;
    }
    // A chroot may lack /proc.
    rlimit limit{};
    constexpr rlim_t most = 65536;
    ::getrlimit(RLIMIT_NOFILE, &limit);
    for (int fd = 0; fd < static_cast<int>(std::min(limit.rlim_cur, most)); ++fd) {
        look(fd);
    }
    return found;
}

ino_t inode_of(int fd) noexcept {
    struct stat seen {};

    return ::fstat(fd, &seen) == 0 ? seen.st_ino : 0;
}

bool flag(int fd, int level, int name) noexcept {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, level, name, &value, &size) == 0 && value != 0;
}

void set_flag(int fd, int level, int name, bool on) noexcept {
    const int value = on ? 1 : 0;
    ::setsockopt(fd, level, name, &value, sizeof value);
}

} // namespace

Sharing::Opening::Opening(std::vector<int> fds) : fds_(std::move(fds)) {
    for (const int fd : fds_) {
        set_flag(fd, SOL_SOCKET, SO_REUSEADDR, true);
    }
}

Sharing::Opening::~Opening() {
    for (const int fd : fds_) {
        set_flag(fd, SOL_SOCKET, SO_REUSEADDR, false);
    }
}

Sharing::Opening Sharing::open(std::uint16_t port) {
    std::vector<int> closed_ones;
    for (const int fd : wildcard_sockets(port)) {
        const Deaf deaf{fd, inode_of(fd)};
        const bool is_known = std::any_of(deaf_.begin(), deaf_.end(), [&](const Deaf& known) {
            return known.fd == deaf.fd && known.inode == deaf.inode;
        });
        if (!is_known && flag(fd, IPPROTO_IP, IP_MULTICAST_ALL)) {
            set_flag(fd, IPPROTO_IP, IP_MULTICAST_ALL, false);
            deaf_.push_back(deaf);
        }
        if (!flag(fd, SOL_SOCKET, SO_REUSEADDR)) {
            closed_ones.push_back(fd);
        }
    }
    deaf_.erase(std::remove_if(deaf_.begin(), deaf_.end(),
                               [](const Deaf& known) { return inode_of(known.fd) != known.inode; }),
                deaf_.end());
    return Opening(std::move(closed_ones));
}

void Sharing::restore() noexcept {
    for (const Deaf& known : deaf_) {
        if (inode_of(known.fd) == known.inode) {
            set_flag(known.fd, IPPROTO_IP, IP_MULTICAST_ALL, true);
        }
    }
    deaf_.clear();
}

} // namespace pnp
