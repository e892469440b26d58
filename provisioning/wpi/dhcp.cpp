// SPDX-License-Identifier: MIT
// Sub-options one behind the other, as code, length and bytes (RFC 2132 8.4).
#include "provisioning/wpi/dhcp.hpp"

#include <fmt/format.h>

namespace wpi {
namespace {

constexpr std::string_view maker = "Siemens";

void add(std::string& option, int code, std::string_view value) {
    option += static_cast<char>(code);
    option += static_cast<char>(value.size());
    option += value;
}

} // namespace

std::string dhcp_service(const DhcpHint& hint) {
    return fmt::format("sdlp://{}:{}", hint.host, hint.port);
}

std::string dhcp_option_43(const DhcpHint& hint, DhcpForm form) {
    const bool is_early = form == DhcpForm::early;
    std::string option;
    add(option, 1, std::string(maker) + std::string(is_early ? 3 : 0, '\0'));
    if (hint.vlan) {
        // Four bytes, the most significant one first.
        add(option, 2,
            {std::string{'\0', '\0', static_cast<char>(*hint.vlan >> 8U),
                         static_cast<char>(*hint.vlan & 0xFFU)}});
    }
    if (!hint.host.empty()) {
        add(option, 3, dhcp_service(hint));
    }
    return option + std::string(is_early ? 5 : 0, '\0') + '\xFF';
}

} // namespace wpi
