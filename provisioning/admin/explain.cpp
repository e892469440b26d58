// SPDX-License-Identifier: MIT
// Tells a timeline in sentences, and finds the missing step by a table of small rules.
#include "provisioning/admin/explain.hpp"

#include "provisioning/admin/tell.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace admin {
namespace {

using inventory::Event;
using inventory::Stage;
using inventory::Step;

constexpr base::UnixMs second = 1000;
constexpr base::UnixMs minute = 60 * second;
constexpr base::UnixMs fetches_within = minute; // after the NOTIFY, most phones
constexpr base::UnixMs htek_fetches_within = 5 * minute;
constexpr base::UnixMs answers_within = 35 * second;  // RFC 3261 17.1.2.2: timer F, and a little
constexpr base::UnixMs restarts_within = 10 * minute; // with the new file, and is back by then

std::string_view sentence(Step step) noexcept {
    switch (step) {
    case Step::heard:
        return "asked for its configuration (SUBSCRIBE)";
    case Step::held:
        return "was answered and got no URL yet";
    case Step::offered:
        return "was sent its URL (NOTIFY)";
    case Step::notify_accepted:
        return "took the URL";
    case Step::notify_refused:
        return "refused the URL";
    case Step::notify_timeout:
        return "did not answer the NOTIFY with the URL";
    case Step::waited_too_long:
        return "waited in vain for a decision";
    case Step::file_served:
        return "got its file";
    case Step::file_missing:
        return "asked for a file that its profile does not have (404 on purpose)";
    case Step::file_refused:
        return "was refused a file";
    case Step::configured:
        return "used its own URL: it holds its configuration";
    case Step::approved:
        return "was approved";
    case Step::blocked:
        return "was blocked";
    case Step::assigned:
        return "was given its lines";
    case Step::unassigned:
        return "was left without lines";
    case Step::resync_sent:
        return "was asked to fetch its configuration again";
    case Step::resync_answered:
        return "answered the resync";
    case Step::resync_failed:
        return "did not follow the resync";
    case Step::registered:
        return "registered at the PBX";
    case Step::lost:
        return "is no longer registered at the PBX";
    case Step::register_refused:
        return "was refused by the PBX when it wanted to register";
    case Step::token_refused:
        return "tried a token that is no longer valid, or not its own";
    case Step::neighbour_mismatch:
        return "is not who answers at its address";
    case Step::claim_refused:
        return "got nothing, because two phones claim this MAC";
    case Step::rival_heard:
        return "answered this phone too: there is another server";
    case Step::limited:
        return "was slowed down";
    case Step::rotated:
        return "was given a new token";
    case Step::boot_served:
        return "got a file without secrets that names its own URL";
    case Step::guest_served:
        return "got a file without secrets that makes it ask again";
    case Step::url_shared:
        return "used a URL that another address uses too";
    case Step::heard_outside:
        return "asked from an address outside the network here, and got no answer";
    }
    return "did something";
}

std::string told(const Event& event, base::UnixMs now) {
    std::string out = fmt::format("{} {} {}", local_time(event.first, now),
                                  event.address.empty() ? "it" : base::printable(event.address, 60),
                                  sentence(event.step));
    if (!event.detail.empty()) {
        out += ": " + base::printable(event.detail);
    }
    if (event.count > 1) {
        out += fmt::format(" ({} times, last {})", event.count, local_time(event.last, now));
    }
    return out;
}

/// What the rules ask of a device and its timeline.
struct Facts {
    const inventory::Device& device;
    const std::vector<Event>& timeline;
    bool elsewhere;
    base::UnixMs holds_since;
    base::UnixMs now;
    bool sees_registrations;

    /// Where the step stands last in the timeline; -1 where it does not. Rows of the same
    /// millisecond are told apart by it.
    int at(Step step) const noexcept {
        for (std::size_t i = timeline.size(); i > 0; --i) {
            if (timeline[i - 1].step == step) {
                return static_cast<int>(i - 1);
            }
        }
        return -1;
    }

    bool happened(Step step) const noexcept { return at(step) >= 0; }

    /// `step` came after all of `others`.
    bool is_newer(Step step, std::initializer_list<Step> others) const noexcept {
        return happened(step) && std::all_of(others.begin(), others.end(),
                                             [&](Step other) { return at(other) < at(step); });
    }

    base::UnixMs since(Step step) const noexcept {
        return happened(step) ? now - timeline[static_cast<std::size_t>(at(step))].last : now;
    }

    std::string detail(Step step) const {
        return happened(step) ? base::printable(timeline[static_cast<std::size_t>(at(step))].detail)
                              : std::string();
    }

    /// Anybody can ask for a file by a phone's MAC; that is no news about the phone.
    bool is_from_phone(Step step) const {
        return happened(step) &&
               timeline[static_cast<std::size_t>(at(step))].address == device.seen.address.str();
    }

    std::string mac() const { return device.mac.str(); }

    bool has_files_to_get() const noexcept { return elsewhere || !device.lines.empty(); }

    bool is_held() const noexcept {
        return is_newer(Step::held, {Step::offered, Step::waited_too_long}) &&
               now - since(Step::held) > holds_since;
    }

    bool is_htek() const { return base::istarts_with(device.seen.vendor, "htek"); }

    base::UnixMs fetch_time() const { return is_htek() ? htek_fetches_within : fetches_within; }

    bool fetched_since_offer() const noexcept {
        return is_newer(Step::file_served, {Step::offered}) ||
               is_newer(Step::file_missing, {Step::offered}) ||
               is_newer(Step::file_refused, {Step::offered}) ||
               is_newer(Step::configured, {Step::offered});
    }
};

constexpr std::string_view replug = "Unplug the phone and plug it in again: it asks once when it "
                                    "starts.";

struct Rule {
    bool (*holds)(const Facts&);
    std::string (*now)(const Facts&);
    std::string (*next)(const Facts&);
};

std::string nothing(const Facts& /*unused*/) {
    return {};
}

/// The remedy for a request that was refused, by the reason that the file server wrote.
std::string after_refusal(const Facts& f) {
    const std::string reason = base::lower(f.detail(Step::file_refused));
    const auto says = [&](std::string_view word) { return reason.find(word) != std::string::npos; };
    if (says("token")) {
        return fmt::format("{} It then gets a fresh URL.", replug);
    }
    if (says("extension")) {
        return fmt::format("Give it an extension that exists: pnp assign {} EXT", f.mac());
    }
    if (says("profile") || says("template") || says("vendor") || says("cannot be made")) {
        return "See what `pnp reload` and the log say of its vendor's profile.";
    }
    return fmt::format("See its files with: pnp render {} FILENAME. Then: {}", f.mac(), replug);
}

// The first rule that holds is told: decisions first, then the steps in the order of a phone's
// life.
constexpr Rule rules[] = {
    {[](const Facts& f) { return f.device.approval == inventory::Approval::blocked; },
     [](const Facts&) { return std::string("It is blocked and gets nothing."); },
     [](const Facts& f) { return fmt::format("To let it in: pnp approve {}", f.mac()); }},

    {[](const Facts& f) { return !f.device.was_heard(); },
     [](const Facts& f) {
         return f.device.lines.empty() ? std::string("It was never heard.")
                                       : fmt::format("It is prepared with {}, and was never heard.",
                                                     listed(f.device.lines));
     },
     [](const Facts&) {
         return std::string(
             "Plug it in while `pnp status` shows its network as served. Still silent: is it in "
             "the same VLAN, does a switch filter multicast (IGMP snooping: 224.0.1.75 must reach "
             "this host), and is PnP on in the phone (Htek: Management > Setting > PnP Active = "
             "Yes)?");
     }},

    {[](const Facts& f) { return !f.device.is_approved() && f.is_held(); },
     [](const Facts& f) {
         return fmt::format("It asked {} and waits for a decision.",
                            ago(f.now - f.since(Step::held), f.now));
     },
     [](const Facts& f) {
         return fmt::format("Decide now and it gets its URL at once: pnp assign {} EXT", f.mac());
     }},

    {[](const Facts& f) { return !f.device.is_approved(); },
     [](const Facts& f) {
         return fmt::format("It was last heard {}, and nobody decided on it.",
                            ago(f.device.seen.last, f.now));
     },
     [](const Facts& f) {
         return fmt::format("First: pnp assign {} EXT. Then unplug the phone and plug it in again.",
                            f.mac());
     }},

    {[](const Facts& f) { return !f.has_files_to_get(); },
     [](const Facts&) {
         return std::string("It is approved and has no extension, so it is held.");
     },
     [](const Facts& f) { return fmt::format("Give it one: pnp assign {} EXT", f.mac()); }},

    {[](const Facts& f) {
         const std::string detail = f.detail(Step::resync_failed);
         return f.is_newer(Step::resync_failed, {Step::resync_answered, Step::heard,
                                                 Step::configured, Step::registered}) &&
                (detail.find("401") != std::string::npos ||
                 detail.find("407") != std::string::npos);
     },
     [](const Facts&) { return std::string("It wants a password before it follows a resync."); },
     [](const Facts&) {
         return std::string("Send the resync from the PBX that it is registered at, or unplug it "
                            "and plug it in again.");
     }},

    {[](const Facts& f) {
         return f.is_newer(Step::resync_failed, {Step::resync_answered, Step::heard,
                                                 Step::configured, Step::registered});
     },
     [](const Facts& f) {
         return fmt::format("It did not follow the last resync ({}).",
                            f.detail(Step::resync_failed));
     },
     [](const Facts&) { return std::string(replug); }},

    {[](const Facts& f) {
         return f.is_newer(Step::held, {Step::offered, Step::file_served, Step::configured,
                                        Step::approved, Step::assigned});
     },
     [](const Facts& f) {
         return fmt::format("It is approved and held all the same ({}).", f.detail(Step::held));
     },
     [](const Facts&) { return fmt::format("Correct that first. Then: {}", replug); }},

    {[](const Facts& f) {
         return f.is_newer(Step::held, {Step::offered, Step::file_served, Step::configured}) &&
                f.is_held();
     },
     [](const Facts&) { return std::string("It waits, and gets its URL now."); },
     [](const Facts&) {
         return std::string("Wait a moment. Nothing happens: unplug it and plug it in again; some "
                            "phones do not take a late URL.");
     }},

    {[](const Facts& f) {
         return f.is_newer(Step::held, {Step::offered, Step::file_served, Step::configured});
     },
     [](const Facts&) { return std::string("It is approved, and asked too long before that."); },
     [](const Facts&) { return std::string(replug); }},

    {[](const Facts& f) {
         return f.is_newer(Step::notify_refused,
                           {Step::offered, Step::file_served, Step::configured});
     },
     [](const Facts& f) {
         return fmt::format("It refused the URL ({}).", f.detail(Step::notify_refused));
     },
     [](const Facts&) {
         return std::string("Is there a second PnP server in its network (another PBX, a vendor's "
                            "tool)? Stop that one. If not, set `dialect = echo` in a [profile] "
                            "section for it, then unplug it and plug it in again.");
     }},

    {[](const Facts& f) {
         return f.is_newer(Step::notify_timeout,
                           {Step::offered, Step::file_served, Step::configured});
     },
     [](const Facts&) { return std::string("It was sent its URL and did not answer."); },
     [](const Facts&) {
         return std::string("Is there a second PnP server in its network that was faster, or a "
                            "firewall that keeps our NOTIFY (UDP from port 5059 unless changed) "
                            "away from it? Then unplug it and plug it in again.");
     }},

    {[](const Facts& f) { return f.elsewhere && f.is_newer(Step::notify_accepted, {Step::heard}); },
     [](const Facts&) {
         return std::string("It took its URL. Its files come from another server (offer_url), so "
                            "the rest is not seen here.");
     },
     nothing},

    {[](const Facts& f) {
         return f.happened(Step::offered) && !f.fetched_since_offer() &&
                f.device.seen.stage <= Stage::offered &&
                !f.is_newer(Step::notify_accepted, {Step::offered}) &&
                f.since(Step::offered) < answers_within;
     },
     [](const Facts&) { return std::string("Its URL is on the way."); },
     [](const Facts&) { return std::string("Wait a moment."); }},

    {[](const Facts& f) {
         return f.happened(Step::offered) && !f.fetched_since_offer() &&
                f.device.seen.stage <= Stage::offered && f.since(Step::offered) < f.fetch_time();
     },
     [](const Facts&) { return std::string("It has its URL and has not fetched a file yet."); },
     [](const Facts& f) {
         return std::string(f.is_htek() ? "Wait: this vendor's phones may take up to five minutes."
                                        : "Wait: phones take up to a minute.");
     }},

    {[](const Facts& f) {
         return f.happened(Step::offered) && !f.fetched_since_offer() &&
                f.device.seen.stage <= Stage::offered;
     },
     [](const Facts&) { return std::string("It has its URL and never fetched a file."); },
     [](const Facts&) {
         return std::string(
             "Unplug it and plug it in again. Still nothing: check that the file server's "
             "TCP port (5480 unless changed) can be reached from the phone's "
             "network.");
     }},

    {[](const Facts& f) {
         return f.is_newer(Step::file_refused, {Step::file_served, Step::configured, Step::heard,
                                                Step::assigned, Step::approved}) &&
                f.device.seen.stage != Stage::registered && f.is_from_phone(Step::file_refused);
     },
     [](const Facts& f) {
         return fmt::format("Its last request was refused ({}).", f.detail(Step::file_refused));
     },
     after_refusal},

    {[](const Facts& f) {
         return f.is_newer(Step::file_missing,
                           {Step::file_served, Step::configured, Step::heard}) &&
                !f.is_newer(Step::file_served, {Step::heard}) &&
                f.device.seen.stage < Stage::configured &&
                f.since(Step::file_missing) >= f.fetch_time();
     },
     [](const Facts&) {
         return std::string("It asked only for files that its profile does not have.");
     },
     [](const Facts&) {
         return std::string("Is it recognised as the right vendor (pnp show device)? Its profile "
                            "needs a template for one of the names above.");
     }},

    {[](const Facts& f) {
         return f.device.seen.stage == Stage::fetching &&
                (f.is_newer(Step::file_served, {Step::configured})
                     ? f.since(Step::file_served) < restarts_within
                     : f.since(Step::file_missing) < restarts_within);
     },
     [](const Facts&) { return std::string("It fetches its files and restarts with them."); },
     [](const Facts&) { return std::string("Wait a few minutes."); }},

    {[](const Facts& f) { return f.device.seen.stage == Stage::fetching; },
     [](const Facts&) {
         return std::string("It got its file and never came back with the URL that stands in it, "
                            "so it probably did not accept the configuration.");
     },
     [](const Facts& f) {
         return fmt::format("Look at the file (pnp render {} FILENAME) and at the phone's own "
                            "page: is its server the steady URL? Then unplug it and plug it in "
                            "again.",
                            f.mac());
     }},

    {[](const Facts& f) {
         return f.device.seen.stage == Stage::configured &&
                f.is_newer(Step::register_refused,
                           {Step::registered, Step::heard, Step::configured, Step::file_served});
     },
     [](const Facts& f) {
         return fmt::format("It holds its configuration, and the PBX refuses to register it ({}).",
                            f.detail(Step::register_refused));
     },
     [](const Facts& f) {
         return fmt::format(
             "Was the password changed in the PBX after the phone got its file? Then: "
             "pnp resync {}. If not, compare the account in the phone with the PBX's "
             "(pnp render {} FILENAME).",
             f.mac(), f.mac());
     }},

    {[](const Facts& f) {
         return f.device.seen.stage == Stage::configured &&
                f.is_newer(Step::lost, {Step::registered, Step::heard, Step::configured});
     },
     [](const Facts&) {
         return std::string("It holds its configuration, and the PBX lost its registration.");
     },
     [](const Facts&) {
         return std::string("Is it plugged in, and does its network reach the PBX?");
     }},

    {[](const Facts& f) {
         return f.device.seen.stage == Stage::configured && f.sees_registrations &&
                f.since(Step::configured) >= restarts_within;
     },
     [](const Facts&) {
         return std::string("It holds its configuration and has not registered since.");
     },
     [](const Facts& f) {
         return fmt::format("Compare the PBX's log with its account (pnp render {} FILENAME): SIP "
                            "server, extension, password.",
                            f.mac());
     }},

    {[](const Facts& f) {
         return f.device.seen.stage == Stage::configured && f.sees_registrations;
     },
     [](const Facts&) {
         return std::string("It holds its configuration, and has yet to register.");
     },
     [](const Facts&) { return std::string("Wait: it restarts with its configuration first."); }},

    {[](const Facts& f) { return f.device.seen.stage == Stage::configured; },
     [](const Facts&) {
         return std::string("It holds its configuration: all is done here. Whether it registers "
                            "is for the PBX to say.");
     },
     nothing},

    {[](const Facts& f) { return f.device.seen.stage == Stage::registered; },
     [](const Facts& f) {
         return fmt::format("All is well: it is registered with {}.", listed(f.device.lines));
     },
     nothing},

    {[](const Facts&) { return true; },
     [](const Facts& f) {
         return fmt::format("It is approved, was last heard {}, and got no URL since.",
                            ago(f.device.seen.last, f.now));
     },
     [](const Facts& f) {
         return fmt::format(
             "{} If `pnp show device {}` knows no profile for it, it gets a URL only "
             "by an offer_url.",
             replug, f.mac());
     }},
};

} // namespace

Story explain(const inventory::Device& device,
              const std::vector<Event>& timeline,
              bool served_elsewhere,
              const Around& around) {
    Story story;
    story.lines.reserve(timeline.size());
    for (const Event& event : timeline) {
        story.lines.push_back(told(event, around.now));
    }
    const Facts facts{device,           timeline,
                      served_elsewhere, around.holds_since,
                      around.now,       around.sees_registrations};
    const auto* const rule = std::find_if(std::begin(rules), std::end(rules),
                                          [&](const Rule& r) { return r.holds(facts); });
    story.now = rule->now(facts);
    story.next = rule->next(facts);
    return story;
}

} // namespace admin
