// SPDX-License-Identifier: MIT
// Lists the IPv4 interfaces, and lists them again when the kernel says that something changed.
#include "provisioning/base/interfaces.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/netlink.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace base {
namespace {

using namespace std::chrono_literals;

struct IfaddrsFree {
    void operator()(ifaddrs* list) const noexcept { ::freeifaddrs(list); }
};

Ipv4 ipv4_of(const ::sockaddr* address) noexcept {
    return Endpoint::from(*reinterpret_cast<const sockaddr_in*>(address)).address;
}

} // namespace

bool InterfaceChoice::takes(const Interface& row) const {
    if (automatic && row.multicast && !row.loopback && row.address.is_private()) {
        return true;
    }
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return name == row.name || Ipv4::parse(name) == row.address;
    });
}

struct Interfaces::State : std::enable_shared_from_this<State> {
    State(Loop& on, std::function<void(const std::vector<Interface>&)> call)
        : loop(on), changed(std::move(call)), soon(on) {}

    Loop& loop;
    std::function<void(const std::vector<Interface>&)> changed;
    Fd netlink;
    std::optional<Watch> watch; // behind netlink, so that it goes first
    Timer soon;
    bool waits = false;
    bool alive = true;
    std::optional<std::vector<Interface>> rows;

    void begin() {
        auto opened = netlink_socket(RTMGRP_LINK | RTMGRP_IPV4_IFADDR);
        if (opened) {
            netlink = std::move(*opened);
            watch.emplace(loop, netlink.get(), [this] { drain(); });
        } else {
            log::warn("base", "{}; interfaces that come or go later are not noticed",
                      opened.error().what);
        }
        look(); // after the socket: nothing can change unseen in between
    }

    void drain() {
        // One change comes as several messages. What they say is not looked at: a new list is never
        // wrong, and a lost message cannot make it so.
        netlink_drain(netlink.get(), [](std::string_view) {});
        look_in(50ms);
    }

    void look_in(Duration delay) {
        if (!waits) {
            waits = true;
            soon.after(delay, [this] {
                waits = false;
                look();
            });
        }
    }

    void look() {
        auto now = list();
        if (!now) {
            log::warn("base", "{}; the next look is in 1s", now.error().what);
            look_in(1s);
            return;
        }
        if (rows == *now) {
            return;
        }
        rows = std::move(*now);
        const auto keep = shared_from_this(); // `changed` may destroy the Interfaces
        changed(*keep->rows);
    }
};

Interfaces::Interfaces(Loop& loop, std::function<void(const std::vector<Interface>&)> changed)
    : state_(std::make_shared<State>(loop, std::move(changed))) {
    loop.post([weak = std::weak_ptr<State>(state_)] {
        if (const auto state = weak.lock(); state && state->alive) {
            state->begin();
        }
    });
}

Interfaces::~Interfaces() {
    state_->alive = false;
    state_->watch.reset();
    state_->soon.cancel();
}

Result<std::vector<Interface>> Interfaces::list() {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) {
        return fail(Errc::io, "the interfaces cannot be listed: {}", why(errno));
    }
    const std::unique_ptr<ifaddrs, IfaddrsFree> owner(first);
    std::vector<Interface> rows;
    for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
        const bool up = (entry->ifa_flags & IFF_UP) != 0;
        if (!up || entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) {
            continue;
        }
        Interface row;
        // A labelled address says "eth0:1"; the interface is eth0.
        const std::string_view label = entry->ifa_name;
        row.name = label.substr(0, label.find(':'));
        row.index = static_cast<int>(::if_nametoindex(row.name.c_str()));
        if (row.index == 0) {
            continue; // gone meanwhile; its event is on the way
        }
        row.address = ipv4_of(entry->ifa_addr);
        row.prefix =
            entry->ifa_netmask != nullptr ? std::popcount(ipv4_of(entry->ifa_netmask).value) : 32;
        row.loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0;
        row.multicast = (entry->ifa_flags & IFF_MULTICAST) != 0;
        rows.push_back(std::move(row));
    }
    return rows;
}

} // namespace base
