// SPDX-License-Identifier: MIT
// The listening sockets, and the table of transfers with a socket and a timer each.
#include "provisioning/serve/tftp.hpp"

#include "provisioning/base/limit.hpp"
#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/base/token_buckets.hpp"
#include "provisioning/serve/target.hpp"
#include "provisioning/serve/tftp_socket.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>

namespace serve {
namespace {

constexpr int at_once = 64; ///< datagrams of one socket before others of the loop get their turn

/// Says what else there is to do than what is said of any port.
base::Error with_remedy(base::Error error, base::Endpoint at) {
    if (error.code == base::Errc::refused) {
        error.what += "; give it to Asterisk by AmbientCapabilities=CAP_NET_BIND_SERVICE in its "
                      "unit (systemctl edit asterisk) and to pnpd by setcap "
                      "cap_net_bind_service=+ep on its file, or lower the sysctl "
                      "net.ipv4.ip_unprivileged_port_start to " +
                      std::to_string(at.port);
    }
    if (error.code == base::Errc::refused || error.code == base::Errc::conflict) {
        error.what += "; or set tftp = off and let a TFTP server that runs already have what `pnp "
                      "export tftp DIR` writes";
    }
    error.what = "TFTP: " + error.what;
    return error;
}

base::Result<base::Fd> open_listener(base::Endpoint at) {
    auto fd = base::udp_socket(at);
    if (!fd) {
        return tl::unexpected(with_remedy(std::move(fd.error()), at));
    }
    return fd;
}

base::Endpoint bound(int fd, base::Endpoint asked_for) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    return ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0
               ? base::Endpoint::from(address)
               : asked_for;
}

} // namespace

struct Tftp::State : std::enable_shared_from_this<Tftp::State> {
    State(base::Loop& on, TftpLimits with, Content gives)
        : loop(on), limits(with), content(std::move(gives)), sources(limits.rates) {}

    struct Listener {
        base::Fd socket; // before the watch that borrows it
        base::Endpoint local;
        std::optional<base::Watch> watch;
    };

    /// From the request on; it has a socket once there is something to send.
    struct Session {
        explicit Session(base::Loop& loop) : timer(loop) {}

        base::Endpoint at; ///< of the listener
        base::Endpoint peer;
        std::string request; ///< as it came
        base::Steady moved;  ///< when it began, or when a block was acknowledged
        base::Fd socket;     // before the watch that borrows it
        std::optional<base::Watch> watch;
        base::Timer timer;
        std::optional<TftpTransfer> transfer;
    };

    using Key = std::pair<base::Endpoint, base::Endpoint>; ///< of the listener, and the peer

    void take(Listener& listener, base::Endpoint at);
    void asked(const Listener& listener, base::Endpoint at, const TftpDatagram& datagram);
    void read(const Listener& listener, base::Endpoint at, const TftpDatagram& datagram);
    bool is_repeated(const Key& key, std::string_view request);
    void refuse(const Listener& listener, base::Endpoint peer, TftpError code);
    bool has_room(base::Ipv4 source);
    bool make_room(const base::Ipv4* of);
    void hand_over(const Listener& listener,
                   base::Endpoint at,
                   const TftpDatagram& datagram,
                   TftpRead read,
                   std::string name);
    std::shared_ptr<const std::string> ask(const TftpRequest& request,
                                           bool netascii); ///< on a worker
    void begin_or_end(Session& session,
                      const TftpRead& read,
                      const std::shared_ptr<const std::string>& octets);
    void begin(Session& session, const TftpRead& read, std::shared_ptr<const std::string> octets);
    void hear(Session& session);
    void hear_foreign(const Session& session, const TftpDatagram& datagram);
    void go_on(Session& session, TftpTransfer::Step step);
    void send(Session& session);
    void wait(Session& session);
    void due(Session& session);
    void end(Session& session);
    void end_all(const base::Endpoint* at); // nullptr = of all listeners
    bool is_served(base::Ipv4 source) const;

    template <class... Args> void complain(fmt::format_string<Args...> text, Args&&... args) {
        if (complaints.take(base::steady_now())) {
            const auto silent = complaints.held_back();
            base::log::info("serve", "TFTP: {}{}", fmt::format(text, std::forward<Args>(args)...),
                            silent == 0 ? "" : fmt::format(" ({} more not logged)", silent));
        }
    }

    base::Loop& loop;
    const TftpLimits limits;
    const Content content;
    std::vector<base::Network> served;
    std::map<base::Endpoint, Listener> listeners; // by what was asked for
    std::map<Key, std::shared_ptr<Session>> sessions;
    Sources sources; ///< its connections are our transfers
    /// Packets that are sent again to an address that never said a word, all its transfers
    /// together.
    base::TokenBuckets<std::uint32_t> unproven{0.5, 30, Sources::most_idle};
    base::TokenBucket foreigners{5, 20};
    base::TokenBucket complaints{0.2, 10}; ///< what strangers can make us log

    /// Requests that workers have or will have; of its own, because they outlive their sessions.
    const std::shared_ptr<std::atomic<std::size_t>> working =
        std::make_shared<std::atomic<std::size_t>>(0);

    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> repeated{0};
    std::atomic<std::uint64_t> open{0};
    std::atomic<std::uint64_t> complete{0};
    std::atomic<std::uint64_t> timeouts{0};
    std::atomic<std::uint64_t> aborted{0};
    std::atomic<std::uint64_t> evicted{0};
    std::atomic<std::uint64_t> not_found{0};
    std::atomic<std::uint64_t> writes{0};
    std::atomic<std::uint64_t> malformed{0};
    std::atomic<std::uint64_t> foreign{0};
    std::atomic<std::uint64_t> outside{0};
    std::atomic<std::uint64_t> limited{0};
};

bool Tftp::State::is_served(base::Ipv4 source) const {
    return std::any_of(served.begin(), served.end(), [&](const base::Network& network) {
        // One datagram with the broadcast address as its source would have us answer to all.
        return network.contains(source) && (network.prefix >= 31 || source != network.broadcast());
    });
}

void Tftp::State::take(Listener& listener, base::Endpoint at) {
    TftpRoom room{};
    for (int i = 0; i < at_once; ++i) {
        const auto datagram = receive_tftp(listener.socket.get(), room);
        if (!datagram) {
            return;
        }
        asked(listener, at, *datagram);
    }
}

void Tftp::State::asked(const Listener& listener, base::Endpoint at, const TftpDatagram& datagram) {
    const auto peer = datagram.source;
    if (!is_served(peer.address)) {
        ++outside;
        complain("{} asked from outside of the networks that are served, and is not answered; if "
                 "phones are there, write allow = {}",
                 peer.str(), peer.address.str());
        return;
    }
    const auto opcode = tftp_opcode(datagram.bytes);
    if (opcode != TftpOpcode::rrq && opcode != TftpOpcode::wrq) {
        ++malformed; // and never answered: two servers would go on for ever
        return;
    }
    if (is_repeated({at, peer}, datagram.bytes)) {
        ++repeated;
        return;
    }
    if (!sources.may_ask(peer.address, base::steady_now())) {
        ++limited;
        complain("{} asks more often than is answered", peer.address.str());
        return;
    }
    if (opcode == TftpOpcode::wrq) {
        ++writes;
        complain("{} wanted to write; nothing is ever taken", peer.str());
        refuse(listener, peer, TftpError::access_violation);
        return;
    }
    read(listener, at, datagram);
}

/// A client that heard nothing asks again; its transfer has a timer of its own. With another
/// request it is done with the one before, whose last ACK was lost.
bool Tftp::State::is_repeated(const Key& key, std::string_view request) {
    const auto known = sessions.find(key);
    if (known == sessions.end()) {
        return false;
    }
    if (known->second->request == request) {
        return true;
    }
    ++aborted;
    end(*known->second);
    return false;
}

void Tftp::State::read(const Listener& listener, base::Endpoint at, const TftpDatagram& datagram) {
    const auto peer = datagram.source;
    auto asks = read_tftp_read(datagram.bytes);
    if (!asks) {
        ++malformed;
        complain("{} was answered with error 4: {}", peer.str(), asks.error().what);
        refuse(listener, peer, TftpError::illegal_operation);
        return;
    }
    ++requests;
    auto name = clean_tftp_name(asks->name);
    if (!name) {
        ++not_found;
        complain("{} asked for no file: {}", peer.str(), name.error().what);
        refuse(listener, peer, TftpError::not_found);
    } else if (*working >= limits.waiting_requests) {
        ++limited;
        complain("{} is not answered: too many requests wait for a worker", peer.str());
    } else if (!has_room(peer.address)) {
        ++limited;
        complain("{} has {} transfers of {} in all: no further one is begun", peer.address.str(),
                 sources.connections(peer.address), sessions.size());
    } else {
        hand_over(listener, at, datagram, std::move(*asks), std::move(*name));
    }
}

/// From the port that was asked: no transfer comes of it, so it needs no identifier and costs no
/// descriptor.
void Tftp::State::refuse(const Listener& listener, base::Endpoint peer, TftpError code) {
    send_tftp(listener.socket.get(), peer, write_tftp_error(code));
}

bool Tftp::State::has_room(base::Ipv4 source) {
    return (sources.connections(source) < limits.transfers_per_source || make_room(&source)) &&
           (sessions.size() < limits.transfers || make_room(nullptr));
}

/// Ends the oldest transfer to which nobody ever said a word, or else, of whoever has most of them,
/// the one that did not move for the longest: with forged addresses or slow clients the table can
/// be filled so, and yet no phone that is there finds it full.
bool Tftp::State::make_room(const base::Ipv4* of) {
    using Rank = std::tuple<bool, std::size_t, base::Duration>;
    Session* worst = nullptr;
    Rank of_worst;
    for (const auto& [key, session] : sessions) {
        if (!session->transfer || (of != nullptr && session->peer.address != *of)) {
            continue;
        }
        const bool is_silent = !session->transfer->is_acknowledged();
        const Rank rank{is_silent, is_silent ? 0 : sources.connections(session->peer.address),
                        base::steady_now() - session->moved};
        if (worst == nullptr || rank > of_worst) {
            worst = session.get();
            of_worst = rank;
        }
    }
    if (worst == nullptr) {
        return false;
    }
    ++evicted;
    complain("{} has {} transfers of {} in all: the slowest made room for another",
             worst->peer.address.str(), sources.connections(worst->peer.address), sessions.size());
    end(*worst);
    return true;
}

void Tftp::State::hand_over(const Listener& listener,
                            base::Endpoint at,
                            const TftpDatagram& datagram,
                            TftpRead read,
                            std::string name) {
    const auto session = std::make_shared<Session>(loop);
    session->at = at;
    session->peer = datagram.source;
    session->request = datagram.bytes;
    session->moved = base::steady_now();
    sessions.emplace(Key{at, session->peer}, session);
    sources.opened(session->peer.address);
    ++open;
    // Until there is a transfer with deadlines of its own, whatever becomes of the worker's answer.
    session->timer.after(limits.patience.whole, [this, here = session.get()] {
        go_on(*here, TftpTransfer::Step::given_up);
    });
    ++*working;
    const std::shared_ptr<void> place(nullptr, [count = working](void*) { --*count; });
    const TftpRequest request{std::move(name), session->peer, listener.local};
    // What comes back is weak: the session may be over, and must go on the loop thread.
    loop.work([self = shared_from_this(), weak = std::weak_ptr(session), request,
               read = std::move(read), place] {
        const auto octets = self->ask(request, read.netascii);
        self->loop.post([self, weak, read, octets, place] {
            if (const auto here = weak.lock()) {
                self->begin_or_end(*here, read, octets);
            }
        });
    });
}

std::shared_ptr<const std::string> Tftp::State::ask(const TftpRequest& request, bool netascii) {
    std::string what;
    try {
        auto octets = content(request);
        base::log::debug("serve", "TFTP: {} asks for {}: {}", request.peer.str(),
                         without_token(request.name),
                         octets ? fmt::format("{} octets", octets->size()) : "nothing for it");
        return octets && netascii ? std::make_shared<const std::string>(to_netascii(*octets))
                                  : octets;
    } catch (const std::exception& error) {
        what = base::printable(error.what());
    } catch (...) {
        what = "an exception of unknown type";
    }
    loop.post([self = shared_from_this(),
               what = fmt::format("{} cannot be given: {}", without_token(request.name), what)] {
        self->complain("{}", what);
    });
    return nullptr;
}

/// A session that is left behind would have its place for ever.
void Tftp::State::begin_or_end(Session& session,
                               const TftpRead& read,
                               const std::shared_ptr<const std::string>& octets) {
    try {
        begin(session, read, octets);
    } catch (...) { // out of memory
        ++limited;
        end(session);
    }
}

void Tftp::State::begin(Session& session,
                        const TftpRead& read,
                        std::shared_ptr<const std::string> octets) {
    if (!octets) {
        ++not_found;
        refuse(listeners.at(session.at), session.peer, TftpError::not_found);
        end(session);
        return;
    }
    const auto local = listeners.at(session.at).local.address;
    auto socket = open_tftp_transfer(local);
    if (!socket) {
        ++limited;
        complain("{}", socket.error().what);
        end(session);
        return;
    }
    session.socket = std::move(*socket);
    session.transfer.emplace(std::move(octets), read, tftp_room_for_block(local, session.peer),
                             limits.patience, base::steady_now());
    session.watch.emplace(loop, session.socket.get(), [this, here = &session] { hear(*here); });
    send(session);
}

void Tftp::State::send(Session& session) {
    // What the system does not take is lost like what a switch does not take: the timer repeats it.
    send_tftp(session.socket.get(), session.peer, session.transfer->packet());
    wait(session);
}

void Tftp::State::wait(Session& session) {
    const auto left = session.transfer->deadline() - base::steady_now();
    session.timer.after(std::max(left, base::Duration::zero()),
                        [this, here = &session] { due(*here); });
}

void Tftp::State::due(Session& session) {
    const auto step = session.transfer->due(base::steady_now());
    // Whoever is not there gets few packets, whatever is asked in its name.
    const bool is_proven = session.transfer->is_acknowledged();
    if (step == TftpTransfer::Step::wait) {
        wait(session);
    } else if (step == TftpTransfer::Step::send && !is_proven &&
               !unproven.take(session.peer.address.value, base::steady_now())) {
        go_on(session, TftpTransfer::Step::given_up);
    } else {
        go_on(session, step);
    }
}

void Tftp::State::hear(Session& session) {
    if (is_tftp_unreachable(session.socket.get(), session.peer)) {
        ++aborted;
        end(session);
        return;
    }
    TftpRoom room{};
    for (int i = 0; i < at_once; ++i) {
        const auto datagram = receive_tftp(session.socket.get(), room);
        if (!datagram) {
            return;
        }
        if (datagram->source != session.peer) {
            hear_foreign(session, *datagram);
            continue;
        }
        const auto step = session.transfer->heard(datagram->bytes, base::steady_now());
        if (step != TftpTransfer::Step::wait) {
            session.moved = base::steady_now();
            go_on(session, step);
            return; // it may be over; what else waits is read at the next turn
        }
    }
}

/// RFC 1350 section 4: whoever it is gets an error, and the transfer goes on.
void Tftp::State::hear_foreign(const Session& session, const TftpDatagram& datagram) {
    ++foreign;
    const bool is_error = tftp_opcode(datagram.bytes) == TftpOpcode::error; // no error for an error
    if (!is_error && is_served(datagram.source.address) && foreigners.take(base::steady_now())) {
        send_tftp(session.socket.get(), datagram.source,
                  write_tftp_error(TftpError::unknown_transfer_id));
    }
}

void Tftp::State::go_on(Session& session, TftpTransfer::Step step) {
    switch (step) {
    case TftpTransfer::Step::wait:
        return;
    case TftpTransfer::Step::send:
        send(session);
        return;
    case TftpTransfer::Step::complete:
        ++complete;
        base::log::debug("serve", "TFTP: {} has all of it", session.peer.str());
        break;
    case TftpTransfer::Step::refused:
        ++aborted;
        base::log::debug("serve", "TFTP: {} ended its transfer", session.peer.str());
        break;
    case TftpTransfer::Step::given_up:
        ++timeouts;
        complain("{} says nothing any more: its transfer is given up", session.peer.str());
        break;
    }
    end(session);
}

/// Does nothing where it is over.
void Tftp::State::end(Session& session) {
    const auto found = sessions.find(Key{session.at, session.peer});
    if (found == sessions.end() || found->second.get() != &session) {
        return;
    }
    sources.closed(session.peer.address);
    --open;
    sessions.erase(found);
}

void Tftp::State::end_all(const base::Endpoint* at) {
    std::vector<std::shared_ptr<Session>> leaving;
    for (const auto& [key, session] : sessions) {
        if (at == nullptr || session->at == *at) {
            leaving.push_back(session);
        }
    }
    for (const auto& session : leaving) {
        end(*session);
    }
}

Tftp::Tftp(base::Loop& loop, TftpLimits limits, Content content)
    : state_(std::make_shared<State>(loop, limits, std::move(content))) {}

Tftp::~Tftp() {
    try {
        state_->end_all(nullptr);
        state_->listeners.clear();
    } catch (...) { // out of memory: they end with the loop
    }
}

std::vector<base::Error> Tftp::listen(const std::vector<base::Endpoint>& at,
                                      std::vector<base::Network> served) {
    state_->served = std::move(served);
    const std::set<base::Endpoint> wanted(at.begin(), at.end());
    auto& listeners = state_->listeners;
    for (auto it = listeners.begin(); it != listeners.end();) {
        if (wanted.count(it->first) != 0) {
            ++it;
            continue;
        }
        base::log::info("serve", "TFTP: no longer listening at {}", it->second.local.str());
        state_->end_all(&it->first); // the address they came to is no longer ours to serve
        it = listeners.erase(it);
    }
    std::vector<base::Error> errors;
    for (const auto& endpoint : wanted) {
        if (listeners.count(endpoint) != 0) {
            continue;
        }
        auto socket = open_listener(endpoint);
        if (!socket) {
            errors.push_back(std::move(socket.error()));
            continue;
        }
        auto& listener = listeners[endpoint];
        listener.local = bound(socket->get(), endpoint);
        listener.socket = std::move(*socket);
        listener.watch.emplace(
            state_->loop, listener.socket.get(),
            [state = state_.get(), here = &listener, endpoint] { state->take(*here, endpoint); });
        base::log::info("serve", "TFTP: listening at {}", listener.local.str());
    }
    return errors;
}

std::vector<base::Endpoint> Tftp::listening() const {
    std::vector<base::Endpoint> endpoints;
    for (const auto& [at, listener] : state_->listeners) {
        endpoints.push_back(listener.local);
    }
    return endpoints;
}

TftpCounters Tftp::counters() const {
    const auto& state = *state_;
    return {state.requests, state.repeated, state.open,      state.complete, state.timeouts,
            state.aborted,  state.evicted,  state.not_found, state.writes,   state.malformed,
            state.foreign,  state.outside,  state.limited};
}

} // namespace serve
