// SPDX-License-Identifier: MIT
// The kernel's events about interfaces, addresses and neighbours: one socket, read by the loop.
#pragma once

#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"

#include <cstdint>
#include <functional>
#include <string_view>

namespace base {

/// Hears the groups (RTMGRP_…) of NETLINK_ROUTE.
Result<Fd> netlink_socket(std::uint32_t groups);

/// Asks for everything that `request` (RTM_GETNEIGH, …) lists of IPv4; it comes as messages.
Status netlink_dump(int fd, std::uint16_t request);

/// Visits what the kernel sent until nothing is left. Returns false when something was lost on the
/// way, which only a new dump can make good.
bool netlink_drain(int fd, const std::function<void(std::string_view messages)>& visit);

} // namespace base
