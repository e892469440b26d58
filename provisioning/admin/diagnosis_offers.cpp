// SPDX-License-Identifier: MIT
// Phones that asked, and did not get their URL or did nothing with it.
#include "provisioning/admin/diagnosis.hpp"

#include <fmt/format.h>

namespace admin {
namespace {

using inventory::Stage;
using inventory::Step;

constexpr base::UnixMs answers_within = 35 * second; // RFC 3261 17.1.2.2: timer F, and a little

constexpr Rule offers_rules[] = {
    {[](const Facts& f) {
         return f.is_newer(Step::resync_failed, {Step::resync_answered, Step::heard,
                                                 Step::configured, Step::registered}) &&
                (f.detail_has(Step::resync_failed, "401") ||
                 f.detail_has(Step::resync_failed, "407"));
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
         return f.is_newer(Step::rival_heard, {Step::file_served, Step::file_missing,
                                               Step::configured, Step::registered}) &&
                f.device.seen.stage < Stage::configured;
     },
     [](const Facts& f) {
         return fmt::format("Another server answered it too ({}), and the first answer wins: it "
                            "went there.",
                            f.detail(Step::rival_heard).empty() ? f.address(Step::rival_heard)
                                                                : f.detail(Step::rival_heard));
     },
     [](const Facts&) {
         return std::string("Switch plug and play off in the other server (another PBX, a vendor's "
                            "tool, a second pnpd), or move it or the phone to another VLAN. If the "
                            "phone took a configuration there, reset it to its factory settings. "
                            "Then unplug it and plug it in again.");
     }},

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
         return f.only_offered() && !f.is_newer(Step::notify_accepted, {Step::offered}) &&
                f.since(Step::offered) < answers_within;
     },
     [](const Facts&) { return std::string("Its URL is on the way."); },
     [](const Facts&) { return std::string("Wait a moment."); }},

    {[](const Facts& f) { return f.only_offered() && f.since(Step::offered) < f.fetch_time(); },
     [](const Facts&) { return std::string("It has its URL and has not fetched a file yet."); },
     [](const Facts& f) {
         return std::string(f.is_htek() ? "Wait: this vendor's phones may take up to five minutes."
                                        : "Wait: phones take up to a minute.");
     }},

    {[](const Facts& f) { return f.only_offered(); },
     [](const Facts&) { return std::string("It has its URL and never fetched a file."); },
     [](const Facts&) {
         return std::string(
             "Unplug it and plug it in again. Still nothing: can the file server's TCP port (5480 "
             "unless changed) be reached from the phone's network, and does the phone get its "
             "files from elsewhere (DHCP option 66, a provisioning server that was set in it)?");
     }},
};

} // namespace

std::span<const Rule> rules_of_offers() {
    return offers_rules;
}

} // namespace admin
