// SPDX-License-Identifier: MIT
// One attempt: connect, write the request, read until the head is whole; deadlines over it all.
#include "provisioning/wpi/contact_me_client.hpp"

#include "provisioning/wpi/contact_me.hpp"

#include <array>
#include <cerrno>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

namespace wpi {

namespace asio = boost::asio;
using asio::ip::tcp;
using base::Errc;
using base::fail;
using boost::system::error_code;

namespace {

std::string words(int error) {
    return std::generic_category().message(error);
}

/// By hand, because Asio's own sockets are not close-on-exec.
base::Status open(tcp::socket& socket, base::Ipv4 own) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return fail(Errc::io, "cannot be called: {}", words(errno));
    }
    error_code error;
    socket.assign(tcp::v4(), fd, error);
    if (error) {
        ::close(fd);
        return fail(Errc::io, "cannot be called: {}", error.message());
    }
    if (own.value == 0) {
        return {};
    }
    const auto address = base::Endpoint{own, 0}.sockaddr();
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return fail(Errc::io, "cannot be called from {}: {}", own.str(), words(errno));
    }
    return {};
}

class Attempt;

} // namespace

struct ContactMeClient::State {
    State(base::Loop& on, ContactMeDeadlines within, Opened told)
        : loop(on), deadlines(within), opened(std::move(told)) {}

    base::Loop& loop;
    ContactMeDeadlines deadlines;
    Opened opened;
    std::set<std::shared_ptr<Attempt>> attempts;
};

namespace {

class Attempt : public std::enable_shared_from_this<Attempt> {
  public:
    using Ended = std::function<void(const std::shared_ptr<Attempt>&, base::Status)>;

    Attempt(base::Loop& loop, ContactMeDeadlines deadlines, base::Endpoint phone, Ended ended)
        : deadlines_(deadlines), phone_(phone), ended_(std::move(ended)), socket_(loop.context()),
          timer_(loop), request_(contact_me_request(phone)) {}

    void start(base::Ipv4 own, const ContactMeClient::Opened& opened) {
        if (auto good = open(socket_, own); !good) {
            end(std::move(good));
            return;
        }
        if (opened) {
            opened(socket_.native_handle(), phone_);
        }
        if (!ended_) {
            return;
        }
        began_ = std::chrono::steady_clock::now();
        timer_.after(deadlines_.connect, [self = shared_from_this()] {
            self->end(
                fail(Errc::io, "does not let us connect; is it on, and no firewall between?"));
        });
        const tcp::endpoint there(asio::ip::address_v4(phone_.address.value), phone_.port);
        socket_.async_connect(
            there, [self = shared_from_this()](error_code error) { self->connected(error); });
    }

    /// Closes, and tells nobody.
    void cancel() {
        ended_ = nullptr;
        close();
    }

  private:
    void connected(error_code error) {
        if (!ended_) {
            return;
        }
        if (error) {
            end(fail(Errc::io, "does not let us connect: {}", error.message()));
            return;
        }
        timer_.after(began_ + deadlines_.in_all - std::chrono::steady_clock::now(),
                     [self = shared_from_this()] {
                         self->end(fail(Errc::io, "takes the connection and does not answer"));
                     });
        asio::async_write(
            socket_, asio::buffer(request_),
            [self = shared_from_this()](error_code failure, std::size_t) {
                // What was answered before it was all written may be there to read.
                if (self->ended_ && failure && failure != asio::error::broken_pipe &&
                    failure != asio::error::connection_reset) {
                    self->end(fail(Errc::io, "broke the connection: {}", failure.message()));
                }
            });
        read();
    }

    void read() {
        socket_.async_read_some(asio::buffer(answer_) + size_,
                                [self = shared_from_this()](error_code error, std::size_t bytes) {
                                    self->was_read(error, bytes);
                                });
    }

    void was_read(error_code error, std::size_t bytes) {
        if (!ended_) {
            return;
        }
        size_ += bytes;
        auto read_so_far = read_contact_me_answer({answer_.data(), size_});
        if (read_so_far || read_so_far.error().code != Errc::truncated ||
            error == asio::error::eof) {
            end(std::move(read_so_far));
        } else if (error) {
            end(fail(Errc::io, "broke the connection: {}", error.message()));
        } else {
            read();
        }
    }

    void end(base::Status status) {
        close();
        if (const auto ended = std::exchange(ended_, nullptr)) {
            ended(shared_from_this(), std::move(status));
        }
    }

    void close() {
        timer_.cancel();
        error_code ignored;
        socket_.close(ignored);
    }

    ContactMeDeadlines deadlines_;
    base::Endpoint phone_;
    Ended ended_;
    tcp::socket socket_;
    base::Timer timer_;
    std::string request_;
    base::Steady began_{};
    std::array<char, longest_contact_me_answer> answer_{};
    std::size_t size_ = 0;
};

} // namespace

ContactMeClient::ContactMeClient(base::Loop& loop, ContactMeDeadlines deadlines, Opened opened)
    : state_(std::make_shared<State>(loop, deadlines, std::move(opened))) {}

ContactMeClient::~ContactMeClient() {
    for (const auto& attempt : std::exchange(state_->attempts, {})) {
        attempt->cancel();
    }
}

void ContactMeClient::send(base::Ipv4 own, base::Endpoint phone, Done done) {
    auto ended = [weak = std::weak_ptr(state_), done = std::move(done)](
                     const std::shared_ptr<Attempt>& attempt, base::Status status) {
        if (const auto state = weak.lock()) {
            state->attempts.erase(attempt);
            done(std::move(status));
        }
    };
    const auto attempt =
        std::make_shared<Attempt>(state_->loop, state_->deadlines, phone, std::move(ended));
    state_->attempts.insert(attempt);
    // Posted, so that what fails at once is not told within this call.
    state_->loop.post([weak = std::weak_ptr(state_), attempt, own] {
        if (const auto state = weak.lock(); state && state->attempts.contains(attempt)) {
            attempt->start(own, state->opened);
        }
    });
}

std::size_t ContactMeClient::under_way() const noexcept {
    return state_->attempts.size();
}

} // namespace wpi
