// SPDX-License-Identifier: MIT
// Opens, joins, drains and closes the sockets, and wakes the responder when something is due.
#include "pnp/service.hpp"

#include "pnp/context.hpp"
#include "pnp/responder.hpp"
#include "pnp/sockets.hpp"
#include "provisioning/base/crypto.hpp"
#include "provisioning/base/log.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

namespace pnp {
namespace {

constexpr std::chrono::seconds retry_every{10};

base::Result<std::uint32_t> random_number() {
    std::array<std::uint8_t, 4> bytes{};
    if (auto filled = base::random_bytes(bytes); !filled) {
        return tl::unexpected(std::move(filled.error()));
    }
    std::uint32_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof number);
    return number;
}

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

} // namespace

struct Service::State : std::enable_shared_from_this<Service::State> {
    State(base::Loop& its_loop, const base::Clock& its_clock, Settings its, Policy policy)
        : loop(its_loop), clock(its_clock), settings(std::move(its)),
          responder(clock,
                    settings,
                    std::move(policy),
                    {[this](const Path& path, std::string_view bytes) { return send(path, bytes); },
                     [this] { arm(); }, random_number},
                    tally),
          due(loop), retry(loop) {}

    base::Loop& loop;
    const base::Clock& clock;
    Settings settings;
    Tally tally{};
    Responder responder;
    base::Timer due;
    base::Timer retry;
    std::optional<base::Steady> armed;
    Inbox inbox;
    std::vector<base::Interface> rows;
    std::vector<std::unique_ptr<Unicast>> unicasts;
    Sharing sharing; // outlives the group socket
    Listener group;
    std::vector<int> joined; ///< interface indices
    bool group_wanted = true;

    // The address alone: an interface that was renumbered keeps its sockets.
    Unicast* unicast(base::Ipv4 local) {
        const auto found = std::find_if(unicasts.begin(), unicasts.end(), [&](const auto& each) {
            return each->interface.address == local;
        });
        return found == unicasts.end() ? nullptr : found->get();
    }

    bool send(const Path& path, std::string_view bytes) {
        int fd = group.fd.get();
        if (path.channel == Channel::unicast) {
            const Unicast* from = unicast(path.local);
            fd = from == nullptr ? -1 : from->listener.fd.get();
        }
        return fd >= 0 && send_from(fd, path.local, path.interface_index, path.to, bytes);
    }

    void drain(Listener& listener, Channel channel) {
        const std::uint32_t before = listener.drops;
        inbox.drain(listener.fd.get(), listener.drops, [&](const Received& received) {
            responder.on_datagram(received.bytes, received.source, received.interface_index,
                                  channel);
        });
        if (channel == Channel::group) {
            tally.kernel_drops += listener.drops - before;
        }
        arm();
    }

    void watch(Listener& listener, Channel channel) {
        listener.watch = std::make_unique<base::Watch>(
            loop, listener.fd.get(), [this, &listener, channel] { drain(listener, channel); });
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
            auto& added = unicasts.emplace_back(std::make_unique<Unicast>());
            added->interface = row;
            added->listener.fd = std::move(*fd);
            watch(added->listener, Channel::unicast);
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
            watch(group, Channel::group);
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
        group.close();
        joined.clear();
    }

    bool hears_group() const { return group.fd && !joined.empty(); }

    /// Makes the sockets be as the rows and settings want them; what fails is tried again later.
    std::vector<base::Error> apply() {
        std::vector<base::Error> errors;
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
