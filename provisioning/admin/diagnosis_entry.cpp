// SPDX-License-Identifier: MIT
// Phones that are not known, not heard, not allowed, or perhaps not who they say.
#include "provisioning/admin/diagnosis.hpp"
#include "provisioning/admin/tell.hpp"

#include <fmt/format.h>

namespace admin {
namespace {

using inventory::Approval;
using inventory::Step;

/// More than two machines of one network differ, and more than a leap of NTP.
constexpr base::UnixMs odd = 5 * minute;

std::string day_and_time(base::UnixMs at) {
    return local_time(at, at + minute * 60 * 48); // as of something older than a day
}

/// What has to be right for the first file of a phone that asks a TFTP server.
std::string tftp_advice(const Facts& f) {
    const auto& vendor = *f.around.vendor;
    const auto& at = f.around.tftp;
    std::vector<std::string> places;
    for (const auto& place : at.value_or(std::vector<base::Endpoint>())) {
        places.push_back(place.str());
    }
    return fmt::format(
        "A {0} phone asks a TFTP server for {1} when it starts, and only while it has no "
        "configuration; one that had any has to be reset to its factory settings. The server's "
        "address is option 66 of DHCP (`pnp dhcp dnsmasq` prints what to configure there). {2}",
        vendor.title, vendor.tftp_file,
        !at ? fmt::format("TFTP is off here: write tftp = on into pnp.conf, then: pnp reload; or "
                          "give {} to another server (`pnp export tftp DIR`).",
                          vendor.tftp_file)
        : places.empty()
            ? std::string("TFTP is on here and not served: `pnp status` says why.")
            : fmt::format("TFTP is on here ({}): does a firewall keep that UDP port away from it?",
                          listed(places)));
}

constexpr std::string_view by_tls = "HTTPS: ";

/// What it was refused is the last that is known of it, and it had no other way to ask.
bool is_refused_caller(const Facts& f) {
    return (f.is_caller() || !f.device.was_heard()) && !f.is_registered() &&
           f.is_newer(Step::file_refused,
                      {Step::heard, Step::called, Step::file_served, Step::registered});
}

constexpr Rule entry_rules[] = {
    {[](const Facts& f) { return f.device.approval == Approval::blocked; },
     [](const Facts&) { return std::string("It is blocked and gets nothing."); },
     [](const Facts& f) {
         return fmt::format("pnp approve {}, then unplug the phone and plug it in again.", f.mac());
     }},

    {[](const Facts& f) {
         return !f.timeline.empty() && f.timeline.back().last > f.around.now + odd &&
                !f.is_registered();
     },
     [](const Facts& f) {
         return fmt::format("The clock of this machine was set back: the newest step of this phone "
                            "is of {}, and now it is {}.",
                            day_and_time(f.timeline.back().last), day_and_time(f.around.now));
     },
     [](const Facts&) {
         return std::string(
             "Set the clock right (timedatectl set-ntp true; timedatectl shows it). Tokens and "
             "certificates live by it: a phone refuses a certificate of the future. Then unplug "
             "the phone and plug it in again.");
     }},

    {[](const Facts& f) {
         return f.is_newer(Step::heard_outside,
                           {Step::heard, Step::file_served, Step::configured, Step::registered});
     },
     [](const Facts& f) {
         return fmt::format("It asked from {}, an address of another network ({}), so it cannot be "
                            "answered.",
                            f.address(Step::heard_outside), f.detail(Step::heard_outside));
     },
     [](const Facts&) {
         return std::string(
             "Let the phone take its address by DHCP, or correct the address that was set in it "
             "by hand; is there a second DHCP server? `pnp status` shows the networks that are "
             "served. Then unplug it and plug it in again.");
     }},

    {[](const Facts& f) { return f.device.claim == inventory::Claim::contested; },
     [](const Facts& f) {
         const auto* refused = f.last(Step::claim_refused);
         return refused == nullptr
                    ? std::string("Two phones claim this MAC, so it gets nothing new.")
                    : fmt::format("Two phones claim this MAC, so it gets nothing new: one asked "
                                  "from {}{}.",
                                  f.address(Step::claim_refused),
                                  refused->detail.empty()
                                      ? ""
                                      : " (" + f.detail(Step::claim_refused) + ")");
     },
     [](const Facts& f) {
         return fmt::format("Find the phone that has this MAC on its label, and unplug the other "
                            "one. Then: pnp approve {}, and unplug the right one and plug it in "
                            "again.",
                            f.mac());
     }},

    {[](const Facts& f) {
         return f.is_newer(Step::url_shared, {Step::rotated, Step::approved, Step::heard});
     },
     [](const Facts& f) {
         const std::string who = f.detail(Step::url_shared);
         return fmt::format("Its own URL is used from two addresses: {}{}.",
                            f.address(Step::url_shared), who.empty() ? "" : ", " + who);
     },
     [](const Facts& f) {
         return fmt::format("Did the phone just get another address? Then all is well. If not, "
                            "somebody read its URL: pnp rotate {} gives it a new one, and a new "
                            "password in the PBX is due as well.",
                            f.mac());
     }},

    {[](const Facts& f) {
         return !f.is_registered() && f.is_newer(Step::neighbour_mismatch,
                                                 {Step::offered, Step::called, Step::file_served,
                                                  Step::configured, Step::registered});
     },
     [](const Facts& f) {
         return fmt::format("Another device answers at {} ({}), so it was refused.",
                            f.address(Step::neighbour_mismatch),
                            until_semicolon(f.detail(Step::neighbour_mismatch)));
     },
     [](const Facts& f) {
         return fmt::format("Is the address in use twice? Then correct that. Is there a router, a "
                            "VPN or an access point between the phone and this host that shows "
                            "its own MAC? Then write neighbour_allow = {} into pnp.conf, and: pnp "
                            "reload. Then unplug the phone and plug it in again.",
                            f.address(Step::neighbour_mismatch));
     }},

    {[](const Facts& f) {
         return !f.is_registered() &&
                f.is_newer(Step::limited, {Step::offered, Step::called, Step::file_served,
                                           Step::configured, Step::registered});
     },
     [](const Facts& f) {
         const std::string why = f.detail(Step::limited);
         return fmt::format("It is slowed down{}.", why.empty() ? "" : " (" + why + ")");
     },
     [](const Facts& f) {
         return fmt::format("Find out who asks so often at {} (`pnp show penalties`): a phone "
                            "that restarts again and again, or a scanner behind the same address. "
                            "Stop that, wait ten minutes, then unplug the phone and plug it in "
                            "again.",
                            f.address(Step::limited));
     }},

    {[](const Facts& f) {
         return is_refused_caller(f) && f.detail(Step::file_refused).starts_with(by_tls);
     },
     [](const Facts& f) {
         return fmt::format("It called, and TLS did not come about: {}.",
                            until_semicolon(f.detail(Step::file_refused).substr(by_tls.size())));
     },
     [](const Facts& f) {
         const auto why = f.detail(Step::file_refused);
         const auto remedy = why.find("; ");
         return fmt::format("{}. Then: pnp reload, and unplug the phone and plug it in again.",
                            remedy != std::string::npos ? why.substr(remedy + 2)
                                                        : "Look into the log for its address");
     }},

    {[](const Facts& f) {
         return is_refused_caller(f) && f.detail_has(Step::file_refused, "outside of the networks");
     },
     [](const Facts& f) {
         return fmt::format("It called from {} (or somebody in its name did), which is in no "
                            "network that is served here, so it was told nothing.",
                            f.address(Step::file_refused));
     },
     [](const Facts& f) {
         return fmt::format("Is it behind a router there? Then write allow = {}, or its network, "
                            "into pnp.conf, and: pnp reload. Then unplug the phone and plug it in "
                            "again.",
                            f.address(Step::file_refused));
     }},

    {[](const Facts& f) { return f.only_leased(); },
     [](const Facts& f) {
         return fmt::format("It got the address {} by DHCP {}, and asked for nothing since.",
                            f.address(Step::leased),
                            ago(f.around.now - f.since(Step::leased), f.around.now));
     },
     [](const Facts& f) {
         return fmt::format(
             "{}{}",
             f.has_files_to_get() && f.device.is_approved()
                 ? ""
                 : fmt::format("pnp assign {} EXT. ", f.mac()),
             f.is_caller() || f.may_be_caller() ? how_to_call(f)
             : f.starts_by_tftp()
                 ? tftp_advice(f)
                 : "A phone that starts by TFTP has to get option 66 from the DHCP server (`pnp "
                   "dhcp dnsmasq` prints its configuration); one that asks by multicast does so "
                   "when it starts: unplug it and plug it in again.");
     }},

    {[](const Facts& f) { return !f.device.was_heard(); },
     [](const Facts& f) {
         return f.device.lines.empty() ? std::string("It was never heard.")
                                       : fmt::format("It is prepared with {}, and was never heard.",
                                                     listed(f.device.lines));
     },
     [](const Facts& f) {
         if (f.starts_by_tftp()) {
             return tftp_advice(f);
         }
         if (f.is_caller()) {
             return how_to_call(f);
         }
         if (f.may_be_caller()) {
             return fmt::format("Its MAC is of the maker of OpenStage phones, which ask nobody by "
                                "multicast: they call. {}",
                                how_to_call(f));
         }
         return std::string(
             "Plug it in while `pnp status` shows its network as served. Still silent: is it in "
             "the same VLAN, does a switch filter multicast (IGMP snooping: 224.0.1.75 must reach "
             "this host), and is PnP on in the phone (Htek: Management > Setting > PnP Active = "
             "Yes)? And does the log say that it is not believed, because another MAC answers at "
             "its address?");
     }},

    {[](const Facts& f) {
         return !f.device.is_approved() && f.is_held() &&
                f.detail_has(Step::held, "cannot approve it");
     },
     [](const Facts& f) {
         return fmt::format("It asked {} and waits, because {}.",
                            ago(f.around.now - f.since(Step::held), f.around.now),
                            until_semicolon(f.detail(Step::held)));
     },
     [](const Facts& f) {
         return fmt::format("pnp extension add EXT, with a number that the rule gives away, or pnp "
                            "unassign a phone that is gone; or, whatever the rule says: pnp assign "
                            "{} EXT. It gets its URL at once.",
                            f.mac());
     }},

    {[](const Facts& f) { return !f.device.is_approved() && f.is_held(); },
     [](const Facts& f) {
         return fmt::format("It asked {} and waits for a decision.",
                            ago(f.around.now - f.since(Step::held), f.around.now));
     },
     [](const Facts& f) {
         return fmt::format("pnp assign {} EXT; it gets its URL at once.", f.mac());
     }},

    {[](const Facts& f) {
         return !f.device.is_approved() && f.is_newer(Step::guest_served, {Step::heard});
     },
     [](const Facts& f) {
         return fmt::format("It got a file without secrets {}, asks again by itself, and waits for "
                            "a decision.",
                            ago(f.around.now - f.since(Step::guest_served), f.around.now));
     },
     [](const Facts& f) {
         return fmt::format("pnp assign {} EXT; it comes by itself for its file.", f.mac());
     }},

    {[](const Facts& f) { return !f.device.is_approved(); },
     [](const Facts& f) {
         return fmt::format("It was last heard {}, and nobody decided on it.",
                            ago(f.device.seen.last, f.around.now));
     },
     [](const Facts& f) {
         return fmt::format("pnp assign {} EXT, then unplug the phone and plug it in again.",
                            f.mac());
     }},

    {[](const Facts& f) { return !f.has_files_to_get(); },
     [](const Facts&) {
         return std::string("It is approved and has no extension, so it is held.");
     },
     [](const Facts& f) { return fmt::format("pnp assign {} EXT", f.mac()); }},
};

} // namespace

std::span<const Rule> rules_of_entry() {
    return entry_rules;
}

} // namespace admin
