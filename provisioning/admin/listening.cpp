// SPDX-License-Identifier: MIT
// A unix socket at a path: bound safely, and taken away again only if it is still ours.
#include "provisioning/admin/listening.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace admin {
namespace {

constexpr mode_t mode = 0660;
constexpr int backlog = 32;

std::string reason(int error) {
    return std::system_category().message(error);
}

base::Fd unix_socket() {
    return base::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

const sockaddr* generic(const sockaddr_un& address) noexcept {
    return reinterpret_cast<const sockaddr*>(&address);
}

base::Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // The kernel's field ends with a NUL, and a name that starts with one is another kind of name.
    if (path.empty() || path.size() >= sizeof address.sun_path ||
        path.find('\0') != std::string::npos) {
        return base::fail(base::Errc::malformed,
                          "the control socket's path must have 1 to {} characters; set a shorter "
                          "one with control",
                          sizeof address.sun_path - 1);
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

/// Makes way at the path: a socket that nobody answers goes, everything else is refused.
base::Status make_way(const std::string& path, const sockaddr_un& address) {
    struct stat found {};

    if (::lstat(path.c_str(), &found) != 0) {
        return {}; // nothing there, or bind() will say what is wrong
    }
    if (!S_ISSOCK(found.st_mode)) {
        return base::fail(base::Errc::conflict,
                          "{} is there and is no socket; remove it, or set another path with "
                          "control",
                          path);
    }
    const base::Fd probe = unix_socket();
    if (!probe) {
        return base::fail(base::Errc::io, "no socket for {}: {}", path, reason(errno));
    }
    if (::connect(probe.get(), generic(address), sizeof address) == 0 || errno == EAGAIN) {
        return base::fail(base::Errc::conflict,
                          "another pnpd is running: it answers at {}; stop it, or set another path "
                          "with control",
                          path);
    }
    if (errno != ECONNREFUSED && errno != ENOENT) {
        return base::fail(base::Errc::io, "{} cannot be asked whether it is in use: {}", path,
                          reason(errno));
    }
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return base::fail(base::Errc::io, "{} is stale and cannot be removed: {}", path,
                          reason(errno));
    }
    return {};
}

} // namespace

base::Result<Listening> Listening::open(const std::string& path) {
    const auto address = address_of(path);
    if (!address) {
        return tl::unexpected(address.error());
    }
    if (auto free = make_way(path, *address); !free) {
        return tl::unexpected(free.error());
    }
    Listening out;
    out.fd_ = unix_socket();
    if (!out.fd_) {
        return base::fail(base::Errc::io, "no socket for {}: {}", path, reason(errno));
    }
    // Before bind() the mode of the socket itself is what the file gets, less the umask: so the
    // file never has more than 0660, and the umask, which belongs to the whole process, stays
    // alone.
    if (::fchmod(out.fd_.get(), mode) != 0 ||
        ::bind(out.fd_.get(), generic(*address), sizeof *address) != 0) {
        const int error = errno;
        return base::fail(base::Errc::io, "cannot listen at {}: {}; {}", path, reason(error),
                          error == ENOENT ? "create its folder, or set another path with control"
                                          : "check the folder's owner and mode");
    }

    struct stat bound {};

    if (::lstat(path.c_str(), &bound) == 0) {
        out.path_ = path;
        out.device_ = bound.st_dev;
        out.inode_ = bound.st_ino;
    }
    // The umask took the group's bits away; the folder is ours, so nobody exchanges the file here.
    if (::chmod(path.c_str(), mode) != 0 || ::listen(out.fd_.get(), backlog) != 0) {
        return base::fail(base::Errc::io,
                          "cannot listen at {}: {}; check the folder's owner and "
                          "mode",
                          path, reason(errno));
    }
    return out;
}

Listening::Listening(Listening&& other) noexcept
    : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, {})), device_(other.device_),
      inode_(other.inode_) {}

Listening& Listening::operator=(Listening&& other) noexcept {
    if (this != &other) {
        unlink_ours();
        fd_ = std::move(other.fd_);
        path_ = std::exchange(other.path_, {});
        device_ = other.device_;
        inode_ = other.inode_;
    }
    return *this;
}

Listening::~Listening() {
    unlink_ours();
}

void Listening::unlink_ours() noexcept {
    struct stat found {};

    // Whoever took the path after us keeps it.
    if (!path_.empty() && ::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ &&
        found.st_ino == inode_) {
        ::unlink(path_.c_str());
    }
    path_.clear();
}

} // namespace admin
