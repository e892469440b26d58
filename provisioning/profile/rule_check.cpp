// SPDX-License-Identifier: MIT
// Holds a rule against the vendors it may apply to.
#include "provisioning/profile/rule_check.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/kx/dial_plan.hpp"
#include "provisioning/profile/offer_url.hpp"
#include "provisioning/profile/time_zone.hpp"

#include <algorithm>

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

bool has_zone(const Vendor& vendor, const Rule& rule) {
    return vendor_time_zone(vendor, *rule.time_zone, !rule.vendor.empty()).has_value();
}

/// A place that other phones know is no slip.
Status no_code(const Rule& rule, const Catalogue& catalogue) {
    const auto all = catalogue.vendors();
    const Vendor* vendor = catalogue.named(rule.vendor);
    const bool is_place = std::any_of(all.begin(), all.end(),
                                      [&](const Vendor* each) { return has_zone(*each, rule); });
    return vendor == nullptr || !is_place
               ? Status()
               : fail(Errc::not_found,
                      "time_zone: {} phones have no code for {} that is known here: where the list "
                      "of codes cannot be read, profile.conf of the vendor says so. A number is "
                      "taken as the phone's own code: time_zone = NUMBER",
                      vendor->title, base::printable(*rule.time_zone, 60));
}

Status check_zone(const Rule& rule,
                  const std::vector<const Vendor*>& vendors,
                  const Catalogue& catalogue) {
    if (!rule.time_zone || rule.time_zone->empty()) {
        return {};
    }
    std::vector<std::string_view> known;
    std::vector<std::string_view> without;
    for (const Vendor* vendor : vendors) {
        if (!has_zone(*vendor, rule)) {
            without.push_back(vendor->title);
        }
        for (const auto& [name, value] : vendor->time_zones) {
            known.push_back(name);
        }
    }
    if (without.size() < vendors.size()) {
        for (const std::string_view title : without) {
            base::log::info("profile",
                            "{} phones keep the time zone that they have under [profile {}]: they "
                            "have no code for '{}'",
                            title, rule.name, base::printable(*rule.time_zone, 60));
        }
        return {};
    }
    if (is_zone_index(*rule.time_zone) && rule.vendor.empty()) {
        return fail(Errc::not_found,
                    "time_zone: no vendor's table has {}; a phone's own number needs its vendor in "
                    "the same section",
                    base::printable(*rule.time_zone, 60));
    }
    if (auto good = no_code(rule, catalogue); !good) {
        return good;
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

/// A phone of the vendor as long as its URLs come, on `lines` lines.
Facts phone_of(const Vendor& vendor, std::size_t lines) {
    Facts facts;
    facts.mac = base::Mac({0x00, 0x1f, 0xc1, 0xff, 0xff, 0xff});
    facts.model = vendor.default_model;
    facts.host = base::Ipv4{0xFF'FF'FF'FE};
    facts.provisioning_url = folder_url(vendor, facts.host, {65535, 0}, std::string(22, 'a'));
    facts.site.sip_transport = vendor.sip_transports.front();
    for (std::size_t i = 0; i < lines; ++i) {
        facts.accounts.push_back({std::to_string(201 + i), "201", base::Secret("secret")});
    }
    return facts;
}

/// What of a rule stands in files.
struct Setting {
    std::string_view name;
    bool (*copy)(Rule& to, const Rule& from); ///< whether there is one
};

template <auto member> bool copy(Rule& to, const Rule& from) {
    to.*member = from.*member;
    return (from.*member).has_value();
}

/// What the keys dial goes with them.
bool copy_keys(Rule& to, const Rule& from) {
    to.voicemail = from.voicemail;
    to.pickup = from.pickup;
    to.group_pickup = from.group_pickup;
    return copy<&Rule::keys>(to, from);
}

constexpr Setting settings[] = {
    {"sip_transport", copy<&Rule::sip_transport>},
    {"sip_server", copy<&Rule::sip_server>},
    {"register_expires", copy<&Rule::register_expires>},
    {"ntp_server", copy<&Rule::ntp_server>},
    {"time_zone", copy<&Rule::time_zone>},
    {"pnp_after", copy<&Rule::pnp_after>},
    {"dial_plan", copy<&Rule::dial_plan>},
    {"dial_unmatched", copy<&Rule::dial_unmatched>},
    {"voicemail", copy<&Rule::voicemail>},
    {"pickup", copy<&Rule::pickup>},
    {"group_pickup", copy<&Rule::group_pickup>},
    {"keys", copy_keys},
    {"spelling", copy<&Rule::spelling>},
};

using Chain = base::Result<std::vector<std::string>>;

Chain files_by(const Rule& rule, const Vendor& vendor, const Catalogue& catalogue) {
    Facts facts = phone_of(vendor, vendor.max_lines);
    const std::string first = facts.site.sip_transport;
    facts.site = site_for({rule}, vendor.name, "", facts.host);
    if (!rule.sip_transport) {
        facts.site.sip_transport = first; // whether the default suits is another setting's matter
    }
    return catalogue.render_chain(vendor, facts);
}

/// "keys: …": the error of a setting starts with its name, once.
Status told(std::string_view name, const Vendor& vendor, const base::Error& error) {
    std::string_view what = error.what;
    if (what.substr(0, name.size()) == name) {
        what.remove_prefix(name.size());
        what.remove_prefix(std::min(what.find_first_not_of(": "), what.size()));
        return fail(error.code, "{}: {}", name, what);
    }
    return name.empty() ? fail(error.code, "{} phones: {}", vendor.title, what)
                        : fail(error.code, "{}: for {} phones: {}", name, vendor.title, what);
}

/// Renders what phones would get by the rule. One for everybody says what those do who can: it is
/// refused when a setting suits none of those to whom it makes a difference.
Status check_files(const Rule& rule,
                   const std::vector<const Vendor*>& vendors,
                   const Catalogue& catalogue) {
    Rule plain;
    plain.vendor = rule.vendor;
    const auto try_one = [&](const Setting& setting) -> Status {
        Rule one = plain;
        if (!setting.copy(one, rule)) {
            return {};
        }
        Status refused;
        std::vector<std::string> told_of;
        bool suits_one = false;
        for (const Vendor* vendor : vendors) {
            const auto files = files_by(one, *vendor, catalogue);
            if (files) {
                suits_one = suits_one || files.value() != files_by(plain, *vendor, catalogue);
                continue;
            }
            auto what = told(setting.name, *vendor, files.error());
            told_of.push_back(fmt::format(
                "{0} phones {1} under [profile {2}]: {3}; where there are such phones, they need "
                "a section of their own that says otherwise (vendor = {4})",
                vendor->title, vendor->items_step() == nullptr ? "get no file" : "are told nothing",
                rule.name, what.error().what, vendor->name));
            if (refused) {
                refused = std::move(what);
            }
        }
        if (!suits_one) {
            return refused;
        }
        for (const std::string& line : told_of) {
            base::log::warn("profile", "{}", line);
        }
        return {};
    };
    for (const Setting& setting : settings) {
        if (auto good = try_one(setting); !good) {
            return good;
        }
    }
    // What only several settings do together.
    Rule whole = rule;
    whole.model.clear();
    whole.network.reset();
    Status refused;
    for (const Vendor* vendor : vendors) {
        const auto files = files_by(whole, *vendor, catalogue);
        if (files) {
            return {};
        }
        if (refused) {
            refused = told("", *vendor, files.error());
        }
    }
    return refused;
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
    if (rule.extension && !holds_for_one(rule)) {
        return fail(
            Errc::refused,
            "extension: such a section may set keys, voicemail, pickup, group_pickup, "
            "dial_plan and dial_unmatched; all else belongs into one for a vendor, model or "
            "network");
    }
    if (rule.offer_url) {
        if (auto good = check_offer_url(*rule.offer_url); !good) {
            return good;
        }
    }
    if (auto good = check_spelling(rule, vendors); !good) {
        return good;
    }
    if (auto good = check_zone(rule, vendors, catalogue); !good) {
        return good;
    }
    if (auto good = check_dial_plan(rule, vendors); !good) {
        return good;
    }
    if (rule.pnp_after && *rule.pnp_after != "keep" && *rule.pnp_after != "off") {
        return unknown("pnp_after", *rule.pnp_after, {"keep", "off"});
    }
    return check_files(rule, vendors, catalogue);
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
    Facts facts = phone_of(*vendor, 1);
    facts.firmware_offer = FirmwareOffer{firmware.version, firmware.file};
    if (const auto files = catalogue.render_chain(*vendor, facts); !files) {
        return fail(files.error().code, "{} phones do not take this firmware: {}", vendor->title,
                    files.error().what);
    }
    return {};
}

} // namespace profile
