// SPDX-License-Identifier: MIT
// Writes an answer, from memory or piece by piece from the disk, and says goodbye.
#include "provisioning/serve/connection.hpp"

#include "provisioning/serve/file_body.hpp"

#include <algorithm>
#include <array>

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>

namespace serve {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

/// How long a client may take to close its side after we closed ours (RFC 9112 9.6): closing at
/// once would reset the connection under an answer that is still on its way.
constexpr milliseconds longest_linger = std::chrono::seconds(2);

/// Of an answer in one TLS record.
constexpr std::size_t largest_piece = 16384;

} // namespace

/// Writes what TLS has to say, then goes on.
void Connection::write_out(std::function<void()> then) {
    out_ = tls_->to_send();
    write_bytes(std::move(then));
}

/// Writes out_, then goes on.
void Connection::write_bytes(std::function<void()> then) {
    asio::async_write(
        socket_, asio::buffer(out_),
        [self = shared_from_this(), then = std::move(then)](error_code error, std::size_t) {
            if (!self->shared_) {
                return;
            }
            if (error) {
                self->close();
            } else {
                then();
            }
        });
}

void Connection::send(Reply reply, bool keep_alive) {
    drop_body(); // that nobody was given
    set_phase(Phase::reply);
    keep_alive_ = keep_alive;
    reply_ = std::move(reply);
    reply_began_ = phase_began_;
    sent_ = 0;
    if (reply_.file) {
        counts_as_download_ = true;
        ++shared_->downloads;
    }
    set_deadline(shared_->limits.write_deadline);
    if (tls_) {
        send_more();
        return;
    }
    const std::array<asio::const_buffer, 2> bytes = {
        asio::buffer(reply_.head), reply_.body
                                       ? asio::buffer(reply_.body->data() + reply_.offset,
                                                      static_cast<std::size_t>(reply_.length))
                                       : asio::const_buffer{}};
    asio::async_write(socket_, bytes,
                      [self = shared_from_this()](error_code error, std::size_t /*sent*/) {
                          if (self->shared_ && !error && self->reply_.file) {
                              self->sent_ = self->reply_.head.size();
                              self->read_piece();
                          } else if (self->shared_) {
                              self->sent(error);
                          }
                      });
}

// The next piece of a file, by a worker: the disk may take its time, and the loop has none.
void Connection::read_piece() {
    const auto of_body = sent_ - reply_.head.size();
    if (of_body == reply_.length) {
        if (reply_.all_sent && reply_.offset + reply_.length == reply_.file->size()) {
            reply_.all_sent();
        }
        sent({});
        return;
    }
    if (is_too_slow(of_body)) {
        ++shared_->timeouts;
        shared_->complain("{} is too slow with a file: its connection was closed", peer_.str());
        close();
        return;
    }
    // It moves: the time to write is for each piece, and no other connection needs its place.
    set_phase(Phase::reply);
    set_deadline(shared_->limits.write_deadline);
    const auto length = static_cast<std::size_t>(
        std::min<std::uint64_t>(reply_.length - of_body, FileBody::largest_piece));
    shared_->loop.work([shared = shared_, weak = weak_from_this(), file = reply_.file,
                        offset = reply_.offset + of_body, length] {
        auto piece = std::make_shared<base::Result<std::string>>(file->read(offset, length));
        shared->loop.post([weak, piece] {
            const auto self = weak.lock();
            if (self && self->shared_) {
                self->send_piece(*piece);
            }
        });
    });
}

bool Connection::is_too_slow(std::uint64_t of_body) const {
    const auto took = base::steady_now() - reply_began_;
    const auto ms = std::chrono::duration_cast<milliseconds>(took).count();
    return took >= shared_->limits.least_rate_after &&
           of_body < static_cast<std::uint64_t>(ms) * shared_->limits.least_rate / 1000;
}

void Connection::send_piece(const base::Result<std::string>& piece) {
    if (!piece) { // the client sees that it is shorter than Content-Length said
        shared_->complain("{} gets no more: {}", peer_.str(), piece.error().what);
        close();
        return;
    }
    sent_ += piece->size();
    if (tls_ && tls_->write(*piece) != TlsSession::Step::done) {
        close();
        return;
    }
    out_ = tls_ ? tls_->to_send() : *piece;
    write_bytes([this, size = piece->size()] {
        shared_->file_bytes += size;
        read_piece();
    });
}

void Connection::end_reply() {
    if (std::exchange(counts_as_download_, false)) {
        --shared_->downloads;
    }
    reply_ = {};
}

void Connection::send_more() {
    std::string piece;
    if (sent_ < reply_.head.size()) {
        piece = reply_.head.substr(static_cast<std::size_t>(sent_), largest_piece);
    }
    const auto of_body = sent_ + piece.size() - reply_.head.size();
    if (reply_.body && of_body < reply_.length) {
        piece += std::string_view(*reply_.body)
                     .substr(static_cast<std::size_t>(reply_.offset + of_body),
                             static_cast<std::size_t>(std::min<std::uint64_t>(
                                 reply_.length - of_body, largest_piece - piece.size())));
    }
    if (piece.empty()) {
        if (reply_.file) {
            read_piece();
        } else {
            sent({});
        }
        return;
    }
    if (tls_->write(piece) != TlsSession::Step::done) {
        close();
        return;
    }
    sent_ += piece.size();
    write_out([this] { send_more(); });
}

void Connection::sent(error_code error) {
    if (error) {
        close();
    } else if (keep_alive_) {
        next();
    } else {
        linger();
    }
}

void Connection::linger() {
    set_phase(Phase::linger);
    end_reply();
    error_code error;
    if (tls_) { // that no more comes; where it cannot be said at once, the end says it
        tls_->end();
        const auto bytes = tls_->to_send();
        (void)::send(socket_.native_handle(), bytes.data(), bytes.size(),
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
    if (error) {
        close();
        return;
    }
    set_deadline(std::min(longest_linger, shared_->limits.request_deadline));
    wait_readable();
}

} // namespace serve
