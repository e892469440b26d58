// SPDX-License-Identifier: MIT
// Configuration for DHCP servers: where phones find their first file, and how we learn of leases.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/profile/vendor.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace admin {

/// One option for the phones of one vendor; each server's writer has its own spelling for the code.
struct DhcpOption {
    std::uint8_t code = 0; ///< 66, RFC 2132 §9.4
    std::string data;
    std::string why;            ///< for a comment
    bool is_bytes = false;      ///< `data` is no text
    std::string early = {};     ///< `data` as early firmware wants it; empty: there is one form
    std::string early_why = {}; ///< for a comment
};

/// Phones that are told apart by what they say they are, or else by the first half of their MACs.
struct DhcpClients {
    std::string name;  ///< "panasonic"
    std::string title; ///< "Panasonic"
    std::vector<std::string> ouis;
    std::vector<DhcpOption> options;
    std::string vendor_class = {}; ///< how their option 60 starts; empty: by `ouis`
};

/// Where we are, as phones are to be told.
struct DhcpAnswer {
    std::string host;                       ///< what check_tftp_host() takes
    std::uint16_t wpi_port = 0;             ///< of the Workpoint Interface; 0: it is not served
    std::optional<std::uint16_t> vlan = {}; ///< where its phones belong
};

/// What the vendors' phones want to be told; vendors whose phones want nothing are left out.
std::vector<DhcpClients> dhcp_clients(std::span<const profile::Vendor* const> vendors,
                                      const DhcpAnswer& answer);

/// A value of option 66 that the phones take: an address, or a host name of at most 64 bytes (guide
/// §2.4.2.2 of the KX-UT670). The error says what to write instead.
base::Status check_tftp_host(std::string_view host);

struct DhcpServer {
    std::string_view word; ///< "dnsmasq"; "hex" is any other one
    std::string (*write)(std::span<const DhcpClients> clients);
};

/// In the order in which the command names them.
std::span<const DhcpServer> dhcp_servers() noexcept;

/// Where servers look for the program that tells us of leases: pnpctl by another name.
constexpr std::string_view dhcp_program = "/usr/local/bin/pnp-dhcp-event";

} // namespace admin
