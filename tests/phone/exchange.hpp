// SPDX-License-Identifier: MIT
// The other end of a phone for tests: one UDP socket and one HTTP listener on loopback, both on
// free ports, answered from one thread by two scripts.
#pragma once

#include "provisioning/base/net.hpp"

#include <array>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace phone {

/// What stands between two marks, empty when they are not there.
inline std::string
between(const std::string& text, const std::string& before, const std::string& behind) {
    const auto start = text.find(before);
    if (start == std::string::npos) {
        return "";
    }
    const auto from = start + before.size();
    return text.substr(from, text.find(behind, from) - from);
}

/// The value of a header line, read with nothing of the phone's own parser.
inline std::string field(const std::string& text, const std::string& name) {
    return between(text, "\r\n" + name + ": ", "\r\n");
}

class Exchange {
  public:
    struct Answer {
        int status = 404;
        std::string body;
        std::string more = {}; ///< header fields, each with its line's end
    };

    /// Gets each datagram; sends by say().
    using Sip = std::function<void(Exchange&, const std::string& text)>;
    using Http = std::function<Answer(const std::string& path, const std::string& head)>;

    Exchange(Sip sip, Http http) : sip_(std::move(sip)), http_(std::move(http)) {
        udp_ = bound(SOCK_DGRAM, sip_port_);
        other_ = bound(SOCK_DGRAM, other_port_);
        tcp_ = bound(SOCK_STREAM, http_port_);
        listen(tcp_.get(), 8);
        stop_ = base::Fd(eventfd(0, EFD_CLOEXEC));
        phone_stop_ = base::Fd(eventfd(0, EFD_CLOEXEC));
        thread_ = std::thread([this] { run(); });
    }

    ~Exchange() {
        eventfd_write(stop_.get(), 1);
        thread_.join();
    }

    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    base::Endpoint sip() const { return {{INADDR_LOOPBACK}, sip_port_}; }

    std::string http() const { return fmt::format("http://127.0.0.1:{}", http_port_); }

    /// To whom sent last, or to another port of that address.
    void say(const std::string& text, std::uint16_t port = 0) { send_by(udp_, text, port); }

    /// The same from a third socket: another server.
    void interrupt(const std::string& text) { send_by(other_, text, 0); }

    /// For the phone: readable after end_phone().
    int phone_stop() const { return phone_stop_.get(); }

    void end_phone() { eventfd_write(phone_stop_.get(), 1); }

    std::vector<std::string> heard() {
        const std::lock_guard lock(mutex_);
        return heard_;
    }

    std::vector<std::string> of_method(const std::string& start) {
        std::vector<std::string> found;
        for (auto& text : heard()) {
            if (text.rfind(start, 0) == 0) {
                found.push_back(text);
            }
        }
        return found;
    }

    std::vector<std::string> requests() { ///< heads of the HTTP requests
        const std::lock_guard lock(mutex_);
        return requests_;
    }

    std::string ok(const std::string& request,
                   const std::string& to_tag = "pnp-1",
                   const std::string& status = "200 OK",
                   const std::string& more = "") const {
        return fmt::format("SIP/2.0 {}\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag={}\r\nCall-ID: {}\r\n"
                           "CSeq: {}\r\n{}Content-Length: 0\r\n\r\n",
                           status, field(request, "Via"), field(request, "From"),
                           field(request, "To"), to_tag, field(request, "Call-ID"),
                           field(request, "CSeq"), more);
    }

    std::string notify(const std::string& request,
                       const std::string& url,
                       const std::string& tag = "pnp-1") const {
        return fmt::format(
            "NOTIFY sip:phone SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bKn1;rport\r\n"
            "From: {};tag={}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 NOTIFY\r\n"
            "Event: ua-profile\r\nSubscription-State: terminated;reason=timeout\r\n"
            "Content-Type: application/url\r\nContent-Length: {}\r\n\r\n{}",
            sip().str(), field(request, "To"), tag, field(request, "From"),
            field(request, "Call-ID"), url.size(), url);
    }

    std::string order(const std::string& event, int number) const {
        return fmt::format(
            "NOTIFY sip:phone SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bKo{};rport\r\n"
            "From: <sip:pbx@127.0.0.1>;tag=o\r\nTo: <sip:phone@127.0.0.1>\r\n"
            "Call-ID: order{}\r\nCSeq: 1 NOTIFY\r\nEvent: {}\r\n"
            "Subscription-State: terminated\r\nContent-Length: 0\r\n\r\n",
            sip().str(), number, number, event);
    }

  private:
    static base::Fd bound(int type, std::uint16_t& port) {
        base::Fd fd(socket(AF_INET, type | SOCK_CLOEXEC, 0));
        auto local = base::Endpoint{{INADDR_LOOPBACK}, 0}.sockaddr();
        socklen_t size = sizeof local;
        auto* address = reinterpret_cast<sockaddr*>(&local);
        if (bind(fd.get(), address, size) != 0 || getsockname(fd.get(), address, &size) != 0) {
            std::abort();
        }
        port = base::Endpoint::from(local).port;
        return fd;
    }

    void send_by(const base::Fd& fd, const std::string& text, std::uint16_t port) {
        auto to = phone_;
        if (port != 0) {
            to.sin_port = htons(port);
        }
        sendto(fd.get(), text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
    }

    void run() {
        std::array<pollfd, 3> watched{
            {{stop_.get(), POLLIN, 0}, {udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}}};
        for (;;) {
            poll(watched.data(), watched.size(), -1);
            if (watched[0].revents != 0) {
                return;
            }
            if (watched[1].revents != 0) {
                hear();
            }
            if (watched[2].revents != 0) {
                serve();
            }
        }
    }

    void hear() {
        std::array<char, 8192> buffer{};
        socklen_t size = sizeof phone_;
        const auto length = recvfrom(udp_.get(), buffer.data(), buffer.size(), 0,
                                     reinterpret_cast<sockaddr*>(&phone_), &size);
        const std::string text(buffer.data(),
                               static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
        {
            const std::lock_guard lock(mutex_);
            heard_.push_back(text);
        }
        sip_(*this, text);
    }

    void serve() {
        const base::Fd client(accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        std::string head;
        std::array<char, 4096> buffer{};
        while (head.find("\r\n\r\n") == std::string::npos) {
            const auto length = read(client.get(), buffer.data(), buffer.size());
            if (length <= 0) {
                return;
            }
            head.append(buffer.data(), static_cast<std::size_t>(length));
        }
        {
            const std::lock_guard lock(mutex_);
            requests_.push_back(head);
        }
        const auto path = head.substr(4, head.find(' ', 4) - 4);
        const auto answer = http_(path, head);
        const auto text =
            fmt::format("HTTP/1.1 {} x\r\nContent-Length: {}\r\n{}Connection: close\r\n\r\n{}",
                        answer.status, answer.body.size(), answer.more, answer.body);
        static_cast<void>(!write(client.get(), text.data(), text.size()));
    }

    Sip sip_;
    Http http_;
    std::uint16_t sip_port_ = 0;
    std::uint16_t other_port_ = 0;
    std::uint16_t http_port_ = 0;
    base::Fd udp_;
    base::Fd other_;
    base::Fd tcp_;
    base::Fd stop_;
    base::Fd phone_stop_;
    sockaddr_in phone_{};
    std::mutex mutex_;
    std::vector<std::string> heard_;
    std::vector<std::string> requests_;
    std::thread thread_;
};

} // namespace phone
