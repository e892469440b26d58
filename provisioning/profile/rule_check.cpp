// SPDX-License-Identifier: MIT
// Holds a rule against the vendors it may apply to.
#include "provisioning/profile/rule_check.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/kx/dial_plan.hpp"
#include "provisioning/profile/model.hpp"
#include "provisioning/profile/offer_url.hpp"
#include "provisioning/profile/time_zone.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/ranges.h>

namespace profile {
namespace {

using base::Errc;
using base::fail;
using base::Status;

Status unknown(std::string_view setting,
               std::string_view word,
               const std::vector<std::string_view>& known) {
    const auto near = base::nearest(word, known);
    std::string all;
    for (const auto each : known) {
        all += (all.empty() ? "" : ", ") + std::string(each);
    }
    return fail(Errc::not_found, "{}: there is no '{}'; {}", setting, base::printable(word, 60),
                near              ? fmt::format("did you mean {}?", *near)
                : all.size() > 80 ? std::string("see profile.conf of the vendor")
                                  : "known: " + all);
}

Status check_spelling(const Rule& rule, const std::vector<const Vendor*>& vendors) {
    std::vector<std::string_view> known;
    for (const Vendor* vendor : vendors) {
        for (const auto spelling : vendor->all_spellings()) {
            known.push_back(spelling);
        }
    }
    const std::string_view wanted = rule.spelling ? std::string_view(*rule.spelling) : "";
    const bool good =
        wanted.empty() || std::find(known.begin(), known.end(), wanted) != known.end();
    return good ? Status() : unknown("spelling", wanted, known);
}

Status check_zone(const Rule& rule, const std::vector<const Vendor*>& vendors) {
    if (!rule.time_zone || rule.time_zone->empty()) {
        return {};
    }
    std::vector<std::string_view> known;
    for (const Vendor* vendor : vendors) {
        if (vendor_time_zone(*vendor, *rule.time_zone)) {
            return {};
        }
        for (const auto& [name, value] : vendor->time_zones) {
            known.push_back(name);
        }
    }
    return unknown("time_zone", *rule.time_zone, known);
}

/// As the phones of these vendors read it; where none of them has a dial plan, it is of no effect.
Status check_dial_plan(const Rule& rule, const std::vector<const Vendor*>& vendors) {
    const bool is_kx = std::any_of(vendors.begin(), vendors.end(), [](const Vendor* vendor) {
        return vendor->served_step() != nullptr && vendor->served_step()->format == Format::kx;
    });
    for (const auto& finding : is_kx&& rule.dial_plan ? kx::check_dial_plan(*rule.dial_plan)
                                                      : std::vector<kx::DialPlanFinding>()) {
        if (finding.severity == kx::Severity::error) {
            return fail(Errc::malformed, "dial_plan: character {}: {}", finding.column,
                        finding.what);
        }
    }
    return {};
}

bool has_transport(const Rule& rule, const Vendor& vendor) {
    const auto& has = vendor.sip_transports;
    return !rule.sip_transport ||
           std::find(has.begin(), has.end(), *rule.sip_transport) != has.end();
}

/// Of a rule for everybody: it says what those do who can.
std::vector<const Vendor*> concerned(const Rule& rule, const std::vector<const Vendor*>& vendors) {
    std::vector<const Vendor*> those;
    std::copy_if(vendors.begin(), vendors.end(), std::back_inserter(those),
                 [&](const Vendor* vendor) { return has_transport(rule, *vendor); });
    return rule.vendor.empty() && !those.empty() ? those : vendors;
}

} // namespace

Status check_rule(const Rule& rule, const Catalogue& catalogue) {
    std::vector<const Vendor*> vendors = catalogue.vendors();
    if (!rule.vendor.empty()) {
        std::vector<std::string_view> known;
        known.reserve(vendors.size());
        for (const Vendor* vendor : vendors) {
            known.push_back(vendor->name);
        }
        const Vendor* vendor = catalogue.named(rule.vendor);
        // Phones without a profile of ours can still be sent to another server; what looks like a
        // slip is one.
        if (vendor == nullptr && base::nearest(rule.vendor, known)) {
            return unknown("vendor", rule.vendor, known);
        }
        if (vendor == nullptr && !rule.offer_url) {
            return fail(Errc::not_found,
                        "vendor: there is no profile of '{}'; where another server has the files "
                        "of its phones, set offer_url in the same section",
                        base::printable(rule.vendor, 60));
        }
        vendors.clear();
        if (vendor != nullptr) {
            vendors.push_back(vendor);
        }
    }
    if (rule.offer_url) {
        if (auto good = check_offer_url(*rule.offer_url); !good) {
            return good;
        }
    }
    if (auto good = check_spelling(rule, vendors); !good) {
        return good;
    }
    if (auto good = check_zone(rule, vendors); !good) {
        return good;
    }
    if (auto good = check_dial_plan(rule, vendors); !good) {
        return good;
    }
    if (rule.pnp_after && *rule.pnp_after != "keep" && *rule.pnp_after != "off") {
        return unknown("pnp_after", *rule.pnp_after, {"keep", "off"});
    }
    Facts facts; // what is left is read by the model itself
    facts.host = base::Ipv4{0xC0'00'02'0A};
    Rule for_all = rule;
    for_all.vendor.clear();
    for_all.model.clear();
    for_all.network.reset();
    facts.site = site_for({for_all}, "", "", facts.host);
    for (const Vendor* vendor : concerned(rule, vendors)) {
        if (const auto model = model_of(*vendor, facts, ""); !model) {
            return tl::unexpected(model.error());
        }
    }
    return {};
}

Status check_firmware(const Firmware& firmware, const Catalogue& catalogue) {
    std::vector<std::string_view> known;
    for (const Vendor* vendor : catalogue.vendors()) {
        if (vendor->firmware != TakesFirmware::no) {
            known.push_back(vendor->name);
        }
    }
    const Vendor* vendor = catalogue.named(firmware.vendor);
    if (vendor == nullptr) {
        return unknown("vendor", firmware.vendor, known);
    }
    if (vendor->firmware == TakesFirmware::no) {
        return fail(
            Errc::refused,
            "vendor: the templates of {} tell phones nothing of firmware; those that do: {}",
            vendor->title, fmt::join(known, ", "));
    }
    Facts facts; // as long as they come
    facts.mac = base::Mac({0x00, 0x1f, 0xc1, 0xff, 0xff, 0xff});
    facts.model = vendor->default_model;
    facts.host = base::Ipv4{0xFF'FF'FF'FE};
    facts.provisioning_url = folder_url(*vendor, facts.host, {65535, 0}, std::string(22, 'a'));
    facts.site.sip_transport = vendor->sip_transports.front();
    facts.accounts.push_back({"201", "201", base::Secret("secret")});
    facts.firmware_offer = FirmwareOffer{firmware.version, firmware.file};
    for (const ChainStep& step : vendor->chain) {
        if (step.template_name.empty()) {
            continue;
        }
        if (const auto file = catalogue.render(*vendor, step, facts); !file) {
            return fail(file.error().code, "{} phones do not take this firmware: {}", vendor->title,
                        file.error().what);
        }
    }
    return {};
}

} // namespace profile
