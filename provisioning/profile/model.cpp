// SPDX-License-Identifier: MIT
// Turns the facts of one phone into the names that templates use.
#include "provisioning/profile/model.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/base/utf8.hpp"
#include "provisioning/profile/fill.hpp"
#include "provisioning/profile/time_zone.hpp"

#include <algorithm>
#include <fmt/ranges.h>

namespace profile {
namespace {

using base::Errc;
using base::fail;

/// Text that every format can carry. XML 1.0 has no way to write most control characters, and a
/// replacement character in a password would be a wrong password that nobody sees.
base::Status plain(std::string_view what, std::string_view value) {
    for (std::size_t at = 0; at < value.size();) {
        const base::Utf8 found = base::utf8_at(value, at);
        const bool control = found.code < 0x20 || found.code == 0x7F ||
                             (found.code >= 0x80 && found.code < 0xA0) || found.code == 0xFFFE ||
                             found.code == 0xFFFF;
        if (found.length == 0 || control) {
            return fail(Errc::refused,
                        "{} has a byte at position {} that is {}; a phone's file cannot carry it",
                        what, at + 1, found.length == 0 ? "not UTF-8" : "a control character");
        }
        at += found.length;
    }
    return {};
}

struct Server {
    std::string host;
    std::string port;
};

/// "host[:port]" with {host} filled in.
base::Result<Server> server_of(const Site& site, base::Ipv4 host) {
    auto filled = fill(site.sip_server, {{"host", host.str(), ""}});
    if (!filled) {
        return fail(filled.error().code, "sip_server: {}", filled.error().what);
    }
    const auto colon = filled->rfind(':');
    Server server{filled->substr(0, colon), site.sip_transport == "tls" ? "5061" : "5060"};
    if (colon != std::string::npos) {
        server.port = filled->substr(colon + 1);
    }
    const auto port = base::parse_number(server.port);
    if (server.host.empty() || !port || *port == 0 || *port > 65535) {
        return fail(Errc::malformed, "sip_server: '{}' is no HOST or HOST:PORT",
                    base::printable(*filled, 60));
    }
    return server;
}

base::Status add_sip(Model& model, const Vendor& vendor, const Facts& facts) {
    const auto server = server_of(facts.site, facts.host);
    if (!server) {
        return tl::unexpected(server.error());
    }
    const std::string& transport = facts.site.sip_transport;
    if (transport != "udp" && transport != "tcp" && transport != "tls") {
        return fail(Errc::malformed, "sip_transport: '{}' is none of udp, tcp, tls",
                    base::printable(transport, 20));
    }
    const auto& takes = vendor.sip_transports;
    if (std::find(takes.begin(), takes.end(), transport) == takes.end()) {
        return fail(Errc::refused, "{} phones have no SIP over {}; set sip_transport = {} for them",
                    vendor.title, transport, fmt::join(takes, " or "));
    }
    using std::chrono::ceil;
    const auto expires = std::max(facts.site.register_expires, std::chrono::milliseconds(1));
    model.values["sip_server"] = server->host + ":" + server->port;
    model.values["sip_host"] = server->host;
    model.values["sip_port"] = server->port;
    model.values["sip_transport"] = transport;
    model.flags["is_udp"] = transport == "udp";
    model.flags["is_tcp"] = transport == "tcp";
    model.flags["is_tls"] = transport == "tls";
    model.values["expires_seconds"] = std::to_string(ceil<std::chrono::seconds>(expires).count());
    model.values["expires_minutes"] = std::to_string(ceil<std::chrono::minutes>(expires).count());
    return {};
}

void add_dialling(Model& model, const Site& site) {
    model.values["dial_plan"] = site.dial_plan;
    // Without a plan every number is one that fits none, those of an emergency too.
    model.flags["blocks_unmatched"] = site.dial_unmatched == "block" && !site.dial_plan.empty();
    for (const auto& [name, value] :
         {std::pair<std::string, const std::string&>("voicemail", site.voicemail),
          {"pickup", site.pickup},
          {"group_pickup", site.group_pickup}}) {
        model.values[name] = value;
        model.flags["has_" + name] = !value.empty();
    }
}

/// A key as phones know it: what picks up and what calls the mailbox are numbers to dial.
base::Result<Key> dialled(const Site& site, Key key) {
    const auto needs = [&](std::string_view option, const std::string& value) -> base::Status {
        if (value.empty()) {
            return fail(Errc::refused,
                        "keys: one of them dials {}, which the same [profile] section "
                        "has to set",
                        option);
        }
        return {};
    };
    base::Status done;
    switch (key.kind) {
    case Key::Kind::voicemail:
        done = needs("voicemail", site.voicemail);
        key.number = site.voicemail;
        break;
    case Key::Kind::pickup:
        done = needs("pickup", site.pickup);
        key.number.insert(0, site.pickup);
        break;
    case Key::Kind::group_pickup:
        done = needs("group_pickup", site.group_pickup);
        key.number = site.group_pickup;
        break;
    default:
        return key;
    }
    if (!done) {
        return tl::unexpected(done.error());
    }
    key.kind = Key::Kind::dial;
    return key;
}

Model key_of(const Vendor& vendor, std::size_t index, const Key& key) {
    Model one;
    one.values["index"] = std::to_string(index + 1);
    one.values["number"] = key.number;
    one.values["label"] = key.label;
    const auto line = key.kind == Key::Kind::line ? base::parse_number(key.number) : std::nullopt;
    one.values["line0"] = line && *line > 0 ? std::to_string(*line - 1) : "";
    for (const auto& [name, columns] : vendor.key_columns) {
        one.values[name] = columns.at(index);
    }
    one.flags["is_line"] = key.kind == Key::Kind::line;
    one.flags["is_blf"] = key.kind == Key::Kind::blf;
    one.flags["is_dial"] = key.kind == Key::Kind::dial;
    one.flags["is_headset"] = key.kind == Key::Kind::headset;
    return one;
}

/// All keys of the phone once one is set: what was on the others would only confuse.
base::Status add_keys(Model& model, const Vendor& vendor, const Site& site) {
    auto& list = model.lists["keys"];
    if (site.keys.empty() || vendor.max_keys == 0) {
        return {};
    }
    if (site.keys.size() > vendor.max_keys) {
        return fail(Errc::refused, "keys: {} of them, {} phones have {}", site.keys.size(),
                    vendor.title, vendor.max_keys);
    }
    for (std::size_t i = 0; i < vendor.max_keys; ++i) {
        const auto key = dialled(site, i < site.keys.size() ? site.keys[i] : Key{});
        if (!key) {
            return tl::unexpected(key.error());
        }
        if (auto done = plain(fmt::format("the label of key {}", i + 1), key->label); !done) {
            return done;
        }
        list.push_back(key_of(vendor, i, *key));
    }
    return {};
}

base::Status
add_clock(Model& model, const Vendor& vendor, const Facts& facts, std::string_view machine_zone) {
    std::string ntp;
    if (facts.site.ntp_server != "none") {
        auto filled = fill(facts.site.ntp_server, {{"host", facts.host.str(), ""}});
        if (!filled) {
            return fail(filled.error().code, "ntp_server: {}", filled.error().what);
        }
        ntp = std::move(*filled);
    }
    model.flags["has_ntp"] = !ntp.empty();
    model.values["ntp_server"] = std::move(ntp);
    const std::string_view wanted =
        facts.site.time_zone.empty() ? machine_zone : std::string_view(facts.site.time_zone);
    std::string zone =
        vendor_time_zone(vendor, wanted, facts.site.time_zone_is_vendors).value_or("");
    model.flags["has_time_zone"] = !zone.empty();
    model.values["time_zone"] = std::move(zone);
    return {};
}

void add_phone(Model& model, const Vendor& vendor, const Facts& facts) {
    model.values["mac"] = facts.mac.str();
    model.values["mac_upper"] = facts.mac.upper();
    model.values["mac_colons"] = facts.mac.colons();
    model.values["model"] = facts.model;
    model.values["firmware"] = facts.firmware;
    model.values["host"] = facts.host.str();
    model.values["url"] = facts.provisioning_url;
    model.values["url_user"] = facts.url_user;
    model.values["url_password"] = facts.url_password;
    model.flags["url_has_user"] = !facts.url_user.empty();
    model.flags["url_is_http"] = base::istarts_with(facts.provisioning_url, "http:");
    model.flags["url_is_https"] = base::istarts_with(facts.provisioning_url, "https:");
    model.flags["url_is_tftp"] = base::istarts_with(facts.provisioning_url, "tftp:");
    // In the same folder as the phone's files, so that its token opens it as well.
    const auto& firmware = facts.firmware_offer;
    model.flags["has_firmware"] = firmware.has_value();
    model.values["firmware_version"] = firmware ? firmware->version : "";
    model.values["firmware_url"] = firmware ? facts.provisioning_url + firmware->file : "";
    model.values["resync_event"] = vendor.resync_event;
    model.flags["pnp_stays"] = facts.site.pnp_after != "off";
    model.values["service_port"] = std::to_string(facts.service.port);
    model.values["poll_url"] = facts.service.poll_url;
    model.values["poll_minutes"] = std::to_string(facts.service.poll_interval.count());
    model.flags["has_polling"] = !facts.service.poll_url.empty();
}

/// The key that shows a line: where the site sets keys, the first one that is for it; else the one
/// with its own number, but for the first line, which is the phone's own. Empty: none.
std::string key_of_line(const Site& site, std::size_t index) {
    const std::string number = std::to_string(index + 1);
    if (site.keys.empty()) {
        return index == 0 ? std::string() : number;
    }
    const auto found = std::find_if(site.keys.begin(), site.keys.end(), [&](const Key& key) {
        return key.kind == Key::Kind::line && key.number == number;
    });
    return found == site.keys.end() ? std::string() : std::to_string(found - site.keys.begin() + 1);
}

/// What a template knows of line `index` of every phone, with or without an account.
Model line_of(const Vendor& vendor, const Site& site, std::size_t index) {
    Model line;
    line.values["index"] = std::to_string(index + 1);
    line.values["index0"] = std::to_string(index);
    line.values["key"] = key_of_line(site, index);
    line.flags["has_key"] = !line.values["key"].empty();
    line.flags["is_first"] = index == 0;
    for (const auto& [name, columns] : vendor.line_columns) {
        line.values[name] = columns.at(index);
    }
    return line;
}

/// No longer than phones take: a name is for people, and a cut one is better than no file.
std::string cut(std::string name, std::size_t longest) {
    std::size_t at = 0;
    for (std::size_t count = 0; at < name.size() && count < longest; ++count) {
        at += base::utf8_at(name, at).length;
    }
    name.resize(longest == 0 ? name.size() : at);
    return name;
}

/// As these phones can show it: KX files know no escape, and a name is for people.
std::string shown_name(const Vendor& vendor, const Account& account) {
    std::string name = account.name.empty() ? account.number : account.name;
    const ChainStep* step = vendor.served_step();
    if (step != nullptr && step->format == Format::kx) {
        std::replace(name.begin(), name.end(), '"', '\'');
    }
    return cut(std::move(name), vendor.longest_name);
}

base::Status add_account(Model& line, const Vendor& vendor, const Account& account) {
    if (auto done = plain("the number of an account", account.number); !done) {
        return done;
    }
    if (account.number.empty()) {
        return fail(Errc::malformed, "an account has no number");
    }
    if (auto done = plain("the name of " + account.number, account.name); !done) {
        return done;
    }
    const base::Revealed password = account.password.reveal();
    if (auto done = plain("the password of " + account.number, password); !done) {
        return done;
    }
    if (auto done = plain("the user of " + account.number, account.user); !done) {
        return done;
    }
    if (auto done = plain("the digit map of " + account.number, account.digit_map.value_or(""));
        !done) {
        return done;
    }
    line.flags["has_digit_map"] = account.digit_map.has_value();
    if (account.digit_map) { // which says itself what it refuses
        line.values["dial_plan"] = *account.digit_map;
        line.flags["blocks_unmatched"] = false;
    }
    line.values["number"] = account.number;
    line.flags["number_is_digits"] =
        account.number.find_first_not_of("0123456789*#+") == std::string::npos;
    line.values["user"] = account.user.empty() ? account.number : account.user;
    line.values["name"] = shown_name(vendor, account);
    line.values["password"] = std::string_view(password);
    return {};
}

} // namespace

base::Result<Model>
model_of(const Vendor& vendor, const Facts& facts, std::string_view machine_zone) {
    if (facts.accounts.size() > vendor.max_lines) {
        return fail(Errc::refused, "{} lines are assigned, {} phones take {}; unassign some",
                    facts.accounts.size(), vendor.title, vendor.max_lines);
    }
    Model model;
    if (auto done = add_sip(model, vendor, facts); !done) {
        return tl::unexpected(done.error());
    }
    add_dialling(model, facts.site);
    const Model per_line = model;
    add_phone(model, vendor, facts);
    for (const auto& [name, value] : vendor.values) {
        model.values.emplace(name, value);
        model.flags.emplace("has_" + name, !value.empty());
    }
    if (auto done = add_clock(model, vendor, facts, machine_zone); !done) {
        return tl::unexpected(done.error());
    }
    for (const auto& [name, value] : model.values) {
        if (auto done = plain(name, value); !done) {
            return tl::unexpected(done.error());
        }
    }
    if (auto done = add_keys(model, vendor, facts.site); !done) {
        return tl::unexpected(done.error());
    }
    auto& lines = model.lists["lines"];
    auto& spare = model.lists["spare_lines"];
    for (std::size_t i = 0; i < vendor.max_lines; ++i) {
        Model line = line_of(vendor, facts.site, i);
        if (i >= facts.accounts.size()) {
            spare.push_back(std::move(line));
            continue;
        }
        // The names of the server are names of a line, too: a section does not see the outer ones.
        line.values.insert(per_line.values.begin(), per_line.values.end());
        line.flags.insert(per_line.flags.begin(), per_line.flags.end());
        if (auto done = add_account(line, vendor, facts.accounts[i]); !done) {
            return tl::unexpected(done.error());
        }
        lines.push_back(std::move(line));
    }
    return model;
}

base::Result<Model>
bare_model_of(const Vendor& vendor, const Facts& facts, std::string_view machine_zone) {
    Facts bare = facts;
    bare.accounts.clear();
    auto model = model_of(vendor, bare, machine_zone);
    if (model) {
        model->lists.clear();
        model->values["retry_minutes"] = std::to_string(vendor.guest_interval.count());
    }
    return model;
}

Model example_bare_model(const Vendor& vendor) {
    Facts facts;
    facts.site.sip_transport = vendor.sip_transports.front();
    return bare_model_of(vendor, facts, "").value_or(Model{});
}

Model example_model(const Vendor& vendor) {
    Facts facts;
    facts.site.sip_transport = vendor.sip_transports.front();
    facts.accounts.push_back({"201", "Front desk", base::Secret("secret")});
    facts.site.keys.emplace_back();
    Vendor two = vendor;
    two.max_keys = std::max<std::size_t>(two.max_keys, 1);
    two.max_lines = std::max<std::size_t>(two.max_lines, 2);
    for (auto& [name, columns] : two.line_columns) {
        columns.resize(two.max_lines);
    }
    for (auto& [name, columns] : two.key_columns) {
        columns.resize(two.max_keys);
    }
    return model_of(two, facts, "").value_or(Model{});
}

} // namespace profile
