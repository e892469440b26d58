// SPDX-License-Identifier: MIT
// From a device and its request to the facts of a file.
#include "provisioning/serve/recipe.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/offer_url.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include <fmt/format.h>

namespace serve {
namespace {

using base::Errc;
using base::fail;

constexpr std::string_view hidden = "********";

std::string first_of(std::initializer_list<std::string_view> texts) {
    const auto* const found = std::find_if(texts.begin(), texts.end(),
                                           [](std::string_view text) { return !text.empty(); });
    return std::string(found == texts.end() ? std::string_view{} : *found);
}

void set_url(profile::Facts& facts,
             const FileSettings& with,
             const Phone& phone,
             base::Ipv4 host,
             const std::string& token) {
    const auto style = facts.site.credential.value_or(phone.vendor.credential);
    facts.provisioning_url = profile::device_url(phone.vendor, style, phone.device.mac, host,
                                                 with.ports, token, facts.site.scheme);
    if (style == profile::Credential::userinfo) {
        facts.url_user = phone.device.mac.str();
        facts.url_password = token;
    }
}

/// What a phone puts behind it is in wpi/polling.hpp.
std::string poll_url(const WorkpointPorts& ports, base::Ipv4 host) {
    return ports.polls == 0 ? std::string()
                            : fmt::format("http://{}:{}/dcmp/", host.str(), ports.polls);
}

profile::Facts common(const FileSettings& with, const Phone& phone, base::Ipv4 host) {
    profile::Facts facts;
    facts.mac = phone.device.mac;
    facts.model = phone.model;
    facts.firmware = phone.firmware;
    facts.host = host;
    const auto& lines = phone.device.lines;
    const std::string_view first = lines.empty() ? std::string_view() : lines.front();
    facts.site =
        profile::site_for(with.rules, phone.vendor.name, phone.model, phone.address, first);
    facts.service = {with.workpoints.service, poll_url(with.workpoints, host),
                     with.workpoints.poll_interval};
    return facts;
}

} // namespace

base::Result<Phone> recognise(const profile::Catalogue& catalogue,
                              const inventory::Device& device,
                              const std::string& user_agent,
                              base::Ipv4 address) {
    // Only a User-Agent that is a phone's says something about the phone: an admin's curl does not.
    const auto is_phone = [&](const std::string& text) {
        return !text.empty() && catalogue.recognise({base::Mac(), {}, text}) != nullptr;
    };
    const auto& seen = device.seen;
    const auto now = profile::read_user_agent(user_agent);
    if (now.mac && *now.mac != device.mac) {
        return fail(Errc::not_ours, "the User-Agent names another phone ({})", now.mac->str());
    }
    const bool from_request = is_phone(user_agent);
    const auto* vendor =
        catalogue.recognise({device.mac, seen.vendor, from_request ? user_agent : seen.user_agent});
    if (vendor == nullptr) {
        return fail(Errc::not_found,
                    "no vendor profile matches this phone (vendor '{}', User-Agent '{}')",
                    base::printable(seen.vendor, 40),
                    base::printable(user_agent.empty() ? seen.user_agent : user_agent, 80));
    }
    const auto before = is_phone(seen.user_agent) ? profile::read_user_agent(seen.user_agent)
                                                  : profile::UserAgent{};
    return Phone{
        device,
        *vendor,
        first_of({from_request ? now.model : "", seen.model, before.model, vendor->default_model}),
        first_of({from_request ? now.version : "", seen.version, before.version}),
        address,
        from_request};
}

profile::Facts facts_of(const FileSettings& with,
                        const Phone& phone,
                        base::Ipv4 host,
                        const std::string& steady_token) {
    auto facts = common(with, phone, host);
    set_url(facts, with, phone, host, steady_token);
    return facts;
}

base::Status add_lines(profile::Facts& facts,
                       const Phone& phone,
                       const Accounts& accounts,
                       const DigitMaps& digit_maps) {
    // What a site wrote itself comes before what is made for it.
    const bool has_map =
        digit_maps && facts.site.digit_map != "none" && facts.site.dial_plan.empty();
    for (const auto& number : phone.device.lines) {
        auto account = accounts(number);
        if (!account) {
            return fail(account.error().code, "line {} is extension {}: {}",
                        facts.accounts.size() + 1, number, account.error().what);
        }
        if (has_map) {
            account->digit_map = digit_maps(phone.vendor, facts.site, *account);
        }
        facts.accounts.push_back(std::move(*account));
    }
    return {};
}

profile::Facts guest_facts(const FileSettings& with, const Phone& phone, base::Ipv4 host) {
    auto facts = common(with, phone, host);
    facts.provisioning_url = profile::boot_url(phone.vendor, host, with.ports, facts.site.scheme);
    return facts;
}

void hide_secrets(profile::Facts& facts,
                  const FileSettings& with,
                  const Phone& phone,
                  base::Ipv4 host) {
    set_url(facts, with, phone, host, std::string(hidden));
    for (auto& account : facts.accounts) {
        account.password = base::Secret(hidden);
    }
    if (facts.site.offer_url) {
        facts.site.offer_url = base::Secret(hidden);
    }
}

} // namespace serve
