// SPDX-License-Identifier: MIT
// Many phones that fetch one file by TFTP, in one thread, so that the server is what is measured.
//
//   tftp_load SERVER NAME FILE FIRST-ADDRESS PHONES AT-ONCE
//
// Each has an address of its own, counted up, and asks without options, so for blocks of 512
// octets, which have to be those of FILE. It repeats its request each half a second until the first
// block comes. From then on it only answers, and lets pass what came twice: what a lost packet
// costs is the server's doing. After 60 seconds it gives up.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(60);
constexpr auto asks_again = std::chrono::milliseconds(500);
constexpr std::size_t block_size = 512;

struct Phone {
    int fd = -1;
    in_port_t server_port = 0; ///< of its transfer, once there is one
    unsigned block = 0;
    bool is_wrong = false;
    Clock::time_point began;
    Clock::time_point asked;
};

struct Load {
    sockaddr_in server{};
    std::string request;
    std::string file;
    in_addr_t first = 0;
    int epoll = epoll_create1(0);
    std::vector<Phone> phones;
    std::deque<std::size_t> silent; ///< who may have to ask again, in the order of their asking
    std::size_t begun = 0;
    std::size_t open = 0;
    unsigned wrong = 0;   ///< other bytes than expected, or an error
    unsigned gave_up = 0; ///< for lack of an answer
    std::vector<std::chrono::microseconds> times;
};

void ask(Load& load, std::size_t number) {
    auto& phone = load.phones[number];
    phone.asked = Clock::now();
    sendto(phone.fd, load.request.data(), load.request.size(), 0,
           reinterpret_cast<const sockaddr*>(&load.server), sizeof load.server);
    load.silent.push_back(number);
}

void begin(Load& load) {
    const auto number = load.begun++;
    ++load.open;
    auto& phone = load.phones[number];
    phone.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    setsockopt(phone.fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(load.first + static_cast<in_addr_t>(number));
    if (bind(phone.fd, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) {
        std::perror("bind");
        std::exit(1);
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = number;
    epoll_ctl(load.epoll, EPOLL_CTL_ADD, phone.fd, &event);
    phone.began = Clock::now();
    ask(load, number);
}

void end(Load& load, Phone& phone) {
    close(phone.fd);
    phone.fd = -1;
    --load.open;
}

void hear(Load& load, Phone& phone) {
    std::array<unsigned char, 2048> packet{};
    sockaddr_in from{};
    socklen_t from_size = sizeof from;
    const auto length = recvfrom(phone.fd, packet.data(), packet.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &from_size);
    if (length < 4) {
        return;
    }
    const unsigned block = static_cast<unsigned>(packet[2]) << 8U | packet[3];
    const bool is_data = packet[0] == 0 && packet[1] == 3;
    if (phone.server_port == 0 && is_data && block == 1) {
        phone.server_port = from.sin_port;
    }
    if (is_data && from.sin_port != phone.server_port) { // of a request that was repeated
        return;
    }
    const std::string_view octets(reinterpret_cast<const char*>(&packet[4]),
                                  static_cast<std::size_t>(length) - 4);
    if (!is_data || block > phone.block + 1) {
        ++load.wrong;
        end(load, phone);
        return;
    }
    const std::array<unsigned char, 4> ack{0, 4, packet[2], packet[3]};
    sendto(phone.fd, ack.data(), ack.size(), 0, reinterpret_cast<const sockaddr*>(&from),
           from_size);
    if (block <= phone.block) {
        return;
    }
    const auto expected =
        std::string_view(load.file).substr(std::min(phone.block * block_size, load.file.size()));
    phone.block = block;
    phone.is_wrong |= octets != expected.substr(0, block_size);
    if (octets.size() < block_size) {
        load.wrong += phone.is_wrong ? 1 : 0;
        load.times.push_back(
            std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - phone.began));
        end(load, phone);
    }
}

void ask_again(Load& load) {
    const auto now = Clock::now();
    while (!load.silent.empty() && now - load.phones[load.silent.front()].asked >= asks_again) {
        const auto number = load.silent.front();
        load.silent.pop_front();
        auto& phone = load.phones[number];
        if (phone.fd >= 0 && phone.server_port == 0) {
            ask(load, number);
        }
    }
    for (std::size_t number = 0; number < load.begun; ++number) {
        auto& phone = load.phones[number];
        if (phone.fd >= 0 && now - phone.began > patience) {
            ++load.gave_up;
            end(load, phone);
        }
    }
}

void run(Load& load, std::size_t at_once) {
    std::array<epoll_event, 64> events{};
    auto looked = Clock::now();
    while (load.begun < load.phones.size() || load.open > 0) {
        while (load.begun < load.phones.size() && load.open < at_once) {
            begin(load);
        }
        const int count = epoll_wait(load.epoll, events.data(), events.size(), 50);
        for (int at = 0; at < count; ++at) {
            auto& phone = load.phones[events[static_cast<std::size_t>(at)].data.u64];
            if (phone.fd >= 0) {
                hear(load, phone);
            }
        }
        if (Clock::now() - looked > std::chrono::milliseconds(50)) {
            looked = Clock::now();
            ask_again(load);
        }
    }
}

} // namespace

int main(int count, char** words) {
    in_addr first{};
    Load load;
    if (count != 7 || inet_aton(words[1], &load.server.sin_addr) == 0 ||
        inet_aton(words[4], &first) == 0) {
        std::fprintf(stderr, "tftp_load SERVER NAME FILE FIRST-ADDRESS PHONES AT-ONCE\n");
        return 2;
    }
    load.server.sin_family = AF_INET;
    load.server.sin_port = htons(69);
    load.first = ntohl(first.s_addr);
    load.request = std::string("\0\1", 2) + words[2] + '\0' + "octet" + '\0';
    std::ifstream file(words[3], std::ios::binary);
    load.file.assign(std::istreambuf_iterator<char>(file), {});
    load.phones.resize(static_cast<std::size_t>(std::atoi(words[5])));
    const auto began = Clock::now();
    run(load, static_cast<std::size_t>(std::atoi(words[6])));
    const auto seconds = std::chrono::duration<double>(Clock::now() - began).count();
    std::sort(load.times.begin(), load.times.end());
    const auto time = [&load](std::size_t per_mille) {
        return static_cast<long long>(
            load.times.empty() ? 0
                               : load.times[(load.times.size() - 1) * per_mille / 1000].count());
    };
    std::printf("{\"fetched\": %zu, \"wrong\": %u, \"gave_up\": %u, \"seconds\": %.6f, "
                "\"us_median\": %lld, \"us_99\": %lld, \"us_last\": %lld}\n",
                load.times.size(), load.wrong, load.gave_up, seconds, time(500), time(990),
                time(1000));
    return 0;
}
