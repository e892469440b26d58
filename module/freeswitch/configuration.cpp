// SPDX-License-Identifier: MIT
#include "module/freeswitch/configuration.hpp"
#include "module/freeswitch/tree.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

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
        return value_in(document.configuration(), "settings", "param", name);
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

/// Whether modules.conf has FreeSWITCH load it, or cannot be read.
bool is_loaded(const char* module) {
    const Document document("modules.conf");
    if (document.configuration() == nullptr) {
        return true;
    }
    for (Xml* list : children(document.configuration(), "modules")) {
        if (child_with(list, "load", "module", module) != nullptr) {
            return true;
        }
    }
    return false;
}

bool names_directory(const char* sections) {
    return (xml_sections(sections) & section_directory) != 0;
}

/// Either <param … bindings="directory"/> beside a URL, or a parameter xml-handler-bindings.
bool binds_directory(Xml* element) {
    for (Xml* param : children(element, "param")) {
        const std::string_view name = xml_attribute(param, "name");
        if (names_directory(xml_attribute(param, "bindings")) ||
            (name == "xml-handler-bindings" && names_directory(xml_attribute(param, "value")))) {
            return true;
        }
    }
    for (const char* inner : {"bindings", "binding", "settings"}) {
        const auto all = children(element, inner);
        if (std::any_of(all.begin(), all.end(), binds_directory)) {
            return true;
        }
    }
    return false;
}

} // namespace

std::optional<std::string> other_directory() {
    struct Other {
        const char* module;
        const char* configuration;
    };

    static constexpr std::array<Other, 8> others = {{
        {"mod_xml_curl", "xml_curl.conf"},
        {"mod_xml_ldap", "xml_ldap.conf"},
        {"mod_xml_scgi", "xml_scgi.conf"},
        {"mod_lua", "lua.conf"},
        {"mod_perl", "perl.conf"},
        {"mod_python", "python.conf"},
        {"mod_python3", "python3.conf"},
        {"mod_managed", "managed.conf"},
    }};
    for (const auto& [module, configuration] : others) {
        const Document document(configuration);
        if (binds_directory(document.configuration()) && is_loaded(module)) {
            return fmt::format(
                "{0} answers for the directory here (bindings in {1}.xml), and "
                "FreeSWITCH would ask it for our users too, before us: take directory "
                "out of its bindings, or {0} out of modules.conf.xml, restart "
                "FreeSWITCH and load mod_pnp again",
                module, configuration);
        }
    }
    return std::nullopt;
}

std::vector<std::string> profiles_on_group() {
    std::vector<std::string> out;
    const Document document("sofia.conf");
    for (Xml* list : children(document.configuration(), "profiles")) {
        for (Xml* profile : children(list, "profile")) {
            if (value_in(profile, "settings", "param", "sip-ip") == "224.0.1.75") {
                out.emplace_back(xml_attribute(profile, "name"));
            }
        }
    }
    return out;
}

} // namespace freeswitch
