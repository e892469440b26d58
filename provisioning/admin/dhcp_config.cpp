// SPDX-License-Identifier: MIT
// Writes configuration for dnsmasq, Kea and ISC dhcpd, each with comments that say where it goes.
#include "provisioning/admin/dhcp_config.hpp"

#include "provisioning/base/net.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace admin {
namespace {

using base::Errc;
using base::fail;

constexpr std::size_t longest_tftp_host = 64; // bytes, guide §2.4.2.2
constexpr std::size_t longest_label = 63;     // RFC 1035 §2.3.4

bool is_label(std::string_view label) {
    const auto is_inner = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-';
    };
    return !label.empty() && label.size() <= longest_label && label.front() != '-' &&
           label.back() != '-' && std::all_of(label.begin(), label.end(), is_inner);
}

bool is_host_name(std::string_view name) {
    std::size_t at = 0;
    while (true) {
        const auto dot = std::min(name.find('.', at), name.size());
        if (!is_label(name.substr(at, dot - at))) {
            return false;
        }
        if (dot == name.size()) {
            return true;
        }
        at = dot + 1;
    }
}

/// One phones can send to: no network, no group, nothing of this machine alone.
bool is_reachable(base::Ipv4 address) {
    const auto first = address.value >> 24U;
    return first != 0 && first != 127 && first < 224;
}

std::string colons(std::string_view oui) {
    return fmt::format("{}:{}:{}", oui.substr(0, 2), oui.substr(2, 2), oui.substr(4, 2));
}

std::string comments(const DhcpClients& clients, std::string_view sign, std::string_view indent) {
    std::string text;
    for (const auto& option : clients.options) {
        text += fmt::format("{}{} {}: {}\n", indent, sign, clients.title, option.why);
    }
    return text;
}

std::string for_dnsmasq(std::span<const DhcpClients> all) {
    std::string text =
        "# PBX PnP: /etc/dnsmasq.d/pnp.conf on the machine that gives addresses out. "
        "Then:\n"
        "#   dnsmasq --test --conf-dir=/etc/dnsmasq.d && systemctl restart dnsmasq\n";
    for (const auto& clients : all) {
        text += "\n" + comments(clients, "#", "");
        for (const auto& oui : clients.ouis) {
            text += fmt::format("dhcp-mac=set:pnp-{},{}:*:*:*\n", clients.name, colons(oui));
        }
        for (const auto& option : clients.options) {
            // Without the quotes an address would be sent as four bytes.
            text += fmt::format("dhcp-option=tag:pnp-{},{},\"{}\"\n", clients.name, option.code,
                                option.data);
        }
    }
    return text +
           fmt::format("\n# PBX PnP hears of each lease, if dnsmasq runs on its machine. Once, "
                       "as root:\n"
                       "#   ln -s \"$(command -v pnpctl)\" {0}\n"
                       "# and dhcp_control = /run/pnp/pnp-dhcp.ctl in pnp.conf (see the "
                       "README).\n"
                       "dhcp-script={0}\n",
                       dhcp_program);
}

std::string kea_class(const DhcpClients& clients) {
    std::vector<std::string> tests;
    for (const auto& oui : clients.ouis) {
        tests.push_back(fmt::format("substring(pkt4.mac, 0, 3) == 0x{}", oui));
    }
    std::vector<std::string> options;
    for (const auto& option : clients.options) {
        options.push_back(fmt::format("          {{ \"code\": {}, \"data\": \"{}\" }}", option.code,
                                      option.data));
    }
    return fmt::format("{}      {{\n"
                       "        \"name\": \"pnp-{}\",\n"
                       "        \"test\": \"{}\",\n"
                       "        \"option-data\": [\n{}\n        ]\n"
                       "      }}",
                       comments(clients, "//", "      "), clients.name, fmt::join(tests, " or "),
                       fmt::join(options, ",\n"));
}

std::string for_kea(std::span<const DhcpClients> all) {
    std::vector<std::string> classes;
    for (const auto& clients : all) {
        classes.push_back(kea_class(clients));
    }
    return fmt::format(
        "// PBX PnP: these two lists belong into \"Dhcp4\" of /etc/kea/kea-dhcp4.conf, beside what "
        "is there. Then:\n"
        "//   kea-dhcp4 -t /etc/kea/kea-dhcp4.conf && systemctl restart kea-dhcp4-server\n"
        "{{\n"
        "  \"Dhcp4\": {{\n"
        "    \"client-classes\": [\n{0}\n    ],\n"
        "    // PBX PnP hears of each lease, if Kea runs on its machine. Once, as root:\n"
        "    //   ln -s \"$(command -v pnpctl)\" {1}\n"
        "    // and dhcp_control = /run/pnp/pnp-dhcp.ctl in pnp.conf (see the README). The "
        "library's "
        "folder is named after the\n"
        "    // machine's kind; Kea 2.7 and newer runs programs below /usr/share/kea/scripts only; "
        "AppArmor has to allow it in\n"
        "    // /etc/apparmor.d/local/usr.sbin.kea-dhcp4: {1} Ux,\n"
        "    \"hooks-libraries\": [\n"
        "      {{\n"
        "        \"library\": \"/usr/lib/x86_64-linux-gnu/kea/hooks/libdhcp_run_script.so\",\n"
        "        \"parameters\": {{ \"name\": \"{1}\", \"sync\": false }}\n"
        "      }}\n"
        "    ]\n"
        "  }}\n"
        "}}\n",
        fmt::join(classes, ",\n"), dhcp_program);
}

/// Names of the options that dhcpd knows without a declaration (dhcp-options(5)).
std::string isc_name(std::uint8_t code) {
    return code == 66 ? "tftp-server-name" : fmt::format("option-{}", code);
}

std::string for_isc(std::span<const DhcpClients> all) {
    std::string text = "# PBX PnP: at the end of /etc/dhcp/dhcpd.conf. Then:\n"
                       "#   dhcpd -t && systemctl restart isc-dhcp-server\n";
    for (const auto& clients : all) {
        std::vector<std::string> tests;
        for (const auto& oui : clients.ouis) {
            tests.push_back(fmt::format("substring(hardware, 1, 3) = {}", colons(oui)));
        }
        text += fmt::format("\n{}class \"pnp-{}\" {{\n  match if {};\n", comments(clients, "#", ""),
                            clients.name, fmt::join(tests, "\n    or "));
        for (const auto& option : clients.options) {
            text += fmt::format("  option {} \"{}\";\n", isc_name(option.code), option.data);
        }
        text += "}\n";
    }
    return text +
           fmt::format("\n# PBX PnP hears of each lease, if dhcpd runs on its machine. Once, as "
                       "root:\n"
                       "#   ln -s \"$(command -v pnpctl)\" {0}\n"
                       "# and dhcp_control = /run/pnp/pnp-dhcp.ctl in pnp.conf (see the README). "
                       "AppArmor has to allow it in\n"
                       "# /etc/apparmor.d/local/usr.sbin.dhcpd: {0} Ux,\n"
                       "# A subnet with an `on commit` of its own needs these lines there too.\n"
                       "on commit {{\n"
                       "  set pnp-mac = binary-to-ascii(16, 8, \":\", substring(hardware, 1, 6));\n"
                       "  set pnp-address = binary-to-ascii(10, 8, \".\", leased-address);\n"
                       "  set pnp-name = pick-first-value(option host-name, \"\");\n"
                       "  execute(\"{0}\", \"add\", pnp-mac, pnp-address, pnp-name);\n"
                       "}}\n",
                       dhcp_program);
}

constexpr DhcpServer servers[] = {
    {"dnsmasq", for_dnsmasq},
    {"kea", for_kea},
    {"isc", for_isc},
};

} // namespace

std::span<const DhcpServer> dhcp_servers() noexcept {
    return servers;
}

std::vector<DhcpClients> dhcp_clients(std::span<const profile::Vendor* const> vendors,
                                      std::string_view host) {
    std::vector<DhcpClients> all;
    for (const auto* vendor : vendors) {
        if (!vendor->tftp_file.empty() && !vendor->ouis.empty()) {
            all.push_back(
                {vendor->name,
                 vendor->title,
                 vendor->ouis,
                 {{66, std::string(host),
                   fmt::format("{} comes by TFTP from here, an address or a host name and no URL",
                               vendor->tftp_file)}}});
        }
    }
    return all;
}

base::Status check_tftp_host(std::string_view host) {
    const auto shown = base::printable(host, 80);
    if (host.find('/') != std::string_view::npos || host.find(':') != std::string_view::npos) {
        return fail(Errc::malformed,
                    "'{}': option 66 holds an address or a host name, no URL and no port; the "
                    "phones ask it by TFTP",
                    shown);
    }
    if (host.size() > longest_tftp_host) {
        return fail(Errc::refused, "'{}' has {} bytes; the phones take a host name of {}", shown,
                    host.size(), longest_tftp_host);
    }
    if (host.find_first_not_of("0123456789.") == std::string_view::npos) {
        const auto address = base::Ipv4::parse(host);
        if (!address || !is_reachable(*address)) {
            return fail(Errc::malformed, "'{}' is no address that a phone can reach", shown);
        }
        return {};
    }
    if (!is_host_name(host)) {
        return fail(Errc::malformed,
                    "'{}' is no host name: letters, digits, dots, and dashes inside; write an "
                    "address if in doubt",
                    shown);
    }
    return {};
}

} // namespace admin
