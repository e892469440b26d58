// SPDX-License-Identifier: MIT
// One client of the HTTP server: its requests one after the other, and a deadline for every step.
#pragma once

#include "provisioning/base/limit.hpp"
#include "provisioning/base/log.hpp"
#include "provisioning/serve/bodies.hpp"
#include "provisioning/serve/head.hpp"
#include "provisioning/serve/http.hpp"
#include "provisioning/serve/reply.hpp"
#include "provisioning/serve/sources.hpp"
#include "provisioning/serve/tls.hpp"
#include "provisioning/serve/turns.hpp"

#include <atomic>
#include <functional>
#include <optional>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace serve {

class Connection;

/// What the connections of one server share.
struct Shared {
    Shared(base::Loop& on, HttpLimits with, Http::Handler answers)
        : loop(on), limits(with), handler(std::move(answers)), sources(limits.rates) {}

    base::Loop& loop;
    HttpLimits limits;
    Http::Handler handler;
    Bodies bodies{limits.posted_in_all, limits.posted_per_source};
    std::function<void(Connection&)> ended; ///< may drop the last owner but the caller
    Http::TlsFailure tls_failure;
    Http::PhoneOf phone_of;
    Http::AtHand at_hand;
    std::shared_ptr<const TlsContext> tls; ///< of new connections
    Sources sources;
    /// Of handshakes and requests. Those that wait hold this: who ends the server clears them.
    std::shared_ptr<Turns> turns = std::make_shared<Turns>(loop);
    std::size_t delayed = 0;               ///< answers that were asked to leave late
    base::TokenBucket complaints{0.2, 10}; ///< what strangers can make us log

    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> refused_connections{0};
    std::atomic<std::uint64_t> timeouts{0};
    std::atomic<std::uint64_t> bad_requests{0};
    std::atomic<std::uint64_t> open{0};
    std::atomic<std::uint64_t> limited{0};
    std::atomic<std::uint64_t> overloaded{0};
    std::atomic<std::uint64_t> evicted{0};
    std::atomic<std::uint64_t> handshakes{0};
    std::atomic<std::uint64_t> tls_failures{0};
    std::atomic<std::uint64_t> downloads{0};
    std::atomic<std::uint64_t> file_bytes{0};

    Response ask(const Request& request); ///< on a worker
    std::optional<Response> at_once(const Request& request);
    void tls_failed(base::Endpoint peer, const std::string& why);

    template <class... Args> void complain(fmt::format_string<Args...> text, Args&&... args) {
        if (complaints.take(std::chrono::steady_clock::now())) {
            const auto silent = complaints.held_back();
            base::log::info("serve", "{}{}", fmt::format(text, std::forward<Args>(args)...),
                            silent == 0 ? "" : fmt::format(" ({} more not logged)", silent));
        }
    }
};

/// Where a connection came in: the address as it was asked for, and whether TLS is spoken there.
struct Entrance {
    base::Endpoint local;
    bool tls = false;

    auto operator<=>(const Entrance&) const = default;
};

/// Asio's handlers hold the connection and look at shared_ first: a completion that was queued when
/// the socket closed still comes.
class Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(std::shared_ptr<Shared> shared,
               boost::asio::ip::tcp::socket socket,
               base::Endpoint peer,
               base::Endpoint local,
               Entrance door);

    base::Endpoint peer() const noexcept { return peer_; }

    const Entrance& door() const noexcept { return door_; }

    /// Since when it keeps us waiting: to make room, the one that does so longest goes first.
    /// Nothing while the next step is ours.
    std::optional<base::Steady> waits_since() const;

    void start();

    void close(); ///< after this no handler of ours does anything

  private:
    enum class Phase : std::uint8_t { handshake, idle, head, body, handler, delay, reply, linger };

    void shake_hands();
    void shook_hands(TlsSession::Step step);
    void await_turn();
    void watch_for_end();
    void stirred();
    void broken_handshake(const std::string& why);
    bool decrypt(std::string_view bytes);
    void next();
    void set_phase(Phase phase);
    void set_deadline(base::Steady when);
    void set_deadline(std::chrono::milliseconds from_now);
    void wait_for_deadline();
    void expired();
    void wait_readable();
    void readable();
    void look();
    void read_head();
    void begin_post();
    void invite();
    void read_body();
    void drop_body();
    void no_room();
    void answer();
    bool may_ask(const Request* request);
    void hand_over(Request request);
    void answered(Response response);
    void leave(const Response& response);
    void busy(std::string_view why);
    void refuse(int status, std::string_view why);
    void send(Reply reply, bool keep_alive);
    void send_more();
    void read_piece();
    bool is_too_slow(std::uint64_t of_body) const;
    void send_piece(const base::Result<std::string>& piece);
    void end_reply();
    void sent(boost::system::error_code error);
    void write_out(std::function<void()> then);
    void write_bytes(std::function<void()> then);
    void linger();

    std::shared_ptr<Shared> shared_; // null once closed
    boost::asio::ip::tcp::socket socket_;
    boost::asio::steady_timer timer_;
    std::uint64_t round_ = 0; // of the timer: a handler of an earlier round comes too late
    base::Steady deadline_ = base::Steady::max(); // the timer goes off then or before
    std::uint64_t number_;                        // of Request::connection
    base::Endpoint peer_;
    base::Endpoint local_;
    Entrance door_;
    std::shared_ptr<TlsSession> tls_; // null where it is not spoken; a worker may hold it longer

    Phase phase_ = Phase::idle;
    base::Steady phase_began_;
    std::optional<base::Steady> turn_began_; // a worker has the next step, or will have it
    std::uint64_t turn_ = 0;                 // a watch of an earlier one comes too late
    std::string in_;                         // received and not yet used
    std::size_t searched_ = 0;               // of in_, for the end of the head
    Head head_;
    bool is_post_ = false; // whose body the handler gets
    std::uint64_t body_left_ = 0;
    std::size_t lingered_ = 0;     // bytes that came after our end
    std::string body_;             // of a POST
    std::uint64_t body_taken_ = 0; // of Shared::bodies
    base::Steady read_;            // when the request was there
    Response response_;            // of Phase::delay
    bool counts_as_delayed_ = false;
    Reply reply_;
    base::Steady reply_began_;
    bool counts_as_download_ = false;
    std::uint64_t sent_ = 0; // of reply_, handed to TLS or read from the disk
    std::string out_;        // encrypted or from the disk, on its way
    bool keep_alive_ = false;
    std::string path_shown_; // of the request in hand, for the log
};

} // namespace serve
