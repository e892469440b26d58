// SPDX-License-Identifier: MIT
#include "module/phone/place.hpp"

#include "provisioning/base/interfaces.hpp"

#include <algorithm>

#include <netinet/in.h>
#include <sys/socket.h>

namespace phone {

namespace {

using base::Errc;

/// Asks the kernel's routing, which sends nothing.
std::optional<base::Ipv4> address_towards(base::Endpoint group) {
    const base::Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    auto to = group.sockaddr();
    sockaddr_in local{};
    socklen_t size = sizeof local;
    if (!fd || connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 ||
        getsockname(fd.get(), reinterpret_cast<sockaddr*>(&local), &size) != 0) {
        return std::nullopt;
    }
    return base::Endpoint::from(local).address;
}

bool holds(const base::Interface& row, base::Ipv4 address) {
    // All of 127/8 may be bound, so several phones fit on lo.
    return row.address == address || (row.loopback && row.network().contains(address));
}

bool is_network(const base::Interface& row) noexcept {
    return !row.loopback;
}

std::string names(const std::vector<base::Interface>& rows) {
    std::string list;
    for (const auto& row : rows) {
        list += fmt::format("{}{} {}", list.empty() ? "" : ", ", row.name, row.address.str());
    }
    return list.empty() ? "none" : list;
}

} // namespace

base::Result<Place>
find_place(const std::string& interface, std::optional<base::Ipv4> address, base::Endpoint group) {
    const auto rows = base::Interfaces::list();
    if (!rows) {
        return tl::unexpected(rows.error());
    }
    if (interface.empty() && !address) {
        address = address_towards(group);
        const bool beyond_doubt = std::count_if(rows->begin(), rows->end(), is_network) == 1;
        if (!address && beyond_doubt) {
            address = std::find_if(rows->begin(), rows->end(), is_network)->address;
        }
        if (!address) {
            return base::fail(Errc::not_found,
                              "no way to {} from here; name one with --interface (there are: {})",
                              group.address.str(), names(*rows));
        }
    }
    const auto row =
        std::find_if(rows->begin(), rows->end(), [&](const base::Interface& candidate) {
            return (interface.empty() || candidate.name == interface) &&
                   (!address || holds(candidate, *address));
        });
    if (row == rows->end()) {
        return base::fail(
            Errc::not_found, "no interface {}{}{} is up with an IPv4 address (there are: {})",
            interface, address ? " with " : "", address ? address->str() : "", names(*rows));
    }
    return Place{row->index, row->name, address.value_or(row->address)};
}

} // namespace phone
