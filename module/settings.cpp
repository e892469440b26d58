// SPDX-License-Identifier: MIT
// The option table and its readers; Boost.Program_options is seen here and in the programs only.
#include "module/settings.hpp"

#include "provisioning/base/ini.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/rule_check.hpp"

#include <boost/program_options.hpp>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>

namespace engine {

namespace po = boost::program_options;

namespace {

using base::Errc;
using base::fail;
using base::Status;

/// What a row sets: the settings, or the rule of its [profile] section.
struct Target {
    Settings& settings;
    profile::Rule& rule;
};

struct Row {
    Option option;
    Status (*set)(Target, std::string_view value);
};

template <class Number>
Status set_number(Number& out, std::string_view value, std::uint64_t least, std::uint64_t most) {
    const auto number = base::parse_number(value);
    if (!number || *number < least || *number > most) {
        return fail(Errc::malformed, "\"{}\" is not a number from {} to {}", value, least, most);
    }
    out = static_cast<Number>(*number);
    return {};
}

template <class Value>
Status set_duration(Value& out,
                    std::string_view value,
                    std::chrono::milliseconds least,
                    std::chrono::milliseconds most) {
    const auto duration = base::parse_duration(value);
    if (!duration) {
        return tl::unexpected(duration.error());
    }
    if (*duration < least || *duration > most) {
        return fail(Errc::malformed, "{} is not between {} and {}", value,
                    base::format_duration(least), base::format_duration(most));
    }
    out = std::chrono::duration_cast<Value>(*duration);
    return {};
}

Status
set_word(std::string& out, std::string_view value, std::initializer_list<std::string_view> words) {
    const std::vector<std::string_view> known(words);
    if (std::find(known.begin(), known.end(), value) == known.end()) {
        return fail(Errc::malformed, "\"{}\" is none of: {}", value, fmt::join(known, ", "));
    }
    out = value;
    return {};
}

Status set_word(std::optional<std::string>& out,
                std::string_view value,
                std::initializer_list<std::string_view> words) {
    return set_word(out.emplace(), value, words);
}

Status set_interfaces(Target target, std::string_view value) {
    base::InterfaceChoice choice{false, {}};
    std::string list(value);
    std::replace(list.begin(), list.end(), ' ', ',');
    for (const auto name : base::split(list, ',')) {
        if (name == "auto") {
            choice.automatic = true;
        } else {
            choice.names.emplace_back(name);
        }
    }
    if (choice.automatic && !choice.names.empty()) {
        return fail(Errc::malformed, "write either auto or names, not both");
    }
    if (!choice.automatic && choice.names.empty()) {
        return fail(Errc::malformed, "write auto, or names such as \"eth0, eth1\"");
    }
    target.settings.interfaces = std::move(choice);
    return {};
}

Status set_levels(Target target, std::string_view value) {
    static constexpr std::array<std::string_view, 4> levels = {"debug", "info", "warn", "error"};
    static constexpr std::array<std::string_view, 9> rooms = {
        "", "base", "inventory", "profile", "serve", "pnp", "dialplan", "admin", "engine"};
    target.settings.levels.clear();
    for (const auto item : base::split(value, ',')) {
        const auto equals = item.find('=');
        const auto room = equals == item.npos ? "" : base::trim(item.substr(0, equals));
        const auto word = equals == item.npos ? item : base::trim(item.substr(equals + 1));
        const auto* const level = std::find(levels.begin(), levels.end(), word);
        if (level == levels.end()) {
            return fail(Errc::malformed, "\"{}\" is none of: debug, info, warn, error", word);
        }
        if (std::find(rooms.begin(), rooms.end(), room) == rooms.end()) {
            return fail(Errc::malformed,
                        "there is no room \"{}\"; rooms: base, inventory, profile, "
                        "serve, pnp, dialplan, admin, engine",
                        room);
        }
        target.settings.levels.emplace_back(room,
                                            static_cast<base::log::Level>(level - levels.begin()));
    }
    return {};
}

/// A word that the PBX's own files could hold: it goes into them by way of its API.
Status set_dialplan_name(std::string& out, std::string_view value) {
    const auto is_plain = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '-' || c == '_' || c == '.';
    };
    if (value.empty() || value.size() > 79 || !std::all_of(value.begin(), value.end(), is_plain)) {
        return fail(Errc::malformed, "\"{}\" is no name: write 1 to 79 of A-Z a-z 0-9 - _ .",
                    value);
    }
    out = value;
    return {};
}

Status set_codecs(Target target, std::string_view value) {
    std::vector<std::string> codecs;
    for (const auto part : base::split(value, ',')) {
        std::string codec;
        if (auto done = set_dialplan_name(codec, part); !done) {
            return done;
        }
        codecs.push_back(std::move(codec));
    }
    if (codecs.empty()) {
        return fail(Errc::malformed, "write at least one codec, such as g722,alaw,ulaw");
    }
    target.rule.codecs = fmt::format("{}", fmt::join(codecs, ","));
    return {};
}

Status set_group(Target target, std::string_view value) {
    const auto address = base::Ipv4::parse(value);
    if (!address || !address->is_multicast()) {
        return fail(Errc::malformed, "\"{}\" is not an IPv4 multicast address", value);
    }
    target.settings.pnp.group.address = *address;
    return {};
}

Status set_network(Target target, std::string_view value) {
    target.rule.network = base::Network::parse(value);
    if (!target.rule.network) {
        return fail(Errc::malformed, "\"{}\" is not a network such as 10.0.0.0/24", value);
    }
    return {};
}

Status set_offer_url(Target target, std::string_view value) {
    // The scheme is all that is looked at: the error must not print a password.
    static constexpr std::array<std::string_view, 4> schemes = {"http://", "https://", "tftp://",
                                                                "ftp://"};
    if (std::none_of(schemes.begin(), schemes.end(),
                     [&](auto scheme) { return base::istarts_with(value, scheme); })) {
        return fail(Errc::malformed, "write a URL that starts with http://, https://, tftp:// or "
                                     "ftp://");
    }
    target.rule.offer_url = base::Secret(value);
    return {};
}

using namespace std::chrono_literals;
constexpr std::chrono::milliseconds year = std::chrono::hours(24 * 366);
constexpr std::uint64_t top_port = 65535;

const std::vector<Row>& rows() {
    static const std::vector<Row> table = {
        {{"general", "interfaces", "auto | NAME, …", "auto",
          "Where phones are served: auto takes each interface with a private or link-local "
          "address; a name or an address takes just that one, a public one too."},
         set_interfaces},
        {{"general", "unknown_phone", "hold | silent", "hold",
          "What a phone gets that nobody approved: hold answers 200 OK and sends the URL as soon "
          "as "
          "it is approved, silent answers nothing. Either way it appears in `show devices`."},
         [](Target t, std::string_view v) -> Status {
             std::string word;
             if (auto done = set_word(word, v, {"hold", "silent"}); !done) {
                 return done;
             }
             t.settings.unknown_phone = word == "hold" ? UnknownPhone::hold : UnknownPhone::silent;
             return {};
         }},
        {{"general", "hold_for", "DURATION", "10m",
          "How long a phone that waits can still be sent its URL; afterwards it must be plugged in "
          "again."},
         [](Target t, std::string_view v) {
             return set_duration(t.settings.pnp.hold_for, v, 1s, 24h);
         }},
        {{"general", "http_port", "PORT", "5480",
          "TCP port of the file server on each served address, and in the URLs that phones get."},
         [](Target t, std::string_view v) {
             return set_number(t.settings.http_port, v, 1, top_port);
         }},
        {{"general", "http_connections", "NUMBER", "2000", "Most connections of phones at a time.",
          false},
         [](Target t, std::string_view v) {
             return set_number(t.settings.http.connections, v, 1, 100'000);
         }},
        {{"general", "http_connections_per_source", "NUMBER", "400",
          "Most connections of one address; a whole site may sit behind one.", false},
         [](Target t, std::string_view v) {
             return set_number(t.settings.http.connections_per_source, v, 1, 100'000);
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
         set_group},
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
        {{"general", "extensions_context", "WORD", "pnp-extensions",
          "Inside a PBX: the dial plan context in which extensions of our own can be called. "
          "Include "
          "it in yours to reach them from there."},
         [](Target t, std::string_view v) {
             return set_dialplan_name(t.settings.extensions_context, v);
         }},
        {{"general", "data", "FOLDER", "",
          "Where pnp.sqlite3 lies; the host says where by default.", false},
         [](Target t, std::string_view v) -> Status {
             t.settings.data = v;
             return {};
         }},
        {{"general", "control", "FILE", "",
          "Socket of pnpctl; the host says where by default, none switches it off.", false},
         [](Target t, std::string_view v) -> Status {
             t.settings.control = v;
             return {};
         }},
        {{"general", "log", "LEVEL, ROOM=LEVEL, …", "info",
          "debug, info, warn or error, for all or for one of base, inventory, profile, serve, pnp, "
          "dialplan, admin, engine."},
         set_levels},

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
         set_network},
        {{"profile", "offer_url", "URL", "",
          "The URL to send instead of ours, where another server serves the files; {mac}, {MAC}, "
          "{model} and {host} are filled in."},
         set_offer_url},
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
         set_codecs},
        {{"profile", "transport", "WORD", "",
          "Inside Asterisk: the PJSIP transport of extensions of our own; by default as Asterisk "
          "chooses."},
         [](Target t, std::string_view v) {
             return set_dialplan_name(t.rule.transport.emplace(), v);
         }},
    };
    return table;
}

const Row* row_of(std::string_view section, std::string_view name) {
    const auto found = std::find_if(rows().begin(), rows().end(), [&](const Row& row) {
        return row.option.section == section && row.option.name == name;
    });
    return found == rows().end() ? nullptr : &*found;
}

std::string suggestion(std::string_view section, std::string_view name) {
    std::vector<std::string_view> names;
    for (const auto& row : rows()) {
        if (row.option.section == section) {
            names.push_back(row.option.name);
        }
    }
    const auto near = base::nearest(name, names);
    return near ? fmt::format("; did you mean {}?", *near)
                : fmt::format("; `pnpd --sample` lists all options");
}

/// Where an option was written, for messages.
struct Place {
    std::string file;
    int line = 0;

    std::string str() const { return line > 0 ? fmt::format("{}:{}", file, line) : file; }
};

/// One [general] or [profile] section on its way through Program_options.
class Section {
  public:
    explicit Section(std::string_view kind) : kind_(kind) {
        for (const auto& row : rows()) {
            if (row.option.section == kind) {
                description_.add_options()(std::string(row.option.name).c_str(),
                                           po::value<std::string>(),
                                           std::string(row.option.help).c_str());
            }
        }
    }

    Status add(std::string_view name, std::string_view value, const Place& place) {
        if (row_of(kind_, name) == nullptr) {
            return fail(Errc::not_found, "{}: there is no option {} in [{}]{}", place.str(), name,
                        kind_, suggestion(kind_, name));
        }
        const auto [before, is_new] = places_.emplace(name, place);
        if (!is_new) {
            return fail(Errc::conflict, "{}: {} is set in {} already; write it once", place.str(),
                        name, before->second.str());
        }
        po::option option;
        option.string_key = name;
        option.value.emplace_back(value);
        parsed_.options.push_back(std::move(option));
        return {};
    }

    Status apply(Target target) {
        po::variables_map values;
        try {
            parsed_.description = &description_;
            po::store(parsed_, values);
            po::notify(values);
        } catch (const po::error& error) {
            return fail(Errc::malformed, "[{}]: {}", kind_, error.what());
        }
        for (const auto& row : rows()) {
            const std::string name(row.option.name);
            if (row.option.section != kind_ || values.count(name) == 0) {
                continue;
            }
            if (auto done = row.set(target, values[name].as<std::string>()); !done) {
                return fail(done.error().code, "{}: {}: {}", places_.at(name).str(), name,
                            done.error().what);
            }
        }
        return {};
    }

  private:
    std::string kind_;
    po::options_description description_;
    po::parsed_options parsed_{&description_};
    std::map<std::string, Place, std::less<>> places_;
};

} // namespace

std::vector<Option> option_table() {
    std::vector<Option> table;
    for (const auto& row : rows()) {
        table.push_back(row.option);
    }
    return table;
}

base::Result<Settings> read_settings(std::string_view text,
                                     const std::string& file,
                                     const std::vector<std::string>& overrides) {
    const auto sections = base::parse_ini(text, file);
    if (!sections) {
        return tl::unexpected(sections.error());
    }
    Settings settings;
    settings.vendors = "/etc/pnp/vendors";
    profile::Rule unused;
    Section general("general");
    std::set<std::string, std::less<>> overridden;
    for (const auto& line : overrides) {
        const auto equals = line.find('=');
        const std::string name = line.substr(0, equals);
        const std::string value = equals == std::string::npos ? "" : line.substr(equals + 1);
        if (auto done = general.add(name, value, {"command line", 0}); !done) {
            return tl::unexpected(done.error());
        }
        overridden.insert(name);
    }
    std::set<std::string, std::less<>> profiles;
    for (const auto& section : *sections) {
        const Place here{file, section.line};
        if (section.kind == "general" && section.name.empty()) {
            for (const auto& entry : section.entries) {
                if (overridden.count(entry.name) != 0) {
                    continue;
                }
                if (auto done = general.add(entry.name, entry.value, {file, entry.line}); !done) {
                    return tl::unexpected(done.error());
                }
            }
        } else if (section.kind == "profile" && !section.name.empty()) {
            if (!profiles.insert(section.name).second) {
                return fail(Errc::conflict, "{}: there is a [profile {}] already; rename one",
                            here.str(), section.name);
            }
            profile::Rule rule;
            rule.name = section.name;
            Section reader("profile");
            for (const auto& entry : section.entries) {
                if (auto done = reader.add(entry.name, entry.value, {file, entry.line}); !done) {
                    return tl::unexpected(done.error());
                }
            }
            if (auto done = reader.apply({settings, rule}); !done) {
                return tl::unexpected(done.error());
            }
            settings.rules.push_back(std::move(rule));
            auto& places = settings.rule_places.emplace_back();
            places.emplace("", here.str());
            for (const auto& entry : section.entries) {
                places.emplace(entry.name, Place{file, entry.line}.str());
            }
        } else {
            return fail(Errc::not_found,
                        "{}: there is no section [{}{}{}]; write [general] or [profile NAME]",
                        here.str(), section.kind, section.name.empty() ? "" : " ", section.name);
        }
    }
    if (auto done = general.apply({settings, unused}); !done) {
        return tl::unexpected(done.error());
    }
    return settings;
}

base::Status check_rules(const Settings& settings, const profile::Catalogue& catalogue) {
    for (std::size_t i = 0; i < settings.rules.size(); ++i) {
        if (const auto good = profile::check_rule(settings.rules[i], catalogue); !good) {
            // The error starts with the option's name, where it is about one.
            const auto& what = good.error().what;
            const auto& places = settings.rule_places[i];
            const auto place = places.find(what.substr(0, what.find(':')));
            return fail(good.error().code, "{}: {}",
                        place != places.end() ? place->second : places.at(""), what);
        }
    }
    return {};
}

std::vector<std::string> needs_restart(const Settings& before, const Settings& after) {
    std::vector<std::string> names;
    const auto differs = [&](std::string_view name, bool does) {
        if (does) {
            names.emplace_back(name);
        }
    };
    differs("http_connections", before.http.connections != after.http.connections);
    differs("http_connections_per_source",
            before.http.connections_per_source != after.http.connections_per_source);
    differs("group", before.pnp.group.address != after.pnp.group.address);
    differs("group_port", before.pnp.group.port != after.pnp.group.port);
    differs("notify_port", before.pnp.notify_port != after.pnp.notify_port);
    differs("max_heard", before.limits.max_heard != after.limits.max_heard);
    differs("timeline_events", before.limits.events_per_device != after.limits.events_per_device);
    differs("timeline_for", before.limits.events_for != after.limits.events_for);
    differs("first_token_life", before.limits.first_token_life != after.limits.first_token_life);
    differs("data", before.data != after.data);
    differs("control", before.control != after.control);
    return names;
}

void keep_until_restart(Settings& fresh, const Settings& running) {
    fresh.http = running.http;
    fresh.pnp.group = running.pnp.group;
    fresh.pnp.notify_port = running.pnp.notify_port;
    fresh.pnp.most_held = running.pnp.most_held;
    fresh.limits = running.limits;
    fresh.data = running.data;
    fresh.control = running.control;
}

std::string sample_file() {
    std::string out =
        "; pnp.conf: every option with its default. Lines that start with ; or # are comments,\n"
        "; as is what follows a blank and a ; on a line; a # inside a value belongs to it.\n"
        "; `pnp reload` reads this file again, except where it says \"needs a restart\".\n";
    std::string_view section;
    for (const auto& row : rows()) {
        const auto& option = row.option;
        if (option.section != section) {
            section = option.section;
            out += section == "general" ? "\n[general]\n"
                                        : "\n; Values for some phones: as many sections as needed, "
                                          "the first one that matches and\n"
                                          "; sets a value wins. An empty matcher (vendor, model, "
                                          "network) takes every phone.\n"
                                          ";[profile NAME]\n";
        }
        std::string line = ";";
        for (const auto word : base::split(option.help, ' ')) {
            if (line.size() + word.size() > 96) {
                out += line + "\n";
                line = ";";
            }
            line += fmt::format(" {}", word);
        }
        out += line + "\n";
        if (!option.reload_is_enough) {
            out += "; Needs a restart.\n";
        }
        out += option.fallback.empty() ? fmt::format(";{} = {}\n", option.name, option.value)
                                       : fmt::format(";{} = {}\n", option.name, option.fallback);
        if (!option.fallback.empty() && option.value.find('|') != option.value.npos) {
            out.insert(out.size() - 1, fmt::format(" ; {}", option.value));
        }
    }
    return out;
}

std::string markdown_table() {
    std::string out;
    std::string_view section;
    for (const auto& row : rows()) {
        const auto& option = row.option;
        if (option.section != section) {
            section = option.section;
            out += fmt::format("{}`[{}]`\n\n| option | value | default | what it does |\n"
                               "|---|---|---|---|\n",
                               out.empty() ? "" : "\n",
                               section == "profile" ? "profile NAME" : section);
        }
        std::string value(option.value);
        for (std::size_t at = 0; (at = value.find('|', at)) != value.npos; at += 2) {
            value.insert(at, "\\");
        }
        out += fmt::format("| `{}` | {} | {} | {}{} |\n", option.name, value,
                           option.fallback.empty() ? "" : fmt::format("`{}`", option.fallback),
                           option.help, option.reload_is_enough ? "" : " Needs a restart.");
    }
    return out;
}

} // namespace engine
