// SPDX-License-Identifier: MIT
#include "module/option_table.hpp"

#include "module/option_values.hpp"
#include "provisioning/base/text.hpp"

namespace engine {

using base::Status;

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds year = std::chrono::hours(24 * 366);
constexpr std::uint64_t top_port = 65535;

} // namespace

const std::vector<Row>& option_rows() {
    static const std::vector<Row> table = {
        {{"general", "interfaces", "auto | NAME, …", "auto",
          "Where phones are served: auto takes each interface with a private or link-local "
          "address; a name or an address takes just that one, a public one too."},
         [](Target t, std::string_view v) { return set_interfaces(t.settings.interfaces, v); }},
        {{"general", "unknown_phone", "hold | guest | silent", "hold",
          "What a phone gets that nobody approved and no [rule] is about: hold answers 200 OK and "
          "sends the URL as soon as it is approved; guest sends it for a file without secrets that "
          "makes it ask again, where the vendor has one, and else holds; silent answers nothing. "
          "In any case it appears in `show devices`."},
         [](Target t, std::string_view v) {
             return set_choice(t.settings.unknown_phone, v,
                               {{"hold", UnknownPhone::hold},
                                {"guest", UnknownPhone::guest},
                                {"silent", UnknownPhone::silent}});
         }},
        {{"general", "hold_for", "DURATION", "10m",
          "How long a phone that waits can still be sent its URL; afterwards it must be plugged in "
          "again."},
         [](Target t, std::string_view v) {
             return set_duration(t.settings.pnp.hold_for, v, 1s, 24h);
         }},
        {{"general", "reoffer", "quiet | ask | never", "quiet",
          "Whether a phone that has its configuration gets a new URL when it asks again. quiet: "
          "unless another address is registered as this phone or used its URL within "
          "reoffer_quiet; then two phones claim one MAC, and it must be approved again. ask: only "
          "once it was approved again, or while an enrolment window for its MAC is open. never: "
          "only with such a window."},
         [](Target t, std::string_view v) {
             return set_choice(
                 t.settings.reoffer, v,
                 {{"quiet", Reoffer::quiet}, {"ask", Reoffer::ask}, {"never", Reoffer::never}});
         }},
        {{"general", "reoffer_quiet", "DURATION", "10m",
          "How long another address must not have used a phone's URL before that phone gets a new "
          "one elsewhere."},
         [](Target t, std::string_view v) {
             return set_duration(t.settings.reoffer_quiet, v, 0s, 24h);
         }},
        {{"general", "source_check", "served | any", "served",
          "Who may ask for files. served: addresses in the networks of the served interfaces and "
          "those that allow names; any: every address, and a token is all that counts elsewhere."},
         [](Target t, std::string_view v) -> Status {
             std::string word;
             if (auto done = set_word(word, v, {"served", "any"}); !done) {
                 return done;
             }
             t.settings.source_check =
                 word == "any" ? serve::SourceCheck::any : serve::SourceCheck::served;
             return {};
         }},
        {{"general", "allow", "NETWORK, …", "",
          "Further networks with phones, behind a router: no neighbour table can show who is "
          "there, so whoever has a phone's URL gets its file."},
         [](Target t, std::string_view v) { return set_networks(t.settings.allow, v); }},
        {{"general", "neighbour_check", "enforce | log | off", "enforce",
          "Whether a phone has to have the MAC that it claims: the kernel's neighbour table must "
          "show it at the phone's address. enforce: else it gets nothing, and `explain` says why; "
          "log: it is noted only; off: nobody looks."},
         [](Target t, std::string_view v) -> Status {
             std::string word;
             if (auto done = set_word(word, v, {"enforce", "log", "off"}); !done) {
                 return done;
             }
             t.settings.neighbour_check = word == "enforce" ? base::NeighbourCheck::enforce
                                          : word == "log"   ? base::NeighbourCheck::log
                                                            : base::NeighbourCheck::off;
             return {};
         }},
        {{"general", "neighbour_allow", "NETWORK, …", "",
          "Addresses that are believed without that look: routers and proxies with phones behind "
          "them, such as 10.0.0.1, 10.20.0.0/16."},
         [](Target t, std::string_view v) { return set_networks(t.settings.neighbour_allow, v); }},
        {{"general", "http_port", "PORT", "5480",
          "TCP port of the file server on each served address, and in the URLs that phones get."},
         [](Target t, std::string_view v) {
             return set_number(t.settings.http_port, v, 1, top_port);
         }},
        {{"general", "https_port", "PORT | off", "5481",
          "The same with TLS. Phones are sent there by `scheme = https` in a [profile NAME], once "
          "they trust the certificate: see `pnp show certificate`."},
         [](Target t, std::string_view v) -> Status {
             if (v == "off") {
                 t.settings.https_port = 0;
                 return {};
             }
             return set_number(t.settings.https_port, v, 0, top_port);
         }},
        {{"general", "tls_certificate", "FILE", "",
          "A certificate of your own for HTTPS, in PEM, with those that lead to its CA behind it; "
          "by default one of our own CA, pnp-ca.crt in the data folder."},
         [](Target t, std::string_view v) -> Status {
             t.settings.tls_certificate = v;
             return {};
         }},
        {{"general", "tls_key", "FILE", "",
          "Its private key, in PEM without a password, readable by us and nobody else."},
         [](Target t, std::string_view v) -> Status {
             t.settings.tls_key = v;
             return {};
         }},
        {{"general", "tftp", "on | off", "off",
          "Whether phones that ask by TFTP are given the file with which a fresh one finds us, on "
          "each served address. Only the networks of the served interfaces and those that allow "
          "names are answered, source_check = any or not: without a connection any sender can be "
          "made up."},
         [](Target t, std::string_view v) {
             return set_choice(t.settings.tftp, v, {{"on", true}, {"off", false}});
         }},
        {{"general", "tftp_port", "PORT", "69",
          "Its UDP port. Phones know no other; ports below 1024 need CAP_NET_BIND_SERVICE."},
         [](Target t, std::string_view v) {
             return set_number(t.settings.tftp_port, v, 1, top_port);
         }},
        {{"general", "wpi", "on | off", "off",
          "Whether OpenStage and OpenScape desk phones are served, which need it: they fetch no "
          "files, but call by the Workpoint Interface, on each served address."},
         [](Target t, std::string_view v) {
             return set_choice(t.settings.wpi.on, v, {{"on", true}, {"off", false}});
         }},
        {{"general", "wpi_port", "PORT", "18443",
          "TCP port that these phones call, with TLS and the certificate of HTTPS, which they do "
          "not look at. Another one has to be told to each of them, by DHCP or by hand."},
         [](Target t, std::string_view v) {
             return set_number(t.settings.wpi.port, v, 1, top_port);
         }},
        {{"general", "wpi_poll_port", "PORT | off", "18080",
          "TCP port where all of them ask by HTTP, which helps where a NAT or a firewall is "
          "between, "
          "whether there is something for them; they are told its address when they start."},
         [](Target t, std::string_view v) -> Status {
             if (v == "off") {
                 t.settings.wpi.poll_port = 0;
                 return {};
             }
             return set_number(t.settings.wpi.poll_port, v, 0, top_port);
         }},
        {{"general", "wpi_poll_interval", "DURATION", "5m", "How often, in whole minutes."},
         [](Target t, std::string_view v) {
             return set_duration(t.settings.wpi.poll_interval, v, 1min, 24h);
         }},
        {{"general", "wpi_tls_legacy", "on | off", "off",
          "TLS 1.0 and 1.1 and old ciphers on wpi_port, and nowhere else, for firmware that knows "
          "nothing newer."},
         [](Target t, std::string_view v) {
             return set_choice(t.settings.wpi.tls_legacy, v, {{"on", true}, {"off", false}});
         }},
        {{"general", "wpi_keepalive", "DURATION", "30s",
          "How long a connection of such a phone stays open between its requests: the maker says "
          "10 "
          "s, and in the field less than 30 s did harm.",
          false},
         [](Target t, std::string_view v) {
             return set_duration(t.settings.wpi.keepalive, v, 1s, 10min);
         }},
        {{"general", "wpi_restart_timeout", "DURATION", "10m",
          "Within which such a phone that was told to restart calls again, or the job has failed."},
         [](Target t, std::string_view v) {
             return set_duration(t.settings.wpi.restart_timeout, v, 1min, 24h);
         }},
        {{"general", "wpi_replays", "note | reject", "note",
          "What becomes of a message whose nonce was seen before: the maker has no rule for it, so "
          "it is logged and answered."},
         [](Target t, std::string_view v) {
             return set_choice(t.settings.wpi.reject_replays, v,
                               {{"reject", true}, {"note", false}});
         }},
        {{"general", "wpi_local_changes", "record | revert", "record",
          "What becomes of a setting that somebody changed at such a phone. record: it is shown, "
          "and stays until you want another value than before; revert: yours is written again, "
          "three times an hour at most. Where the phone registers and whom it asks is always "
          "written again."},
         [](Target t, std::string_view v) {
             return set_choice(
                 t.settings.wpi.local_changes, v,
                 {{"record", wpi::LocalChanges::record}, {"revert", wpi::LocalChanges::revert}});
         }},
        {{"general", "wpi_factory_reset", "yes | no", "no",
          "Whether such a phone can be told to forget everything."},
         [](Target t, std::string_view v) {
             return set_choice(t.settings.wpi.factory_reset, v, {{"yes", true}, {"no", false}});
         }},
        {{"general", "wpi_contact_networks", "NETWORK, …", "",
          "Networks in which such a phone is asked to call where it says that it can be asked, "
          "though its own calls come from elsewhere; by default only at the address that they come "
          "from."},
         [](Target t, std::string_view v) {
             return set_networks(t.settings.wpi.contact_networks, v);
         }},
        {{"general", "wpi_legacy_escape", "on | off", "off",
          "For early firmware that reads no escaped characters: names and labels go to it with + "
          "in "
          "the place of &, and without < and >."},
         [](Target t, std::string_view v) {
             return set_choice(t.settings.wpi.escape, v,
                               {{"on", wpi::Escape::legacy}, {"off", wpi::Escape::normal}});
         }},
        {{"general", "admin_port", "PORT | off", "5482",
          "TCP port on 127.0.0.1 where /metrics tells what is counted, for Prometheus."},
         [](Target t, std::string_view v) -> Status {
             if (v == "off") {
                 t.settings.admin_port = 0;
                 return {};
             }
             return set_number(t.settings.admin_port, v, 0, top_port);
         }},
        {{"general", "http_connections", "NUMBER", "2000",
          "Most connections of phones at a time, and twice as many of OpenStage phones, which may "
          "all start at once and wait for each other.",
          false},
         [](Target t, std::string_view v) {
             auto& http = t.settings.http;
             auto done = set_number(http.connections, v, 1, 100'000);
             http.waiting_requests = http.connections;
             return done;
         }},
        {{"general", "http_connections_per_source", "NUMBER", "400",
          "Most connections of one address; a whole site may sit behind one.", false},
         [](Target t, std::string_view v) {
             return set_number(t.settings.http.connections_per_source, v, 1, 100'000);
         }},
        {{"general", "http_requests", "NUMBER", "2000",
          "Requests per second that all phones together may make in the long run, and thirty times "
          "as many at once; more are told to come again later (503).",
          false},
         [](Target t, std::string_view v) {
             return set_number(t.settings.http.rates.in_all, v, 1, 1'000'000);
         }},
        {{"general", "http_requests_per_source", "NUMBER", "200",
          "The same for one address; a whole site may sit behind one.", false},
         [](Target t, std::string_view v) {
             return set_number(t.settings.http.rates.per_source, v, 1, 1'000'000);
         }},
        {{"general", "receive", "auto | socket | off", "auto",
          "How the group is heard. auto: where a PBX in the same process holds 0.0.0.0:5060, it is "
          "made to share the port for a moment and to leave the group to us; socket: nobody else's "
          "socket is touched; off: phones are not heard, files are still served."},
         [](Target t, std::string_view v) -> Status {
             std::string word;
             if (auto done = set_word(word, v, {"auto", "socket", "off"}); !done) {
                 return done;
             }
             t.settings.pnp.receive = word == "auto"     ? pnp::Receive::automatic
                                      : word == "socket" ? pnp::Receive::socket
                                                         : pnp::Receive::off;
             return {};
         }},
        {{"general", "group", "ADDRESS", "224.0.1.75",
          "Multicast group of SIP PnP (sip.mcast.net).", false},
         [](Target t, std::string_view v) { return set_group(t.settings.pnp.group.address, v); }},
        {{"general", "group_port", "PORT", "5060",
          "UDP port of the group; another one only together with a rule that redirects 5060 to it.",
          false},
         [](Target t, std::string_view v) {
             return set_number(t.settings.pnp.group.port, v, 1, top_port);
         }},
        {{"general", "notify_port", "PORT", "5059",
          "UDP port from which NOTIFY leaves and where its answer arrives; not the PBX's.", false},
         [](Target t, std::string_view v) {
             return set_number(t.settings.pnp.notify_port, v, 0, top_port);
         }},
        {{"general", "notify_retries", "NUMBER", "3",
          "How often an unanswered NOTIFY is repeated (500 ms, doubling)."},
         [](Target t, std::string_view v) {
             return set_number(t.settings.pnp.notify_retries, v, 0, 10);
         }},
        {{"general", "max_heard", "NUMBER", "2000",
          "Most unapproved phones that are remembered; the least recently heard is dropped.",
          false},
         [](Target t, std::string_view v) {
             return set_number(t.settings.limits.max_heard, v, 1, 1'000'000);
         }},
        {{"general", "timeline_events", "NUMBER", "200",
          "Most steps kept in one device's timeline.", false},
         [](Target t, std::string_view v) {
             return set_number(t.settings.limits.events_per_device, v, 10, 100'000);
         }},
        {{"general", "timeline_for", "DURATION", "90d", "How long steps are kept.", false},
         [](Target t, std::string_view v) {
             return set_duration(t.settings.limits.events_for, v, 1h, 20 * year);
         }},
        {{"general", "first_token_life", "DURATION", "24h",
          "How long the URL that a NOTIFY carried can be used, unless the phone moved on earlier.",
          false},
         [](Target t, std::string_view v) {
             return set_duration(t.settings.limits.first_token_life, v, 1min, year);
         }},
        {{"general", "vendors", "FOLDER", "/etc/pnp/vendors",
          "The site's own templates: FOLDER/<vendor>/*.mustache shadow the shipped ones."},
         [](Target t, std::string_view v) -> Status {
             t.settings.vendors = v;
             return {};
         }},
        {{"general", "firmware", "FOLDER", "",
          "Where the files of [firmware] sections are; by default `firmware` beside pnp.sqlite3. "
          "Put a new file in by renaming it: one that changes while it is sent ends the "
          "download."},
         [](Target t, std::string_view v) -> Status {
             t.settings.firmware_folder = v;
             return {};
         }},
        {{"general", "extensions_context", "WORD", "pnp-extensions",
          "Inside a PBX: the dial plan context in which extensions of our own can be called. "
          "Include "
          "it in yours to reach them from there."},
         [](Target t, std::string_view v) {
             return set_dialplan_name(t.settings.extensions_context, v);
         }},
        {{"general", "claim_code", "*77", "",
          "What is dialled at a guest, such as *77, to make it one's own phone: "
          "*77*EXTENSION*PIN#, "
          "or *77 alone, which asks. With it a guest (`unknown_phone`, `action`) is approved and "
          "gets an account of its own that can dial the codes and `emergency_numbers` and nothing "
          "else. In Asterisk only; empty: nobody can."},
         [](Target t, std::string_view v) -> Status {
             t.settings.claims.claim.clear();
             return v.empty() ? Status() : set_dial_code(t.settings.claims.claim, v);
         }},
        {{"general", "release_code", "CODE", "*78",
          "What is dialled at a phone that was claimed to make it a guest again."},
         [](Target t, std::string_view v) { return set_dial_code(t.settings.claims.release, v); }},
        {{"general", "emergency_numbers", "112, 110", "",
          "What guests can dial besides, each dialled on in `emergency_context`. Digit maps that "
          "are "
          "made from the PBX's dial plan let them pass at once, unless the PBX takes longer "
          "numbers "
          "that begin so."},
         [](Target t, std::string_view v) -> Status {
             auto& numbers = t.settings.claims.emergency;
             numbers.clear();
             for (const auto part : base::split(v, ',')) {
                 if (auto done = set_dial_code(numbers.emplace_back(), part); !done) {
                     return done;
                 }
             }
             return {};
         }},
        {{"general", "emergency_context", "WORD", "",
          "The dial plan context of the PBX in which emergency_numbers are dialled; by default "
          "extensions_context."},
         [](Target t, std::string_view v) -> Status {
             t.settings.claims.emergency_context.clear();
             return v.empty() ? Status()
                              : set_dialplan_name(t.settings.claims.emergency_context, v);
         }},
        {{"general", "guests_context", "WORD", "pnp-guests",
          "The dial plan context that guests call from; it is ours, and whatever else stands in it "
          "they can dial too."},
         [](Target t, std::string_view v) {
             return set_dialplan_name(t.settings.claims.guests_context, v);
         }},
        {{"general", "pool NAME", "FIRST-LAST, …", "",
          "Numbers that phones are given from, in this order, such as pool sales = 200-299, 310: "
          "by `assign MAC @NAME`, and by a [rule] with pool = NAME. As many lines as needed. One "
          "of "
          "the PBX is given while no phone of ours has it, whoever registers with it besides."},
         [](Target t, std::string_view v) { return add_pool(t.settings.pools, t.name, v); }},
        {{"general", "pool_quarantine", "DURATION", "7d",
          "How long a number that no phone has any more is given to none from a pool but the one "
          "that had it: who dials it still means somebody else. `assign MAC EXT` gives it at any "
          "time."},
         [](Target t, std::string_view v) {
             return set_duration(t.settings.pool_quarantine, v, 0s, inventory::longest_quarantine);
         }},
        {{"general", "data", "FOLDER", "",
          "Where pnp.sqlite3 lies; the host says where by default.", false},
         [](Target t, std::string_view v) -> Status {
             t.settings.data = v;
             return {};
         }},
        {{"general", "key_file", "FILE", "",
          "The key that passwords in pnp.sqlite3 are sealed with, made at the first start; by "
          "default pnp.key beside it. Back it up apart from the database.",
          false},
         [](Target t, std::string_view v) -> Status {
             t.settings.key_file = v;
             return {};
         }},
        {{"general", "control", "FILE", "",
          "Socket of pnpctl; the host says where by default, none switches it off.", false},
         [](Target t, std::string_view v) -> Status {
             t.settings.control = v;
             return {};
         }},
        {{"general", "dhcp_control", "FILE", "",
          "A second socket that takes `dhcp-event` alone, for a DHCP server whose programs may not "
          "have the first one, such as /run/pnp/pnp-dhcp.ctl; its group is that of its folder, if "
          "the folder has the set-group-ID bit.",
          false},
         [](Target t, std::string_view v) -> Status {
             t.settings.dhcp_control = v;
             return {};
         }},
        {{"general", "log", "LEVEL, ROOM=LEVEL, …", "info",
          "debug, info, warn or error, for all or for one of base, inventory, profile, serve, wpi, "
          "pnp, dialplan, admin, engine."},
         [](Target t, std::string_view v) { return set_levels(t.settings.levels, v); }},

        {{"rule", "oui", "HEX", "", "Only phones whose MAC starts with these six hex digits."},
         [](Target t, std::string_view v) { return set_oui(t.approval.oui, v); }},
        {{"rule", "vendor", "WORD", "", "Only phones of this vendor, such as htek."},
         [](Target t, std::string_view v) -> Status {
             t.approval.vendor = base::lower(v);
             return {};
         }},
        {{"rule", "model", "WORD", "", "Only this model; a * at the end takes any rest."},
         [](Target t, std::string_view v) -> Status {
             t.approval.model = v;
             return {};
         }},
        {{"rule", "network", "NETWORK", "", "Only phones in this network, such as 10.0.0.0/24."},
         [](Target t, std::string_view v) { return set_network(t.approval.network, v); }},
        {{"rule", "action", "approve | assign | guest | block | hold", "hold",
          "What becomes of such a phone that nobody decided upon. approve: it may have a file, as "
          "by "
          "`approve`. assign: it is approved and gets the first number of `pool` that is an "
          "extension, on no phone and not in quarantine. guest, hold: as with unknown_phone. "
          "block: it is not "
          "answered."},
         [](Target t, std::string_view v) {
             return set_choice(t.approval.action, v,
                               {{"approve", Action::approve},
                                {"assign", Action::assign},
                                {"guest", Action::guest},
                                {"block", Action::block},
                                {"hold", Action::hold}});
         }},
        {{"rule", "pool", "NAME | FIRST-LAST, …", "",
          "The pool that assign takes from, or its numbers, such as 200-299; with no other "
          "action."},
         [](Target t, std::string_view v) { return set_pool(t.approval.pool, v); }},
        {{"rule", "when", "always | enrolment", "always",
          "enrolment: only while an enrolment window that names this rule is open."},
         [](Target t, std::string_view v) {
             return set_choice(t.approval.only_enrolment, v,
                               {{"always", false}, {"enrolment", true}});
         }},
        {{"rule", "most", "NUMBER", "300",
          "How many phones this rule approves in all. A MAC can be made up, so a rule without an "
          "end would be no rule; the phones beyond it wait for a person."},
         [](Target t, std::string_view v) { return set_number(t.approval.most, v, 0, 100'000); }},

        {{"profile", "vendor", "WORD", "", "Only phones of this vendor, such as htek."},
         [](Target t, std::string_view v) -> Status {
             t.rule.vendor = base::lower(v);
             return {};
         }},
        {{"profile", "model", "WORD", "", "Only this model; a * at the end takes any rest."},
         [](Target t, std::string_view v) -> Status {
             t.rule.model = v;
             return {};
         }},
        {{"profile", "network", "NETWORK", "", "Only phones in this network, such as 10.0.0.0/24."},
         [](Target t, std::string_view v) { return set_network(t.rule.network, v); }},
        {{"profile", "extension", "200-299", "",
          "Only phones with such an extension on their first line, 201 or 200-299; then the "
          "section may set keys and what they dial, dial_plan and dial_unmatched alone."},
         [](Target t, std::string_view v) { return set_numbers(t.rule.extension, v); }},
        {{"profile", "offer_url", "URL", "",
          "The URL to send instead of ours, where another server serves the files; {mac}, {MAC}, "
          "{model} and {host} are filled in."},
         [](Target t, std::string_view v) { return set_offer_url(t.rule.offer_url, v); }},
        {{"profile", "scheme", "http | https", "http",
          "How phones fetch their files from us. https only where they trust the certificate: one "
          "that does not gets nothing. A vendor's profile may say https by itself."},
         [](Target t, std::string_view v) {
             return set_word(t.rule.scheme, v, {"http", "https"});
         }},
        {{"profile", "dialect", "standard | echo", "",
          "How the NOTIFY is written; echo is for old firmware. By default as the vendor needs "
          "it."},
         [](Target t, std::string_view v) -> Status {
             std::string word;
             if (auto done = set_word(word, v, {"standard", "echo"}); !done) {
                 return done;
             }
             t.rule.dialect = word == "echo" ? profile::Dialect::echo : profile::Dialect::standard;
             return {};
         }},
        {{"profile", "credential", "path | userinfo", "",
          "Where a phone's token stands in its URL; userinfo, http://MAC:TOKEN@host:port/, is for "
          "phones that cannot keep a path. By default as the vendor needs it."},
         [](Target t, std::string_view v) -> Status {
             std::string word;
             if (auto done = set_word(word, v, {"path", "userinfo"}); !done) {
                 return done;
             }
             t.rule.credential =
                 word == "path" ? profile::Credential::path : profile::Credential::userinfo;
             return {};
         }},
        {{"profile", "sip_server", "HOST[:PORT]", "{host}",
          "Where phones register; {host} is our address on the phone's network. Without a port "
          "5060, with tls 5061."},
         [](Target t, std::string_view v) -> Status {
             t.rule.sip_server = v;
             return {};
         }},
        {{"profile", "sip_transport", "udp | tcp | tls", "udp", "How phones register."},
         [](Target t, std::string_view v) {
             return set_word(t.rule.sip_transport, v, {"udp", "tcp", "tls"});
         }},
        {{"profile", "register_expires", "DURATION", "15m", "How long a registration lasts."},
         [](Target t, std::string_view v) {
             return set_duration(t.rule.register_expires.emplace(), v, 1min, 24h);
         }},
        {{"profile", "ntp_server", "HOST", "{host}", "Where phones get the time; none sends none."},
         [](Target t, std::string_view v) -> Status {
             t.rule.ntp_server = v;
             return {};
         }},
        {{"profile", "time_zone", "ZONE", "",
          "Such as Europe/Berlin, or the vendor's own index; by default this machine's."},
         [](Target t, std::string_view v) -> Status {
             t.rule.time_zone = v;
             return {};
         }},
        {{"profile", "pnp_after", "keep | off", "keep",
          "Whether a configured phone goes on asking the group at each start."},
         [](Target t, std::string_view v) {
             return set_word(t.rule.pnp_after, v, {"keep", "off"});
         }},
        {{"profile", "dial_plan", "1xx|00x.", "",
          "How the phone reads what is dialled, as its vendor writes it (Panasonic: DIAL_PLAN_n)."},
         [](Target t, std::string_view v) -> Status {
             t.rule.dial_plan = v;
             return {};
         }},
        {{"profile", "dial_unmatched", "call | block", "call",
          "What the phone does with a number that fits no part of dial_plan."},
         [](Target t, std::string_view v) {
             return set_word(t.rule.dial_unmatched, v, {"call", "block"});
         }},
        {{"profile", "digit_map", "none | from-pbx | factory", "none",
          "Inside Asterisk, where dial_plan is empty: from-pbx makes each line's dial plan of the "
          "context where its calls start, so that a complete number is called at once; with "
          "dial_unmatched = block it refuses what the PBX does not take, as far as the phone can "
          "be told. factory gives a phone back what it came with. Panasonic, Htek; see `pnp "
          "dialplan`."},
         [](Target t, std::string_view v) {
             return set_word(t.rule.digit_map, v, {"none", "from-pbx", "factory"});
         }},
        {{"profile", "keys", "line 1, blf 202 Anna", "",
          "The keys beside the display, first to last: line N, blf EXTENSION, dial NUMBER, pickup "
          "EXTENSION, group-pickup, voicemail, headset or none, and perhaps a label."},
         [](Target t, std::string_view v) -> Status {
             auto keys = profile::parse_keys(v);
             if (!keys) {
                 return tl::unexpected(keys.error());
             }
             t.rule.keys = std::move(*keys);
             return {};
         }},
        {{"profile", "voicemail", "*97", "",
          "What dials one's own mailbox, such as *97: for the phone's own voice mail key and for "
          "voicemail in `keys`."},
         [](Target t, std::string_view v) { return set_dialled(t.rule.voicemail, v); }},
        {{"profile", "pickup", "**", "",
          "What is dialled before an extension to pick its call up: by a blf key while it rings, "
          "and by pickup EXTENSION in `keys`. Your dial plan has to know it."},
         [](Target t, std::string_view v) { return set_dialled(t.rule.pickup, v); }},
        {{"profile", "group_pickup", "*8", "",
          "What picks up a call that rings in one's own group, such as Asterisk's *8, for "
          "group-pickup in `keys`."},
         [](Target t, std::string_view v) { return set_dialled(t.rule.group_pickup, v); }},
        {{"profile", "spelling", "WORD", "",
          "How keys are written where a vendor's firmware differs (Htek: p-code, named); by "
          "default "
          "by model."},
         [](Target t, std::string_view v) -> Status {
             t.rule.spelling = v;
             return {};
         }},
        {{"profile", "context", "WORD", "",
          "Inside a PBX: the dial plan context where calls of these phones start, for extensions "
          "of "
          "our own. By default extensions_context, so that they can only call each other."},
         [](Target t, std::string_view v) {
             return set_dialplan_name(t.rule.context.emplace(), v);
         }},
        {{"profile", "codecs", "WORD, …", "g722,alaw,ulaw",
          "Inside a PBX: what extensions of our own may speak, the preferred one first, as the PBX "
          "names them."},
         [](Target t, std::string_view v) { return set_codecs(t.rule.codecs, v); }},
        {{"profile", "transport", "WORD", "",
          "Inside Asterisk: the PJSIP transport of extensions of our own; by default as Asterisk "
          "chooses."},
         [](Target t, std::string_view v) {
             return set_dialplan_name(t.rule.transport.emplace(), v);
         }},

        {{"firmware", "vendor", "WORD", "",
          "Whose phones these are, such as panasonic; it has to be named."},
         [](Target t, std::string_view v) -> Status {
             t.firmware.vendor = base::lower(v);
             return {};
         }},
        {{"firmware", "model", "WORD", "", "Only this model; a * at the end takes any rest."},
         [](Target t, std::string_view v) -> Status {
             t.firmware.model = v;
             return {};
         }},
        {{"firmware", "network", "NETWORK", "",
          "Only phones in this network, such as 10.0.0.0/24."},
         [](Target t, std::string_view v) { return set_network(t.firmware.network, v); }},
        {{"firmware", "version", "VERSION", "",
          "What the phones run afterwards, as they write it themselves, such as 01.100. A phone "
          "whose version is older is told to fetch the file; one that does not say its version is "
          "not."},
         [](Target t, std::string_view v) { return set_version(t.firmware.version, v); }},
        {{"firmware", "file", "FILE", "", "Its name in the folder `firmware`."},
         [](Target t, std::string_view v) { return set_firmware_file(t.firmware.file, v); }},
        {{"firmware", "at_a_time", "NUMBER", "10",
          "How many phones may be on their way to it; 0 holds the roll-out. A phone that does not "
          "come back with the version within 30 minutes makes room, and is told again after a day "
          "or by `pnp resync`."},
         [](Target t, std::string_view v) { return set_number(t.firmware.at_a_time, v, 0, 1000); }},
    };
    return table;
}

} // namespace engine
