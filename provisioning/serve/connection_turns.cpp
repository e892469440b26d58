// SPDX-License-Identifier: MIT
// What workers do for a client, a step of its handshake or its answer, and how it waits for that.
#include "provisioning/serve/connection.hpp"

#include <array>
#include <utility>

#include <cerrno>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>

namespace serve {

namespace asio = boost::asio;
using boost::system::error_code;

// The private key is used by workers: the loop has phones to answer.
void Connection::shake_hands() {
    if (shared_->turns->size() >= shared_->limits.waiting_requests) {
        ++shared_->overloaded;
        close();
        return;
    }
    const auto left = deadline_ - base::steady_now();
    const auto step = std::make_shared<TlsSession::Step>(TlsSession::Step::failed);
    await_turn();
    shared_->turns->add(peer_.address,
                        {weak_from_this(), [tls = tls_, step] { *step = tls->handshake(); },
                         [weak = weak_from_this(), step, left] {
                             const auto self = weak.lock();
                             if (self && self->shared_) {
                                 self->phase_began_ += base::steady_now() - *self->turn_began_;
                                 self->turn_began_.reset();
                                 self->set_deadline(base::steady_now() + left);
                                 self->shook_hands(*step);
                             }
                         }});
}

void Connection::shook_hands(TlsSession::Step step) {
    if (step == TlsSession::Step::failed) {
        shared_->tls_failed(peer_, tls_->why());
    } else if (step == TlsSession::Step::done) {
        ++shared_->handshakes;
    }
    write_out([this, step] {
        if (step == TlsSession::Step::more) {
            wait_readable();
        } else if (step == TlsSession::Step::failed) {
            linger();
        } else if (decrypt({})) {
            next(); // the request may have come with the last words of the handshake
        }
    });
}

/// However long the others take, it is not this client that is slow.
void Connection::await_turn() {
    turn_began_ = base::steady_now();
    ++turn_;
    set_deadline(shared_->limits.turn_deadline);
    // What follows the first flight may be the alert that says why it hangs up.
    if (phase_ != Phase::handshake || out_.empty()) {
        watch_for_end();
    }
}

/// Who hangs up while it waits has a place that others want, and need not be answered.
void Connection::watch_for_end() {
    socket_.async_wait(asio::ip::tcp::socket::wait_read,
                       [self = shared_from_this(), turn = turn_](error_code error) {
                           if (!self->shared_ || !self->turn_began_ || turn != self->turn_) {
                               return;
                           }
                           if (error) {
                               self->close();
                           } else {
                               self->stirred();
                           }
                       });
}

void Connection::stirred() {
    const bool shakes_hands = phase_ == Phase::handshake;
    const bool takes_more = tls_ && !shakes_hands && in_.size() < shared_->limits.header_bytes;
    std::array<char, 4096> bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by recv
    const auto length =
        takes_more ? ::recv(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT)
                   : ::recv(socket_.native_handle(), bytes.data(), 1, MSG_DONTWAIT | MSG_PEEK);
    const bool is_nothing = length < 0 && (errno == EAGAIN || errno == EINTR);
    if (length == 0 && shakes_hands) {
        broken_handshake("it hung up during the handshake, while it waited for us");
    } else if ((length < 0 && !is_nothing) || (length == 0 && tls_)) {
        close();
    } else if (is_nothing || (length > 0 && takes_more &&
                              decrypt({bytes.data(), static_cast<std::size_t>(length)}))) {
        watch_for_end(); // a request ahead of its time; what TLS says at the end comes the same way
    }
    // Without TLS, who says no more may still listen. Who sends ahead is looked at afterwards.
}

void Connection::broken_handshake(const std::string& why) {
    shared_->tls_failed(peer_, why);
    close();
}

void Connection::hand_over(Request request) {
    request.body = std::exchange(body_, {});
    const auto taken = body_taken_;
    const auto response = std::make_shared<Response>();
    response->status = 503; // unless a worker gets to it: a 404 would mean that there is no file
    const auto asked = std::make_shared<Request>(std::move(request));
    await_turn();
    // What is held is weak: the socket must go on the loop thread, whoever is the last to hold it.
    shared_->turns->add(peer_.address,
                        {weak_from_this(),
                         [shared = shared_, asked, response] {
                             *response = shared->ask(*asked);
                             asked->body = {};
                         },
                         [shared = shared_, weak = weak_from_this(), asked, response, taken] {
                             shared->bodies.give_back(asked->peer.address, taken);
                             const auto self = weak.lock();
                             if (self && self->shared_) {
                                 self->turn_began_.reset();
                                 self->answered(std::move(*response));
                             }
                         }});
    body_taken_ = 0; // not sooner: without memory for a turn it is given back with the connection
}

} // namespace serve
