// SPDX-License-Identifier: MIT
// The messages of rtnetlink(7) about neighbours, and what is kept of them.
#include "provisioning/base/neighbour_table.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace base {
namespace {

constexpr std::uint16_t confirmed_states = NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP;
constexpr std::uint16_t known_states = confirmed_states | NUD_STALE | NUD_DELAY | NUD_PROBE;

struct Told {
    Ipv4 address;
    int interface_index = 0;
    std::optional<Neighbour> neighbour; ///< nothing where nobody answers
};

std::optional<Mac> mac_in(std::string_view value) {
    std::array<std::uint8_t, 6> bytes{};
    if (value.size() != bytes.size()) {
        return std::nullopt;
    }
    std::memcpy(bytes.data(), value.data(), bytes.size());
    const bool is_empty =
        std::all_of(bytes.begin(), bytes.end(), [](auto each) { return each == 0; });
    return is_empty ? std::nullopt : std::optional(Mac(bytes));
}

/// The value of one attribute; empty when absent.
std::string_view attribute(std::string_view attributes, std::uint16_t wanted) {
    while (attributes.size() >= sizeof(rtattr)) {
        rtattr head{};
        std::memcpy(&head, attributes.data(), sizeof head);
        if (head.rta_len < sizeof head || head.rta_len > attributes.size()) {
            return {};
        }
        if (head.rta_type == wanted) {
            return attributes.substr(RTA_LENGTH(0), head.rta_len - RTA_LENGTH(0));
        }
        attributes.remove_prefix(std::min<std::size_t>(RTA_ALIGN(head.rta_len), attributes.size()));
    }
    return {};
}

std::optional<Told> told_by(std::uint16_t type, std::string_view payload) {
    ndmsg head{};
    if (payload.size() < sizeof head) {
        return std::nullopt;
    }
    std::memcpy(&head, payload.data(), sizeof head);
    if (head.ndm_family != AF_INET || (head.ndm_flags & NTF_PROXY) != 0) {
        return std::nullopt;
    }
    payload.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(sizeof head), payload.size()));
    const auto destination = attribute(payload, NDA_DST);
    in_addr address{};
    if (destination.size() != sizeof address) {
        return std::nullopt;
    }
    std::memcpy(&address, destination.data(), sizeof address);
    Told told{Ipv4{ntohl(address.s_addr)}, head.ndm_ifindex, std::nullopt};
    if (type == RTM_NEWNEIGH && (head.ndm_state & known_states) != 0) {
        if (const auto mac = mac_in(attribute(payload, NDA_LLADDR))) {
            told.neighbour = Neighbour{*mac, (head.ndm_state & confirmed_states) != 0};
        }
    }
    return told;
}

} // namespace

void NeighbourTable::read(std::string_view messages, News& news) {
    while (messages.size() >= sizeof(nlmsghdr)) {
        nlmsghdr head{};
        std::memcpy(&head, messages.data(), sizeof head);
        if (head.nlmsg_len < sizeof head || head.nlmsg_len > messages.size()) {
            return;
        }
        const auto payload = messages.substr(NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN);
        news.interrupted = news.interrupted || (head.nlmsg_flags & NLM_F_DUMP_INTR) != 0 ||
                           head.nlmsg_type == NLMSG_ERROR;
        if (head.nlmsg_type == NLMSG_DONE) {
            news.dumped = true;
            if (is_whole_) {
                end_dump(news);
            }
        } else if (head.nlmsg_type == RTM_NEWNEIGH || head.nlmsg_type == RTM_DELNEIGH) {
            if (const auto told = told_by(head.nlmsg_type, payload)) {
                set(told->address, told->interface_index, told->neighbour, news);
            }
        }
        messages.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(head.nlmsg_len), messages.size()));
    }
}

namespace {

std::uint64_t key(Ipv4 address, int interface_index) noexcept {
    return std::uint64_t{address.value} << 32U | static_cast<std::uint32_t>(interface_index);
}

} // namespace

/// Who stays away for a moment and comes back as another one has moved all the same.
void NeighbourTable::forget(Ipv4 address, const Entry& entry) {
    former_.at(key(address, entry.interface_index)) = entry.neighbour.mac;
}

void NeighbourTable::set(Ipv4 address,
                         int interface_index,
                         std::optional<Neighbour> now,
                         News& news) {
    if (!now && entries_.count(address.value) == 0) {
        return;
    }
    auto& entries = entries_[address.value];
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) {
        return entry.interface_index == interface_index;
    });
    if (found != entries.end() && now) {
        found->round = round_;
        if (found->neighbour.mac != now->mac) {
            news.moved.push_back({address, interface_index});
        }
        if (found->neighbour != *now) {
            found->neighbour = *now;
            news.changed.push_back(address);
        }
    } else if (found != entries.end()) {
        forget(address, *found);
        entries.erase(found);
        --size_;
        news.changed.push_back(address);
    } else if (now && size_ < most_) {
        const auto* before = former_.find(key(address, interface_index));
        if (before != nullptr && *before != now->mac) {
            news.moved.push_back({address, interface_index});
        }
        entries.push_back({interface_index, *now, round_});
        ++size_;
        news.changed.push_back(address);
    }
    if (entries.empty()) {
        entries_.erase(address.value);
    }
}

void NeighbourTable::end_dump(News& news) {
    for (auto each = entries_.begin(); each != entries_.end();) {
        auto& [address, entries] = *each;
        for (const auto& entry : entries) {
            if (entry.round != round_) {
                forget(Ipv4{address}, entry);
            }
        }
        const auto gone = std::remove_if(entries.begin(), entries.end(),
                                         [&](const Entry& entry) { return entry.round != round_; });
        if (gone != entries.end()) {
            size_ -= static_cast<std::size_t>(entries.end() - gone);
            entries.erase(gone, entries.end());
            news.changed.push_back(Ipv4{address});
        }
        each = entries.empty() ? entries_.erase(each) : std::next(each);
    }
}

std::optional<Neighbour> NeighbourTable::find(Ipv4 address, int interface_index) const {
    const auto found = entries_.find(address.value);
    if (found == entries_.end()) {
        return std::nullopt;
    }
    std::optional<Neighbour> out;
    for (const Entry& entry : found->second) {
        if (interface_index != 0 && entry.interface_index != interface_index) {
            continue;
        }
        if (out && out->mac != entry.neighbour.mac) {
            return std::nullopt;
        }
        out = Neighbour{entry.neighbour.mac, entry.neighbour.confirmed || (out && out->confirmed)};
    }
    return out;
}

} // namespace base
