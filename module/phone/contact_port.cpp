// SPDX-License-Identifier: MIT
#include "module/phone/contact_port.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace phone {

namespace {

using base::Errc;

constexpr std::string_view path = "/contact_dls.html/ContactDLS";
constexpr std::size_t most_callers = 8;
constexpr std::size_t longest_request = 4096;

std::string_view reason_of(int status) {
    return status == 204   ? "No Content"
           : status == 404 ? "Not Found"
           : status == 405 ? "Method Not Allowed"
                           : "Bad Request";
}

/// ContactMe=true&dls_ip_addr=10.20.30.5&dls_ip_port=18443
void take_parameters(std::string_view text, ContactMe& asked) {
    std::string host;
    std::string port;
    for (const auto pair : base::split(text, '&')) {
        const auto equals = std::min(pair.find('='), pair.size());
        const auto name = pair.substr(0, equals);
        const auto value = pair.substr(std::min(equals + 1, pair.size()));
        if (name == "ContactMe") {
            asked.is_wanted = value == "true";
        } else if (name == "dls_ip_addr") {
            host = value;
        } else if (name == "dls_ip_port") {
            port = value;
        }
    }
    if (!host.empty()) {
        if (auto service = read_service(port.empty() ? host : fmt::format("{}:{}", host, port))) {
            asked.service = std::move(*service);
        } else {
            asked.is_wanted = false; // whom to call cannot be read
        }
    }
}

bool watch(const base::Fd& ready, const base::Fd& fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd.get();
    return epoll_ctl(ready.get(), EPOLL_CTL_ADD, fd.get(), &event) == 0;
}

std::size_t length_of(std::string_view head) {
    constexpr std::string_view name = "content-length:";
    for (const auto line : base::split(head, '\n')) {
        if (base::istarts_with(line, name)) {
            const auto value = line.substr(name.size());
            const auto end = std::min(value.find('\r'), value.size());
            return static_cast<std::size_t>(
                base::parse_number(base::trim(value.substr(0, end))).value_or(0));
        }
    }
    return 0;
}

} // namespace

std::optional<ContactMe> read_contact_me(std::string_view text) {
    const auto end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const auto head = text.substr(0, end);
    const auto body = text.substr(end + 4);
    const auto length = length_of(head);
    if (length > longest_request) {
        return ContactMe{{}, 400, false, {}};
    }
    if (body.size() < length) {
        return std::nullopt;
    }
    const auto line = head.substr(0, head.find("\r\n"));
    const auto words = base::split(line, ' ');
    if (words.size() != 3 || !base::istarts_with(words[2], "HTTP/1.")) {
        return ContactMe{{}, 400, false, {}};
    }
    const auto question = std::min(words[1].find('?'), words[1].size());
    if (words[1].substr(0, question) != path) {
        return ContactMe{{}, 404, false, {}};
    }
    ContactMe asked{{}, 204, false, {}};
    if (words[0] == "POST") {
        take_parameters(body.substr(0, length), asked);
    } else if (words[0] == "GET") { // firmware that was tried takes it as well
        take_parameters(words[1].substr(std::min(question + 1, words[1].size())), asked);
    } else {
        asked.status = 405;
    }
    return asked;
}

base::Result<ContactPort> ContactPort::open(base::Endpoint local) {
    base::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1; // a phone that was started again finds its port in TIME_WAIT
    auto address = local.sockaddr();
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (!fd || setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd.get(), generic, size) != 0 || listen(fd.get(), most_callers) != 0 ||
        getsockname(fd.get(), generic, &size) != 0) {
        return base::fail(Errc::io, "no contact-me port at {}: {}; --contact-port takes another",
                          local.str(), std::generic_category().message(errno));
    }
    base::Fd ready(epoll_create1(EPOLL_CLOEXEC));
    if (!ready || !watch(ready, fd)) {
        return base::fail(Errc::io, "no epoll for the contact-me port: {}",
                          std::generic_category().message(errno));
    }
    return ContactPort(std::move(ready), std::move(fd), base::Endpoint::from(address).port);
}

void ContactPort::die() {
    callers_.clear();
    fd_.close();
}

void ContactPort::accept() {
    for (;;) {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        base::Fd fd(accept4(fd_.get(), reinterpret_cast<sockaddr*>(&from), &size,
                            SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!fd) {
            return;
        }
        if (callers_.size() == most_callers) {
            callers_.pop_front();
        }
        watch(ready_, fd);
        callers_.push_back({std::move(fd), base::Endpoint::from(from)});
    }
}

std::vector<ContactMe> ContactPort::hear() {
    std::vector<ContactMe> heard;
    if (is_dead()) {
        return heard;
    }
    accept();
    for (auto caller = callers_.begin(); caller != callers_.end();) {
        std::array<char, longest_request> buffer{};
        const auto length = ::read(caller->fd.get(), buffer.data(), buffer.size());
        const bool is_open = length > 0 || (length < 0 && errno == EAGAIN);
        if (length > 0) {
            caller->text.append(buffer.data(), static_cast<std::size_t>(length));
        }
        auto asked = read_contact_me(caller->text);
        if (!asked && caller->text.size() > longest_request) {
            asked = ContactMe{{}, 400, false, {}};
        }
        const bool is_done = asked.has_value() || !is_open;
        if (asked) {
            // Guide p. 15: these headers and this spelling.
            const auto answer =
                fmt::format("HTTP/1.1 {} {}\r\nServer: DlsClient\r\nContent-Length: 0\r\n"
                            "Content-type: text/html\r\n\r\n",
                            asked->status, reason_of(asked->status));
            static_cast<void>(::send(caller->fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL));
            shutdown(caller->fd.get(), SHUT_WR);
            asked->from = caller->from;
            heard.push_back(std::move(*asked));
        }
        caller = is_done ? callers_.erase(caller) : std::next(caller);
    }
    return heard;
}

} // namespace phone
