// SPDX-License-Identifier: MIT
// A client on a raw socket, for tests that count every byte; it drives the server's loop while it
// waits.
#pragma once

#include "provisioning/base/loop.hpp"
#include "provisioning/base/net.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace serve_test {

constexpr auto patience = std::chrono::seconds(20);

/// Steps the loop until `done`, which is false only when patience ends.
template <class Done> bool until(base::Loop& loop, Done&& done) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!done()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        loop.step(std::chrono::milliseconds(5));
    }
    return true;
}

struct Answer {
    int status = 0;
    std::string head; ///< with the empty line
    std::string body;

    std::string all() const { return head + body; }

    /// The value of a header field; empty when it is not there.
    std::string field(std::string_view name) const {
        const auto start = head.find("\r\n" + std::string(name) + ": ");
        if (start == std::string::npos) {
            return {};
        }
        const auto value = start + name.size() + 4;
        return head.substr(value, head.find("\r\n", value) - value);
    }
};

class Client {
  public:
    Client(base::Loop& loop,
           base::Endpoint server,
           base::Ipv4 source = base::Ipv4{INADDR_LOOPBACK},
           int receive_buffer = 0)
        : loop_(loop), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (receive_buffer != 0) {
            ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer,
                         sizeof receive_buffer);
        }
        const sockaddr_in own = base::Endpoint{source, 0}.sockaddr();
        const sockaddr_in peer = server.sockaddr();
        if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
            ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0) {
            throw std::runtime_error("cannot connect to " + server.str());
        }
    }

    /// False when the server closed the connection before.
    bool send(std::string_view bytes) {
        return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    }

    void end_of_sending() { ::shutdown(socket_.get(), SHUT_WR); }

    /// The next answer; `bodiless` is the answer to HEAD. Status 0 = there came none.
    Answer read(bool bodiless = false) {
        Answer answer;
        until(loop_, [&] {
            take();
            return received_.find("\r\n\r\n") != std::string::npos || ended_;
        });
        const auto end = received_.find("\r\n\r\n");
        if (end == std::string::npos) {
            return answer;
        }
        answer.head = received_.substr(0, end + 4);
        received_.erase(0, end + 4);
        answer.status =
            std::atoi(answer.head.c_str() + 9); // NOLINT(cert-err34-c): 0 fails the test
        const auto length =
            bodiless ? 0 : std::strtoull(answer.field("Content-Length").c_str(), nullptr, 10);
        until(loop_, [&] {
            take();
            return received_.size() >= length || ended_;
        });
        answer.body = received_.substr(0, length);
        received_.erase(0, length);
        return answer;
    }

    Answer ask(std::string_view bytes, bool bodiless = false) {
        send(bytes);
        return read(bodiless);
    }

    /// True when the server ended the connection and left nothing unread.
    bool closed_by_server() {
        until(loop_, [&] {
            take();
            return ended_;
        });
        return ended_ && received_.empty();
    }

    /// What the server has sent so far and nobody has read.
    const std::string& waiting() {
        take();
        return received_;
    }

    /// Whether the connection is over, looked at without waiting.
    bool is_over() {
        take();
        return ended_;
    }

    int fd() const { return socket_.get(); }

  private:
    void take() {
        std::array<char, 65536> bytes{};
        while (!ended_) {
            const auto length = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
            if (length > 0) {
                received_.append(bytes.data(), static_cast<std::size_t>(length));
            } else if (length < 0 && errno == EAGAIN) {
                return;
            } else {
                ended_ = true;
            }
        }
    }

    base::Loop& loop_;
    base::Fd socket_;
    std::string received_;
    bool ended_ = false;
};

} // namespace serve_test
