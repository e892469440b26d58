// SPDX-License-Identifier: MIT
// Asks for all neighbours once, and again whenever an event was lost.
#include "provisioning/base/neighbours.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/netlink.hpp"
#include "provisioning/base/text.hpp"

#include <linux/rtnetlink.h>
#include <mutex>
#include <new>
#include <utility>

namespace base {
namespace {

using namespace std::chrono_literals;

} // namespace

struct Neighbours::State : std::enable_shared_from_this<State> {
    State(Loop& on, std::function<void(const std::vector<Ipv4>&)> call, Moved told)
        : loop(on), changed(std::move(call)), moved(std::move(told)), again(on), each_second(on) {}

    Loop& loop;
    std::function<void(const std::vector<Ipv4>&)> changed;
    Moved moved;
    mutable std::mutex mutex; // guards table and followed; held for moments only
    NeighbourTable table;
    bool followed = false;
    Fd netlink;
    std::optional<Watch> watch; // behind netlink, so that it goes first
    Timer again;
    Timer each_second;
    bool lost = false; ///< an event, for want of memory
    int dumping = 0;   ///< 0: no dump is on its way; else how often we looked for its end, from 1
    bool alive = true;

    void begin() {
        auto opened = netlink_socket(RTMGRP_NEIGH);
        if (!opened) {
            log::error("base",
                       "{}; phones cannot be told apart by the neighbour table: with "
                       "neighbour_check = log they are served all the same",
                       opened.error().what);
            return;
        }
        netlink = std::move(*opened);
        watch.emplace(loop, netlink.get(), [this] { drain(); });
        dump(); // after the socket: nothing can change unseen in between
        look_for_lost();
    }

    void look_for_lost() {
        each_second.after(1s, [this] { look_for_lost(); });
        if (lost) {
            dump();
            lost = false; // behind what may throw
        }
    }

    void dump() {
        // One at a time: the kernel refuses a second one, and our rounds would mix them up.
        if (dumping > 0 && ++dumping < 50) {
            dump_in(100ms);
            return;
        }
        if (auto asked = netlink_dump(netlink.get(), RTM_GETNEIGH); !asked) {
            log::warn("base", "{}; the next try is in 1s", asked.error().what);
            dump_in(1s);
            return;
        }
        dumping = 1;
        const std::lock_guard lock(mutex);
        table.begin_dump();
    }

    void dump_in(Duration delay) {
        again.after(delay, [this] { dump(); });
    }

    void drain() {
        NeighbourTable::News news;
        try {
            const bool complete = netlink_drain(netlink.get(), [&](std::string_view messages) {
                const std::lock_guard lock(mutex);
                table.read(messages, news);
                followed = followed || news.dumped;
            });
            if (!complete || news.interrupted) {
                dump_in(100ms);
            }
        } catch (const std::bad_alloc&) {
            // A timer that is set now could not be, either. A dump that is on its way goes on: its
            // end would be taken for that of another.
            lost = true;
            const std::lock_guard lock(mutex);
            table.lose_piece();
        }
        if (news.dumped || news.interrupted) {
            dumping = 0;
        }
        const auto keep = shared_from_this(); // either may destroy the Neighbours
        if (!news.moved.empty() && moved) {
            moved(news.moved);
        }
        if (!news.changed.empty() && changed) {
            changed(news.changed);
        }
    }
};

Neighbours::Neighbours(Loop& loop,
                       std::function<void(const std::vector<Ipv4>&)> changed,
                       Moved moved)
    : state_(std::make_shared<State>(loop, std::move(changed), std::move(moved))) {
    loop.post([weak = std::weak_ptr<State>(state_)] {
        if (const auto state = weak.lock(); state && state->alive) {
            state->begin();
        }
    });
}

Neighbours::~Neighbours() {
    state_->alive = false;
    state_->watch.reset();
    state_->again.cancel();
    state_->each_second.cancel();
}

std::optional<Neighbour> Neighbours::find(Ipv4 address, int interface_index) const {
    const std::lock_guard lock(state_->mutex);
    return state_->table.find(address, interface_index);
}

std::size_t Neighbours::size() const {
    const std::lock_guard lock(state_->mutex);
    return state_->table.size();
}

bool Neighbours::is_followed() const {
    const std::lock_guard lock(state_->mutex);
    return state_->followed;
}

std::optional<std::size_t> Neighbours::kernel_limit() {
    const auto text = read_file("/proc/sys/net/ipv4/neigh/default/gc_thresh3");
    const auto number = text ? parse_number(trim(*text)) : std::nullopt;
    return number ? std::optional<std::size_t>(*number) : std::nullopt;
}

} // namespace base
