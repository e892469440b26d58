// SPDX-License-Identifier: MIT
// The words and variables of dnsmasq, ISC dhcpd and Kea, as `dhcp-event` takes them.
#include "module/ctl/leases.hpp"

#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace ctl {
namespace {

constexpr std::uint64_t most_leases = 64; // of one DHCPREQUEST there is one

/// 0:80:f0:1:2:3, as binary-to-ascii of dhcpd writes it, with two digits a byte.
std::string padded(std::string_view mac) {
    std::string out;
    for (const auto part : base::split(mac, ':')) {
        out +=
            (out.empty() ? "" : ":") + std::string(part.size() == 1 ? "0" : "") + std::string(part);
    }
    return out;
}

std::vector<std::string>
event(std::string_view action, std::string_view mac, std::string_view address) {
    return {"dhcp-event", std::string(action), padded(mac), std::string(address)};
}

std::string value(const Environment& environment, const std::string& name) {
    const char* const found = environment(name.c_str());
    return found == nullptr ? std::string() : std::string(found);
}

/// A host name that looks like an option is none of ours.
void add_name(std::vector<std::string>& command, std::string_view name) {
    if (!name.empty() && !name.starts_with('-')) {
        command.emplace_back(name);
    }
}

std::vector<std::vector<std::string>> committed_by_kea(const Environment& environment) {
    std::vector<std::vector<std::string>> all;
    const auto size = base::parse_number(value(environment, "LEASES4_SIZE")).value_or(0);
    for (std::uint64_t i = 0; i < std::min(size, most_leases); ++i) {
        const auto prefix = fmt::format("LEASES4_AT{}_", i);
        all.push_back(event("add", value(environment, prefix + "HWADDR"),
                            value(environment, prefix + "ADDRESS")));
        add_name(all.back(), value(environment, prefix + "HOSTNAME"));
    }
    return all;
}

bool is_of_a_phone(const std::vector<std::string>& command) {
    return base::Mac::parse(command[2]) && base::Ipv4::parse(command[3]);
}

} // namespace

void add_vendor_class(std::vector<std::string>& command, const Environment& environment) {
    const auto given = value(environment, "DNSMASQ_VENDOR_CLASS");
    const bool has_one = std::any_of(command.begin(), command.end(), [](const std::string& word) {
        return word.starts_with("--vendor-class");
    });
    if (!given.empty() && !has_one) {
        command.push_back("--vendor-class=" + given);
    }
}

std::vector<std::vector<std::string>> lease_commands(const std::vector<std::string>& words,
                                                     const Environment& environment) {
    std::vector<std::vector<std::string>> all;
    const std::string action = words.empty() ? std::string() : words[0];
    if (action == "leases4_committed") {
        all = committed_by_kea(environment);
    } else if (action == "lease4_release" || action == "lease4_expire") {
        all.push_back(event("del", value(environment, "LEASE4_HWADDR"),
                            value(environment, "LEASE4_ADDRESS")));
    } else if ((action == "add" || action == "old" || action == "del") && words.size() > 2) {
        all.push_back(event(action, words[1], words[2]));
        add_name(all.back(), words.size() > 3 ? words[3] : std::string());
    }
    std::erase_if(all, [](const auto& command) { return !is_of_a_phone(command); });
    for (auto& command : all) {
        add_vendor_class(command, environment);
    }
    return all;
}

} // namespace ctl
