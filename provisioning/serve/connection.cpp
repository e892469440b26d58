// SPDX-License-Identifier: MIT
// Reads a request and has a worker answer it: one in flight on each connection.
#include "provisioning/serve/connection.hpp"

#include "provisioning/serve/target.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>

#include <cerrno>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>

namespace serve {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

/// A refusal leaves this long after its request was read, however soon it was known: how long we
/// looked must not tell a token that is right from one that is not. Where looking took longer, it
/// leaves at the next multiple.
constexpr milliseconds refusal_time{10};

/// What a peer can make TLS want to say while it only listens, such as answers to new keys.
constexpr std::size_t most_unsaid = 16384;

/// An answer on its way is given so much time before its connection may be closed for another's.
constexpr milliseconds undisturbed{1000};

/// What a client may still send after our end, which throws it away: so much is on its way before
/// it can have seen a refusal. Who goes on sends 100 MB that nobody wants, and is cut off.
constexpr std::size_t most_lingered = std::size_t{1} << 20U;

std::int64_t unix_seconds() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// For Request::connection.
std::uint64_t next_number() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

/// Whether the answer says no for a reason that is nobody's business, or says as little.
bool is_refusal(const Response& response) {
    return response.hides_its_time || response.status == 401 || response.status == 403 ||
           response.status == 404;
}

} // namespace

Response Shared::ask(const Request& request) {
    try {
        return handler(request);
    } catch (const std::exception& failure) {
        base::log::error("serve", "{} for {} failed: {}", without_token(request.path),
                         request.peer.str(), failure.what());
    } catch (...) {
        base::log::error("serve", "{} for {} failed with an exception of unknown type",
                         without_token(request.path), request.peer.str());
    }
    Response response;
    response.status = 500;
    return response;
}

std::optional<Response> Shared::at_once(const Request& request) {
    try {
        return at_hand ? at_hand(request) : std::nullopt;
    } catch (...) { // a worker meets it again, and tells
        return std::nullopt;
    }
}

void Shared::tls_failed(base::Endpoint peer, const std::string& why) {
    ++tls_failures;
    complain("{} has no TLS with us: {}", peer.str(), why);
    if (tls_failure) {
        tls_failure(peer, why);
    }
}

Connection::Connection(std::shared_ptr<Shared> shared,
                       asio::ip::tcp::socket socket,
                       base::Endpoint peer,
                       base::Endpoint local,
                       Entrance door)
    : shared_(std::move(shared)), socket_(std::move(socket)), timer_(shared_->loop.context()),
      number_(next_number()), peer_(peer), local_(local), door_(door),
      phase_began_(base::steady_now()) {}

void Connection::start() {
    if (!door_.tls) {
        next();
        return;
    }
    set_phase(Phase::handshake);
    // A handshake costs more than a file, so it counts as a request.
    if (!shared_->tls || !shared_->sources.may_ask(peer_.address, phase_began_)) {
        ++shared_->limited;
        close();
        return;
    }
    tls_ = std::make_shared<TlsSession>(*shared_->tls);
    set_deadline(shared_->limits.request_deadline);
    wait_readable();
}

/// Appends to in_; false where that was the end of the connection.
bool Connection::decrypt(std::string_view bytes) {
    tls_->received(bytes);
    const auto before = in_.size();
    const auto step = tls_->read(in_);
    const bool over = step == TlsSession::Step::done && in_.size() == before;
    if (step == TlsSession::Step::failed || over || tls_->waiting_to_send() > most_unsaid) {
        close();
        return false;
    }
    return true;
}

void Connection::close() {
    if (const auto shared = std::exchange(shared_, nullptr)) {
        if (std::exchange(counts_as_delayed_, false)) {
            --shared->delayed;
        }
        if (std::exchange(counts_as_download_, false)) {
            --shared->downloads;
        }
        shared->bodies.give_back(peer_.address, std::exchange(body_taken_, 0));
        error_code ignored;
        socket_.close(ignored);
        timer_.cancel();
        shared->ended(*this);
    }
}

std::optional<base::Steady> Connection::waits_since() const {
    if (turn_began_) {
        return std::nullopt;
    }
    return phase_ == Phase::reply ? phase_began_ + undisturbed : phase_began_;
}

void Connection::set_phase(Phase phase) {
    phase_ = phase;
    phase_began_ = base::steady_now();
}

// Between requests, and with pipelined bytes the next request at once.
void Connection::next() {
    end_reply();
    searched_ = 0;
    if (in_.empty()) {
        set_phase(Phase::idle);
        set_deadline(shared_->limits.idle_deadline);
        wait_readable();
        return;
    }
    set_phase(Phase::head);
    set_deadline(shared_->limits.request_deadline);
    look();
}

void Connection::set_deadline(milliseconds from_now) {
    set_deadline(base::steady_now() + from_now);
}

// A request has several, each later than the one before: the timer is set anew only for a sooner
// one, and else finds out when it goes off.
void Connection::set_deadline(base::Steady when) {
    const bool is_sooner = when < timer_.expiry() || deadline_ == base::Steady::max();
    deadline_ = when;
    if (is_sooner) {
        wait_for_deadline();
    }
}

void Connection::wait_for_deadline() {
    timer_.expires_at(deadline_);
    timer_.async_wait([self = shared_from_this(), round = ++round_](error_code error) {
        if (error || !self->shared_ || round != self->round_) {
            return;
        }
        if (base::steady_now() < self->deadline_) {
            self->wait_for_deadline();
        } else {
            self->deadline_ = base::Steady::max(); // the timer is not set
            self->expired();
        }
    });
}

void Connection::expired() {
    if (turn_began_) {
        ++shared_->overloaded;
        shared_->complain("{} waited in vain for a worker: its connection was closed", peer_.str());
        close();
        return;
    }
    if (phase_ == Phase::handshake) {
        ++shared_->timeouts;
        broken_handshake("the handshake was not done in time");
        return;
    }
    if (phase_ == Phase::delay) {
        if (std::exchange(counts_as_delayed_, false)) {
            --shared_->delayed;
        }
        leave(std::exchange(response_, {}));
        return;
    }
    if (phase_ != Phase::idle && phase_ != Phase::linger) {
        ++shared_->timeouts;
        shared_->complain("{} is too slow: its connection was closed", peer_.str());
    }
    close();
}

void Connection::wait_readable() {
    socket_.async_wait(asio::ip::tcp::socket::wait_read,
                       [self = shared_from_this()](error_code error) {
                           if (!self->shared_) {
                               return;
                           }
                           if (error) {
                               self->close();
                           } else {
                               self->readable();
                           }
                       });
}

void Connection::readable() {
    std::array<char, 4096> bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by recv
    const auto length = ::recv(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
        wait_readable();
        return;
    }
    if (length <= 0) {
        if (phase_ == Phase::handshake && tls_->has_begun()) {
            broken_handshake("it hung up during the handshake, as phones do that do not trust our "
                             "CA; install the CA's certificate on it (pnp show ca)");
        } else {
            close();
        }
        return;
    }
    if (phase_ == Phase::linger) {
        lingered_ += static_cast<std::size_t>(length);
        if (lingered_ > most_lingered) {
            close();
        } else {
            wait_readable();
        }
        return;
    }
    const std::string_view received(bytes.data(), static_cast<std::size_t>(length));
    if (phase_ == Phase::handshake) {
        tls_->received(received);
        shake_hands();
        return;
    }
    const auto before = in_.size();
    if (!tls_) {
        in_.append(received);
        ::explicit_bzero(bytes.data(), received.size()); // there was a token in it
    } else if (!decrypt(received)) {
        return;
    }
    if (in_.size() == before) { // a part of a record, or a word of TLS itself
        wait_readable();
        return;
    }
    if (phase_ == Phase::idle) {
        set_phase(Phase::head);
        // Once for the whole request: a client that sends a byte a second does not get more time.
        set_deadline(shared_->limits.request_deadline);
    }
    look();
}

void Connection::look() {
    if (phase_ == Phase::head) {
        read_head();
    } else {
        read_body();
    }
}

void Connection::read_head() {
    constexpr std::string_view end_of_head = "\r\n\r\n";
    if (searched_ == 0) { // RFC 9112 2.2: old clients put an empty line behind the last request
        const auto begin = in_.find_first_not_of("\r\n");
        in_.erase(0, begin == std::string::npos ? in_.size() : begin);
    }
    const auto end = in_.find(end_of_head, searched_);
    const auto length = end == std::string::npos ? in_.size() : end + end_of_head.size();
    if (length > shared_->limits.header_bytes) {
        refuse(431, "a head of too many bytes");
        return;
    }
    if (end == std::string::npos) {
        searched_ = in_.size() - std::min(in_.size(), end_of_head.size() - 1);
        wait_readable();
        return;
    }
    const auto& limits = shared_->limits;
    auto head = parse_head(std::string_view(in_).substr(0, length),
                           std::max(limits.body_bytes, limits.posted_bytes));
    in_.erase(0, length);
    if (!head) {
        refuse(head.error().status, head.error().why);
        return;
    }
    head_ = std::move(*head);
    keep_alive_ = head_.keep_alive;
    body_left_ = head_.body_bytes;
    path_shown_ = "?";
    is_post_ = limits.posted_bytes != 0 && head_.method == "POST";
    if (body_left_ > (is_post_ ? limits.posted_bytes : limits.body_bytes)) {
        refuse(413, "a body larger than any that is meant for us");
        return;
    }
    if (is_post_) {
        begin_post();
        return;
    }
    if (head_.expects_100 && body_left_ != 0) {
        // It asks before it sends, and our word is no; what it sends all the same is not read.
        keep_alive_ = false;
        answer();
        return;
    }
    phase_ = Phase::body;
    read_body();
}

void Connection::begin_post() {
    if (!head_.has_length) { // RFC 9112 6.3: it would have no body, which nobody posts
        refuse(411, "a POST without Content-Length");
        return;
    }
    if (!shared_->bodies.has_room(peer_.address, body_left_)) {
        no_room();
        return;
    }
    phase_ = Phase::body;
    // RFC 9110 10.1.1: not where the body comes unasked.
    if (head_.expects_100 && body_left_ != 0 && in_.empty()) {
        invite();
    } else {
        read_body();
    }
}

void Connection::invite() {
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    if (tls_ && tls_->write(go_on) != TlsSession::Step::done) {
        close();
        return;
    }
    out_ = tls_ ? tls_->to_send() : go_on;
    write_bytes([this] { read_body(); });
}

void Connection::no_room() {
    ++shared_->overloaded;
    keep_alive_ = false; // what it still sends is no request
    busy("the bodies of too many requests are held");
}

void Connection::drop_body() {
    shared_->bodies.give_back(peer_.address, std::exchange(body_taken_, 0));
    body_ = {};
}

void Connection::read_body() {
    const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, in_.size()));
    if (is_post_) {
        if (!shared_->bodies.take(peer_.address, here)) {
            no_room();
            return;
        }
        body_taken_ += here;
        body_.append(in_, 0, here);
    }
    in_.erase(0, here);
    body_left_ -= here;
    if (body_left_ == 0) {
        answer();
    } else {
        wait_readable();
    }
}

void Connection::answer() {
    if (head_.target.size() > shared_->limits.target_bytes) {
        refuse(414, "a path of too many bytes");
        return;
    }
    ++shared_->requests;
    set_phase(Phase::handler);
    read_ = phase_began_;
    auto path = clean_path(head_.target);
    path_shown_ = path ? without_token(*path) : "?";
    std::optional<Request> request;
    if (path) {
        request = Request{head_.method,
                          std::move(*path),
                          head_.user_agent,
                          head_.authorization,
                          peer_,
                          local_,
                          head_.conditions,
                          door_.tls,
                          std::string(query_of(head_.target)),
                          head_.cookie,
                          {},
                          number_};
    }
    if (!may_ask(request ? &*request : nullptr)) {
        ++shared_->limited;
        busy("more requests than are answered in this time");
    } else if (head_.method != "GET" && head_.method != "HEAD" && !is_post_) {
        Response response;
        response.status = 405;
        if (shared_->limits.posted_bytes != 0) {
            response.fields = {{"Allow", "GET, HEAD, POST"}};
        }
        leave(response);
    } else if (!request) {
        shared_->complain("{} asked for no path: {}", peer_.str(), path.error().what);
        answered({}); // the 404, which is the same for every reason
    } else if (auto response = is_post_ ? std::nullopt : shared_->at_once(*request)) {
        answered(std::move(*response));
    } else if (shared_->turns->size() >= shared_->limits.waiting_requests) {
        ++shared_->overloaded;
        busy("too many requests wait for a worker");
    } else {
        hand_over(std::move(*request));
    }
}

bool Connection::may_ask(const Request* request) {
    const auto& phone_of = shared_->phone_of;
    return shared_->sources.may_ask(peer_.address, read_, [&] {
        return request != nullptr && phone_of ? phone_of(*request) : std::nullopt;
    });
}

void Connection::answered(Response response) {
    auto due = read_;
    if (is_refusal(response)) {
        const auto looked = base::steady_now() - read_;
        due += (looked / refusal_time + 1) * refusal_time;
    }
    if (response.delay > milliseconds::zero()) {
        if (shared_->delayed >= shared_->limits.delayed_answers) {
            ++shared_->overloaded;
            busy("too many answers wait for their time");
            return;
        }
        ++shared_->delayed;
        counts_as_delayed_ = true;
        due = std::max(due, base::steady_now()) + response.delay;
    }
    if (due <= base::steady_now()) {
        leave(response);
        return;
    }
    set_phase(Phase::delay);
    response_ = std::move(response);
    set_deadline(due);
}

void Connection::leave(const Response& response) {
    keep_alive_ = keep_alive_ && !response.ends_connection;
    Reply reply = make_reply(head_, response, keep_alive_, unix_seconds());
    if (reply.file && shared_->downloads >= shared_->limits.downloads) {
        ++shared_->overloaded;
        busy("too many files are being sent");
        return;
    }
    base::log::debug("serve", "{} {} {}: {}, {} bytes", peer_.str(), head_.method, path_shown_,
                     reply.status, reply.length);
    send(std::move(reply), keep_alive_);
}

void Connection::busy(std::string_view why) {
    shared_->complain("{} was told to come again later: {}", peer_.str(), why);
    Response response;
    response.status = 503;
    leave(response);
}

void Connection::refuse(int status, std::string_view why) {
    ++shared_->bad_requests;
    shared_->complain("{} was answered with {}: {}", peer_.str(), status, why);
    send(make_refusal(status), false);
}

} // namespace serve
