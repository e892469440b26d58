// SPDX-License-Identifier: MIT
// The listeners and the table of connections; when it is full, whoever is slowest makes room.
#include "provisioning/serve/http.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/serve/connection.hpp"
#include "provisioning/serve/listener.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

namespace serve {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// That this process may have; a host may change it at any time.
std::uint64_t descriptors() {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

/// A call of the PBX needs some four descriptors, of the 1024 that it mostly has. The kernel gives
/// the lowest that is free, so that a high one tells how many are taken.
bool is_of_the_hosts_half(int fd) {
    return static_cast<std::uint64_t>(fd) >= descriptors() / 2;
}

} // namespace

/// The listeners, and the connections that they took in.
struct Http::State : std::enable_shared_from_this<Http::State> {
    State(base::Loop& loop, HttpLimits limits, Handler handler)
        : shared(std::make_shared<Shared>(loop, limits, std::move(handler))) {}

    std::shared_ptr<Shared> shared;
    std::map<Entrance, std::unique_ptr<Listener>> listeners; // by what was asked for
    std::unordered_map<Connection*, std::shared_ptr<Connection>> connections;

    void accept(int fd, base::Endpoint peer, const Entrance& door);
    bool make_room(const base::Ipv4* of);
    void forget(Connection& connection);
    void close_connections(const Entrance* of); // nullptr = of all listeners
    void hang_up(base::Ipv4 address);
    std::vector<base::Endpoint> listening(bool tls) const;
};

void Http::State::accept(int fd, base::Endpoint peer, const Entrance& door) {
    asio::ip::tcp::socket socket(shared->loop.context());
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
    if (is_of_the_hosts_half(fd) && !make_room(nullptr)) {
        ++shared->refused_connections;
        shared->complain("half of the {} descriptors that this process may have are taken, and the "
                         "rest is for calls: {} is not taken in; allow more (LimitNOFILE= of the "
                         "service, maxfiles in asterisk.conf)",
                         descriptors(), peer.address.str());
        return;
    }
    const auto& limits = shared->limits;
    const auto from_there = shared->sources.connections(peer.address);
    if ((from_there >= limits.connections_per_source && !make_room(&peer.address)) ||
        (connections.size() >= limits.connections && !make_room(nullptr))) {
        ++shared->refused_connections;
        shared->complain("{} has {} connections of {} in all: no further one is taken in",
                         peer.address.str(), from_there, connections.size());
        return;
    }
    auto connection = std::make_shared<Connection>(
        shared, std::move(socket), peer,
        base::Endpoint{base::Ipv4{local.address().to_v4().to_uint()}, local.port()}, door);
    connections.emplace(connection.get(), connection);
    shared->sources.opened(peer.address);
    ++shared->open;
    connection->start();
}

/// Closes the connection that has kept us waiting longest: of this source, else of the greediest.
/// Slow clients can so fill the table, and yet nobody who is quick finds it full.
bool Http::State::make_room(const base::Ipv4* of) {
    const auto source = of != nullptr ? *of : shared->sources.greediest().value_or(base::Ipv4{});
    std::shared_ptr<Connection> slowest;
    auto since = std::chrono::steady_clock::now();
    for (const auto& [key, connection] : connections) {
        if (connection->peer().address == source) {
            const auto waits = connection->waits_since();
            if (waits && *waits <= since) {
                slowest = connection;
                since = *waits;
            }
        }
    }
    if (!slowest) {
        return false;
    }
    ++shared->evicted;
    shared->complain("{} has {} connections: its slowest made room for another", source.str(),
                     shared->sources.connections(source));
    slowest->close();
    return true;
}

void Http::State::forget(Connection& connection) {
    shared->sources.closed(connection.peer().address);
    --shared->open;
    connections.erase(&connection);
}

void Http::State::close_connections(const Entrance* of) {
    std::vector<std::shared_ptr<Connection>> leaving;
    for (const auto& [key, connection] : connections) {
        if (of == nullptr || connection->door() == *of) {
            leaving.push_back(connection);
        }
    }
    for (const auto& connection : leaving) {
        connection->close();
    }
}

void Http::State::hang_up(base::Ipv4 address) {
    std::vector<std::shared_ptr<Connection>> leaving;
    for (const auto& [key, connection] : connections) {
        if (connection->peer().address == address) {
            leaving.push_back(connection);
        }
    }
    if (!leaving.empty()) {
        shared->complain("{} has another MAC than when it connected: its connections were closed",
                         address.str());
    }
    for (const auto& connection : leaving) {
        connection->close();
    }
}

Http::Http(base::Loop& loop, HttpLimits limits, Handler handler)
    : state_(std::make_shared<State>(loop, limits, std::move(handler))) {
    // Weak: the state holds what holds this.
    state_->shared->ended = [state = std::weak_ptr(state_)](Connection& connection) {
        if (const auto here = state.lock()) {
            here->forget(connection);
        }
    };
}

Http::~Http() {
    try {
        state_->listeners.clear();
        state_->close_connections(nullptr);
        state_->shared->turns->clear();
    } catch (...) { // out of memory: they end with the loop
    }
}

std::vector<base::Error> Http::listen(const std::vector<base::Endpoint>& plain,
                                      const std::vector<base::Endpoint>& with_tls) {
    std::set<Entrance> wanted;
    for (const auto& endpoint : plain) {
        wanted.insert({endpoint, false});
    }
    for (const auto& endpoint : with_tls) {
        wanted.insert({endpoint, true});
    }
    auto& listeners = state_->listeners;
    for (auto it = listeners.begin(); it != listeners.end();) {
        if (wanted.count(it->first) != 0) {
            ++it;
            continue;
        }
        base::log::info("serve", "no longer listening at {}", it->second->local().str());
        const Entrance gone = it->first;
        it = listeners.erase(it);
        state_->close_connections(&gone); // the address they came to is no longer ours to serve
    }
    std::vector<base::Error> errors;
    for (const auto& door : wanted) {
        if (listeners.count(door) != 0) {
            continue;
        }
        auto listener = Listener::open(state_->shared->loop, door.local,
                                       [state = state_.get(), door](int fd, base::Endpoint peer) {
                                           state->accept(fd, peer, door);
                                       });
        if (!listener) {
            errors.push_back(std::move(listener.error()));
            continue;
        }
        base::log::info("serve", "listening at {}{}", (*listener)->local().str(),
                        door.tls ? " with TLS" : "");
        listeners.emplace(door, std::move(*listener));
    }
    return errors;
}

std::vector<base::Endpoint> Http::State::listening(bool tls) const {
    std::vector<base::Endpoint> endpoints;
    for (const auto& [door, listener] : listeners) {
        if (door.tls == tls) {
            endpoints.push_back(listener->local());
        }
    }
    return endpoints;
}

std::vector<base::Endpoint> Http::listening() const {
    return state_->listening(false);
}

std::vector<base::Endpoint> Http::listening_with_tls() const {
    return state_->listening(true);
}

void Http::tls(std::shared_ptr<const TlsContext> context) {
    state_->shared->tls = std::move(context);
}

void Http::on_tls_failure(TlsFailure told) {
    state_->shared->tls_failure = std::move(told);
}

void Http::hang_up(base::Ipv4 address) {
    state_->hang_up(address);
}

void Http::let_through(PhoneOf phone_of) {
    state_->shared->phone_of = std::move(phone_of);
}

void Http::at_hand(AtHand answers) {
    state_->shared->at_hand = std::move(answers);
}

HttpCounters Http::counters() const {
    const auto& shared = *state_->shared;
    return {shared.requests,   shared.refused_connections,
            shared.timeouts,   shared.bad_requests,
            shared.open,       shared.limited,
            shared.overloaded, shared.evicted,
            shared.handshakes, shared.tls_failures,
            shared.downloads,  shared.file_bytes};
}

} // namespace serve
