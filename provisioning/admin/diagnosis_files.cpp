// SPDX-License-Identifier: MIT
// Phones that ask for files, and do not come to hold their configuration.
#include "provisioning/admin/diagnosis.hpp"
#include "provisioning/admin/file_warning.hpp"
#include "provisioning/admin/tell.hpp"

#include <fmt/format.h>

namespace admin {
namespace {

using inventory::Stage;
using inventory::Step;

constexpr base::UnixMs restarts_within = 10 * minute; // with the new file, and is back by then

/// Its own request was refused, and nothing better happened since.
bool was_refused(const Facts& f, Step step) {
    return f.is_newer(step, {Step::file_served, Step::configured, Step::heard, Step::assigned,
                             Step::approved}) &&
           !f.is_registered() && f.is_from_phone(step);
}

/// Also of a phone that is registered, with what it had before.
bool is_without_its_file(const Facts& f) {
    return f.is_newer(Step::file_refused, {Step::file_served, Step::configured, Step::heard,
                                           Step::assigned, Step::approved}) &&
           f.is_from_phone(Step::file_refused) &&
           f.detail_has(Step::file_refused, "cannot be made");
}

bool is_refused_for(const Facts& f, std::string_view word) {
    return was_refused(f, Step::file_refused) && f.detail_has(Step::file_refused, word);
}

std::string refusal(const Facts& f) {
    return fmt::format("Its last request was refused ({}).", f.detail(Step::file_refused));
}

std::string ask_again(const Facts& f) {
    if (f.starts_by_tftp()) {
        return fmt::format("A {} phone comes for a fresh URL only while it has no configuration: "
                           "reset it to its factory settings.",
                           f.around.vendor->title);
    }
    return fmt::format("{} It then gets a fresh URL.", replug);
}

constexpr Rule files_rules[] = {
    {[](const Facts& f) {
         return f.starts_by_tftp() && f.detail_has(Step::file_refused, "asked by tftp for") &&
                f.is_newer(Step::file_refused, {Step::guest_served, Step::boot_served,
                                                Step::file_served, Step::configured, Step::heard});
     },
     refusal,
     [](const Facts& f) {
         return fmt::format("Is it another model, or another maker's phone? {} is the only file "
                            "that phones are given by TFTP.",
                            f.around.vendor->tftp_file);
     }},

    {[](const Facts& f) { return was_refused(f, Step::token_refused); },
     [](const Facts& f) {
         const std::string why = f.detail(Step::token_refused);
         return fmt::format("It asks with a URL that is not valid (any more){}.",
                            why.empty() ? "" : ": " + why);
     },
     ask_again},

    {[](const Facts& f) { return is_refused_for(f, "https:"); },
     [](const Facts& f) {
         return fmt::format("It came by HTTPS and went away ({}).", f.detail(Step::file_refused));
     },
     [](const Facts&) {
         return std::string("Does the phone have our CA (pnp show ca), and is its clock right (a "
                            "certificate is not valid before its day)? A phone that cannot learn a "
                            "CA: scheme = http in a [profile] section, then: "
                            "pnp reload. Then unplug it and plug it in again.");
     }},

    {[](const Facts& f) {
         return is_refused_for(f, "cannot be made") && is_refused_for(f, "is extension");
     },
     [](const Facts& f) {
         return fmt::format("It was answered with 404, because {}.", f.detail(Step::file_refused));
     },
     [](const Facts& f) {
         return fmt::format("{} Then: {}",
                            renewal(f.device, f.detail(Step::file_refused))
                                .value_or("Its extensions are others by now."),
                            replug);
     }},

    {is_without_its_file,
     [](const Facts& f) {
         const auto why = f.detail(Step::file_refused);
         return f.is_registered()
                    ? fmt::format("It is registered with {}, and was answered with 404 when it "
                                  "asked again, because {}.",
                                  listed(f.device.lines), why)
                    : fmt::format("It was answered with 404, because {}.", why);
     },
     [](const Facts& f) {
         return fmt::format("pnp render {} {} shows the same. Correct the template or the "
                            "value it names, then: pnp reload. The phone comes again when it is "
                            "unplugged and plugged in.",
                            f.mac(), f.file());
     }},

    {[](const Facts& f) { return is_refused_for(f, "approve it again"); },
     [](const Facts& f) {
         return fmt::format("It used up its {} files without a token, which are for one approval, "
                            "and never came back with the URL that stands in them.",
                            f.device.boots);
     },
     [](const Facts& f) {
         return fmt::format(
             "Does the phone's own page show that URL as its provisioning server, or "
             "does DHCP (option 66) set the other one again and again? Correct that. "
             "Then: pnp approve {}, and restart the phone.",
             f.mac());
     }},

    {[](const Facts& f) { return is_refused_for(f, "first file could not be made"); }, refusal,
     [](const Facts&) {
         return std::string("Correct the template or the value it names, then: pnp reload. It gets "
                            "a file that makes it ask again, and comes by itself.");
     }},

    {[](const Facts& f) { return is_refused_for(f, "token"); }, refusal, ask_again},

    {[](const Facts& f) { return is_refused_for(f, "extension"); }, refusal,
     [](const Facts& f) {
         return fmt::format("Give it an extension that exists: pnp assign {} EXT", f.mac());
     }},

    {[](const Facts& f) {
         return is_refused_for(f, "profile") || is_refused_for(f, "vendor") ||
                is_refused_for(f, "template");
     },
     refusal,
     [](const Facts&) {
         return std::string("See what `pnp reload` and the log say of its vendor's profile.");
     }},

    {[](const Facts& f) { return was_refused(f, Step::file_refused); }, refusal,
     [](const Facts& f) {
         return fmt::format("See its file with: pnp render {} {}. Then: {}", f.mac(), f.file(),
                            replug);
     }},

    {[](const Facts& f) {
         return f.is_newer(Step::boot_served, {Step::file_served, Step::configured, Step::heard}) &&
                f.device.seen.stage < Stage::configured &&
                f.since(Step::boot_served) < 2 * f.fetch_time(); // a Panasonic is told a minute
     },
     [](const Facts&) {
         return std::string("It got a file without secrets that names its own URL, and has yet to "
                            "come with it.");
     },
     [](const Facts&) { return std::string("Wait: phones take some minutes."); }},

    {[](const Facts& f) {
         return f.is_newer(Step::boot_served, {Step::file_served, Step::configured, Step::heard}) &&
                f.device.seen.stage < Stage::configured;
     },
     [](const Facts& f) {
         return fmt::format("It got a file without secrets that names its own URL ({} of 3 for one "
                            "approval), and never came back with that URL.",
                            f.device.boots);
     },
     [](const Facts& f) {
         return fmt::format("Does the phone's own page show that URL as its provisioning server? "
                            "Then restart it. It may ask three times more after: pnp approve {}",
                            f.mac());
     }},

    {[](const Facts& f) {
         return f.is_newer(Step::file_missing,
                           {Step::file_served, Step::configured, Step::heard}) &&
                !f.is_newer(Step::file_served, {Step::heard}) &&
                f.device.seen.stage < Stage::configured &&
                f.since(Step::file_missing) >= f.fetch_time();
     },
     [](const Facts&) {
         return std::string("It asked only for files that its profile does not have (404).");
     },
     [](const Facts& f) {
         return fmt::format("Does `pnp show device {}` show the right vendor and model? Then its "
                            "profile needs a template for one of the names below: vendors/VENDOR/"
                            "profile.conf, then: pnp reload",
                            f.mac());
     }},

    {[](const Facts& f) {
         return f.device.seen.stage == Stage::fetching &&
                f.is_newer(Step::file_served, {Step::configured}) &&
                f.detail_has(Step::file_served, "steady url") &&
                f.since(Step::file_served) >= f.fetch_time();
     },
     [](const Facts&) {
         return std::string("It has its URL, and did not come for all of its files: its lines "
                            "stand in the last one.");
     },
     [](const Facts& f) {
         return fmt::format("Unplug it and plug it in again. Still so: is the file that it got the "
                            "one it should have (pnp render {} {})?",
                            f.mac(), f.file());
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
         return fmt::format("Look at the file (pnp render {} {}) and at the phone's own "
                            "page: is its server the steady URL? Then unplug it and plug it in "
                            "again.",
                            f.mac(), f.file());
     }},
};

} // namespace

std::span<const Rule> rules_of_files() {
    return files_rules;
}

} // namespace admin
