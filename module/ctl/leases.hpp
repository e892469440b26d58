// SPDX-License-Identifier: MIT
// How DHCP servers tell a program of their leases, as commands for the daemon.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ctl {

/// The name that makes pnpctl such a program: dnsmasq starts one without words of ours.
constexpr std::string_view lease_program = "pnp-dhcp-event";

/// The value of a variable; null where there is none.
using Environment = std::function<const char*(const char* name)>;

/// The commands behind the words that a DHCP server started us with; none for what is no lease of
/// an IPv4 address to a device with a MAC. dnsmasq (--dhcp-script): add|old|del MAC ADDRESS
/// [HOSTNAME], DNSMASQ_VENDOR_CLASS. ISC dhcpd (execute): the same; bytes of the MAC may have one
/// digit. Kea (libdhcp_run_script): leases4_committed with LEASES4_SIZE, LEASES4_AT0_ADDRESS,
/// _HWADDR and _HOSTNAME, …; lease4_release and lease4_expire with LEASE4_ADDRESS and
/// LEASE4_HWADDR.
std::vector<std::vector<std::string>> lease_commands(const std::vector<std::string>& words,
                                                     const Environment& environment);

/// Adds what dnsmasq says in the environment of a script that calls `pnpctl dhcp-event "$@"`.
void add_vendor_class(std::vector<std::string>& command, const Environment& environment);

} // namespace ctl
