// SPDX-License-Identifier: MIT
// An OpenStage: what DHCP tells it, and the accounts its items describe.
#pragma once

#include "module/phone/vendor.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace phone {

const Vendor& openstage() noexcept;

/// Where the provisioning service is.
struct Service {
    std::string host;
    std::uint16_t port = 18443;

    std::string str() const { return fmt::format("{}:{}", host, port); }
};

/// "HOST[:PORT]", as it is typed in the phone's web page.
base::Result<Service> read_service(std::string_view text);

struct Option43 {
    std::optional<Service> service;
    std::optional<std::uint32_t> vlan;
};

/// The bytes of DHCP option 43 in hex, with or without colons. Errors say which sub-option is not
/// as the administration manuals have it.
base::Result<Option43> read_option43(std::string_view hex);

} // namespace phone
