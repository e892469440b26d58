// SPDX-License-Identifier: MIT
// The least that a responder can do: each SUBSCRIBE gets the same 200 and the same NOTIFY, in
// batches.
//
//   bare_responder ADDRESS NOTIFY-PORT
//
// It reads nothing, remembers nothing and waits for no answer: what the kernel allows on this
// machine.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace {

constexpr std::size_t batch = 64;
constexpr std::size_t slot = 2048;
constexpr int receive_buffer = 128 << 20;

// About as long as ours are.
const std::string ok =
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.64.0.1:60000;branch=z9hG4bK0123456789;rport=60000\r\n"
    "From: <sip:MAC001fc1000001@224.0.1.75>;tag=0123456789\r\n"
    "To: <sip:MAC001fc1000001@224.0.1.75>;tag=01234567\r\nCall-ID: 0123456789@10.64.0.1\r\n"
    "CSeq: 1 SUBSCRIBE\r\nContact: <sip:10.63.0.1:5059>\r\nExpires: 0\r\nContent-Length: 0\r\n\r\n";
const std::string notify =
    "NOTIFY sip:MAC001fc1000001@10.64.0.1:60000 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 10.63.0.1:5059;branch=z9hG4bK01234567;rport\r\nMax-Forwards: 70\r\n"
    "From: <sip:MAC001fc1000001@224.0.1.75>;tag=01234567\r\n"
    "To: <sip:MAC001fc1000001@224.0.1.75>;tag=0123456789\r\nCall-ID: 0123456789@10.64.0.1\r\n"
    "CSeq: 1 NOTIFY\r\nContact: <sip:10.63.0.1:5059>\r\nEvent: ua-profile\r\n"
    "Subscription-State: terminated;reason=timeout\r\nContent-Type: application/url\r\n"
    "Content-Length: 57\r\n\r\nhttp://10.63.0.1:5480/p/0123456789abcdef0123456789abcdef/";

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

int open_socket(in_addr address, unsigned port) {
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr = address;
    place.sin_port = htons(static_cast<std::uint16_t>(port));
    if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&place), sizeof place) != 0) {
        fail("bind");
    }
    return fd;
}

void send_all(int fd, const std::string& text, std::array<sockaddr_in, batch>& to, unsigned count) {
    iovec part{const_cast<char*>(text.data()), text.size()};
    std::array<mmsghdr, batch> messages{};
    for (unsigned at = 0; at < count; ++at) {
        messages[at].msg_hdr.msg_name = &to[at];
        messages[at].msg_hdr.msg_namelen = sizeof to[at];
        messages[at].msg_hdr.msg_iov = &part;
        messages[at].msg_hdr.msg_iovlen = 1;
    }
    for (unsigned sent = 0; sent < count;) {
        const int done = sendmmsg(fd, messages.data() + sent, count - sent, 0);
        sent += done > 0 ? static_cast<unsigned>(done) : 1;
    }
}

} // namespace

int main(int count, char** words) {
    in_addr own{};
    in_addr group{};
    if (count != 3 || inet_aton(words[1], &own) == 0) {
        std::fprintf(stderr, "bare_responder ADDRESS NOTIFY-PORT\n");
        return 2;
    }
    inet_aton("224.0.1.75", &group);
    const int hears = open_socket(group, 5060);
    const int notifies = open_socket(own, static_cast<unsigned>(std::atoi(words[2])));
    ip_mreqn joins{group, own, 0};
    if (setsockopt(hears, IPPROTO_IP, IP_ADD_MEMBERSHIP, &joins, sizeof joins) != 0) {
        fail("join");
    }
    std::puts("ready");
    std::fflush(stdout);
    std::vector<char> bytes(batch * slot);
    std::array<mmsghdr, batch> messages{};
    std::array<iovec, batch> parts{};
    std::array<sockaddr_in, batch> sources{};
    std::array<sockaddr_in, batch> askers{};
    for (;;) {
        for (std::size_t at = 0; at < batch; ++at) {
            parts[at] = {bytes.data() + at * slot, slot};
            messages[at].msg_hdr = {};
            messages[at].msg_hdr.msg_name = &sources[at];
            messages[at].msg_hdr.msg_namelen = sizeof sources[at];
            messages[at].msg_hdr.msg_iov = &parts[at];
            messages[at].msg_hdr.msg_iovlen = 1;
        }
        const int heard = recvmmsg(hears, messages.data(), batch, MSG_WAITFORONE, nullptr);
        unsigned asked = 0;
        for (int at = 0; at < heard; ++at) {
            const std::string_view text(bytes.data() + static_cast<std::size_t>(at) * slot,
                                        messages[static_cast<std::size_t>(at)].msg_len);
            if (text.substr(0, 10) == "SUBSCRIBE ") {
                askers[asked++] = sources[static_cast<std::size_t>(at)];
            }
        }
        send_all(hears, ok, askers, asked);
        send_all(notifies, notify, askers, asked);
    }
}
