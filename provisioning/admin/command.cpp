// SPDX-License-Identifier: MIT
// The table of commands, and what all of them share: finding one, reading a MAC, replying.
#include "provisioning/admin/command.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace admin {
namespace {

constexpr Option add_options[] = {
    {"--name", "N", "the name that phones show"},
    {"--password-stdin", "", "take the password from standard input instead of making one"},
    {"--password", "P", "the password itself; it stays in the shell's history"},
};
constexpr Option import_options[] = {
    {"--dry-run", "", "say what would change and change nothing"},
};
constexpr Option export_options[] = {
    {"--host", "ADDRESS", "the address of ours that phones ask; by default the only one served"},
    {"--replace", "", "replace files that are there with another content"},
};
constexpr Option render_options[] = {
    {"--reveal", "", "show the passwords too; without it they read ********"},
};
constexpr Option resync_options[] = {
    {"--reboot", "", "make the phone restart first"},
    {"--rate", "N", "of several phones: how many are told in a minute, 30 by default"},
    {"--dry-run", "", "of several: say who would be told and do nothing"},
    {"--force", "", "of several: in a call too; otherwise a phone is told afterwards"},
};
constexpr Option resync_all_options[] = {
    {"--rate", "N", "how many are told in a minute, 30 by default"},
    {"--dry-run", "", "say who would be told and do nothing"},
    {"--force", "", "in a call too; otherwise a phone is told afterwards"},
    {"--reboot", "", "make the phones restart first"},
    {"--vendor", "NAME", "only phones of this vendor, such as htek"},
    {"--model", "MODEL", "only this model; a * at the end takes any rest"},
    {"--network", "NETWORK", "only phones there, such as 10.1.2.0/24"},
};

constexpr Option rotate_options[] = {
    {"--all", "", "of every approved phone"},
};
constexpr Option enrol_options[] = {
    {"--rule", "NAME", "a [rule NAME] of pnp.conf instead of plain approval"},
    {"--from", "NETWORK", "only phones there, such as 10.1.2.0/24"},
};

constexpr Option expected_options[] = {
    {"--from", "NETWORK", "only if it asks from there, such as 10.1.2.0/24"},
};

constexpr Option dialplan_options[] = {
    {"--vendor", "VENDOR", "of these phones alone: htek, openstage or panasonic"},
    {"--block", "", "as with dial_unmatched = block"},
    {"--try", "NUMBER,…", "say what the phone and the PBX make of these"},
};
constexpr Option dhcp_options[] = {
    {"--host", "ADDRESS", "this address or host name instead of our own address"},
    {"--vlan", "ID", "the network that OpenStage phones are to move to, 1 to 4094"},
};
constexpr Option lease_options[] = {
    {"--vendor-class", "TEXT", "what the client says it is (DHCP option 60)"},
};

constexpr Command table[] = {
    {"status", "", "status", "Says what is served, and what is wrong.", {}, 0, {}, run_status},
    {"show",
     "devices",
     "show devices [STATE]",
     "Lists the phones; STATE is pending, approved, offered, fetching, configured, registered, "
     "blocked, silent (not heard for 24 hours) or heard.",
     {Place::state},
     0,
     {},
     run_show_devices},
    {"show",
     "device",
     "show device MAC",
     "Shows all that is known about one phone.",
     {Place::mac},
     1,
     {},
     run_show_device},
    {"explain",
     "",
     "explain MAC",
     "Tells what happened to a phone, what is missing and what to do.",
     {Place::mac},
     1,
     {},
     run_explain},
    {"extension",
     "add",
     "extension add NUMBER [--name N] [--password-stdin | --password P]",
     "Creates an extension, with a generated password of 20 characters unless one is given.",
     {Place::none},
     1,
     add_options,
     run_extension_add},
    {"extension",
     "remove",
     "extension remove NUMBER",
     "Removes an extension that no phone has on a line.",
     {Place::number},
     1,
     {},
     run_extension_remove},
    {"extension",
     "pin",
     "extension pin NUMBER [PIN | off]",
     "Sets the PIN with which people claim a phone for an extension by dialling; without one it is "
     "made, and shown this once.",
     {Place::number, Place::word},
     1,
     {},
     run_extension_pin},
    {"show",
     "extensions",
     "show extensions",
     "Lists our own extensions and those of the PBX, and the phones that have them.",
     {},
     0,
     {},
     run_show_extensions},
    {"guest",
     "",
     "guest MAC",
     "Gives a phone the account of a guest in place of its lines: somebody claims it by dialling.",
     {Place::mac},
     1,
     {},
     run_guest},
    {"unlock",
     "",
     "unlock MAC|NUMBER",
     "Takes PINs again of a phone or for an extension that wrong ones have locked.",
     {Place::mac},
     1,
     {},
     run_unlock},
    {"approve",
     "",
     "approve MAC",
     "Lets a phone have its configuration; it may be one that was never heard.",
     {Place::mac},
     1,
     {},
     run_approve},
    {"block",
     "",
     "block MAC",
     "Gives a phone nothing from now on.",
     {Place::mac},
     1,
     {},
     run_block},
    {"assign",
     "",
     "assign MAC EXT[,EXT...] | @POOL",
     "Puts extensions on a phone's lines, line 1 first, or the next free number of a pool of "
     "pnp.conf, and approves it.",
     {Place::mac, Place::numbers},
     2,
     {},
     run_assign},
    {"unassign",
     "",
     "unassign MAC",
     "Takes all lines off a phone.",
     {Place::mac},
     1,
     {},
     run_unassign},
    {"replace",
     "",
     "replace OLDMAC NEWMAC",
     "Gives a phone's lines to the one that takes its place, approves that, and blocks the old "
     "one.",
     {Place::mac, Place::mac},
     2,
     {},
     run_replace},
    {"swap",
     "",
     "swap MAC MAC",
     "Exchanges the lines of two phones, and tells both to fetch their files.",
     {Place::mac, Place::mac},
     2,
     {},
     run_swap},
    {"import",
     "",
     "import FILE.csv [--dry-run]",
     "Assigns what a CSV file with the columns mac, extensions, name says: all of it or nothing.",
     {Place::file},
     1,
     import_options,
     run_import},
    {"export",
     "audit",
     "export audit",
     "Writes all decisions that are kept, and who took them, as CSV.",
     {},
     0,
     {},
     run_export_audit},
    {"export",
     "tftp",
     "export tftp DIR [--host ADDRESS] [--replace]",
     "Writes what phones are given by TFTP into the folder of a server that runs already.",
     {Place::file},
     1,
     export_options,
     run_export_tftp},
    {"export",
     "sdcard",
     "export sdcard MAC DIR [--host ADDRESS] [--replace]",
     "Writes the file that tells a phone its URL onto a memory card, for it to import by hand.",
     {Place::mac, Place::file},
     2,
     export_options,
     run_export_sdcard},
    {"export", "", "export", "Writes the assignments as import reads them.", {}, 0, {}, run_export},
    {"render",
     "",
     "render MAC FILENAME [--reveal]",
     "Shows a file as the phone would get it now.",
     {Place::mac, Place::chain_file},
     1, // without a file name its reply lists them
     render_options,
     run_render},
    {"lint",
     "",
     "lint MAC | FILE",
     "Checks the files of a Panasonic phone against the rules of its guide.",
     {Place::mac},
     1,
     {},
     run_lint},
    {"show",
     "settings",
     "show settings MAC",
     "Lists what a Panasonic phone's files set, and which file says so.",
     {Place::mac},
     1,
     {},
     run_show_settings},
    {"resync",
     "all",
     "resync all [--rate N] [--dry-run] [--force] [--reboot] [--vendor NAME] [--model MODEL] "
     "[--network NETWORK]",
     "Asks all approved phones, or those picked, to fetch their configuration again: so many a "
     "minute, and none in a call.",
     {},
     0,
     resync_all_options,
     run_resync_all},
    {"resync",
     "stop",
     "resync stop",
     "Ends a resync of many phones: who was not told yet is not.",
     {},
     0,
     {},
     run_resync_stop},
    {"resync",
     "resume",
     "resync resume",
     "Goes on with a resync of many phones that was stopped.",
     {},
     0,
     {},
     run_resync_resume},
    // Behind those of two words: it takes what they leave.
    {"resync",
     "",
     "resync MAC... [--reboot]",
     "Asks a phone to fetch its configuration again; several one after the other, as resync all "
     "does.",
     {Place::mac},
     1,
     resync_options,
     run_resync,
     true},
    {"show",
     "resync",
     "show resync",
     "Says how far the last resync of many phones is, and what became of each.",
     {},
     0,
     {},
     run_show_resync},
    {"enrol",
     "start",
     "enrol start DURATION [--rule NAME] [--from NETWORK]",
     "Approves the phones that ask from now on, for a week at most.",
     {Place::none},
     1,
     enrol_options,
     run_enrol_start},
    {"enrol", "stop", "enrol stop", "Ends all enrolments.", {}, 0, {}, run_enrol_stop},
    // Behind those of two words: it takes what they leave.
    {"enrol",
     "",
     "enrol MAC DURATION [--from NETWORK]",
     "Expects one phone: it is approved if it asks within that time, and an OpenStage that no "
     "neighbour table shows is given its passwords, once.",
     {Place::mac, Place::none},
     2,
     expected_options,
     run_enrol},
    {"show",
     "enrolments",
     "show enrolments",
     "Lists the enrolments that are open.",
     {},
     0,
     {},
     run_show_enrolments},
    {"show",
     "rules",
     "show rules",
     "Lists the [rule NAME] sections of pnp.conf, how many phones each approved, and why it waits.",
     {},
     0,
     {},
     run_show_rules},
    {"show",
     "pools",
     "show pools",
     "Lists the pools of pnp.conf: how many of their numbers are free, and which comes next.",
     {},
     0,
     {},
     run_show_pools},
    {"rotate",
     "",
     "rotate MAC | --all",
     "Gives a phone, or every approved one, a new token; the one before is valid until the new one "
     "is used.",
     {Place::mac},
     0,
     rotate_options,
     run_rotate},
    {"show",
     "tokens",
     "show tokens",
     "Lists which phones use their newest token; never a token itself.",
     {},
     0,
     {},
     run_show_tokens},
    {"show",
     "penalties",
     "show penalties",
     "Lists who asked in vain too often, and is slowed or shut out.",
     {},
     0,
     {},
     run_show_penalties},
    {"show",
     "firmware",
     "show firmware",
     "Lists the firmware that phones shall have, and how many have it, fetch it, wait or failed.",
     {},
     0,
     {},
     run_show_firmware},
    {"show",
     "jobs",
     "show jobs [MAC]",
     "Lists what OpenStage phones are to do when they call, why it waits, and what came of it.",
     {Place::mac},
     0,
     {},
     run_show_jobs},
    {"show",
     "items",
     "show items MAC",
     "Lists what an OpenStage phone said that it has, and what it should have where that differs.",
     {Place::mac},
     1,
     {},
     run_show_items},
    {"job",
     "read",
     "job read MAC [ITEM[,ITEM...]]",
     "Asks an OpenStage phone what it has: these items, such as e164,key-label.3, or all.",
     {Place::mac, Place::item},
     1,
     {},
     run_job_read},
    {"job",
     "write",
     "job write MAC ITEM[.INDEX]=VALUE ...",
     "Sets items on an OpenStage phone; never passwords, and what the site sets is taken back.",
     {Place::mac, Place::item_value},
     2,
     {},
     run_job_write,
     true},
    {"job",
     "restart",
     "job restart MAC",
     "Restarts an OpenStage phone.",
     {Place::mac},
     1,
     {},
     run_job_restart},
    {"job",
     "reset",
     "job reset MAC",
     "Sets an OpenStage phone back to the factory's settings, where wpi_factory_reset allows it.",
     {Place::mac},
     1,
     {},
     run_job_reset},
    {"job",
     "deploy",
     "job deploy MAC FILE TYPE [VERSION]",
     "Has an OpenStage phone fetch a file of the folder `firmware`; TYPE is RINGTONE, LOGO, "
     "SCREENSAVER, MOH, PIC, LDAP or, for firmware of that VERSION, APP.",
     {Place::mac, Place::phone_file, Place::file_type, Place::word},
     3,
     {},
     run_job_deploy},
    {"job",
     "cancel",
     "job cancel ID",
     "Takes a job back that waits.",
     {Place::job},
     1,
     {},
     run_job_cancel},
    {"probe",
     "",
     "probe",
     "Asks the network as a phone that does not exist, and lists who else answers phones.",
     {},
     0,
     {},
     run_probe},
    {"dialplan",
     "",
     "dialplan CONTEXT [--vendor VENDOR] [--block] [--try NUMBER,…]",
     "Shows what phones whose calls start in this context of the PBX are told of its numbers, and "
     "what they are not.",
     {Place::word},
     1,
     dialplan_options,
     run_dialplan},
    {"dhcp",
     "",
     "dhcp dnsmasq|kea|isc|hex [--host ADDRESS] [--vlan ID]",
     "Prints the configuration of a DHCP server for phones that learn from it where we are; hex "
     "prints the options as bytes, for any other server.",
     {Place::dhcp_server},
     1,
     dhcp_options,
     run_dhcp},
    {"dhcp-event",
     "",
     "dhcp-event add|old|del MAC ADDRESS [HOSTNAME] [--vendor-class TEXT]",
     "Takes a DHCP server's word that a phone got an address or lost it; never approves one.",
     {Place::lease_action, Place::mac, Place::word, Place::word},
     3,
     lease_options,
     run_dhcp_event},
    {"reload",
     "",
     "reload",
     "Reads the configuration and the vendors' templates again.",
     {},
     0,
     {},
     run_reload},
    {"show",
     "audit",
     "show audit",
     "Lists the last 50 decisions, and who took them.",
     {},
     0,
     {},
     run_show_audit},
    {"show",
     "certificate",
     "show certificate",
     "Shows the certificate of HTTPS: whose it is, its fingerprint, until when, for which "
     "addresses.",
     {},
     0,
     {},
     run_show_certificate},
    {"show",
     "ca",
     "show ca",
     "Prints the certificate of our CA, to be installed on phones that check certificates.",
     {},
     0,
     {},
     run_show_ca},
    {"help",
     "",
     "help [COMMAND]",
     "Lists the commands, or explains one.",
     {Place::command, Place::command},
     0,
     {},
     run_help},
    {"version", "", "version", "Names the version.", {}, 0, {}, run_version},
};

bool is_hex(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

} // namespace

std::string Command::name() const {
    return second.empty() ? std::string(word) : fmt::format("{} {}", word, second);
}

std::size_t Command::most_places() const noexcept {
    // The place of a number that is new is none: it can be filled, and nothing completes it.
    const auto filled = static_cast<std::size_t>(
        std::count_if(places.begin(), places.end(), [](Place p) { return p != Place::none; }));
    return std::max(filled, required);
}

std::span<const Command> commands() noexcept {
    return table;
}

base::Result<Found> find_command(std::span<const std::string> words) {
    if (words.empty()) {
        return base::fail(base::Errc::malformed, "no command; `pnp help` lists them");
    }
    std::vector<std::string_view> firsts;
    std::vector<std::string_view> seconds;
    for (const Command& command : table) {
        if (command.word == words[0]) {
            if (command.second.empty()) {
                return Found{&command, 1};
            }
            if (words.size() > 1 && command.second == words[1]) {
                return Found{&command, 2};
            }
            seconds.push_back(command.second);
        }
        firsts.push_back(command.word);
    }
    const std::string typed = base::printable(words[0], 40);
    if (!seconds.empty()) {
        if (words.size() == 1) {
            return base::fail(base::Errc::malformed, "'{}' what? One of: {}", typed,
                              fmt::join(seconds, ", "));
        }
        const auto meant = base::nearest(words[1], seconds);
        return base::fail(base::Errc::malformed, "'{} {}' is no command{}", typed,
                          base::printable(words[1], 40),
                          meant ? fmt::format("; did you mean '{} {}'?", typed, *meant)
                                : fmt::format("; one of: {}", fmt::join(seconds, ", ")));
    }
    const std::string hint = did_you_mean(words[0], firsts);
    return base::fail(base::Errc::malformed, "'{}' is no command{}", typed,
                      hint.empty() ? "; `pnp help` lists them" : hint);
}

Reply done(std::string text, base::Json json) {
    return {0, std::move(text), std::move(json)};
}

Reply refused(std::string text) {
    base::Json json = base::Json::object({{"error", text}});
    return {1, std::move(text) + "\n", std::move(json)};
}

Reply refused(const base::Error& error) {
    return refused(error.what);
}

Reply misunderstood(std::string text) {
    Reply reply = refused(std::move(text));
    reply.status = 2;
    return reply;
}

base::Result<base::Mac> read_mac(std::string_view text) {
    if (const auto mac = base::Mac::parse(base::trim(text))) {
        if ((mac->bytes()[0] & 1U) != 0) {
            return base::fail(base::Errc::malformed,
                              "'{}' is the address of a group, which no phone has",
                              base::printable(text, 40));
        }
        return *mac;
    }
    const auto digits = std::count_if(text.begin(), text.end(), is_hex);
    const bool only_digits = std::all_of(text.begin(), text.end(), [](char c) {
        return is_hex(c) || c == ':' || c == '-' || c == '.';
    });
    const std::string shown = base::printable(text, 40);
    if (only_digits && digits != 12) {
        return base::fail(base::Errc::malformed,
                          "'{}' is no MAC address: it has {} hex digits, and a MAC has 12", shown,
                          digits);
    }
    if (only_digits) {
        return base::fail(base::Errc::malformed,
                          "'{}' is no phone's MAC address; write it like 001fc1000001 or "
                          "00:1f:c1:00:00:01",
                          shown);
    }
    return base::fail(base::Errc::malformed,
                      "'{}' is no MAC address; write 12 hex digits, 001fc1000001 or "
                      "00:1f:c1:00:00:01",
                      shown);
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
    const auto meant = base::nearest(word, candidates);
    return meant ? fmt::format("; did you mean '{}'?", *meant) : std::string();
}

const profile::Vendor*
vendor_of(const profile::Catalogue* catalogue, base::Mac mac, const inventory::Device* device) {
    if (catalogue == nullptr) {
        return nullptr;
    }
    profile::Signature phone{mac, {}, {}};
    if (device != nullptr) {
        phone.event_vendor = device->seen.vendor;
        // Phones of the Workpoint Interface say no more than a model, which starts like the name.
        phone.user_agent = device->seen.user_agent.empty() ? std::string_view(device->seen.model)
                                                           : device->seen.user_agent;
    }
    const auto* found = catalogue->recognise(phone);
    if (found != nullptr || phone.event_vendor.empty()) {
        return found;
    }
    // Of a phone that only a lease told of, no more than its vendor's title may be known.
    const auto all = catalogue->vendors();
    const auto titled = std::find_if(all.begin(), all.end(), [&](const profile::Vendor* vendor) {
        return vendor->title == phone.event_vendor;
    });
    return titled == all.end() ? nullptr : *titled;
}

std::size_t
most_lines(const profile::Catalogue* catalogue, base::Mac mac, const inventory::Device* device) {
    constexpr std::size_t unknown = 16;
    const profile::Vendor* vendor = vendor_of(catalogue, mac, device);
    return vendor != nullptr ? vendor->max_lines : unknown;
}

} // namespace admin
