// SPDX-License-Identifier: MIT
// Writes configuration for dnsmasq, Kea and ISC dhcpd, each with comments that say where it goes,
// and the bare bytes for all others.
#include "provisioning/admin/dhcp_config.hpp"

#include "provisioning/base/net.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/wpi/dhcp.hpp"

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

std::string hex(std::string_view bytes, std::string_view separator) {
    std::string text;
    for (const char byte : bytes) {
        text += fmt::format("{}{:02x}", text.empty() ? "" : separator,
                            static_cast<unsigned char>(byte));
    }
    return text;
}

std::string comments(const DhcpClients& clients, std::string_view sign, std::string_view indent) {
    std::string text;
    for (const auto& option : clients.options) {
        text += fmt::format("{}{} {}: {}\n", indent, sign, clients.title, option.why);
    }
    return text;
}

std::string dnsmasq_option(std::string_view name, const DhcpOption& option) {
    if (option.is_bytes) {
        // Sent whether or not the phone lists it among what it wants to know.
        return fmt::format("dhcp-option-force=tag:pnp-{},{},{}\n", name, option.code,
                           hex(option.data, ":"));
    }
    // Without the quotes an address would be sent as four bytes.
    return fmt::format("dhcp-option=tag:pnp-{},{},\"{}\"\n", name, option.code, option.data);
}

std::string for_dnsmasq(std::span<const DhcpClients> all) {
    std::string text =
        "# PBX PnP: /etc/dnsmasq.d/pnp.conf on the machine that gives addresses out. "
        "Then:\n"
        "#   dnsmasq --test --conf-dir=/etc/dnsmasq.d && systemctl restart dnsmasq\n";
    for (const auto& clients : all) {
        text += "\n" + comments(clients, "#", "");
        if (!clients.vendor_class.empty()) {
            text +=
                fmt::format("dhcp-vendorclass=set:pnp-{},{}\n", clients.name, clients.vendor_class);
        }
        for (const auto& oui : clients.ouis) {
            text += fmt::format("dhcp-mac=set:pnp-{},{}:*:*:*\n", clients.name, colons(oui));
        }
        for (const auto& option : clients.options) {
            text += dnsmasq_option(clients.name, option);
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

std::string kea_option(const DhcpOption& option) {
    if (option.is_bytes) {
        return fmt::format(
            "          {{ \"code\": {}, \"csv-format\": false, \"always-send\": true,\n"
            "            \"data\": \"{}\" }}",
            option.code, hex(option.data, ""));
    }
    return fmt::format("          {{ \"code\": {}, \"data\": \"{}\" }}", option.code, option.data);
}

/// Kea takes 43 for a list of sub-options that it knows, unless the class says that it is bytes.
std::string kea_definitions(const DhcpClients& clients) {
    std::string text;
    for (const auto& option : clients.options) {
        if (option.code == 43) {
            text += "        \"option-def\": [\n"
                    "          { \"name\": \"vendor-encapsulated-options\", \"code\": 43, "
                    "\"type\": \"binary\" }\n"
                    "        ],\n";
        }
    }
    return text;
}

std::string kea_class(const DhcpClients& clients) {
    std::vector<std::string> tests;
    if (!clients.vendor_class.empty()) {
        tests.push_back(fmt::format("substring(option[60].hex, 0, {}) == '{}'",
                                    clients.vendor_class.size(), clients.vendor_class));
    }
    for (const auto& oui : clients.ouis) {
        tests.push_back(fmt::format("substring(pkt4.mac, 0, 3) == 0x{}", oui));
    }
    std::vector<std::string> options;
    for (const auto& option : clients.options) {
        options.push_back(kea_option(option));
    }
    return fmt::format("{}      {{\n"
                       "        \"name\": \"pnp-{}\",\n"
                       "        \"test\": \"{}\",\n"
                       "{}"
                       "        \"option-data\": [\n{}\n        ]\n"
                       "      }}",
                       comments(clients, "//", "      "), clients.name, fmt::join(tests, " or "),
                       kea_definitions(clients), fmt::join(options, ",\n"));
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
    switch (code) {
    case 43:
        return "vendor-encapsulated-options";
    case 66:
        return "tftp-server-name";
    default:
        return fmt::format("option-{}", code);
    }
}

std::string isc_option(const DhcpOption& option) {
    if (option.is_bytes) {
        return fmt::format("  option {} {};\n"
                           "  option dhcp-parameter-request-list = concat(option "
                           "dhcp-parameter-request-list, {:02x}); # asked for or not\n",
                           isc_name(option.code), hex(option.data, ":"), option.code);
    }
    return fmt::format("  option {} \"{}\";\n", isc_name(option.code), option.data);
}

std::string for_isc(std::span<const DhcpClients> all) {
    std::string text = "# PBX PnP: at the end of /etc/dhcp/dhcpd.conf. Then:\n"
                       "#   dhcpd -t && systemctl restart isc-dhcp-server\n";
    for (const auto& clients : all) {
        std::vector<std::string> tests;
        if (!clients.vendor_class.empty()) {
            tests.push_back(fmt::format("substring(option vendor-class-identifier, 0, {}) = \"{}\"",
                                        clients.vendor_class.size(), clients.vendor_class));
        }
        for (const auto& oui : clients.ouis) {
            tests.push_back(fmt::format("substring(hardware, 1, 3) = {}", colons(oui)));
        }
        text += fmt::format("\n{}class \"pnp-{}\" {{\n  match if {};\n", comments(clients, "#", ""),
                            clients.name, fmt::join(tests, "\n    or "));
        for (const auto& option : clients.options) {
            text += isc_option(option);
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

/// For the forms of servers that take an option as bytes: most routers do.
std::string for_any(std::span<const DhcpClients> all) {
    std::string text = "# PBX PnP: options as bytes, for a DHCP server that is none of the others. "
                       "Give each of them to\n# its phones only.\n";
    for (const auto& clients : all) {
        text += "\n" + comments(clients, "#", "");
        if (!clients.vendor_class.empty()) {
            text += fmt::format("# To clients whose option 60 starts with {} ({})\n",
                                clients.vendor_class, hex(clients.vendor_class, ":"));
        }
        std::vector<std::string> starts;
        for (const auto& oui : clients.ouis) {
            starts.push_back(colons(oui));
        }
        if (!starts.empty()) {
            text += fmt::format("# To clients whose MAC starts with {}\n", fmt::join(starts, ", "));
        }
        for (const auto& option : clients.options) {
            text += fmt::format("{} {}\n", option.code, hex(option.data, ":"));
            if (!option.early.empty()) {
                text += fmt::format("# {}\n# {} {}\n", option.early_why, option.code,
                                    hex(option.early, ":"));
            }
        }
    }
    return text;
}

/// Phones of the Workpoint Interface say what they are, whoever's MAC they have.
DhcpClients workpoints(const DhcpAnswer& answer) {
    const wpi::DhcpHint hint{answer.host, answer.wpi_port, answer.vlan};
    auto why =
        fmt::format("option 43 says where they are provisioned, {}", wpi::dhcp_service(hint));
    if (answer.vlan) {
        why += fmt::format(", and moves them to VLAN {}; its own DHCP server is not to name a VLAN",
                           *answer.vlan);
    }
    return {"openstage",
            "OpenStage",
            {},
            {{43, wpi::dhcp_option_43(hint), std::move(why), true,
              wpi::dhcp_option_43(hint, wpi::DhcpForm::early),
              "Where a phone with early firmware does not come, this in its place:"}},
            std::string(wpi::dhcp_vendor_class)};
}

constexpr DhcpServer servers[] = {
    {"dnsmasq", for_dnsmasq},
    {"kea", for_kea},
    {"isc", for_isc},
    {"hex", for_any},
};

} // namespace

std::span<const DhcpServer> dhcp_servers() noexcept {
    return servers;
}

std::vector<DhcpClients> dhcp_clients(std::span<const profile::Vendor* const> vendors,
                                      const DhcpAnswer& answer) {
    std::vector<DhcpClients> all;
    for (const auto* vendor : vendors) {
        if (!vendor->tftp_file.empty() && !vendor->ouis.empty()) {
            all.push_back(
                {vendor->name,
                 vendor->title,
                 vendor->ouis,
                 {{66, answer.host,
                   fmt::format("{} comes by TFTP from here, an address or a host name and no URL",
                               vendor->tftp_file)}}});
        }
    }
    if (answer.wpi_port != 0) {
        all.push_back(workpoints(answer));
    }
    return all;
}

base::Status check_tftp_host(std::string_view host) {
    const auto shown = base::printable(host, 80);
    if (host.find('/') != std::string_view::npos || host.find(':') != std::string_view::npos) {
        return fail(
            Errc::malformed,
            "'{}': write an address or a host name alone, no URL and no port; what an option "
            "has besides is added here",
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
