// SPDX-License-Identifier: MIT
// The commands about DHCP: configuration for its server, and what that one tells of its leases.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/dhcp_config.hpp"
#include "provisioning/admin/tell.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/wpi/dhcp.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace admin {
namespace {

using inventory::Step;

base::Result<std::string> host_of(const Call& call) {
    if (const auto given = call.options.find("--host"); given != call.options.end()) {
        return std::string(given->second);
    }
    std::vector<std::string> own;
    if (call.reach.own_addresses) {
        for (const auto address : call.reach.own_addresses()) {
            own.push_back(address.str());
        }
    }
    if (own.size() != 1) {
        return base::fail(base::Errc::not_found,
                          "{}; name the address that these phones reach: --host ADDRESS",
                          own.empty() ? std::string("no interface is served")
                                      : "phones are served at " + listed(own));
    }
    return own.front();
}

/// The network that phones are to move to, if one is given.
base::Result<std::optional<std::uint16_t>> vlan_of(const Call& call) {
    const auto given = call.options.find("--vlan");
    if (given == call.options.end()) {
        return std::nullopt;
    }
    const auto number = base::parse_number(given->second);
    if (!number || *number == 0 || *number > wpi::largest_vlan) {
        return base::fail(base::Errc::malformed, "'{}' is no VLAN; they are numbered 1 to {}",
                          base::printable(given->second, 40), wpi::largest_vlan);
    }
    return static_cast<std::uint16_t>(*number);
}

/// What a lease tells of who got it.
struct Client {
    base::Mac mac;
    std::string_view host_name;    ///< option 12, as the phone wrote it; or empty
    std::string_view vendor_class; ///< option 60; or empty
};

/// Whether a name is that of a model, or how the vendor's phones present themselves.
bool names(const profile::Vendor& vendor, std::string_view name, std::string& model) {
    const auto is_of = [&](std::string_view known) {
        if (known.empty() || !base::istarts_with(name, known)) {
            return false;
        }
        model = known;
        return true;
    };
    if (is_of(vendor.default_model)) {
        return true;
    }
    for (const auto& [known, code] : vendor.device_codes) {
        if (is_of(known)) {
            return true;
        }
    }
    const auto is_prefix = [&](const std::string& prefix) { return name.starts_with(prefix); };
    return std::any_of(vendor.user_agent_prefixes.begin(), vendor.user_agent_prefixes.end(),
                       is_prefix);
}

struct Recognised {
    const profile::Vendor* vendor = nullptr;
    std::string model; ///< where a name says it
};

/// By what the client calls itself, else by its MAC alone: a laptop is no phone.
Recognised recognise(const profile::Catalogue& catalogue, const Client& client) {
    for (const auto name : {client.vendor_class, client.host_name}) {
        for (const auto* vendor : catalogue.vendors()) {
            std::string model;
            if (!name.empty() && names(*vendor, name, model)) {
                return {vendor, model};
            }
        }
    }
    return {catalogue.recognise({client.mac, {}, {}}), {}};
}

std::string told(const Client& client, const profile::Vendor* vendor) {
    std::vector<std::string> parts;
    if (vendor != nullptr) {
        parts.push_back(vendor->title);
    }
    if (!client.host_name.empty()) {
        parts.push_back("host name " + base::printable(client.host_name, 64));
    }
    if (!client.vendor_class.empty()) {
        parts.push_back("vendor class " + base::printable(client.vendor_class, 64));
    }
    return listed(parts);
}

constexpr int most_leases_told = 10; ///< a day
constexpr base::UnixMs day = 24LL * 60 * 60 * 1000;

/// Anybody can ask for leases with a phone's MAC: they must not push what the phone did out of its
/// story.
void tell(const Call& call, base::Mac mac, Step step, base::Ipv4 address, std::string_view text) {
    const auto since = call.reach.clock.unix_ms() - day;
    const auto story = call.reach.inventory.timeline(mac);
    const auto told =
        !story ? 0 : std::count_if(story->begin(), story->end(), [&](const auto& event) {
            return event.last > since &&
                   (event.step == Step::leased || event.step == Step::lease_ended);
        });
    if (story && told < most_leases_told) {
        call.reach.inventory.note(mac, step, address.str(), text);
    }
}

void make_known(Call& call,
                const Client& client,
                base::Ipv4 address,
                const Recognised& who,
                const inventory::Device* device) {
    inventory::Sighting seen;
    // Where a phone of ours is, it says itself: a lease is anybody's word, and to that address goes
    // what tells it to come again.
    if (device == nullptr || !device->is_approved() || !device->was_heard()) {
        seen.address = address;
    }
    // What the phone itself said of itself is better known.
    const bool says_more = device != nullptr && !device->seen.vendor.empty();
    if (who.vendor != nullptr && !says_more) {
        const auto& words = who.vendor->event_vendors;
        seen.vendor = words.empty() ? who.vendor->title : words.front();
        seen.model = who.model;
    }
    call.reach.inventory.saw(client.mac, seen);
    tell(call, client.mac, Step::leased, address, told(client, who.vendor));
}

Reply noted(const Client& client, bool is_noted, std::string text) {
    return done(std::move(text),
                base::Json::object({{"mac", client.mac.str()}, {"noted", is_noted}}));
}

} // namespace

Reply run_dhcp(Call& call) {
    const auto servers = dhcp_servers();
    const auto server = std::find_if(servers.begin(), servers.end(), [&](const DhcpServer& each) {
        return each.word == call.places[0];
    });
    if (server == servers.end()) {
        return misunderstood(fmt::format("'{}' is no DHCP server that is known here; there are "
                                         "dnsmasq, kea and isc, and hex for any other",
                                         base::printable(call.places[0], 40)));
    }
    const auto host = host_of(call);
    if (!host) {
        return refused(host.error());
    }
    if (auto good = check_tftp_host(*host); !good) {
        return refused(good.error());
    }
    const auto vlan = vlan_of(call);
    if (!vlan) {
        return misunderstood(vlan.error().what);
    }
    const auto vendors = call.reach.catalogue()->vendors();
    const auto clients = dhcp_clients(vendors, {*host, call.reach.wpi_port(), *vlan});
    if (clients.empty()) {
        return refused("No vendor's phones need anything from DHCP.");
    }
    auto text = server->write(clients);
    auto json = base::Json::object(
        {{"server", std::string(server->word)}, {"host", *host}, {"configuration", text}});
    return done(std::move(text), std::move(json));
}

Reply run_dhcp_event(Call& call) {
    const auto& action = call.places[0];
    if (action != "add" && action != "old" && action != "del") {
        return misunderstood(fmt::format("'{}' is no action; there are add, old and del",
                                         base::printable(action, 40)));
    }
    const auto mac = read_mac(call.places[1]);
    if (!mac) {
        return misunderstood(mac.error().what);
    }
    const auto address = base::Ipv4::parse(call.places[2]);
    if (!address || address->value == 0) {
        return misunderstood(
            fmt::format("'{}' is no IPv4 address", base::printable(call.places[2], 40)));
    }
    Client client{*mac, {}, {}};
    if (call.places.size() > 3) {
        client.host_name = call.places[3];
    }
    if (const auto given = call.options.find("--vendor-class"); given != call.options.end()) {
        client.vendor_class = given->second;
    }
    const auto* device = call.now.device(*mac);
    if (action == "del") {
        if (device != nullptr) {
            tell(call, *mac, Step::lease_ended, *address, "");
        }
        return noted(client, device != nullptr,
                     device != nullptr ? fmt::format("{} has no address any more.\n", mac->str())
                                       : fmt::format("{} was not known.\n", mac->str()));
    }
    const auto who = recognise(*call.reach.catalogue(), client);
    if (who.vendor == nullptr && device == nullptr) {
        return noted(client, false,
                     fmt::format("{} is no phone of a vendor that is known here.\n", mac->str()));
    }
    // A server that starts tells all leases it remembers: of a known phone that is no news.
    if (action == "old" && device != nullptr) {
        return noted(client, false, fmt::format("{} was known already.\n", mac->str()));
    }
    make_known(call, client, *address, who, device);
    return noted(client, true, fmt::format("{} has the address {}.\n", mac->str(), address->str()));
}

} // namespace admin
