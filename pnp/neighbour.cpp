// SPDX-License-Identifier: MIT
// One look-up in the neighbour table by ioctl, see arp(7).
#include "pnp/neighbour.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace pnp {

std::optional<base::Mac> neighbour_mac(base::Ipv4 address, const std::string& interface) {
    arpreq request{};
    if (interface.empty() || interface.size() >= sizeof request.arp_dev) {
        return std::nullopt;
    }
    const base::Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in wanted = base::Endpoint{address, 0}.sockaddr();
    std::memcpy(&request.arp_pa, &wanted, sizeof wanted);
    interface.copy(request.arp_dev, interface.size());
    if (!fd || ::ioctl(fd.get(), SIOCGARP, &request) != 0 || (request.arp_flags & ATF_COM) == 0 ||
        request.arp_ha.sa_family != ARPHRD_ETHER) {
        return std::nullopt;
    }
    std::array<std::uint8_t, 6> bytes{};
    std::memcpy(bytes.data(), request.arp_ha.sa_data, bytes.size());
    const bool empty = std::all_of(bytes.begin(), bytes.end(), [](auto byte) { return byte == 0; });
    return empty ? std::nullopt : std::optional(base::Mac(bytes));
}

} // namespace pnp
