// SPDX-License-Identifier: MIT
// IPv4 addresses, networks and endpoints as plain values, and the owner of a file descriptor.
#pragma once

#include "provisioning/base/result.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

struct sockaddr_in;

namespace base {

/// Host byte order inside, dotted quad outside.
struct Ipv4 {
    std::uint32_t value = 0;

    static std::optional<Ipv4> parse(std::string_view text) noexcept; ///< strict dotted quad
    std::string str() const;
    bool is_private() const noexcept;   ///< RFC 1918 and link-local 169.254/16 (RFC 3927)
    bool is_loopback() const noexcept;  ///< 127/8
    bool is_multicast() const noexcept; ///< 224/4
    auto operator<=>(const Ipv4&) const = default;
};

struct Network {
    Ipv4 address;
    int prefix = 32;

    static std::optional<Network>
    parse(std::string_view text) noexcept; ///< 10.0.0.0/8 or an address
    bool contains(Ipv4 ip) const noexcept;
    Ipv4 broadcast() const noexcept;
    std::string str() const;
    bool operator==(const Network&) const = default;
};

struct Endpoint {
    Ipv4 address;
    std::uint16_t port = 0;

    static std::optional<Endpoint> parse(std::string_view text) noexcept; ///< a.b.c.d:port
    std::string str() const;
    sockaddr_in sockaddr() const noexcept;
    static Endpoint from(const sockaddr_in& address) noexcept;
    auto operator<=>(const Endpoint&) const = default;
};

/// Owns a descriptor; all of ours are close-on-exec, because the host forks.
class Fd {
  public:
    Fd() = default;

    explicit Fd(int fd) noexcept : fd_(fd) {}

    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

    Fd& operator=(Fd&& other) noexcept;
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd();

    int get() const noexcept { return fd_; }

    explicit operator bool() const noexcept { return fd_ >= 0; }

    void close() noexcept;

  private:
    int fd_ = -1;
};

/// A non-blocking, close-on-exec UDP socket bound to `local`; port 0 = any. `reuse` sets
/// SO_REUSEADDR. The error names who holds the port where /proc tells.
Result<Fd> udp_socket(Endpoint local, bool reuse = false);

/// "asterisk (pid 812)" for the process that keeps others off this UDP or TCP port, by holding it
/// at this address or at all of them, where /proc tells; else empty.
std::string port_holder(std::string_view protocol, Endpoint wanted);

} // namespace base
