// SPDX-License-Identifier: MIT
// Connections on Boost.Asio: one request in flight on each, and a deadline for every step.
#include "provisioning/serve/http.hpp"

#include "provisioning/base/limit.hpp"
#include "provisioning/base/log.hpp"
#include "provisioning/serve/head.hpp"
#include "provisioning/serve/listener.hpp"
#include "provisioning/serve/reply.hpp"
#include "provisioning/serve/target.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace serve {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

/// How long a client may take to close its side after we closed ours (RFC 9112 9.6): closing at
/// once would reset the connection under an answer that is still on its way.
constexpr milliseconds longest_linger = std::chrono::seconds(2);

std::int64_t unix_seconds() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace

/// What the connections share.
struct Http::State : std::enable_shared_from_this<Http::State> {
    class Connection;

    State(base::Loop& on, HttpLimits with, Handler answers)
        : loop(on), limits(with), handler(std::move(answers)) {}

    base::Loop& loop;
    HttpLimits limits;
    Handler handler;
    std::map<base::Endpoint, std::unique_ptr<Listener>> listeners; // by what was asked for
    std::unordered_map<Connection*, std::shared_ptr<Connection>> connections;
    std::unordered_map<std::uint32_t, std::size_t> per_source;
    base::TokenBucket complaints{0.2, 10}; // what strangers can make us log

    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> refused_connections{0};
    std::atomic<std::uint64_t> timeouts{0};
    std::atomic<std::uint64_t> bad_requests{0};
    std::atomic<std::uint64_t> open{0};

    void accept(int fd, base::Endpoint peer, base::Endpoint listener);
    void forget(Connection* connection, base::Ipv4 source);
    void close_connections(const base::Endpoint* of); // nullptr = of all listeners
    Response ask(const Request& request);

    template <class... Args> void complain(fmt::format_string<Args...> text, Args&&... args) {
        if (complaints.take(std::chrono::steady_clock::now())) {
            const auto silent = complaints.held_back();
            base::log::info("serve", "{}{}", fmt::format(text, std::forward<Args>(args)...),
                            silent == 0 ? "" : fmt::format(" ({} more not logged)", silent));
        }
    }
};

/// One client. Asio's handlers hold the connection and look at state_ first: a completion that was
/// queued when the socket closed still comes.
class Http::State::Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(std::shared_ptr<State> state,
               asio::ip::tcp::socket socket,
               base::Endpoint peer,
               base::Endpoint local,
               base::Endpoint listener)
        : state_(std::move(state)), socket_(std::move(socket)), timer_(state_->loop.context()),
          peer_(peer), local_(local), listener_(listener) {}

    base::Endpoint listener() const noexcept { return listener_; }

    void start() { next(); }

    /// After this no handler of ours does anything.
    void close() {
        if (const auto state = std::exchange(state_, nullptr)) {
            error_code ignored;
            socket_.close(ignored);
            timer_.cancel();
            state->forget(this, peer_.address); // may be the last owner but our caller's
        }
    }

  private:
    enum class Phase : std::uint8_t { idle, head, body, handler, reply, linger };

    void next();
    void set_deadline(milliseconds from_now);
    void expired();
    void wait_readable();
    void readable();
    void look();
    void read_head();
    void read_body();
    void answer();
    void answered(const Response& response);
    void refuse(int status, std::string_view why);
    void send(Reply reply, bool keep_alive);
    void sent(error_code error);
    void linger();

    std::shared_ptr<State> state_; // null once closed
    asio::ip::tcp::socket socket_;
    asio::steady_timer timer_;
    std::uint64_t round_ = 0; // of the timer: a handler of an earlier round comes too late
    base::Endpoint peer_;
    base::Endpoint local_;
    base::Endpoint listener_;

    Phase phase_ = Phase::idle;
    std::string in_;           // received and not yet used
    std::size_t searched_ = 0; // of in_, for the end of the head
    Head head_;
    std::uint64_t body_left_ = 0;
    Reply reply_;
    bool keep_alive_ = false;
    std::string path_shown_; // of the request in hand, for the log
};

// Between requests, and with pipelined bytes the next request at once.
void Http::State::Connection::next() {
    reply_ = {};
    searched_ = 0;
    if (in_.empty()) {
        phase_ = Phase::idle;
        set_deadline(state_->limits.idle_deadline);
        wait_readable();
        return;
    }
    phase_ = Phase::head;
    set_deadline(state_->limits.request_deadline);
    look();
}

void Http::State::Connection::set_deadline(milliseconds from_now) {
    timer_.expires_after(from_now);
    timer_.async_wait([self = shared_from_this(), round = ++round_](error_code error) {
        if (!error && self->state_ && round == self->round_) {
            self->expired();
        }
    });
}

void Http::State::Connection::expired() {
    if (phase_ != Phase::idle && phase_ != Phase::linger) {
        ++state_->timeouts;
        state_->complain("{} is too slow: its connection was closed", peer_.str());
    }
    close();
}

void Http::State::Connection::wait_readable() {
    socket_.async_wait(asio::ip::tcp::socket::wait_read,
                       [self = shared_from_this()](error_code error) {
                           if (!self->state_) {
                               return;
                           }
                           if (error) {
                               self->close();
                           } else {
                               self->readable();
                           }
                       });
}

void Http::State::Connection::readable() {
    std::array<char, 4096> bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by recv
    const auto length = ::recv(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
        wait_readable();
        return;
    }
    if (length <= 0) {
        close();
        return;
    }
    if (phase_ == Phase::linger) {
        wait_readable();
        return;
    }
    in_.append(bytes.data(), static_cast<std::size_t>(length));
    if (phase_ == Phase::idle) {
        phase_ = Phase::head;
        // Once for the whole request: a client that sends a byte a second does not get more time.
        set_deadline(state_->limits.request_deadline);
    }
    look();
}

void Http::State::Connection::look() {
    if (phase_ == Phase::head) {
        read_head();
    } else {
        read_body();
    }
}

void Http::State::Connection::read_head() {
    constexpr std::string_view end_of_head = "\r\n\r\n";
    if (searched_ == 0) { // RFC 9112 2.2: old clients put an empty line behind the last request
        const auto begin = in_.find_first_not_of("\r\n");
        in_.erase(0, begin == std::string::npos ? in_.size() : begin);
    }
    const auto end = in_.find(end_of_head, searched_);
    const auto length = end == std::string::npos ? in_.size() : end + end_of_head.size();
    if (length > state_->limits.header_bytes) {
        refuse(431, "a head of too many bytes");
        return;
    }
    if (end == std::string::npos) {
        searched_ = in_.size() - std::min(in_.size(), end_of_head.size() - 1);
        wait_readable();
        return;
    }
    auto head = parse_head(std::string_view(in_).substr(0, length), state_->limits.body_bytes);
    in_.erase(0, length);
    if (!head) {
        refuse(head.error().status, head.error().why);
        return;
    }
    head_ = std::move(*head);
    keep_alive_ = head_.keep_alive;
    body_left_ = head_.body_bytes;
    if (head_.expects_100 && body_left_ != 0) {
        // It asks before it sends, and our word is no; what it sends all the same is not read.
        keep_alive_ = false;
        answer();
        return;
    }
    phase_ = Phase::body;
    read_body();
}

void Http::State::Connection::read_body() {
    const auto here = std::min<std::uint64_t>(body_left_, in_.size());
    in_.erase(0, static_cast<std::size_t>(here));
    body_left_ -= here;
    if (body_left_ == 0) {
        answer();
    } else {
        wait_readable();
    }
}

void Http::State::Connection::answer() {
    if (head_.target.size() > state_->limits.target_bytes) {
        refuse(414, "a path of too many bytes");
        return;
    }
    ++state_->requests;
    phase_ = Phase::handler;
    const auto path = clean_path(head_.target);
    path_shown_ = path ? without_token(*path) : "?";
    if (head_.method != "GET" && head_.method != "HEAD") {
        Response response;
        response.status = 405;
        answered(response);
    } else if (!path) {
        state_->complain("{} asked for no path: {}", peer_.str(), path.error().what);
        answered({}); // the 404, which is the same for every reason
    } else {
        state_->loop.work(
            [state = state_, weak = weak_from_this(),
             request = Request{head_.method, *path, head_.user_agent, head_.authorization, peer_,
                               local_, head_.conditions.none()}] {
                auto response = std::make_shared<const Response>(state->ask(request));
                // Weak: the socket must go on the loop thread, whoever is the last to hold it.
                state->loop.post([weak, response] {
                    const auto self = weak.lock();
                    if (self && self->state_) {
                        self->answered(*response);
                    }
                });
            });
    }
}

void Http::State::Connection::answered(const Response& response) {
    Reply reply = make_reply(head_, response, keep_alive_, unix_seconds());
    base::log::debug("serve", "{} {} {}: {}, {} bytes", peer_.str(), head_.method, path_shown_,
                     reply.status, reply.length);
    send(std::move(reply), keep_alive_);
}

void Http::State::Connection::refuse(int status, std::string_view why) {
    ++state_->bad_requests;
    state_->complain("{} was answered with {}: {}", peer_.str(), status, why);
    send(make_refusal(status), false);
}

void Http::State::Connection::send(Reply reply, bool keep_alive) {
    phase_ = Phase::reply;
    keep_alive_ = keep_alive;
    reply_ = std::move(reply);
    const std::array<asio::const_buffer, 2> bytes = {
        asio::buffer(reply_.head), reply_.body
                                       ? asio::buffer(reply_.body->data() + reply_.offset,
                                                      static_cast<std::size_t>(reply_.length))
                                       : asio::const_buffer{}};
    set_deadline(state_->limits.write_deadline);
    asio::async_write(socket_, bytes,
                      [self = shared_from_this()](error_code error, std::size_t /*sent*/) {
                          if (self->state_) {
                              self->sent(error);
                          }
                      });
}

void Http::State::Connection::sent(error_code error) {
    if (error) {
        close();
    } else if (keep_alive_) {
        next();
    } else {
        linger();
    }
}

void Http::State::Connection::linger() {
    phase_ = Phase::linger;
    reply_ = {};
    error_code error;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
    if (error) {
        close();
        return;
    }
    set_deadline(std::min(longest_linger, state_->limits.request_deadline));
    wait_readable();
}

void Http::State::accept(int fd, base::Endpoint peer, base::Endpoint listener) {
    asio::ip::tcp::socket socket(loop.context());
    error_code error;
    socket.assign(asio::ip::tcp::v4(), fd, error);
    if (error) {
        ::close(fd);
        return;
    }
    const auto local = socket.local_endpoint(error);
    if (error) {
        return;
    }
    auto& from_there = per_source[peer.address.value];
    if (connections.size() >= limits.connections || from_there >= limits.connections_per_source) {
        ++refused_connections;
        complain("{} has {} connections of {} in all: no further one is taken in",
                 peer.address.str(), from_there, connections.size());
        if (from_there == 0) {
            per_source.erase(peer.address.value);
        }
        return;
    }
    auto connection = std::make_shared<Connection>(
        shared_from_this(), std::move(socket), peer,
        base::Endpoint{base::Ipv4{local.address().to_v4().to_uint()}, local.port()}, listener);
    connections.emplace(connection.get(), connection);
    ++from_there;
    ++open;
    connection->start();
}

void Http::State::forget(Connection* connection, base::Ipv4 source) {
    const auto count = per_source.find(source.value);
    if (count != per_source.end() && --count->second == 0) {
        per_source.erase(count);
    }
    --open;
    connections.erase(connection);
}

void Http::State::close_connections(const base::Endpoint* of) {
    std::vector<std::shared_ptr<Connection>> leaving;
    for (const auto& [key, connection] : connections) {
        if (of == nullptr || connection->listener() == *of) {
            leaving.push_back(connection);
        }
    }
    for (const auto& connection : leaving) {
        connection->close();
    }
}

Response Http::State::ask(const Request& request) {
    try {
        return handler(request);
    } catch (const std::exception& failure) {
        base::log::error("serve", "{} for {} failed: {}", without_token(request.path),
                         request.peer.str(), failure.what());
    } catch (...) {
        base::log::error("serve", "{} for {} failed with an exception of unknown type",
                         without_token(request.path), request.peer.str());
    }
    return {500, {}, nullptr, 0};
}

Http::Http(base::Loop& loop, HttpLimits limits, Handler handler)
    : state_(std::make_shared<State>(loop, limits, std::move(handler))) {}

Http::~Http() {
    try {
        state_->listeners.clear();
        state_->close_connections(nullptr);
    } catch (...) { // out of memory: they end with the loop
    }
}

std::vector<base::Error> Http::listen(const std::vector<base::Endpoint>& endpoints) {
    const std::set<base::Endpoint> wanted(endpoints.begin(), endpoints.end());
    auto& listeners = state_->listeners;
    for (auto it = listeners.begin(); it != listeners.end();) {
        if (wanted.count(it->first) != 0) {
            ++it;
            continue;
        }
        base::log::info("serve", "no longer listening at {}", it->second->local().str());
        const base::Endpoint gone = it->first;
        it = listeners.erase(it);
        state_->close_connections(&gone); // the address they came to is no longer ours to serve
    }
    std::vector<base::Error> errors;
    for (const auto& endpoint : wanted) {
        if (listeners.count(endpoint) != 0) {
            continue;
        }
        auto listener = Listener::open(
            state_->loop, endpoint, [state = state_.get(), endpoint](int fd, base::Endpoint peer) {
                state->accept(fd, peer, endpoint);
            });
        if (!listener) {
            errors.push_back(std::move(listener.error()));
            continue;
        }
        base::log::info("serve", "listening at {}", (*listener)->local().str());
        listeners.emplace(endpoint, std::move(*listener));
    }
    return errors;
}

std::vector<base::Endpoint> Http::listening() const {
    std::vector<base::Endpoint> endpoints;
    for (const auto& [asked, listener] : state_->listeners) {
        endpoints.push_back(listener->local());
    }
    return endpoints;
}

HttpCounters Http::counters() const {
    return {state_->requests, state_->refused_connections, state_->timeouts, state_->bad_requests,
            state_->open};
}

} // namespace serve
