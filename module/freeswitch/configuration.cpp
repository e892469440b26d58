// SPDX-License-Identifier: MIT
#include "module/freeswitch/configuration.hpp"
#include "module/freeswitch/tree.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include <fmt/format.h>
#include <link.h>

namespace freeswitch {

using base::Errc;
using base::fail;

bool Configuration::has(std::string_view domain) const {
    return std::any_of(domains.begin(), domains.end(),
                       [&](const auto& one) { return base::iequals(one, domain); });
}

base::Result<Configuration> read_configuration() {
    static constexpr std::string_view see =
        "put autoload_configs/pnp.conf.xml into FreeSWITCH's configuration as the README shows it, "
        "and run reloadxml";
    const Document document("pnp.conf");
    if (document.configuration() == nullptr) {
        return fail(Errc::not_found, "FreeSWITCH has no configuration pnp.conf: {}", see);
    }
    const auto value = [&](std::string_view name) {
        return value_in(document.configuration(), "settings", "param", name).value_or("");
    };
    Configuration out;
    out.file = value("config");
    out.data = value("data");
    out.control = value("control");
    const auto domains = value("domain");
    for (const auto one : base::split(domains, ',')) {
        out.domains.emplace_back(one);
    }
    if (out.file.empty()) {
        return fail(Errc::not_found, "pnp.conf.xml does not say where pnp.conf is (config): {}",
                    see);
    }
    if (out.domains.empty()) {
        return fail(
            Errc::not_found,
            "pnp.conf.xml does not say which domain of the directory phones are in (domain): "
            "{}",
            see);
    }
    return out;
}

namespace {

/// Of "/usr/lib/freeswitch/mod/mod_lua.so", which FreeSWITCH takes as well.
std::string_view name_of(std::string_view file) {
    file.remove_prefix(file.rfind('/') + 1); // npos + 1 is none
    return file.substr(0, file.find('.'));
}

/// Whether that module's file is in this process: then it was bound before us.
bool is_loaded(std::string_view module) {
    const auto visit = [](dl_phdr_info* file, std::size_t /*size*/, void* wanted) {
        return static_cast<int>(name_of(file->dlpi_name) ==
                                *static_cast<const std::string_view*>(wanted));
    };
    return ::dl_iterate_phdr(visit, &module) != 0;
}

/// Modules in the order in which FreeSWITCH loads them when it starts; none: it does not say.
std::vector<std::string> load_order() {
    std::vector<std::string> out;
    for (const char* list : {"pre_load_modules.conf", "modules.conf", "post_load_modules.conf"}) {
        const Document document(list);
        for (Xml* modules : children(document.configuration(), "modules")) {
            for (Xml* load : children(modules, "load")) {
                out.emplace_back(name_of(xml_attribute(load, "module")));
            }
        }
    }
    return out;
}

/// None of them is all of them, for FreeSWITCH too: "", "all", or a word that it does not know.
bool name_section(const char* sections, int section) {
    const int bits = xml_sections(sections);
    return bits == 0 || (bits & section) != 0;
}

/// Every element of these names, one below the other.
std::vector<Xml*> below(Xml* parent, std::initializer_list<const char*> names) {
    std::vector<Xml*> out{parent};
    for (const char* name : names) {
        std::vector<Xml*> next;
        for (Xml* each : out) {
            const auto inner = children(each, name);
            next.insert(next.end(), inner.begin(), inner.end());
        }
        out = std::move(next);
    }
    return out;
}

/// Whether a module with this configuration answers for that section.
using Takes = bool (*)(Xml* configuration, int section);

bool is_named(Xml* param, std::string_view name) {
    return base::iequals(xml_attribute(param, "name"), name);
}

/// mod_xml_curl: <param name="gateway-url" bindings="…"/> in each binding.
bool by_url(Xml* configuration, int section) {
    const auto params = below(configuration, {"bindings", "binding", "param"});
    return std::any_of(params.begin(), params.end(), [&](Xml* param) {
        return is_named(param, "gateway-url") &&
               name_section(xml_attribute(param, "bindings"), section);
    });
}

/// mod_xml_scgi: the same beside the host, which has a default.
bool by_host(Xml* configuration, int section) {
    const auto all = below(configuration, {"bindings", "binding"});
    return std::any_of(all.begin(), all.end(), [&](Xml* binding) {
        const char* sections = "";
        for (Xml* param : children(binding, "param")) {
            sections = is_named(param, "host") ? xml_attribute(param, "bindings") : sections;
        }
        return name_section(sections, section);
    });
}

/// mod_xml_ldap: <binding name="…">.
bool by_name(Xml* configuration, int section) {
    const auto all = below(configuration, {"bindings", "binding"});
    return std::any_of(all.begin(), all.end(), [&](Xml* binding) {
        return name_section(xml_attribute(binding, "name"), section);
    });
}

/// Those that run scripts: they take one parameter after the other, and bind the script that stands
/// above; without one they bind nothing.
bool by_script(Xml* configuration, int section) {
    bool has_script = false;
    const auto params = below(configuration, {"settings", "param"});
    return std::any_of(params.begin(), params.end(), [&](Xml* param) {
        const char* value = xml_attribute(param, "value");
        has_script = has_script || (is_named(param, "xml-handler-script") && *value != '\0');
        return has_script && is_named(param, "xml-handler-bindings") &&
               name_section(value, section);
    });
}

/// mod_amqp: the same parameter in profiles, which bind all without it.
bool by_queue(Xml* configuration, int section) {
    auto profiles = below(configuration, {"xml_handler", "profile"});
    const auto more = below(configuration, {"xml_handlers", "profile"});
    profiles.insert(profiles.end(), more.begin(), more.end());
    return std::any_of(profiles.begin(), profiles.end(), [&](Xml* profile) {
        const auto sections = value_in(profile, "params", "param", "xml-handler-bindings");
        return name_section(sections.value_or("").c_str(), section);
    });
}

/// mod_xml_radius asks about REGISTERs and INVITEs alike.
bool by_radius(Xml* configuration, int section) {
    return section == section_directory && !children(configuration, "auth_invite").empty();
}

/// mod_kazoo binds both whatever its configuration says.
bool always(Xml* /*configuration*/, int /*section*/) {
    return true;
}

struct Other {
    const char* module;
    const char* configuration;
    Takes takes;
};

constexpr std::array<Other, 12> others = {{
    {"mod_xml_curl", "xml_curl.conf", by_url},
    {"mod_xml_ldap", "xml_ldap.conf", by_name},
    {"mod_xml_scgi", "xml_scgi.conf", by_host},
    {"mod_xml_radius", "xml_radius.conf", by_radius},
    {"mod_amqp", "amqp.conf", by_queue},
    {"mod_kazoo", "kazoo.conf", always},
    {"mod_lua", "lua.conf", by_script},
    {"mod_perl", "perl.conf", by_script},
    {"mod_python", "python.conf", by_script},
    {"mod_python3", "python3.conf", by_script},
    {"mod_v8", "v8.conf", by_script},
    {"mod_managed", "managed.conf", by_script},
}};

/// As FreeSWITCH has it (switch_true).
bool is_on(std::string_view value) {
    static constexpr std::array<std::string_view, 7> words = {"true",    "yes",    "on",   "t",
                                                              "enabled", "active", "allow"};
    return base::parse_number(value).value_or(0) != 0 ||
           std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return base::iequals(word, value); });
}

} // namespace

Rivals rivals() {
    Rivals out;
    const auto order = load_order();
    const auto place = [&](std::string_view module) {
        return std::find(order.begin(), order.end(), module);
    };
    for (const auto& [module, configuration, takes] : others) {
        const auto at = place(module);
        const bool is_here = is_loaded(module);
        if (at == order.end() && !order.empty() && !is_here) {
            continue; // a sample that nobody loads
        }
        const Document document(configuration);
        if (document.configuration() == nullptr) {
            continue;
        }
        const bool is_above = at == order.end() ? order.empty() : at < place("mod_pnp");
        const bool takes_directory = takes(document.configuration(), section_directory);
        if (takes_directory && is_above) {
            out.refusal = fmt::format(
                "{0} answers for the directory here ({1}.xml), and FreeSWITCH would ask it for our "
                "users too, before us: put <load module=\"mod_pnp\"/> above {0} in "
                "modules.conf.xml, or take directory out of what {1}.xml binds, and restart "
                "FreeSWITCH",
                module, configuration);
            return out;
        }
        if (takes_directory && is_here) {
            out.problems.push_back(fmt::format(
                "{0} answers for the directory too ({1}.xml) and was loaded before mod_pnp, so "
                "FreeSWITCH asks it first: where it has an answer for a user of ours, the phone is "
                "refused. Restart FreeSWITCH",
                module, configuration));
        } else if (takes_directory) {
            out.remarks.push_back(fmt::format(
                "{0} answers for the directory too ({1}.xml), after us: its own users cannot be "
                "seen from here, so choose other numbers",
                module, configuration));
        }
        if (!takes(document.configuration(), section_dialplan) || !(is_above || is_here)) {
            continue;
        }
        out.problems.push_back(fmt::format(
            "{0} answers for the dial plan here ({1}.xml), and FreeSWITCH asks it before us: "
            "what it has for a number of ours, or for any number of our context, hides our "
            "extension. {2}",
            module, configuration,
            is_above ? fmt::format("Put <load module=\"mod_pnp\"/> above {0} in modules.conf.xml, "
                                   "or take dialplan out of what {1}.xml binds, and restart "
                                   "FreeSWITCH",
                                   module, configuration)
                     : "It was loaded before mod_pnp: restart FreeSWITCH"));
    }
    return out;
}

std::vector<std::string> profiles_on_group() {
    std::vector<std::string> out;
    const Document document("sofia.conf");
    for (Xml* profile : below(document.configuration(), {"profiles", "profile"})) {
        if (value_in(profile, "settings", "param", "sip-ip") == "224.0.1.75") {
            out.emplace_back(xml_attribute(profile, "name"));
        }
    }
    return out;
}

Profiles profiles() {
    Profiles out;
    const Document document("sofia.conf");
    for (Xml* profile : below(document.configuration(), {"profiles", "profile"})) {
        const auto value = [&](const char* name) {
            return value_in(profile, "settings", "param", name).value_or("");
        };
        const auto several = value("multiple-registrations");
        // Shared lines need several, so mod_sofia has them with those.
        const bool by_call_id =
            base::iequals(several, "call-id") || is_on(value("manage-shared-appearance"));
        const bool by_contact = base::iequals(several, "contact") || is_on(several);
        out.emplace(xml_attribute(profile, "name"), by_contact   ? Apart::by_contact
                                                    : by_call_id ? Apart::by_call_id
                                                                 : Apart::none);
    }
    return out;
}

} // namespace freeswitch
