// SPDX-License-Identifier: MIT
// Who gets a file without a token, how often, and what proves it instead.
#include "provisioning/serve/boot.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/profile/offer_url.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace serve {

using inventory::Step;

/// One request, once it names a device and a file of its chain that is served.
struct Boot::Visit {
    const Request& request;
    const Asked& asked;
    const Gate& gate;
    const FileSettings& with;
    const inventory::Snapshot& snapshot;
    const profile::Vendor& vendor;
    const profile::ChainStep& step;
    base::Mac mac;
    const inventory::Device* device = nullptr; ///< nullptr: dropped as one stranger too many

    base::Ipv4 source() const { return request.peer.address; }
};

namespace {

Refused because(Refusal why, base::Mac mac, Step step, std::string text) {
    return {why, {{mac, step, std::move(text)}}};
}

/// An enrolment that names the network is the admin's word for whoever is in it.
bool is_enrolled(const inventory::Snapshot& snapshot,
                 base::Mac mac,
                 base::Ipv4 source,
                 base::UnixMs now) {
    const auto& open = snapshot.enrolments();
    return std::any_of(open.begin(), open.end(), [&](const inventory::Enrolment& one) {
        return !is_over(one, now) && one.from && one.from->contains(source) &&
               (!one.mac || *one.mac == mac);
    });
}

Response file(const profile::ChainStep& step, std::string text) {
    Response response;
    response.status = 200;
    response.content_type = step.content_type;
    response.body = std::make_shared<const std::string>(std::move(text));
    return response;
}

} // namespace

Boot::Boot(inventory::Inventory& inventory,
           const base::Clock& clock,
           Diary& diary,
           Registered registered,
           MayBeGuest may_be_guest)
    : inventory_(inventory), clock_(clock), diary_(diary), registered_(std::move(registered)),
      may_be_guest_(std::move(may_be_guest)) {}

Outcome Boot::answer(const Request& request,
                     const Asked& asked,
                     const Gate& gate,
                     const FileSettings& with) {
    const auto* vendor = with.catalogue ? with.catalogue->named(asked.vendor) : nullptr;
    const auto mac = asked.claimed().value_or(base::Mac());
    const auto* step = vendor != nullptr ? vendor->step_for(asked.name, mac, "") : nullptr;
    if (step == nullptr) {
        ++diary_.count.strangers;
        return {{}, true};
    }
    if (step->template_name.empty() || !asked.named) {
        // The other names of the chain, which all phones ask for: no miss, whoever asks.
        ++diary_.count.missing;
        return {{}, false};
    }
    if (gate.is_source_served(request.peer.address) &&
        inventory_.now().device(*asked.named) == nullptr) {
        diary_.heard(*asked.named, request);
    }
    const auto snapshot = inventory_.now();
    const Visit visit{request, asked,        gate,
                      with,    snapshot,     *vendor,
                      *step,   *asked.named, snapshot.device(*asked.named)};
    if (const auto why = why_not(visit)) {
        return refuse(visit, *why);
    }
    return visit.device->is_approved() ? own_url(visit) : guest(visit);
}

Response Boot::fresh(const Request& request,
                     const profile::Vendor& vendor,
                     std::optional<base::Mac> shown,
                     const FileSettings& with) {
    const auto* step = vendor.served_step();
    if (step == nullptr) {
        ++diary_.count.strangers;
        return {};
    }
    const auto source = request.peer.address;
    auto text = for_all(vendor, with, request.local.address, source);
    if (!text) {
        if (diary_.may_complain()) {
            base::log::error("serve", "{} by TFTP: {}", vendor.tftp_file, text.error().what);
        }
        if (shown) {
            diary_.rumour(*shown, Step::file_refused, source,
                          fmt::format("its first file could not be made: {} by TFTP: {}",
                                      vendor.tftp_file, text.error().what));
        }
        return {};
    }
    ++diary_.count.guests;
    if (shown && inventory_.now().device(*shown) != nullptr) {
        diary_.rumour(*shown, Step::guest_served, source, vendor.tftp_file + " by TFTP");
    }
    return file(*step, std::move(*text));
}

base::Result<std::string> Boot::for_all(const profile::Vendor& vendor,
                                        const FileSettings& with,
                                        base::Ipv4 host,
                                        base::Ipv4 phone) {
    const inventory::Device nobody;
    return with.catalogue->render_guest(
        vendor, guest_facts(with, {nobody, vendor, vendor.default_model, "", phone, false}, host));
}

std::optional<Refused> Boot::why_not(const Visit& visit) const {
    const auto mac = visit.mac;
    const auto source = visit.source();
    if (!visit.gate.is_source_served(source)) {
        return because(Refusal::outside, mac, Step::file_refused, Gate::outside(source));
    }
    if (visit.device == nullptr) {
        return Refused{Refusal::no_token, {}};
    }
    if (visit.asked.agent && *visit.asked.agent != mac) {
        return because(
            Refusal::foreign, mac, Step::file_refused,
            fmt::format("{} asked for its file without a token", visit.asked.agent->str()));
    }
    if (!visit.device->is_approved()) {
        if (visit.device->approval == inventory::Approval::pending && may_be_guest_ &&
            may_be_guest_(*visit.device)) {
            return std::nullopt;
        }
        return because(Refusal::unapproved, mac, Step::file_refused,
                       fmt::format("asked without a token, and is {}", visit.device->state()));
    }
    // Reset to the factory's settings it stands in the PBX until that registration ends: who asks
    // from its very address and shows its MAC there is the phone.
    const auto at = registered_ ? registered_(mac) : std::nullopt;
    if (at && (*at != source || visit.gate.neighbour_at(source) != mac)) {
        return because(Refusal::no_token, mac, Step::file_refused,
                       fmt::format("asked without a token, and is registered from {}: it has its "
                                   "configuration",
                                   at->str()));
    }
    if (visit.device->claim == inventory::Claim::contested) {
        return because(Refusal::no_token, mac, Step::claim_refused,
                       fmt::format("two phones claim this MAC: find out which is yours, then `pnp "
                                   "approve {}`",
                                   mac.str()));
    }
    const auto& seen = visit.device->seen;
    if (visit.device->claim != inventory::Claim::granted && seen.used != 0 &&
        seen.used_from != source &&
        base::was_within(seen.used, clock_.unix_ms(), visit.with.reoffer_quiet)) {
        return because(
            Refusal::no_token, mac, Step::claim_refused,
            fmt::format("asked without a token while {} uses its URL", seen.used_from.str()));
    }
    return no_proof(visit);
}

/// Without a token the neighbour table has to show the phone, even where nobody looks for others:
/// there is nothing else that a stranger could not make up; an enrolment stands in for it where the
/// table cannot know, and never against it.
std::optional<Refused> Boot::no_proof(const Visit& visit) const {
    const auto source = visit.source();
    if (visit.gate.is_own(source)) {
        return std::nullopt;
    }
    if (visit.gate.is_neighbour_known(source)) {
        auto what = visit.gate.neighbour_says(visit.mac, source);
        return what.empty() ? std::nullopt
                            : std::optional(because(Refusal::neighbour, visit.mac,
                                                    Step::neighbour_mismatch, std::move(what)));
    }
    if (is_enrolled(visit.snapshot, visit.mac, source, clock_.unix_ms())) {
        return std::nullopt;
    }
    return because(Refusal::neighbour, visit.mac, Step::file_refused,
                   fmt::format("asked without a token from where no neighbour table shows it; `pnp "
                               "enrol` with a network that has {} in it lets phones there in",
                               source.str()));
}

/// With the one that was counted just now.
unsigned Boot::counted_boots(base::Mac mac) const {
    const auto snapshot = inventory_.now();
    const auto* device = snapshot.device(mac);
    return device != nullptr ? device->boots : 0;
}

Outcome Boot::own_url(const Visit& visit) {
    const auto mac = visit.mac;
    if (visit.request.method != "GET") {
        return {{}, false}; // HEAD consumes nothing, and there is nothing else to tell
    }
    const auto phone =
        recognise(*visit.with.catalogue, *visit.device, visit.request.user_agent, visit.source());
    const auto made = phone.and_then([&](const Phone& is) {
        return visit.with.catalogue->render_boot(
            visit.vendor, facts_of(visit.with, is, visit.request.local.address,
                                   inventory_.steady_token(*visit.device)));
    });
    if (!made) {
        return refuse(
            visit, because(Refusal::no_token, mac, Step::file_refused,
                           fmt::format("its first file could not be made: {}", made.error().what)));
    }
    if (const auto counted = inventory_.count_boot(mac, most_boots); !counted) {
        if (counted.error().code != base::Errc::refused) {
            // Nothing is handed out of which the disk does not know.
            base::log::error("serve", "{}", counted.error().what);
            Response busy;
            busy.status = 503;
            return {busy, false};
        }
        return refuse(visit,
                      because(Refusal::no_token, mac, Step::file_refused, counted.error().what));
    }
    ++diary_.count.boots;
    diary_.heard(mac, visit.request);
    diary_.note(mac, Step::boot_served, visit.source(),
                fmt::format("{}, {} of {} since it was approved", Diary::shown(visit.asked.name),
                            counted_boots(mac), most_boots));
    inventory_.reached(mac, inventory::Stage::offered);
    return {file(visit.step, *made), false};
}

/// A phone restarts with each file that it accepts, so that a guest gets one in a day: then it has
/// what it needs, and asks again by itself.
Outcome Boot::guest(const Visit& visit) {
    const auto mac = visit.mac;
    if (visit.request.method != "GET") {
        return {{}, false};
    }
    const auto phone =
        recognise(*visit.with.catalogue, *visit.device, visit.request.user_agent, visit.source());
    const auto made = phone.and_then([&](const Phone& is) {
        return visit.with.catalogue->render_guest(
            visit.vendor, guest_facts(visit.with, is, visit.request.local.address));
    });
    diary_.heard(mac, visit.request);
    if (!made) {
        return refuse(visit,
                      because(Refusal::unapproved, mac, Step::file_refused, made.error().what));
    }
    {
        const auto now = clock_.now();
        const std::lock_guard hold(lock_);
        auto& last = guests_.at(mac);
        if (last != base::Steady{} && now - last < std::chrono::hours(24)) {
            return {{}, false};
        }
        last = now;
    }
    ++diary_.count.guests;
    diary_.note(mac, Step::guest_served, visit.source(), Diary::shown(visit.asked.name));
    return {file(visit.step, *made), false};
}

Outcome Boot::refuse(const Visit& visit, const Refused& why) {
    if (visit.device != nullptr && visit.device->is_approved()) {
        ++diary_.count.boots_refused;
    }
    diary_.refused(why, visit.source());
    // Who shows its own MAC may ask for its own file as often as it likes.
    const auto source = visit.source();
    const bool is_itself = visit.gate.is_source_served(source) &&
                           visit.gate.is_neighbour_known(source) &&
                           visit.gate.neighbour_says(visit.mac, source).empty();
    return {{}, !is_itself};
}

} // namespace serve
