// SPDX-License-Identifier: MIT
// One table of settings per section of profile.conf.
#include "provisioning/profile/vendor_file.hpp"

#include "provisioning/base/ini.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/fill.hpp"
#include "provisioning/profile/model.hpp"

#include <algorithm>
#include <set>

namespace profile {
namespace {

using base::Errc;
using base::fail;
using base::Status;

struct VendorKey {
    std::string_view name;
    Status (*set)(Vendor&, const std::string&);
};

struct StepKey {
    std::string_view name;
    Status (*set)(ChainStep&, const std::string&);
};

Status yes_or_no(bool& into, std::string_view value) {
    if (value != "yes" && value != "no") {
        return fail(Errc::malformed, "expected yes or no");
    }
    into = value == "yes";
    return {};
}

template <class T>
Status number(T& into, std::string_view value, std::uint64_t least, std::uint64_t most) {
    const auto read = base::parse_number(value);
    if (!read || *read < least || *read > most) {
        return fail(Errc::malformed, "expected a number from {} to {}", least, most);
    }
    into = static_cast<T>(*read);
    return {};
}

/// Lists grow: a site adds a twin's User-Agent without repeating ours.
void add(std::vector<std::string>& list, std::string value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) {
        list.push_back(std::move(value));
    }
}

Status set_oui(Vendor& vendor, const std::string& value) {
    const std::string oui = base::lower(value);
    if (oui.size() != 6 || oui.find_first_not_of("0123456789abcdef") != std::string::npos) {
        return fail(Errc::malformed, "expected six hex digits, such as 001fc1");
    }
    add(vendor.ouis, oui);
    return {};
}

Status set_folder_url(Vendor& vendor, const std::string& value) {
    auto filled =
        fill(value, {{"host", "192.0.2.10", ""}, {"port", "5480", ""}, {"token", "T", ""}});
    if (!filled) {
        return tl::unexpected(filled.error());
    }
    if (value.find("{token}") == std::string::npos) {
        return fail(Errc::malformed, "expected {{token}} in it: it is what proves the phone");
    }
    vendor.folder_url = value;
    return {};
}

Status set_dialect(Vendor& vendor, const std::string& value) {
    if (value != "standard" && value != "echo") {
        return fail(Errc::malformed, "expected standard or echo");
    }
    vendor.dialect = value == "echo" ? Dialect::echo : Dialect::standard;
    return {};
}

Status set_credential(Vendor& vendor, const std::string& value) {
    if (value != "path" && value != "userinfo") {
        return fail(Errc::malformed, "expected path or userinfo");
    }
    vendor.credential = value == "userinfo" ? Credential::userinfo : Credential::path;
    return {};
}

Status set_transports(Vendor& vendor, const std::string& value) {
    vendor.sip_transports.clear();
    for (const auto one : base::split(value, ' ')) {
        if (one != "udp" && one != "tcp" && one != "tls") {
            return fail(Errc::malformed, "expected some of udp, tcp and tls");
        }
        add(vendor.sip_transports, std::string(one));
    }
    return vendor.sip_transports.empty() ? fail(Errc::malformed, "expected udp, tcp or tls")
                                         : Status();
}

/// Of a file beside profile.conf, without .mustache; none is no template.
Status set_template_name(std::string& into, const std::string& value) {
    if (value.find_first_of("/\\") != std::string::npos) {
        return fail(Errc::malformed, "expected the name of a file beside profile.conf, without "
                                     ".mustache; none serves nothing");
    }
    into = value == "none" ? std::string() : value;
    return {};
}

Status set_firmware(Vendor& vendor, const std::string& value) {
    static const std::map<std::string_view, TakesFirmware> words = {
        {"no", TakesFirmware::no}, {"http", TakesFirmware::by_http}, {"yes", TakesFirmware::yes}};
    const auto found = words.find(value);
    if (found == words.end()) {
        return fail(Errc::malformed, "expected no, http or yes");
    }
    vendor.firmware = found->second;
    return {};
}

constexpr VendorKey vendor_keys[] = {
    {"firmware", set_firmware},
    {"title", [](Vendor& v, const std::string& s) { return v.title = s, Status(); }},
    {"event_vendor",
     [](Vendor& v, const std::string& s) { return add(v.event_vendors, s), Status(); }},
    {"user_agent",
     [](Vendor& v, const std::string& s) { return add(v.user_agent_prefixes, s), Status(); }},
    {"oui", set_oui},
    {"default_model",
     [](Vendor& v, const std::string& s) { return v.default_model = s, Status(); }},
    {"max_lines", [](Vendor& v, const std::string& s) { return number(v.max_lines, s, 1, 64); }},
    {"max_keys", [](Vendor& v, const std::string& s) { return number(v.max_keys, s, 0, 100); }},
    {"longest_name",
     [](Vendor& v, const std::string& s) { return number(v.longest_name, s, 0, 1000); }},
    {"sip_transports", set_transports},
    {"folder_url", set_folder_url},
    {"credential", set_credential},
    {"boot_template",
     [](Vendor& v, const std::string& s) { return set_template_name(v.boot_template, s); }},
    {"guest_template",
     [](Vendor& v, const std::string& s) { return set_template_name(v.guest_template, s); }},
    {"reads_card", [](Vendor& v, const std::string& s) { return yes_or_no(v.reads_card, s); }},
    {"tftp_file", [](Vendor& v, const std::string& s) { return v.tftp_file = s, Status(); }},
    {"guest_interval",
     [](Vendor& v, const std::string& s) {
         std::uint32_t minutes = 0;
         auto done = number(minutes, s, 1, 10'080); // a week
         v.guest_interval = std::chrono::minutes(minutes);
         return done;
     }},
    {"dialect", set_dialect},
    {"takes_late_notify",
     [](Vendor& v, const std::string& s) { return yes_or_no(v.takes_late_notify, s); }},
    {"keeps_pnp_url",
     [](Vendor& v, const std::string& s) { return yes_or_no(v.keeps_pnp_url, s); }},
    {"sip_port", [](Vendor& v, const std::string& s) { return number(v.sip_port, s, 1, 65535); }},
    {"resync_event", [](Vendor& v, const std::string& s) { return v.resync_event = s, Status(); }},
    {"reboot_event", [](Vendor& v, const std::string& s) { return v.reboot_event = s, Status(); }},
    {"spelling", [](Vendor& v, const std::string& s) { return v.spelling = s, Status(); }},
};

Status set_format(ChainStep& step, const std::string& value) {
    static const std::map<std::string_view, Format> formats = {
        {"xml", Format::xml}, {"text", Format::text}, {"kx", Format::kx}, {"items", Format::items}};
    const auto found = formats.find(value);
    if (found == formats.end()) {
        return fail(Errc::malformed, "expected xml, text, kx or items");
    }
    step.format = found->second;
    return {};
}

constexpr StepKey step_keys[] = {
    {"template",
     [](ChainStep& c, const std::string& s) { return set_template_name(c.template_name, s); }},
    {"format", set_format},
    {"root", [](ChainStep& c, const std::string& s) { return c.root = s, Status(); }},
    {"child", [](ChainStep& c, const std::string& s) { return c.child = s, Status(); }},
    {"content_type",
     [](ChainStep& c, const std::string& s) { return c.content_type = s, Status(); }},
    {"reason", [](ChainStep& c, const std::string& s) { return c.reason = s, Status(); }},
};

template <class Key, class Into, std::size_t Size>
Status set(const Key (&keys)[Size], Into& into, const base::IniEntry& entry) {
    const auto* const key = std::find_if(std::begin(keys), std::end(keys),
                                         [&](const Key& k) { return k.name == entry.name; });
    if (key != std::end(keys)) {
        return key->set(into, entry.value);
    }
    std::vector<std::string_view> names;
    for (const Key& each : keys) {
        names.push_back(each.name);
    }
    const auto near = base::nearest(entry.name, names);
    return fail(Errc::not_found, "there is no such setting{}",
                near ? fmt::format("; did you mean {}?", *near) : std::string());
}

Status check_pattern(std::string_view pattern) {
    auto filled =
        fill(pattern, {{"mac", "0", ""}, {"MAC", "0", ""}, {"model", "0", ""}, {"code", "0", ""}});
    if (!filled) {
        return tl::unexpected(filled.error());
    }
    const auto code = pattern.find("{code}");
    if (pattern.find_first_of("/\\ \t") != std::string_view::npos ||
        (code != std::string_view::npos && pattern.find("{code}", code + 1) != std::string::npos)) {
        return fail(Errc::malformed, "expected a file name, with {{code}} once at most");
    }
    return {};
}

ChainStep& step_of(Vendor& vendor, const std::string& pattern) {
    const auto found = std::find_if(vendor.chain.begin(), vendor.chain.end(),
                                    [&](const ChainStep& s) { return s.pattern == pattern; });
    if (found != vendor.chain.end()) {
        return *found;
    }
    vendor.chain.emplace_back();
    vendor.chain.back().pattern = pattern;
    return vendor.chain.back();
}

/// An earlier step that takes all names of this one; nullptr where there is none.
const ChainStep* shadows(const Vendor& vendor, const ChainStep& step) {
    const base::Mac any = *base::Mac::parse("0200000000ab"); // {MAC} is another name
    const auto name = fill(step.pattern, {{"mac", any.str(), ""},
                                          {"MAC", any.upper(), ""},
                                          {"model", "model", ""},
                                          {"code", "0000", ""}});
    const ChainStep* first = name ? vendor.step_for(*name, any, "model") : nullptr;
    return first == &step ? nullptr : first;
}

/// Names of columns are names in templates, so they may not hide those of every line.
Status set_column(std::map<std::string, std::vector<std::string>>& table,
                  const base::IniEntry& entry) {
    static const std::set<std::string_view> taken = {
        "index",         "index0",     "number",           "name",
        "password",      "sip_server", "sip_host",         "sip_port",
        "is_udp",        "is_tcp",     "is_tls",           "expires_seconds",
        "sip_transport", "lines",      "spare_lines",      "expires_minutes",
        "user",          "dial_plan",  "blocks_unmatched", "number_is_digits",
        "key",           "has_key",    "is_first",         "label",
        "is_line",       "is_blf",     "is_dial",          "is_headset",
        "line0",         "voicemail",  "has_voicemail",    "pickup",
        "has_pickup",    "keys",       "group_pickup",     "has_group_pickup",
        "has_digit_map"};
    constexpr auto letters = "abcdefghijklmnopqrstuvwxyz0123456789_";
    if (entry.name.find_first_not_of(letters) != std::string::npos ||
        taken.count(entry.name) != 0) {
        return fail(Errc::malformed, "expected a new name of small letters, digits and _");
    }
    auto& columns = table[entry.name];
    columns.clear();
    for (const auto part : base::split(entry.value, ' ')) {
        columns.emplace_back(part);
    }
    return {};
}

/// Whether it is one of the names of every phone is seen once all is read.
Status set_value(Vendor& vendor, const base::IniEntry& entry) {
    constexpr auto letters = "abcdefghijklmnopqrstuvwxyz0123456789_";
    if (entry.name.find_first_not_of(letters) != std::string::npos) {
        return fail(Errc::malformed, "expected a name of small letters, digits and _");
    }
    vendor.values[entry.name] = entry.value;
    return {};
}

Status set_code(Vendor& vendor, const base::IniEntry& entry) {
    if (entry.value.size() != 4 ||
        entry.value.find_first_not_of("0123456789") != std::string::npos) {
        return fail(Errc::malformed, "expected a device code of four digits");
    }
    vendor.device_codes[entry.name] = entry.value;
    return {};
}

Status set_named(std::map<std::string, std::string>& table, const base::IniEntry& entry) {
    if (entry.value.empty()) {
        return fail(Errc::malformed, "expected a value");
    }
    table[entry.name] = entry.value;
    return {};
}

Status
read_entry(Vendor& vendor, ChainStep* step, std::string_view kind, const base::IniEntry& entry) {
    if (step != nullptr) {
        return set(step_keys, *step, entry);
    }
    if (kind == "vendor") {
        return set(vendor_keys, vendor, entry);
    }
    if (kind == "lines" || kind == "keys") {
        return set_column(kind == "lines" ? vendor.line_columns : vendor.key_columns, entry);
    }
    if (kind == "values") {
        return set_value(vendor, entry);
    }
    if (kind == "models") {
        return set_code(vendor, entry);
    }
    return set_named(kind == "spellings" ? vendor.spellings : vendor.time_zones, entry);
}

bool is_section(const base::IniSection& section) {
    static const std::set<std::string_view> plain = {"vendor", "lines",     "keys",      "values",
                                                     "models", "spellings", "time_zones"};
    return section.kind == "step" ? !section.name.empty()
                                  : section.name.empty() && plain.count(section.kind) != 0;
}

} // namespace

Status read_vendor(Vendor& vendor, std::string_view text, const std::string& file) {
    const auto sections = base::parse_ini(text, file);
    if (!sections) {
        return tl::unexpected(sections.error());
    }
    for (const auto& section : *sections) {
        if (!is_section(section)) {
            return fail(Errc::not_found,
                        "{}:{}: no such section; there are [vendor], [step FILENAME], [lines], "
                        "[keys], [values], [models], [spellings] and [time_zones]",
                        file, section.line);
        }
        ChainStep* step = nullptr;
        if (section.kind == "step") {
            if (auto good = check_pattern(section.name); !good) {
                return fail(good.error().code, "{}:{}: [step {}]: {}", file, section.line,
                            section.name, good.error().what);
            }
            step = &step_of(vendor, section.name);
            if (const auto* taken = shadows(vendor, *step); taken != nullptr) {
                return fail(Errc::conflict,
                            "{}:{}: [step {}]: [step {}] stands for this name already; write that "
                            "one",
                            file, section.line, section.name, taken->pattern);
            }
        }
        for (const auto& entry : section.entries) {
            if (auto done = read_entry(vendor, step, section.kind, entry); !done) {
                return fail(done.error().code, "{}:{}: {}: {}", file, entry.line, entry.name,
                            done.error().what);
            }
            if (step != nullptr && entry.name == "template") {
                step->place = fmt::format("{}:{}", file, entry.line);
            }
        }
    }
    return {};
}

Status check_vendor(const Vendor& vendor, const std::string& file) {
    const auto missing = [&](std::string_view what) {
        return fail(Errc::malformed, "{}:1: {}", file, what);
    };
    if (vendor.title.empty()) {
        return missing("[vendor] needs a title");
    }
    if (vendor.chain.empty()) {
        return missing("at least one [step FILENAME] is needed");
    }
    if (vendor.resync_event.empty() || vendor.reboot_event.empty()) {
        return missing("[vendor] needs resync_event and reboot_event");
    }
    for (const auto& [name, columns] : vendor.line_columns) {
        if (columns.size() < vendor.max_lines) {
            return missing(fmt::format("[lines] {} has {} columns for {} lines", name,
                                       columns.size(), vendor.max_lines));
        }
    }
    for (const auto& [name, columns] : vendor.key_columns) {
        if (columns.size() < vendor.max_keys) {
            return missing(fmt::format("[keys] {} has {} columns for {} keys", name, columns.size(),
                                       vendor.max_keys));
        }
    }
    Vendor plain = vendor;
    plain.values.clear();
    for (const auto& each : {example_model(plain), example_bare_model(plain)}) {
        for (const auto& [name, value] : vendor.values) {
            if (each.knows(name) || each.knows("has_" + name)) {
                return missing(fmt::format("[values] {} is a name of every phone", name));
            }
        }
    }
    return {};
}

} // namespace profile
