// SPDX-License-Identifier: MIT
#include "module/desk.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/offer_url.hpp"

namespace engine {

using base::Errc;
using base::fail;

namespace {

const profile::Vendor* recognise(const Desk::Rules& rules,
                                 base::Mac mac,
                                 std::string_view vendor,
                                 std::string_view user_agent) {
    return rules.catalogue->recognise({mac, vendor, user_agent});
}

/// What a maker's phones are used to in a NOTIFY, by the name they announce: this holds without a
/// profile too, where another server has their files (offer_url).
void follow_habits(pnp::Offer& offer, std::string_view announced) {
    if (base::iequals(announced, "Grandstream")) {
        offer.ends_with_newline = true;
        offer.message_body = true;
    } else if (base::iequals(announced, "snom")) {
        offer.echo_event = true;
    }
}

/// The name that rules match by: ours where we know the vendor, else the phone's own word.
std::string rule_name(const profile::Vendor* vendor, std::string_view said) {
    return vendor != nullptr ? vendor->name : std::string(said);
}

} // namespace

Desk::Desk(base::Loop& loop, inventory::Inventory& inventory, const base::Clock& clock)
    : loop_(loop), inventory_(inventory), clock_(clock) {}

Desk::~Desk() {
    *alive_ = false;
}

void Desk::rules(std::shared_ptr<const Rules> rules) {
    const std::lock_guard lock(mutex_);
    rules_ = std::move(rules);
}

std::shared_ptr<const Desk::Rules> Desk::rules() const {
    const std::lock_guard lock(mutex_);
    return rules_;
}

profile::Site Desk::site_of(const Rules& rules, const pnp::Asked& asked) {
    const auto* vendor = recognise(rules, asked.mac, asked.vendor, asked.user_agent);
    return profile::site_for(rules.rules, rule_name(vendor, asked.vendor), asked.model,
                             asked.source.address);
}

const profile::Vendor* Desk::vendor_of(const inventory::Device& device) const {
    return recognise(*rules(), device.mac, device.seen.vendor, device.seen.user_agent);
}

profile::Site Desk::site_of(const Rules& rules, const inventory::Device& device) {
    const auto* vendor = recognise(rules, device.mac, device.seen.vendor, device.seen.user_agent);
    return profile::site_for(rules.rules, rule_name(vendor, device.seen.vendor), device.seen.model,
                             device.seen.address);
}

bool Desk::served_elsewhere(const inventory::Device& device) const {
    return site_of(*rules(), device).offer_url.has_value();
}

pnp::Decision Desk::decide(const pnp::Asked& asked) {
    const auto rules = this->rules();
    inventory::Sighting sighting;
    sighting.last = clock_.unix_ms();
    sighting.address = asked.source.address;
    sighting.interface = asked.interface;
    sighting.vendor = asked.vendor;
    sighting.model = asked.model;
    sighting.version = asked.version;
    sighting.user_agent = asked.user_agent;
    inventory_.saw(asked.mac, sighting);

    const auto now = inventory_.now();
    const auto* device = now.device(asked.mac);
    if (device == nullptr) {
        return {pnp::Verdict::silent, "too many strangers were heard at once"};
    }
    if (device->approval == inventory::Approval::blocked) {
        return {pnp::Verdict::silent, "blocked"};
    }
    const auto* vendor = recognise(*rules, asked.mac, asked.vendor, asked.user_agent);
    const bool elsewhere = site_of(*rules, asked).offer_url.has_value();
    if (vendor == nullptr && !elsewhere) {
        return {pnp::Verdict::silent,
                "no profile for this vendor: set offer_url in a [profile] section where another "
                "server has its files"};
    }
    if (!device->is_approved()) {
        return {rules->unknown_phone == UnknownPhone::hold ? pnp::Verdict::hold
                                                           : pnp::Verdict::silent,
                "not approved: assign an extension to it"};
    }
    if (!elsewhere && device->lines.empty()) {
        return {pnp::Verdict::hold, "approved, but it has no extension: assign one"};
    }
    return {pnp::Verdict::offer, {}};
}

void Desk::prepare(const pnp::Asked& asked, std::function<void(base::Result<pnp::Offer>)> done) {
    const auto rules = this->rules();
    const auto* vendor = recognise(*rules, asked.mac, asked.vendor, asked.user_agent);
    const auto site = site_of(*rules, asked);
    pnp::Offer offer;
    follow_habits(offer, asked.vendor);
    if (vendor != nullptr) {
        offer.dialect = vendor->dialect;
        offer.late_allowed = vendor->takes_late_notify;
    }
    offer.dialect = site.dialect.value_or(offer.dialect);
    if (site.offer_url) {
        auto url = profile::expand_offer_url(*site.offer_url, asked.mac, asked.model, asked.local);
        if (!url) {
            done(tl::unexpected(url.error()));
            return;
        }
        offer.url = std::move(*url);
        done(std::move(offer));
        return;
    }
    if (vendor == nullptr) {
        done(fail(Errc::not_found, "no profile for this vendor"));
        return;
    }
    const auto local = asked.local;
    auto finish = [rules, vendor, local, offer = std::move(offer),
                   done = std::move(done)](base::Result<std::string> token) mutable {
        if (!token) {
            done(tl::unexpected(token.error()));
            return;
        }
        offer.url = base::Secret(profile::folder_url(*vendor, local, rules->http_port, *token));
        done(std::move(offer));
    };
    if (vendor->keeps_pnp_url) {
        const auto now = inventory_.now();
        const auto* device = now.device(asked.mac);
        finish(device != nullptr ? base::Result<std::string>(inventory_.steady_token(*device))
                                 : fail(Errc::not_found, "no such device"));
        return;
    }
    first_token(asked.mac, finish);
}

void Desk::first_token(base::Mac mac, Done done) {
    waiting_.emplace_back(mac, std::move(done));
    if (!minting_) {
        mint();
    }
}

void Desk::mint() {
    minting_ = true;
    auto batch = std::make_shared<std::vector<std::pair<base::Mac, Done>>>(std::move(waiting_));
    waiting_.clear();
    loop_.work([this, batch, alive = alive_] {
        std::vector<base::Mac> macs;
        macs.reserve(batch->size());
        for (const auto& [mac, done] : *batch) {
            macs.push_back(mac);
        }
        auto tokens = std::make_shared<base::Result<std::vector<std::string>>>(
            inventory_.mint_first_tokens(macs));
        loop_.post([this, batch, tokens, alive] {
            if (!*alive) {
                return;
            }
            for (std::size_t i = 0; i < batch->size(); ++i) {
                if (!*tokens) {
                    (*batch)[i].second(tl::unexpected(tokens->error()));
                } else if ((**tokens)[i].empty()) {
                    (*batch)[i].second(fail(Errc::refused, "it is no longer approved"));
                } else {
                    (*batch)[i].second(std::move((**tokens)[i]));
                }
            }
            minting_ = false;
            if (!waiting_.empty()) {
                mint();
            }
        });
    });
}

} // namespace engine
