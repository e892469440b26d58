// SPDX-License-Identifier: MIT
// The least of a TFTP server (RFC 1350, octet, read only) on a free port of loopback.
#pragma once

#include "provisioning/base/net.hpp"

#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace phone {

class TftpServer {
  public:
    using Files = std::function<std::optional<std::string>(const std::string& name)>;

    explicit TftpServer(Files files) : files_(std::move(files)) {
        fd_ = base::Fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        auto local = base::Endpoint{{INADDR_LOOPBACK}, 0}.sockaddr();
        socklen_t size = sizeof local;
        auto* address = reinterpret_cast<sockaddr*>(&local);
        if (bind(fd_.get(), address, size) != 0 || getsockname(fd_.get(), address, &size) != 0) {
            std::abort();
        }
        port_ = base::Endpoint::from(local).port;
        stop_ = base::Fd(eventfd(0, EFD_CLOEXEC));
        thread_ = std::thread([this] { run(); });
    }

    ~TftpServer() {
        eventfd_write(stop_.get(), 1);
        thread_.join();
    }

    TftpServer(const TftpServer&) = delete;
    TftpServer& operator=(const TftpServer&) = delete;

    std::string host() const { return fmt::format("127.0.0.1:{}", port_); }

    std::vector<std::string> requests() { ///< whole request packets, zero bytes as |
        const std::lock_guard lock(mutex_);
        return requests_;
    }

  private:
    void run() {
        std::array<pollfd, 2> watched{{{stop_.get(), POLLIN, 0}, {fd_.get(), POLLIN, 0}}};
        for (;;) {
            poll(watched.data(), watched.size(), -1);
            if (watched[0].revents != 0) {
                return;
            }
            serve();
        }
    }

    /// Everything goes by the one port, one transfer at a time: curl does not mind.
    void serve() {
        std::array<char, 1024> buffer{};
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        const auto length = recvfrom(fd_.get(), buffer.data(), buffer.size(), 0,
                                     reinterpret_cast<sockaddr*>(&peer), &size);
        const std::string packet(buffer.data(),
                                 static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
        const auto send = [&](const std::string& text) {
            sendto(fd_.get(), text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&peer),
                   size);
        };
        const auto block = [&](unsigned number) {
            std::string data{'\0', '\3', static_cast<char>(number >> 8U),
                             static_cast<char>(number & 0xFFU)};
            data += body_.substr(std::min<std::size_t>((number - 1) * 512, body_.size()), 512);
            send(data);
        };
        if (packet.size() > 4 && packet[1] == '\1') {
            const std::string name = packet.c_str() + 2;
            auto shown = packet.substr(2);
            std::replace(shown.begin(), shown.end(), '\0', '|');
            {
                const std::lock_guard lock(mutex_);
                requests_.push_back(shown);
            }
            if (auto file = files_(name)) {
                body_ = std::move(*file);
                block(1);
            } else {
                send(std::string("\0\5\0\1no\0", 7));
            }
        } else if (packet.size() == 4 && packet[1] == '\4') {
            const auto acked = static_cast<unsigned>(static_cast<unsigned char>(packet[2])) << 8U |
                               static_cast<unsigned char>(packet[3]);
            if (acked * 512 <= body_.size()) {
                block(acked + 1);
            }
        }
    }

    Files files_;
    std::uint16_t port_ = 0;
    base::Fd fd_;
    base::Fd stop_;
    std::string body_;
    std::mutex mutex_;
    std::vector<std::string> requests_;
    std::thread thread_;
};

} // namespace phone
