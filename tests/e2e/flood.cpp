// SPDX-License-Identifier: MIT
// Sends SUBSCRIBEs of phones that nobody knows, each with another MAC, as fast as it is told to.
//
//   pnp-flood SOURCE-ADDRESS COUNT PER-SECOND FIRST-NUMBER [NETWORK KNOWN-MAC,…]
//
// PER-SECOND 0 is as fast as it can. With a NETWORK (such as 10.0.0.0/24) each datagram pretends to
// come from another address of it, and every 32nd claims a known MAC. Prints how many were sent.
// What comes back is left in the socket's buffer and dropped there.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>

namespace {

constexpr unsigned batch = 64;
constexpr std::uint16_t port = 60000;
constexpr std::uint64_t known_each = 32;
constexpr std::size_t digits = 12;
constexpr char mac_mark[] = "0123456789ab";    // where a MAC goes
constexpr char number_mark[] = "888888888888"; // where the number goes

/// Numbers in a row become MACs all over the maker's range, each once: the factor is odd.
std::uint32_t scattered(std::uint64_t number) {
    return static_cast<std::uint32_t>(number * 2654435761U);
}

std::string text_from(const std::string& address) {
    const std::string mac = mac_mark;
    const std::string number = number_mark;
    const std::string place = address + ":" + std::to_string(port);
    return "SUBSCRIBE sip:MAC" + mac + "@224.0.1.75 SIP/2.0\r\n" + "Via: SIP/2.0/UDP " + place +
           ";branch=z9hG4bK" + number + "\r\n" + "From: <sip:MAC" + mac +
           "@224.0.1.75>;tag=" + number + "\r\n" + "To: <sip:MAC" + mac + "@224.0.1.75>\r\n" +
           "Call-ID: " + number + "@" + address + "\r\n" + "CSeq: 1 SUBSCRIBE\r\n" +
           "Contact: <sip:MAC" + mac + "@" + place + ">\r\n" +
           "Max-Forwards: 70\r\nUser-Agent: Htek UC924 2.0.4.2\r\nExpires: 0\r\n" +
           "Event: ua-profile;profile-type=\"device\";vendor=\"Htek\";model=\"UC924\";" +
           "version=\"2.0.4.2\"\r\nAccept: application/url\r\nContent-Length: 0\r\n\r\n";
}

std::vector<std::size_t> places_of(const std::string& text, const char* mark) {
    std::vector<std::size_t> places;
    for (auto at = text.find(mark); at != text.npos; at = text.find(mark, at + 1)) {
        places.push_back(at);
    }
    return places;
}

/// The addresses of a network without its first and its last.
struct Network {
    std::uint32_t first = 0;
    std::uint32_t size = 0;
};

Network read_network(const std::string& text) {
    const auto slash = text.find('/');
    in_addr address{};
    const unsigned long prefix = std::strtoul(text.c_str() + slash + 1, nullptr, 10);
    if (slash == text.npos || prefix < 1 || prefix > 30 ||
        ::inet_pton(AF_INET, text.substr(0, slash).c_str(), &address) != 1) {
        std::fprintf(stderr, "pnp-flood: %s is no network\n", text.c_str());
        std::exit(2);
    }
    return {ntohl(address.s_addr) + 1, (1U << (32U - prefix)) - 2};
}

std::vector<std::string> read_macs(const std::string& text) {
    std::vector<std::string> macs;
    for (std::size_t at = 0; at + digits <= text.size(); at += digits + 1) {
        macs.push_back(text.substr(at, digits));
    }
    return macs;
}

int open_socket(const char* address, bool raw) {
    const int fd = raw ? ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW)
                       : ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_port = htons(port);
    if (fd < 0 || ::inet_pton(AF_INET, address, &local.sin_addr) != 1 ||
        (!raw && ::bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) ||
        ::setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &local.sin_addr, sizeof local.sin_addr) !=
            0) {
        std::perror("pnp-flood");
        std::exit(1);
    }
    return fd;
}

/// Datagrams that are written once and then only changed where they differ.
class Batch {
  public:
    Batch(const std::string& address, bool raw, Network network, std::vector<std::string> known)
        : text_(text_from(address)), macs_(places_of(text_, mac_mark)),
          numbers_(places_of(text_, number_mark)), head_(raw ? sizeof(iphdr) + sizeof(udphdr) : 0),
          network_(network), known_(std::move(known)) {
        group_.sin_family = AF_INET;
        group_.sin_port = htons(5060);
        ::inet_pton(AF_INET, "224.0.1.75", &group_.sin_addr);
        for (unsigned i = 0; i < batch; ++i) {
            bytes_[i] = std::string(head_, '\0') + text_;
            if (raw) {
                write_heads(bytes_[i]);
            }
            parts_[i] = {bytes_[i].data(), bytes_[i].size()};
            messages_[i].msg_hdr.msg_name = &group_;
            messages_[i].msg_hdr.msg_namelen = sizeof group_;
            messages_[i].msg_hdr.msg_iov = &parts_[i];
            messages_[i].msg_hdr.msg_iovlen = 1;
        }
    }

    void number(unsigned slot, std::uint64_t number) {
        std::array<char, digits + 1> mac{};
        // 02…: locally administered, so that no maker's phone is meant.
        std::snprintf(mac.data(), mac.size(), "021f%08x", scattered(number));
        if (!known_.empty() && number % known_each == 0) {
            known_[number / known_each % known_.size()].copy(mac.data(), digits);
        }
        std::array<char, digits + 1> spelled{};
        std::snprintf(spelled.data(), spelled.size(), "%012llu",
                      static_cast<unsigned long long>(number % 1'000'000'000'000ULL));
        char* const text = bytes_[slot].data() + head_;
        for (const std::size_t at : macs_) {
            std::memcpy(text + at, mac.data(), digits);
        }
        for (const std::size_t at : numbers_) {
            std::memcpy(text + at, spelled.data(), digits);
        }
        if (head_ != 0) {
            const std::uint32_t source =
                htonl(network_.first + scattered(number * 31) % network_.size);
            std::memcpy(bytes_[slot].data() + offsetof(iphdr, saddr), &source, sizeof source);
        }
    }

    bool send(int fd, unsigned many) {
        for (unsigned done = 0; done < many;) {
            const int got = ::sendmmsg(fd, &messages_[done], many - done, 0);
            if (got < 0) {
                return false;
            }
            done += static_cast<unsigned>(got);
        }
        return true;
    }

  private:
    void write_heads(std::string& bytes) const {
        iphdr ip{}; // the kernel fills in length and checksum
        ip.version = 4;
        ip.ihl = 5;
        ip.ttl = 1;
        ip.protocol = IPPROTO_UDP;
        ip.daddr = group_.sin_addr.s_addr;
        udphdr udp{};
        udp.source = htons(port);
        udp.dest = htons(5060);
        udp.len = htons(static_cast<std::uint16_t>(sizeof udp + text_.size()));
        std::memcpy(bytes.data(), &ip, sizeof ip);
        std::memcpy(bytes.data() + sizeof ip, &udp, sizeof udp);
    }

    std::string text_;
    std::vector<std::size_t> macs_;
    std::vector<std::size_t> numbers_;
    std::size_t head_;
    Network network_;
    std::vector<std::string> known_;
    sockaddr_in group_{};
    std::array<std::string, batch> bytes_;
    std::array<iovec, batch> parts_{};
    std::array<mmsghdr, batch> messages_{};
};

} // namespace

int main(int argc, char** argv) {
    if (argc != 5 && argc != 7) {
        std::fputs("usage: pnp-flood SOURCE-ADDRESS COUNT PER-SECOND FIRST-NUMBER [NETWORK "
                   "KNOWN-MAC,...]\n",
                   stderr);
        return 2;
    }
    const bool raw = argc == 7;
    const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
    const double per_second = std::strtod(argv[3], nullptr);
    const std::uint64_t first = std::strtoull(argv[4], nullptr, 10);
    const int fd = open_socket(argv[1], raw);
    Batch datagrams(argv[1], raw, raw ? read_network(argv[5]) : Network{},
                    raw ? read_macs(argv[6]) : std::vector<std::string>{});

    std::uint64_t sent = 0;
    const auto began = std::chrono::steady_clock::now();
    while (sent < count) {
        const auto many = static_cast<unsigned>(std::min<std::uint64_t>(batch, count - sent));
        for (unsigned i = 0; i < many; ++i) {
            datagrams.number(i, first + sent + i);
        }
        if (!datagrams.send(fd, many)) {
            std::perror("pnp-flood");
            return 1;
        }
        sent += many;
        if (per_second > 0) {
            const std::chrono::duration<double> due(static_cast<double>(sent) / per_second);
            std::this_thread::sleep_until(
                began + std::chrono::duration_cast<std::chrono::steady_clock::duration>(due));
        }
    }
    std::printf("%llu\n", static_cast<unsigned long long>(sent));
    return 0;
}
