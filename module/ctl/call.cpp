// SPDX-License-Identifier: MIT
// One command over the control socket: the words out, the text to print in.
#include "module/ctl/call.hpp"

#include "provisioning/base/json.hpp"
#include "provisioning/base/net.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace ctl {
namespace {

constexpr std::string_view remedy =
    "start pnpd or the PBX, or name its socket with --control or $PNP_CONTROL";

std::string reason(int error) {
    return std::system_category().message(error);
}

bool is_socket(const std::string& path) {
    struct stat found {};

    return ::stat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode);
}

base::Result<base::Fd> reach(const std::string& path, std::chrono::seconds patience) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return base::fail(base::Errc::malformed, "{}: a socket's path has at most {} characters",
                          path, sizeof address.sun_path - 1);
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) {
        return base::fail(base::Errc::io, "no socket: {}", reason(errno));
    }
    const timeval wait{patience.count(), 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const int error = errno;
        if (error == EACCES) {
            return base::fail(base::Errc::refused,
                              "{}: {}; join the group that owns it, or use sudo", path,
                              reason(error));
        }
        return base::fail(base::Errc::io, "nobody answers at {} ({}); {}", path, reason(error),
                          remedy);
    }
    return fd;
}

/// False when the daemon closed: it may have said why before.
bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

/// Reads to the end; the error number, or 0.
int read_all(int fd, std::string& out) {
    std::array<char, 16384> piece{};
    while (true) {
        const ssize_t got = ::recv(fd, piece.data(), piece.size(), 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? errno : 0;
        }
        out.append(piece.data(), static_cast<std::size_t>(got));
    }
}

} // namespace

base::Result<std::string> find_socket(const std::string& given, bool for_leases) {
    if (!given.empty()) {
        return given;
    }
    // The environment of our own process, before any thread.
    if (const char* named = std::getenv("PNP_CONTROL"); // NOLINT(concurrency-mt-unsafe)
        named != nullptr && *named != '\0') {
        return std::string(named);
    }
    if (for_leases) {
        for (const std::string path :
             {"/run/pnp/pnp-dhcp.ctl", "/run/pnp-dhcp/pnp-dhcp.ctl", "/run/asterisk/pnp-dhcp.ctl",
              "/run/freeswitch/pnp-dhcp.ctl", "data/pnp-dhcp.ctl"}) {
            if (is_socket(path)) {
                return path;
            }
        }
    }
    const std::array<std::string, 4> usual{"/run/pnp/pnp.ctl", "/run/asterisk/pnp.ctl",
                                           "/run/freeswitch/pnp.ctl", "data/pnp.ctl"};
    for (const std::string& path : usual) {
        if (is_socket(path)) {
            return path;
        }
    }
    return base::fail(base::Errc::not_found,
                      "no control socket at {}, {}, {} nor ./{}, and $PNP_CONTROL is not set; {}",
                      usual[0], usual[1], usual[2], usual[3], remedy);
}

base::Result<Answer> call(const std::string& socket,
                          const std::vector<std::string>& words,
                          const base::Secret& input,
                          std::chrono::seconds patience) {
    auto fd = reach(socket, patience);
    if (!fd) {
        return tl::unexpected(fd.error());
    }
    base::Json list = base::Json::array();
    for (const std::string& word : words) {
        list.push(word);
    }
    const std::string line =
        base::Json::object(
            {{"words", std::move(list)}, {"input_bytes", static_cast<std::uint64_t>(input.size())}})
            .dump() +
        "\n";
    const base::Revealed text = input.reveal();
    // A daemon that refuses the request closes while we still write; what it said is read all the
    // same.
    const bool sent = send_all(fd->get(), line) && send_all(fd->get(), text);
    std::string reply;
    const int error = read_all(fd->get(), reply);

    const auto end = reply.find('\n');
    const auto head = base::Json::parse(reply.substr(0, end));
    const std::int64_t expected = head ? head->get("text_bytes").number(-1) : -1;
    if (end == std::string::npos || expected < 0 ||
        reply.size() - end - 1 < static_cast<std::uint64_t>(expected)) {
        if (error == EAGAIN || error == EWOULDBLOCK) {
            return base::fail(base::Errc::io,
                              "no answer from {} within {} s; the command may still be running",
                              socket, patience.count());
        }
        return base::fail(base::Errc::io, "{} closed before it answered{}; its log says why",
                          socket, sent ? "" : " and before it had the whole command");
    }
    reply.erase(0, end + 1);
    Answer answer{static_cast<int>(head->get("status").number(1)),
                  reply.substr(0, static_cast<std::size_t>(expected)),
                  {}};
    auto rest = std::string_view(reply).substr(answer.text.size());
    for (const auto& file : head->get("files").items()) {
        const auto bytes = file.get("bytes").number(-1);
        if (bytes < 0 || rest.size() < static_cast<std::uint64_t>(bytes)) {
            return base::fail(base::Errc::truncated, "{} closed before all files were here",
                              socket);
        }
        answer.files.push_back({file.get("name").text(),
                                std::string(rest.substr(0, static_cast<std::size_t>(bytes)))});
        rest.remove_prefix(static_cast<std::size_t>(bytes));
    }
    return answer;
}

} // namespace ctl
