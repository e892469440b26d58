// SPDX-License-Identifier: MIT
// Sends SUBSCRIBEs of phones that nobody knows, each with another MAC, as fast as it is told to.
//
//   pnp-flood SOURCE-ADDRESS COUNT PER-SECOND FIRST-NUMBER
//
// Prints how many were sent. What comes back is left in the socket's buffer and dropped there.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace {

constexpr unsigned batch = 64;
constexpr std::uint16_t port = 60000;

/// Numbers in a row become MACs all over the maker's range, each once: the factor is odd.
std::uint32_t scattered(std::uint64_t number) {
    return static_cast<std::uint32_t>(number * 2654435761U);
}

std::string subscribe(std::uint64_t number, const char* address) {
    std::array<char, 13> mac{};
    // 02…: locally administered, so that no maker's phone is meant.
    std::snprintf(mac.data(), mac.size(), "021f%08x", scattered(number));
    std::array<char, 1024> text{};
    const int size =
        std::snprintf(text.data(), text.size(),
                      "SUBSCRIBE sip:MAC%s@224.0.1.75 SIP/2.0\r\n"
                      "Via: SIP/2.0/UDP %s:%u;branch=z9hG4bK%llu\r\n"
                      "From: <sip:MAC%s@224.0.1.75>;tag=%llu\r\n"
                      "To: <sip:MAC%s@224.0.1.75>\r\n"
                      "Call-ID: %llu@%s\r\n"
                      "CSeq: 1 SUBSCRIBE\r\n"
                      "Contact: <sip:MAC%s@%s:%u>\r\n"
                      "Max-Forwards: 70\r\n"
                      "User-Agent: Htek UC924 2.0.4.2\r\n"
                      "Expires: 0\r\n"
                      "Event: ua-profile;profile-type=\"device\";vendor=\"Htek\";model=\"UC924\";"
                      "version=\"2.0.4.2\"\r\n"
                      "Accept: application/url\r\n"
                      "Content-Length: 0\r\n\r\n",
                      mac.data(), address, port, static_cast<unsigned long long>(number),
                      mac.data(), static_cast<unsigned long long>(number), mac.data(),
                      static_cast<unsigned long long>(number), address, mac.data(), address, port);
    return {text.data(), static_cast<std::size_t>(size)};
}

int open_socket(const char* address) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_port = htons(port);
    if (fd < 0 || ::inet_pton(AF_INET, address, &local.sin_addr) != 1 ||
        ::bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0 ||
        ::setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &local.sin_addr, sizeof local.sin_addr) !=
            0) {
        std::perror("pnp-flood");
        std::exit(1);
    }
    return fd;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fputs("usage: pnp-flood SOURCE-ADDRESS COUNT PER-SECOND FIRST-NUMBER\n", stderr);
        return 2;
    }
    const char* const address = argv[1];
    const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
    const double per_second = std::strtod(argv[3], nullptr);
    const std::uint64_t first = std::strtoull(argv[4], nullptr, 10);
    const int fd = open_socket(address);

    sockaddr_in group{};
    group.sin_family = AF_INET;
    group.sin_port = htons(5060);
    ::inet_pton(AF_INET, "224.0.1.75", &group.sin_addr);

    std::uint64_t sent = 0;
    const auto began = std::chrono::steady_clock::now();
    while (sent < count) {
        const auto many = static_cast<unsigned>(std::min<std::uint64_t>(batch, count - sent));
        std::array<std::string, batch> texts;
        std::array<iovec, batch> parts{};
        std::array<mmsghdr, batch> messages{};
        for (unsigned i = 0; i < many; ++i) {
            texts[i] = subscribe(first + sent + i, address);
            parts[i] = {texts[i].data(), texts[i].size()};
            messages[i].msg_hdr.msg_name = &group;
            messages[i].msg_hdr.msg_namelen = sizeof group;
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        for (unsigned done = 0; done < many;) {
            const int got = ::sendmmsg(fd, &messages[done], many - done, 0);
            if (got < 0) {
                std::perror("pnp-flood");
                return 1;
            }
            done += static_cast<unsigned>(got);
        }
        sent += many;
        const std::chrono::duration<double> due(static_cast<double>(sent) / per_second);
        std::this_thread::sleep_until(
            began + std::chrono::duration_cast<std::chrono::steady_clock::duration>(due));
    }
    std::printf("%llu\n", static_cast<unsigned long long>(sent));
    return 0;
}
