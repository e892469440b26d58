// SPDX-License-Identifier: MIT
// Reads and writes IPv4 values, opens UDP sockets, and finds out who holds a port.
#include "provisioning/base/net.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <dirent.h>
#include <fmt/compile.h>
#include <memory>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace base {
namespace {

/// A decimal number of at most three digits without a leading zero, which some would read as octal.
std::optional<std::uint32_t> small_number(std::string_view text, std::uint32_t most) noexcept {
    if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) {
        return std::nullopt;
    }
    const auto number = parse_number(text);
    if (!number || *number > most) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(*number);
}

std::uint32_t mask(int prefix) noexcept {
    if (prefix <= 0) {
        return 0;
    }
    return prefix >= 32 ? ~0U : ~0U << (32U - static_cast<unsigned>(prefix));
}

std::string bind_error(Endpoint local, int error) {
    const std::string where = "UDP " + local.str();
    switch (error) {
    case EADDRINUSE: {
        const std::string holder = port_holder("udp", local);
        const std::string taken =
            where + " is taken by " + (holder.empty() ? "another process" : holder);
        // A socket on 0.0.0.0 without SO_REUSEADDR keeps everyone off the group's port too.
        return taken +
               (local.address.is_multicast()
                    ? "; bind that one to an address instead of 0.0.0.0, or use another port"
                    : "; stop that one or use another port");
    }
    case EACCES:
        return local.port < 1024
                   ? where + " is not allowed: ports below 1024 need root or CAP_NET_BIND_SERVICE"
                   : where + " is not allowed: look into the security policy of this process";
    case EADDRNOTAVAIL:
        return where + " is not an address of this machine; look at `ip address`";
    default:
        return where + " cannot be opened: " + why(error);
    }
}

struct DirClose {
    void operator()(DIR* dir) const noexcept { ::closedir(dir); }
};

using Dir = std::unique_ptr<DIR, DirClose>;

/// Whether a socket at this address, as /proc/net writes it, keeps others off `wanted`. IPv6 ends
/// in the IPv4 address where one is mapped into it, and in zeros where it is all addresses.
bool is_in_the_way(std::string_view written, Ipv4 wanted) noexcept {
    constexpr std::size_t digits = 8; // of a word in this machine's order
    if (written.size() < digits) {
        return false;
    }
    const std::string_view last = written.substr(written.size() - digits);
    std::uint32_t word = 0;
    const auto read = std::from_chars(last.data(), last.data() + last.size(), word, 16);
    return read.ec == std::errc{} && (word == 0 || ntohl(word) == wanted.value);
}

/// Socket inodes that hold the port, out of one table of /proc/net.
void add_inodes(const std::string& table,
                Endpoint wanted,
                bool listening,
                std::vector<std::uint64_t>& out) {
    const auto text = read_file(table, std::size_t{16} << 20U);
    if (!text) {
        return;
    }
    for (const std::string_view line : split(*text, '\n')) {
        // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
        const auto words = split(line, ' ');
        if (words.size() < 10) {
            continue;
        }
        const std::string_view local = words[1];
        const auto colon = local.rfind(':');
        if (colon == std::string_view::npos || (listening && words[3] != "0A")) {
            continue;
        }
        unsigned value = 0;
        const char* end = local.data() + local.size();
        const auto read = std::from_chars(local.data() + colon + 1, end, value, 16);
        const auto inode = parse_number(words[9]);
        if (read.ec == std::errc{} && read.ptr == end && value == wanted.port && inode &&
            *inode != 0 && is_in_the_way(local.substr(0, colon), wanted.address)) {
            out.push_back(*inode);
        }
    }
}

bool holds_any(const std::string& process, const std::vector<std::string>& links) {
    const std::string folder = process + "/fd";
    const Dir dir(::opendir(folder.c_str()));
    if (!dir) {
        return false;
    }
    while (const dirent* entry = ::readdir(dir.get())) {
        char target[64];
        const ssize_t size = ::readlinkat(::dirfd(dir.get()), entry->d_name, target, sizeof target);
        if (size > 0 &&
            std::find(links.begin(), links.end(),
                      std::string_view(target, static_cast<std::size_t>(size))) != links.end()) {
            return true;
        }
    }
    return false;
}

} // namespace

std::optional<Ipv4> Ipv4::parse(std::string_view text) noexcept {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        const auto dot = text.find('.');
        const bool last = i == 3;
        if ((dot == std::string_view::npos) != last) {
            return std::nullopt;
        }
        const auto part = small_number(text.substr(0, dot), 255);
        if (!part) {
            return std::nullopt;
        }
        value = (value << 8U) | *part;
        text.remove_prefix(last ? text.size() : dot + 1);
    }
    return Ipv4{value};
}

std::string Ipv4::str() const {
    return fmt::format(FMT_COMPILE("{}.{}.{}.{}"), value >> 24U, (value >> 16U) & 0xFFU,
                       (value >> 8U) & 0xFFU, value & 0xFFU);
}

bool Ipv4::is_private() const noexcept {
    return value >> 24U == 10 || value >> 20U == 0xAC1 || value >> 16U == 0xC0A8 ||
           value >> 16U == 0xA9FE;
}

bool Ipv4::is_loopback() const noexcept {
    return value >> 24U == 127;
}

bool Ipv4::is_multicast() const noexcept {
    return value >> 28U == 0xE;
}

std::optional<Network> Network::parse(std::string_view text) noexcept {
    const auto slash = text.find('/');
    const auto address = Ipv4::parse(text.substr(0, slash));
    if (!address) {
        return std::nullopt;
    }
    if (slash == std::string_view::npos) {
        return Network{*address, 32};
    }
    const auto prefix = small_number(text.substr(slash + 1), 32);
    if (!prefix) {
        return std::nullopt;
    }
    // 10.1.2.3/8 is a slip which means 10.0.0.0/8; equal networks compare equal.
    const int bits = static_cast<int>(*prefix);
    return Network{Ipv4{address->value & mask(bits)}, bits};
}

bool Network::contains(Ipv4 ip) const noexcept {
    return ((ip.value ^ address.value) & mask(prefix)) == 0;
}

Ipv4 Network::broadcast() const noexcept {
    return Ipv4{address.value | ~mask(prefix)};
}

std::string Network::str() const {
    if (prefix >= 32) {
        return address.str();
    }
    return fmt::format("{}/{}", Ipv4{address.value & mask(prefix)}.str(), std::max(prefix, 0));
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) noexcept {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto address = Ipv4::parse(text.substr(0, colon));
    const auto port = small_number(text.substr(colon + 1), 65535);
    if (!address || !port) {
        return std::nullopt;
    }
    return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

std::string Endpoint::str() const {
    return fmt::format(FMT_COMPILE("{}:{}"), address.str(), port);
}

sockaddr_in Endpoint::sockaddr() const noexcept {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    out.sin_addr.s_addr = htonl(address.value);
    return out;
}

Endpoint Endpoint::from(const sockaddr_in& address) noexcept {
    return {Ipv4{ntohl(address.sin_addr.s_addr)}, ntohs(address.sin_port)};
}

Fd& Fd::operator=(Fd&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

Fd::~Fd() {
    close();
}

void Fd::close() noexcept {
    if (fd_ >= 0) {
        // Linux has let go of the number even when close says EINTR; a second try could hit a
        // descriptor that the host opened meanwhile.
        ::close(std::exchange(fd_, -1));
    }
}

Result<Fd> udp_socket(Endpoint local, bool reuse) {
    Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        const int error = errno;
        return fail(Errc::io, "no UDP socket for {}: {}{}", local.str(), why(error),
                    error == EMFILE || error == ENFILE ? "; raise the limit of open files" : "");
    }
    const int on = 1;
    if (reuse && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
        return fail(Errc::io, "SO_REUSEADDR on UDP {}: {}", local.str(), why(errno));
    }
    const sockaddr_in address = local.sockaddr();
    if (::bind(fd.get(), reinterpret_cast<const ::sockaddr*>(&address), sizeof address) != 0) {
        const int error = errno;
        const Errc code = error == EADDRINUSE ? Errc::conflict
                          : error == EACCES   ? Errc::refused
                                              : Errc::io;
        return fail(code, "{}", bind_error(local, error));
    }
    return fd;
}

std::string port_holder(std::string_view protocol, Endpoint wanted) {
    if (protocol != "udp" && protocol != "tcp") {
        return {};
    }
    // thread-self: a thread may live in another network namespace than its process.
    const std::string table = "/proc/thread-self/net/" + std::string(protocol);
    std::vector<std::uint64_t> inodes;
    add_inodes(table, wanted, protocol == "tcp", inodes);
    add_inodes(table + "6", wanted, protocol == "tcp", inodes);
    if (inodes.empty()) {
        return {};
    }
    std::vector<std::string> links;
    links.reserve(inodes.size());
    for (const std::uint64_t inode : inodes) {
        links.push_back(fmt::format("socket:[{}]", inode));
    }
    const Dir proc(::opendir("/proc"));
    if (!proc) {
        return {};
    }
    while (const dirent* entry = ::readdir(proc.get())) {
        const std::string_view pid = entry->d_name;
        const std::string process = "/proc/" + std::string(pid);
        if (parse_number(pid) && holds_any(process, links)) {
            const auto name = read_file(process + "/comm");
            const std::string_view comm = name ? std::string_view(*name) : std::string_view("?\n");
            return fmt::format("{} (pid {})", printable(comm.substr(0, comm.find('\n'))), pid);
        }
    }
    return {};
}

} // namespace base
