// SPDX-License-Identifier: MIT
#include "module/desk.hpp"

#include "provisioning/base/answer.hpp"
#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/offer_url.hpp"

#include <algorithm>
#include <iterator>
#include <new>

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

/// How long a phone that a rule would approve waits for its neighbour entry: our 200 makes the
/// kernel ask, three times, a second apart.
constexpr std::chrono::seconds neighbour_patience{3};
constexpr std::chrono::milliseconds look_every{50};
constexpr std::size_t most_looked_for = 1000;

/// Within this time a phone that asks again is given the same URL.
constexpr std::chrono::minutes as_good_as_new{1};

/// The name that rules match by: ours where we know the vendor, else the phone's own word.
std::string rule_name(const profile::Vendor* vendor, std::string_view said) {
    return vendor != nullptr ? vendor->name : std::string(said);
}

/// A file without secrets that makes the phone ask again.
bool has_guest_file(const profile::Vendor& vendor) {
    return !vendor.guest_template.empty();
}

Action action_of(const std::optional<Ruling>& ruling, UnknownPhone otherwise) {
    if (ruling) {
        return ruling->action;
    }
    return otherwise == UnknownPhone::guest ? Action::guest : Action::hold;
}

std::string hold_reason(const std::optional<Ruling>& ruling) {
    if (ruling && !ruling->reason.empty()) {
        return ruling->reason;
    }
    return ruling && ruling->rule
               ? fmt::format("rule {} holds it: assign an extension to it", ruling->rule->name)
               : "not approved: assign an extension to it";
}

/// The same words when it is found out and from then on: a timeline tells what is new.
std::string two_phones(base::Mac mac) {
    return fmt::format("two phones claim this MAC: look which of them is yours, then `pnp approve "
                       "{}`",
                       mac.str());
}

} // namespace

Desk::Desk(base::Loop& loop,
           inventory::Inventory& inventory,
           const base::Clock& clock,
           Senses senses)
    : loop_(loop), inventory_(inventory), clock_(clock), senses_(std::move(senses)),
      orders_(loop,
              inventory,
              clock,
              [this](const std::vector<base::Mac>& macs) {
                  if (senses_.again) {
                      senses_.again(macs);
                  }
              }),
      look_(loop) {}

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

profile::Site
Desk::site_of(const Rules& rules, const pnp::Asked& asked, const profile::Vendor* vendor) {
    return profile::site_for(rules.rules, rule_name(vendor, asked.vendor), asked.model,
                             asked.source.address);
}

const profile::Vendor* Desk::vendor_of(const inventory::Device& device) const {
    return recognise(*rules(), device.mac, device.seen.vendor, device.seen.user_agent);
}

profile::Site Desk::site_of(const Rules& rules, const inventory::Device& device) {
    const auto* vendor = recognise(rules, device.mac, device.seen.vendor, device.seen.user_agent);
    return profile::site_for(rules.rules, rule_name(vendor, device.seen.vendor), device.seen.model,
                             device.seen.address,
                             device.lines.empty() ? std::string_view() : device.lines.front());
}

bool Desk::served_elsewhere(const inventory::Device& device) const {
    return site_of(*rules(), device).offer_url.has_value();
}

bool Desk::may_be_guest(const inventory::Device& device) const {
    const auto rules = this->rules();
    const auto* vendor = recognise(*rules, device.mac, device.seen.vendor, device.seen.user_agent);
    if (device.approval != inventory::Approval::pending || vendor == nullptr ||
        !has_guest_file(*vendor)) {
        return false;
    }
    const Said said{device.mac, vendor->name, device.seen.model, device.seen.address};
    const auto now = inventory_.now();
    return action_of(rule_on(said, rules->approval_rules, now.enrolments(), clock_.unix_ms()),
                     rules->unknown_phone) == Action::guest;
}

pnp::Decision Desk::decide(const pnp::Asked& asked) {
    const auto rules = this->rules();
    const auto* vendor = recognise(*rules, asked.mac, asked.vendor, asked.user_agent);
    const auto site = site_of(*rules, asked, vendor);
    auto decision = decide(*rules, asked, vendor, site.offer_url.has_value());
    if (decision.verdict != pnp::Verdict::offer || !senses_.speaks_tls) {
        return decision;
    }
    // Phones give up on a URL where nobody listens yet.
    if (vendor != nullptr && !site.offer_url &&
        profile::uses_tls(*vendor, rules->ports, site.scheme) && !senses_.speaks_tls(asked.local)) {
        return {pnp::Verdict::hold,
                fmt::format("HTTPS is not ready yet: nobody listens at {}:{}; if that stays so, "
                            "`pnp status` says why",
                            asked.local.str(), rules->ports.https)};
    }
    return decision;
}

pnp::Decision Desk::decide(const Rules& rules,
                           const pnp::Asked& asked,
                           const profile::Vendor* vendor,
                           bool elsewhere) {
    inventory::Sighting sighting;
    sighting.last = clock_.unix_ms();
    sighting.address = asked.source.address;
    sighting.interface = asked.interface;
    sighting.vendor = asked.vendor;
    // What a phone of ours runs it says with its token: anybody can send what came here, and a
    // version decides who restarts for new firmware.
    const auto is_configured = [&] {
        const auto before = inventory_.now(); // not kept: saw() would have to copy a part of it
        const auto* known = before.device(asked.mac);
        return known != nullptr && known->is_configured();
    };
    if (!is_configured()) {
        sighting.model = asked.model;
        sighting.version = asked.version;
    }
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
    if (vendor == nullptr && !elsewhere) {
        return {pnp::Verdict::silent,
                "no profile for this vendor: set offer_url in a [profile] section where another "
                "server has its files"};
    }
    if (!device->is_approved()) {
        return on_stranger(rules, now, asked, vendor, elsewhere);
    }
    if (elsewhere) {
        return {pnp::Verdict::offer, {}};
    }
    if (device->lines.empty()) {
        return {pnp::Verdict::hold, "approved, but it has no extension: assign one"};
    }
    if (const auto why = why_not_again(rules, now, *device, asked)) {
        return {pnp::Verdict::hold, *why};
    }
    return {pnp::Verdict::offer, {}};
}

bool Desk::answers(const pnp::Asked& asked) const {
    const auto rules = this->rules();
    const auto now = inventory_.now();
    const auto* device = now.device(asked.mac);
    if (device != nullptr && device->approval == inventory::Approval::blocked) {
        return false;
    }
    const auto* vendor = recognise(*rules, asked.mac, asked.vendor, asked.user_agent);
    if (vendor == nullptr && !site_of(*rules, asked, vendor).offer_url) {
        return false;
    }
    if (device != nullptr && device->is_approved()) {
        return true;
    }
    const Said said{asked.mac, rule_name(vendor, asked.vendor), asked.model, asked.source.address};
    const auto ruling = rule_on(said, rules->approval_rules, now.enrolments(), clock_.unix_ms());
    return ruling ? ruling->action != Action::block : rules->unknown_phone != UnknownPhone::silent;
}

pnp::Decision Desk::on_stranger(const Rules& rules,
                                const inventory::Snapshot& now,
                                const pnp::Asked& asked,
                                const profile::Vendor* vendor,
                                bool elsewhere) {
    const Said said{asked.mac, rule_name(vendor, asked.vendor), asked.model, asked.source.address};
    const auto ruling = rule_on(said, rules.approval_rules, now.enrolments(), clock_.unix_ms());
    if (!ruling && rules.unknown_phone == UnknownPhone::silent) {
        return {pnp::Verdict::silent, hold_reason({})};
    }
    switch (action_of(ruling, rules.unknown_phone)) {
    case Action::block:
        // Not written down: a made-up MAC costs nothing, and without the rule all is as before.
        return {pnp::Verdict::silent, fmt::format("rule {} blocks it", ruling->rule->name)};
    case Action::guest:
        if (!elsewhere && vendor != nullptr && !rules.claims.claim.empty()) {
            auto guest = ruling.value_or(Ruling{});
            guest.action = Action::guest;
            return on_approval(asked, guest);
        }
        if (!elsewhere && vendor != nullptr && has_guest_file(*vendor)) {
            return {pnp::Verdict::offer, {}};
        }
        break;
    case Action::approve:
    case Action::assign:
        return on_approval(asked, *ruling);
    case Action::hold:
        break;
    }
    return {pnp::Verdict::hold, hold_reason(ruling)};
}

// Whoever can make up a MAC could have it approved, so the network has to say the same.
pnp::Decision Desk::on_approval(const pnp::Asked& asked, const Ruling& ruling) {
    const auto neighbour = senses_.neighbour ? senses_.neighbour(asked) : Neighbour::fine;
    if (neighbour != Neighbour::unknown) {
        looked_.erase(asked.mac);
    }
    const auto who = ruling.rule        ? fmt::format("rule {}", ruling.rule->name)
                     : ruling.enrolment ? std::string("the enrolment window")
                                        : std::string("unknown_phone = guest");
    if (neighbour == Neighbour::other) {
        return {pnp::Verdict::hold,
                fmt::format("{} does not approve it: another MAC answers at {}; look who that is, "
                            "then assign an extension to it yourself",
                            who, asked.source.address.str())};
    }
    if (neighbour == Neighbour::fine) {
        return {pnp::Verdict::hold, orders_.approve(asked.mac, ruling)};
    }
    const auto now = clock_.now();
    const auto found = looked_.find(asked.mac);
    if (found == looked_.end() && looked_.size() < most_looked_for) {
        looked_.emplace(asked.mac, now);
        look_.after(look_every, [this] { look_again(); });
    } else if (found == looked_.end() || now - found->second >= neighbour_patience) {
        looked_.erase(asked.mac);
        return {pnp::Verdict::hold,
                fmt::format("{} does not approve it: nobody answers for {}, so its MAC cannot be "
                            "checked; assign an extension to it yourself",
                            who, asked.source.address.str())};
    }
    return {pnp::Verdict::hold, fmt::format("{} approves it once the network shows that its MAC is "
                                            "at {}",
                                            who, asked.source.address.str())};
}

void Desk::look_again() {
    std::vector<base::Mac> macs;
    const auto now = clock_.now();
    for (auto each = looked_.begin(); each != looked_.end();) {
        macs.push_back(each->first);
        // Who does not wait any more is not asked about.
        const bool is_forgotten = now - each->second > 2 * neighbour_patience;
        each = is_forgotten ? looked_.erase(each) : std::next(each);
    }
    if (!macs.empty()) {
        look_.after(look_every, [this] { look_again(); });
        if (senses_.again) {
            senses_.again(macs);
        }
    }
}

/// Why an approved phone gets no new credential; nothing when it does.
std::optional<std::string> Desk::why_not_again(const Rules& rules,
                                               const inventory::Snapshot& now,
                                               const inventory::Device& device,
                                               const pnp::Asked& asked) {
    const auto source = asked.source.address;
    if (is_expected(device.mac, source, now.enrolments(), clock_.unix_ms())) {
        return {};
    }
    // One that goes on asking the group at each start may never come to use its steady URL.
    const bool holds_configuration =
        device.is_configured() || device.seen.stage >= inventory::Stage::configured;
    if (rules.reoffer == Reoffer::never && holds_configuration) {
        return fmt::format("it has its configuration, and reoffer = never: `pnp enrol {} 1h` lets "
                           "it have a new URL",
                           device.mac.str());
    }
    if (device.claim == inventory::Claim::granted) {
        return {};
    }
    if (device.claim == inventory::Claim::contested) {
        return two_phones(device.mac);
    }
    if (rules.reoffer == Reoffer::ask && holds_configuration) {
        return fmt::format("it has its configuration, and reoffer = ask: `pnp approve {}` lets it "
                           "have a new URL",
                           device.mac.str());
    }
    const auto rival = rival_of(rules, device, source);
    if (rules.reoffer != Reoffer::quiet || rival.empty()) {
        return {};
    }
    if (senses_.neighbour && senses_.neighbour(asked) == Neighbour::other) {
        return fmt::format("another MAC answers at {}, and {}", source.str(), rival);
    }
    orders_.contest(device.mac, source, fmt::format("{} asks, but {}", source.str(), rival));
    return two_phones(device.mac);
}

/// Who else is this phone, as far as one can see; empty when nobody is.
std::string
Desk::rival_of(const Rules& rules, const inventory::Device& device, base::Ipv4 source) const {
    const auto contact = senses_.contact ? senses_.contact(device.mac) : std::nullopt;
    if (contact && contact->address != source) {
        return fmt::format("{} is registered as it", contact->address.str());
    }
    const auto& seen = device.seen;
    const auto ago = std::chrono::milliseconds(clock_.unix_ms() - seen.used);
    if (seen.used != 0 && seen.used_from.value != 0 && seen.used_from != source &&
        base::was_within(seen.used, clock_.unix_ms(), rules.reoffer_quiet)) {
        return fmt::format("{} used its URL {} s ago", seen.used_from.str(), ago.count() / 1000);
    }
    return {};
}

std::vector<base::Mac> Desk::concerned(std::vector<base::Mac> macs) {
    const auto now = inventory_.now();
    const auto& windows = now.enrolments();
    const bool same =
        std::equal(windows.begin(), windows.end(), windows_.begin(), windows_.end(),
                   [](const auto& a, const auto& b) { return a.id == b.id && a.until == b.until; });
    if (!same) {
        windows_ = windows;
        const auto all = all_undecided();
        macs.insert(macs.end(), all.begin(), all.end());
    }
    const auto hopeful = orders_.hopeful();
    macs.insert(macs.end(), hopeful.begin(), hopeful.end());
    return macs;
}

std::vector<base::Mac> Desk::all_undecided() const {
    std::vector<base::Mac> macs;
    const auto now = inventory_.now();
    for (const auto* device : now.devices()) {
        if (device->approval != inventory::Approval::blocked) {
            macs.push_back(device->mac);
        }
    }
    return macs;
}

void Desk::prepare(const pnp::Asked& asked, std::function<void(base::Result<pnp::Offer>)> done) {
    const auto rules = this->rules();
    const auto* vendor = recognise(*rules, asked.mac, asked.vendor, asked.user_agent);
    const auto site = site_of(*rules, asked, vendor);
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
    const auto now = inventory_.now();
    const auto* device = now.device(asked.mac);
    if (device != nullptr && may_be_guest(*device)) {
        offer.url = base::Secret(profile::boot_url(*vendor, local, rules->ports, site.scheme));
        done(std::move(offer));
        return;
    }
    const auto style = site.credential.value_or(vendor->credential);
    auto finish = [rules, vendor, local, scheme = site.scheme, style, mac = asked.mac,
                   offer = std::move(offer),
                   done = std::move(done)](base::Result<std::string> token) mutable {
        if (!token) {
            done(tl::unexpected(token.error()));
            return;
        }
        offer.url = base::Secret(
            profile::device_url(*vendor, style, mac, local, rules->ports, *token, scheme));
        done(std::move(offer));
    };
    if (vendor->keeps_pnp_url) {
        finish(device != nullptr && device->is_approved()
                   ? base::Result<std::string>(inventory_.steady_token(*device))
                   : fail(Errc::refused, "it is no longer approved"));
        return;
    }
    first_token({asked.mac, asked.source.address}, std::move(finish));
}

// Whoever forges a phone's questions would otherwise have us make tokens until the one that the
// phone itself is about to use is the oldest of too many.
void Desk::first_token(const pnp::Place& place, Done done) {
    if (const auto* minted = minted_.find(place);
        minted != nullptr && clock_.now() - minted->at < as_good_as_new) {
        const base::Revealed token = minted->token.reveal();
        const auto known = inventory_.now().credential(token);
        if (known && known->mac == place.mac && known->expires > clock_.unix_ms()) {
            done(std::string(std::string_view(token)));
            return;
        }
    }
    minted_.erase(place);
    if (minting_ && minting_->count(place) != 0) {
        (*minting_)[place].push_back(std::move(done));
        return;
    }
    waiting_[place].push_back(std::move(done));
    mint();
}

void Desk::mint() {
    if (minting_ || waiting_.empty()) {
        return;
    }
    try {
        auto batch = std::make_shared<Minting>();
        order_tokens();
        batch->swap(waiting_);
        minting_ = std::move(batch);
    } catch (const std::bad_alloc&) { // at the next tick
    }
}

/// For all that wait.
void Desk::order_tokens() {
    std::vector<base::Mac> macs;
    macs.reserve(waiting_.size());
    for (const auto& [place, askers] : waiting_) {
        macs.push_back(place.mac);
    }
    auto tokens = std::make_shared<base::Result<std::vector<std::string>>>(
        fail(Errc::io, "there is no memory left"));
    loop_.work([this, macs = std::move(macs), tokens, alive = alive_] {
        try {
            *tokens = inventory_.mint_first_tokens(macs);
        } catch (const std::exception&) { // OpenSSL's too: the phones wait, and are tried again
        }
        base::answer(loop_, [this, tokens, alive] {
            if (*alive) {
                minted(*tokens);
            }
        });
    });
}

void Desk::minted(const base::Result<std::vector<std::string>>& tokens) {
    const auto batch = std::exchange(minting_, nullptr);
    std::size_t next = 0;
    bool again = false;
    while (!batch->empty()) {
        auto node = batch->extract(batch->begin());
        const auto at = next++;
        try {
            base::Result<std::string> token = fail(Errc::refused, "it is no longer approved");
            if (!tokens) {
                token = tl::unexpected(tokens.error());
            } else if (const auto& text = (*tokens)[at]; !text.empty()) {
                token = text;
                minted_.at(node.key()) = {base::Secret(text), clock_.now()};
            }
            ready_.emplace_back().token = std::move(token);
            ready_.back().askers = std::move(node.mapped());
        } catch (const std::exception&) {     // OpenSSL's too
            waiting_.insert(std::move(node)); // which takes none; it is given another
            again = true;
        }
    }
    if (!again) { // else with the next tick: each try is a commit, and ends older tokens
        mint();
    }
    hand_out();
}

/// A few at a time: phones that ask meanwhile are heard in between.
void Desk::hand_out() {
    constexpr int most_in_a_turn = 32;
    for (int count = 0; count < most_in_a_turn && !ready_.empty(); ++count) {
        const auto next = std::move(ready_.front());
        ready_.pop_front();
        for (const auto& done : next.askers) {
            try {
                // Part by part: a copy of the whole is noexcept, and would end the PBX.
                done(next.token ? base::Result<std::string>(std::string(*next.token))
                                : tl::unexpected(base::Error(next.token.error())));
            } catch (const std::exception&) { // its phone asks again; the others have theirs
            }
        }
    }
    if (ready_.empty() || hands_out_) {
        return;
    }
    try {
        loop_.post([this, alive = alive_] {
            if (*alive) {
                hands_out_ = false;
                hand_out();
            }
        });
        hands_out_ = true;
    } catch (const std::bad_alloc&) { // at the next tick
    }
}

void Desk::tick() {
    mint();
    if (!hands_out_) {
        hand_out();
    }
    orders_.tick();
}

} // namespace engine
