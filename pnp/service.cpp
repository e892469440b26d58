// SPDX-License-Identifier: MIT
// Opens, joins, drains and closes the sockets, and wakes the responder when something is due.
#include "pnp/service.hpp"

#include "pnp/context.hpp"
#include "pnp/responder.hpp"
#include "pnp/sender.hpp"
#include "pnp/sockets.hpp"
#include "provisioning/base/crypto.hpp"
#include "provisioning/base/log.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <optional>
#include <span>
#include <utility>

namespace pnp {
namespace {

constexpr std::chrono::seconds retry_every{10};

/// Made many at a time: one call of the generator costs as much as a hundred numbers.
class RandomNumbers {
  public:
    base::Result<std::uint32_t> next() {
        if (used_ == bytes_.size()) {
            if (auto filled = base::random_bytes(bytes_); !filled) {
                return tl::unexpected(std::move(filled.error()));
            }
            used_ = 0;
        }
        std::uint32_t number = 0;
        std::memcpy(&number, bytes_.data() + used_, sizeof number);
        used_ += sizeof number;
        return number;
    }

  private:
    std::array<std::uint8_t, 100 * sizeof(std::uint32_t)> bytes_{};
    std::size_t used_ = bytes_.size();
};

/// A socket that is read by the loop. The watch goes before the descriptor it borrows.
struct Listener {
    base::Fd fd;
    std::uint32_t drops = 0;
    std::unique_ptr<base::Watch> watch;

    Listener() = default;
    Listener(Listener&&) = default;
    Listener& operator=(Listener&&) = delete;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    ~Listener() { close(); }

    void close() noexcept {
        watch.reset();
        fd.close();
        drops = 0;
    }
};

struct Unicast {
    base::Interface interface;
    Listener listener;
};

/// Datagrams that were read and wait for their turn: the kernel's room for them may be small. Where
/// it is not, there is little more here, as who is flooded gets to each the later the more may
/// wait.
class Heard {
  public:
    struct Datagram {
        std::string bytes;
        base::Endpoint source;
        int interface_index = 0;
        base::Steady at{};
    };

    std::size_t most_bytes = least_bytes;
    static constexpr std::size_t least_bytes = std::size_t{1} << 20U;

    bool is_empty() const noexcept { return waiting_.empty(); }

    bool is_full() const noexcept { return bytes_ >= most_bytes; }

    bool has_waited_since(base::Steady when) const noexcept {
        return !waiting_.empty() && waiting_.front().at <= when;
    }

    void add(const Received& received, base::Steady at) {
        waiting_.push_back(
            {std::string(received.bytes), received.source, received.interface_index, at});
        bytes_ += cost(waiting_.back());
    }

    Datagram take() {
        Datagram first = std::move(waiting_.front());
        waiting_.pop_front();
        bytes_ -= cost(first);
        return first;
    }

    void clear() {
        waiting_.clear();
        bytes_ = 0;
    }

  private:
    static std::size_t cost(const Datagram& datagram) noexcept {
        return sizeof datagram + datagram.bytes.size();
    }

    std::deque<Datagram> waiting_;
    std::size_t bytes_ = 0;
};

/// Before the socket is read again.
constexpr int most_in_a_round = 32;
/// Before others have their turn.
constexpr int rounds_in_a_turn = 8;
/// Fewer than these do not keep each other waiting, and their timelines tell things in order.
constexpr std::size_t crowd = 100;
/// Half of what fits into the table of answers.
constexpr std::size_t many_owed = 10'000;

/// No phone waits for what we do with its answer to a NOTIFY; but it is to be read before that
/// NOTIFY is repeated, 500 ms later.
constexpr std::chrono::milliseconds answers_wait{200};

} // namespace

struct Service::State : std::enable_shared_from_this<Service::State> {
    State(base::Loop& its_loop, const base::Clock& its_clock, Settings its, Policy policy)
        : loop(its_loop), clock(its_clock), settings(std::move(its)),
          responder(clock,
                    settings,
                    std::move(policy),
                    {[this](const Path& path, std::string_view bytes) { return send(path, bytes); },
                     [this] { arm(); }, [this] { return random.next(); }},
                    tally),
          due(loop), retry(loop) {}

    base::Loop& loop;
    const base::Clock& clock;
    Settings settings;
    Tally tally{};
    RandomNumbers random;
    Responder responder;
    base::Timer due;
    base::Timer retry;
    std::optional<base::Steady> armed;
    Inbox inbox;
    Heard heard_by_group;
    Heard heard_by_unicast;
    bool has_turn = false; ///< one will come
    bool has_sent = false; ///< since the last one
    bool sends_soon = false;
    std::vector<base::Interface> rows;
    std::vector<std::unique_ptr<Unicast>> unicasts;
    Sharing sharing; // outlives the group socket
    Listener group;
    std::vector<int> joined; ///< interface indices
    bool group_wanted = true;
    Sender sender{[this](const auto& paths) { not_sent(paths); }}; // goes before its sockets

    // The address alone: an interface that was renumbered keeps its sockets.
    Unicast* unicast(base::Ipv4 local) {
        const auto found = std::find_if(unicasts.begin(), unicasts.end(), [&](const auto& each) {
            return each->interface.address == local;
        });
        return found == unicasts.end() ? nullptr : found->get();
    }

    int socket_of(const Path& path) {
        if (path.channel == Channel::group) {
            return group.fd.get();
        }
        const Unicast* from = unicast(path.local);
        return from == nullptr ? -1 : from->listener.fd.get();
    }

    bool send(const Path& path, std::string_view bytes) {
        const int fd = socket_of(path);
        if (fd < 0) {
            return false;
        }
        sender.add(fd, path, bytes);
        has_sent = true;
        if (!sends_soon) {
            later([](State& state) {
                state.sends_soon = false;
                state.sender.send();
            });
            sends_soon = true;
        }
        return true;
    }

    /// On any thread.
    void not_sent(std::span<const Path> failed) noexcept {
        guarded([&] {
            loop.post([weak = weak_from_this(), paths = std::vector(failed.begin(), failed.end())] {
                if (const auto state = weak.lock()) {
                    for (const Path& path : paths) {
                        state->responder.not_sent(path);
                    }
                }
            });
        });
    }

    void later(void (*task)(State&)) {
        loop.post([weak = weak_from_this(), task] {
            if (const auto state = weak.lock()) {
                task(*state);
            }
        });
    }

    void read(Listener& listener, Channel channel) {
        Heard& heard = channel == Channel::group ? heard_by_group : heard_by_unicast;
        if (heard.is_full() || !listener.fd) {
            return;
        }
        const base::Steady now = clock.now();
        const std::uint32_t before = listener.drops;
        inbox.drain(listener.fd.get(), listener.drops,
                    [&](const Received& received) { heard.add(received, now); });
        if (channel == Channel::group) {
            tally.kernel_drops += listener.drops - before;
        }
    }

    /// What phones wait for comes first: their 200, then the NOTIFYs that others of us prepare, and
    /// what is to be done with their answers last. Where very many are owed a NOTIFY they get that
    /// first, and their answers are read, as there is no room for ever more of them.
    void turn() {
        has_turn = false;
        const bool others_send = has_sent;
        const bool owes_many = responder.owed() > many_owed;
        const int rounds = owes_many ? 1 : rounds_in_a_turn;
        for (int round = 0; round < rounds && !heard_by_group.is_empty(); ++round) {
            deal_with(heard_by_group, Channel::group);
            sender.send();
            read(group, Channel::group);
        }
        if (owes_many || responder.owed() < crowd || (heard_by_group.is_empty() && !others_send) ||
            heard_by_unicast.has_waited_since(clock.now() - answers_wait)) {
            deal_with(heard_by_unicast, Channel::unicast);
        }
        sender.send();
        has_sent = false;
        arm();
        take_turn();
    }

    void take_turn() {
        if (!has_turn && !(heard_by_group.is_empty() && heard_by_unicast.is_empty())) {
            later([](State& state) { state.turn(); });
            has_turn = true;
        }
    }

    void deal_with(Heard& heard, Channel channel) {
        for (int count = 0; count < most_in_a_round && !heard.is_empty(); ++count) {
            const Heard::Datagram next = heard.take();
            responder.on_datagram(next.bytes, next.source, next.interface_index, channel);
        }
    }

    void watch(Listener& listener, Channel channel) {
        listener.watch =
            std::make_unique<base::Watch>(loop, listener.fd.get(), [this, &listener, channel] {
                read(listener, channel);
                take_turn();
            });
    }

    /// Has the timer run out no later than the next deadline; a moment too early is no harm.
    void arm() {
        const auto next = responder.next_due();
        if (!next || (armed && *armed <= *next)) {
            return;
        }
        armed.reset(); // should there be no memory for a timer: the next one who looks makes it
        due.after(std::max(*next - clock.now(), base::Duration::zero()), [this] {
            armed.reset();
            responder.tick();
            arm();
        });
        armed = next;
    }

    void open_unicasts(std::vector<base::Error>& errors) {
        const auto is_row = [this](const base::Interface& interface) {
            return std::find(rows.begin(), rows.end(), interface) != rows.end();
        };
        for (const auto& each : unicasts) {
            const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& candidate) {
                return candidate.address == each->interface.address;
            });
            if (row != rows.end()) {
                each->interface = *row;
            }
        }
        unicasts.erase(std::remove_if(unicasts.begin(), unicasts.end(),
                                      [&](const auto& each) { return !is_row(each->interface); }),
                       unicasts.end());
        for (const base::Interface& row : rows) {
            if (unicast(row.address) != nullptr) {
                continue;
            }
            auto fd = open_unicast({row.address, settings.notify_port});
            if (!fd) {
                errors.push_back(
                    {fd.error().code, fmt::format("phones on {} are not answered: {} (notify_port)",
                                                  row.name, fd.error().what)});
                continue;
            }
            auto added = std::make_unique<Unicast>();
            added->interface = row;
            added->listener.fd = std::move(*fd);
            watch(added->listener, Channel::unicast);
            unicasts.push_back(std::move(added)); // one that nobody watches is none
        }
    }

    void open_group_socket(std::vector<base::Error>& errors) {
        if (!group_wanted || unicasts.empty() || settings.receive == Receive::off) {
            close_group();
            return;
        }
        if (!group.fd) {
            const bool shares = settings.receive == Receive::automatic;
            auto fd = open_group(settings.group, shares ? &sharing : nullptr);
            if (!fd) {
                errors.push_back(std::move(fd.error()));
                return;
            }
            group.fd = std::move(*fd);
            heard_by_group.most_bytes = Heard::least_bytes + missing_buffer(group.fd.get());
            try {
                watch(group, Channel::group);
            } catch (...) { // no memory: made anew with the next try
                group.close();
                throw;
            }
        }
        std::vector<int> wanted;
        for (const auto& each : unicasts) {
            const int index = each->interface.index;
            if (std::find(wanted.begin(), wanted.end(), index) != wanted.end()) {
                continue;
            }
            if (std::find(joined.begin(), joined.end(), index) == joined.end()) {
                if (auto done = join(group.fd.get(), settings.group.address, index); !done) {
                    errors.push_back(
                        {done.error().code, fmt::format("phones on {} are not heard: {}",
                                                        each->interface.name, done.error().what)});
                    continue;
                }
            }
            wanted.push_back(index);
        }
        for (const int index : joined) {
            if (std::find(wanted.begin(), wanted.end(), index) == wanted.end()) {
                leave(group.fd.get(), settings.group.address, index);
            }
        }
        joined = std::move(wanted);
    }

    void close_group() {
        sender.flush();
        heard_by_group.clear();
        group.close();
        joined.clear();
    }

    bool hears_group() const { return group.fd && !joined.empty(); }

    /// Makes the sockets be as the rows and settings want them; what fails is tried again later.
    std::vector<base::Error> apply() {
        std::vector<base::Error> errors;
        sender.flush(); // while its socket is there
        open_unicasts(errors);
        open_group_socket(errors);
        std::vector<Row> served;
        served.reserve(unicasts.size());
        for (const auto& each : unicasts) {
            served.push_back({each->interface, bound_port(each->listener.fd.get())});
        }
        responder.serve(std::move(served));
        retry.cancel();
        if (!errors.empty()) {
            retry.after(retry_every, [this] { try_again(); });
        }
        arm();
        return errors;
    }

    /// Quietly: the caller of serve() or take_group() has told the operator what is wrong.
    void try_again() {
        if (apply().empty()) {
            base::log::info("pnp", "every served interface can be heard and answered again");
        }
    }
};

Service::Service(base::Loop& loop, const base::Clock& clock, Settings settings, Policy policy)
    : state_(std::make_shared<State>(loop, clock, std::move(settings), std::move(policy))) {}

Service::~Service() = default;

std::vector<base::Error> Service::serve(const std::vector<base::Interface>& rows) {
    state_->rows = rows;
    return state_->apply();
}

void Service::release_group() {
    state_->group_wanted = false;
    state_->close_group();
}

std::vector<base::Error> Service::take_group() {
    state_->group_wanted = true;
    return state_->apply();
}

bool Service::hears_group() const {
    return state_->hears_group();
}

void Service::decided(const std::vector<base::Mac>& macs) {
    // Later: the caller may be a step of one of these very dialogs.
    state_->loop.post([weak = std::weak_ptr<State>(state_->shared_from_this()), macs] {
        if (const auto state = weak.lock()) {
            state->responder.decided(macs);
            state->arm();
        }
    });
}

void Service::neighbours_changed(const std::vector<base::Ipv4>& addresses) {
    state_->responder.neighbours_changed(addresses);
    state_->arm();
}

void Service::resync(base::Mac mac,
                     base::Endpoint phone,
                     base::Ipv4 local,
                     const std::string& event,
                     const std::function<void(ResyncResult)>& done) {
    state_->responder.resync(mac, phone, local, event, done);
    state_->arm();
}

void Service::probe(Probe::Done done) {
    state_->responder.probe(std::move(done));
    state_->arm();
}

Counters Service::counters() const {
    return state_->tally.read();
}

std::vector<LimitedSource> Service::limited() const {
    return state_->responder.limited();
}

Settings Service::settings() const {
    return state_->settings;
}

void Service::settings(const Settings& settings) {
    State& state = *state_;
    const Settings before = std::exchange(state.settings, settings);
    state.responder.settings(settings);
    if (before.notify_port != settings.notify_port) {
        state.sender.flush();
        state.unicasts.clear();
    }
    const bool hears_otherwise =
        before.group != settings.group || before.receive != settings.receive;
    if (hears_otherwise) {
        state.close_group();
        state.sharing.restore();
    }
    if (before.notify_port != settings.notify_port || hears_otherwise) {
        for (const base::Error& error : state.apply()) {
            base::log::error("pnp", "{}", error.what);
        }
    }
    state.arm();
}

} // namespace pnp
