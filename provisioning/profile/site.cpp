// SPDX-License-Identifier: MIT
// Reads the rules from the first to the last for one phone.
#include "provisioning/profile/site.hpp"

#include "provisioning/base/text.hpp"

namespace profile {

bool takes_model(std::string_view pattern, std::string_view model) {
    if (pattern.empty()) {
        return true;
    }
    if (pattern.back() == '*') {
        return base::istarts_with(model, pattern.substr(0, pattern.size() - 1));
    }
    return base::iequals(pattern, model);
}

namespace {

bool takes(const Rule& rule,
           std::string_view vendor,
           std::string_view model,
           base::Ipv4 phone,
           std::string_view extension) {
    return (!rule.extension || rule.extension->contain(extension)) &&
           (rule.vendor.empty() || base::iequals(rule.vendor, vendor)) &&
           takes_model(rule.model, model) && (!rule.network || rule.network->contains(phone));
}

/// Collects what the rules set; what no rule set keeps the default.
template <class T> void take(std::optional<T>& into, const std::optional<T>& from) {
    if (!into) {
        into = from;
    }
}

} // namespace

bool holds_for_one(const Rule& rule) noexcept {
    return !rule.offer_url && !rule.dialect && !rule.credential && !rule.scheme &&
           !rule.sip_server && !rule.sip_transport && !rule.register_expires && !rule.ntp_server &&
           !rule.time_zone && !rule.pnp_after && !rule.spelling && !rule.context && !rule.codecs &&
           !rule.transport;
}

Site site_for(const std::vector<Rule>& rules,
              std::string_view vendor,
              std::string_view model,
              base::Ipv4 phone,
              std::string_view extension) {
    Rule found;
    Site site;
    for (const Rule& rule : rules) {
        if (!takes(rule, vendor, model, phone, extension)) {
            continue;
        }
        take(found.offer_url, rule.offer_url);
        take(found.dialect, rule.dialect);
        take(found.credential, rule.credential);
        take(found.scheme, rule.scheme);
        take(found.sip_server, rule.sip_server);
        take(found.sip_transport, rule.sip_transport);
        take(found.register_expires, rule.register_expires);
        take(found.ntp_server, rule.ntp_server);
        if (!found.time_zone && rule.time_zone) {
            site.time_zone_is_vendors = !rule.vendor.empty();
        }
        take(found.time_zone, rule.time_zone);
        take(found.pnp_after, rule.pnp_after);
        take(found.dial_plan, rule.dial_plan);
        take(found.dial_unmatched, rule.dial_unmatched);
        take(found.digit_map, rule.digit_map);
        take(found.keys, rule.keys);
        take(found.voicemail, rule.voicemail);
        take(found.pickup, rule.pickup);
        take(found.group_pickup, rule.group_pickup);
        take(found.spelling, rule.spelling);
        take(found.context, rule.context);
        take(found.codecs, rule.codecs);
        take(found.transport, rule.transport);
    }
    site.offer_url = std::move(found.offer_url);
    site.dialect = found.dialect;
    site.credential = found.credential;
    site.scheme = std::move(found.scheme).value_or("");
    site.sip_server = std::move(found.sip_server).value_or(site.sip_server);
    site.sip_transport = std::move(found.sip_transport).value_or(site.sip_transport);
    site.register_expires = found.register_expires.value_or(site.register_expires);
    site.ntp_server = std::move(found.ntp_server).value_or(site.ntp_server);
    site.time_zone = std::move(found.time_zone).value_or(site.time_zone);
    site.pnp_after = std::move(found.pnp_after).value_or(site.pnp_after);
    site.dial_plan = std::move(found.dial_plan).value_or(site.dial_plan);
    site.dial_unmatched = std::move(found.dial_unmatched).value_or(site.dial_unmatched);
    site.digit_map = std::move(found.digit_map).value_or(site.digit_map);
    site.keys = std::move(found.keys).value_or(site.keys);
    site.voicemail = std::move(found.voicemail).value_or(site.voicemail);
    site.pickup = std::move(found.pickup).value_or(site.pickup);
    site.group_pickup = std::move(found.group_pickup).value_or(site.group_pickup);
    site.spelling = std::move(found.spelling).value_or(site.spelling);
    site.context = std::move(found.context).value_or(site.context);
    site.codecs = std::move(found.codecs).value_or(site.codecs);
    site.transport = std::move(found.transport).value_or(site.transport);
    return site;
}

} // namespace profile
