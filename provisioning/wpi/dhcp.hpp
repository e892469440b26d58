// SPDX-License-Identifier: MIT
// What DHCP tells phones of the Workpoint Interface: the bytes of option 43.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wpi {

/// What these phones send as option 60 (OpenStage on Asterisk, administration manual §2.3.8).
constexpr std::string_view dhcp_vendor_class = "OptiIpPhone";

constexpr std::uint16_t default_port = 18443; ///< of the service, by HTTPS (WPI guide p. 12)

constexpr std::uint16_t largest_vlan = 4094; ///< IEEE 802.1Q; 0 is none

struct DhcpHint {
    /// Of the service: an address or a name, at most 64 bytes; empty: not told.
    std::string host;
    std::uint16_t port = default_port;
    /// The network to move to; 1 to 4094. Its own DHCP server is asked next.
    std::optional<std::uint16_t> vlan = {};
};

/// How the maker's name and the end are written: early manuals want NULs behind both.
enum class DhcpForm : std::uint8_t { current, early };

/// Sub-options 1 (the maker), 2 (VLAN) and 3 (the service), then 255: the CP phones' administration
/// manual p. 42, for the early form optiPoint on HiPath 8000 p. 39.
std::string dhcp_option_43(const DhcpHint& hint, DhcpForm form = DhcpForm::current);

/// "sdlp://10.20.30.5:18443", as sub-option 3 has it: neither path nor slash at its end.
std::string dhcp_service(const DhcpHint& hint);

} // namespace wpi
