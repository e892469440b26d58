// SPDX-License-Identifier: MIT
// Phones that hold their configuration, and whether the PBX knows them.
#include "provisioning/admin/diagnosis.hpp"
#include "provisioning/admin/tell.hpp"

#include <fmt/format.h>

namespace admin {
namespace {

using inventory::Step;

constexpr Rule registration_rules[] = {
    {[](const Facts& f) {
         return is_configured(f) &&
                f.is_newer(Step::register_refused,
                           {Step::registered, Step::heard, Step::configured, Step::file_served});
     },
     [](const Facts& f) {
         return fmt::format("It holds its configuration, and the PBX refuses to register it ({}).",
                            f.detail(Step::register_refused));
     },
     [](const Facts& f) {
         return fmt::format(
             "pnp resync {}: if the password was changed in the PBX after the phone got its file, "
             "that brings the new one. If not, compare the account in the phone with the PBX's: "
             "pnp render {} {} --reveal",
             f.mac(), f.mac(), f.file());
     }},

    {[](const Facts& f) {
         return is_configured(f) &&
                f.is_newer(Step::lost, {Step::registered, Step::heard, Step::configured});
     },
     [](const Facts&) {
         return std::string("It holds its configuration, and the PBX lost its registration.");
     },
     [](const Facts&) {
         return std::string("Is it plugged in, and does its network reach the PBX?");
     }},

    {[](const Facts& f) {
         return is_configured(f) && f.around.sees_registrations &&
                f.since(Step::configured) >= registers_within;
     },
     [](const Facts&) {
         return std::string("It holds its configuration and has not registered since.");
     },
     [](const Facts& f) {
         return fmt::format("Compare the PBX's log with its account (pnp render {} {}): SIP "
                            "server, extension, password.",
                            f.mac(), f.file());
     }},

    {[](const Facts& f) { return is_configured(f) && f.around.sees_registrations; },
     [](const Facts&) {
         return std::string("It holds its configuration, and has yet to register.");
     },
     [](const Facts&) { return std::string("Wait: it restarts with its configuration first."); }},

    {is_configured,
     [](const Facts&) {
         return std::string("It holds its configuration: all is done here. Whether it registers "
                            "is for the PBX to say.");
     },
     nothing},

    {[](const Facts& f) { return f.is_registered(); },
     [](const Facts& f) {
         return fmt::format("All is well: it is registered with {}.", listed(f.device.lines));
     },
     nothing},

    {[](const Facts& f) { return f.asks_again(); },
     [](const Facts& f) {
         return fmt::format("It is approved, and got a file without secrets {} that makes it ask "
                            "again.",
                            ago(f.around.now - f.since(Step::guest_served), f.around.now));
     },
     [](const Facts& f) {
         return fmt::format(
             "Wait: it comes by itself for its URL{}. Later than that: restart it.",
             f.around.vendor == nullptr
                 ? std::string(" within a quarter of an hour")
                 : fmt::format(" within {} minutes", f.around.vendor->guest_interval.count()));
     }},

    {[](const Facts&) { return true; },
     [](const Facts& f) {
         return fmt::format("It is approved, was last heard {}, and got no URL since.",
                            ago(f.device.seen.last, f.around.now));
     },
     [](const Facts& f) {
         return fmt::format(
             "{} If `pnp show device {}` knows no profile for it, it gets a URL only "
             "by an offer_url.",
             replug, f.mac());
     }},
};

} // namespace

std::span<const Rule> rules_of_registration() {
    return registration_rules;
}

} // namespace admin
