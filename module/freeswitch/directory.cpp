// SPDX-License-Identifier: MIT
#include "module/freeswitch/directory.hpp"
#include "module/freeswitch/tree.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace freeswitch {

namespace {

/// A user and what it inherits from.
struct Found {
    Xml* user = nullptr;
    Xml* group = nullptr; ///< nullptr: it lies outside of any
    Xml* domain = nullptr;

    /// Of <params>: its own, else its group's, else its domain's.
    std::string param(std::string_view name) const {
        for (Xml* place : {user, group, domain}) {
            if (auto value = value_in(place, "params", "param", name); !value.empty()) {
                return value;
            }
        }
        return {};
    }

    std::string name() const {
        return value_in(user, "variables", "variable", "effective_caller_id_name");
    }
};

using Visit = std::function<bool(const Found& found)>; ///< false: enough

bool visit_list(Xml* list, Found found, const Visit& visit) {
    const auto users = children(list, "user");
    return std::all_of(users.begin(), users.end(), [&](Xml* user) {
        // A pointer stands in a group for a user who lies elsewhere.
        if (std::strcmp(xml_attribute(user, "type"), "pointer") == 0) {
            return true;
        }
        found.user = user;
        return visit(found);
    });
}

bool visit_lists(Xml* parent, const Found& found, const Visit& visit) {
    const auto lists = children(parent, "users");
    return std::all_of(lists.begin(), lists.end(),
                       [&](Xml* list) { return visit_list(list, found, visit); });
}

/// As FreeSWITCH finds them: below <groups>, in <users>, or directly in the domain.
bool visit_domain(Xml* domain, const Visit& visit) {
    const Found found{nullptr, nullptr, domain};
    for (Xml* groups : children(domain, "groups")) {
        for (Xml* group : children(groups, "group")) {
            if (!visit_lists(group, {nullptr, group, domain}, visit)) {
                return false;
            }
        }
    }
    return visit_lists(domain, found, visit) && visit_list(domain, found, visit);
}

void visit_users(const Configuration& configuration, const Document& document, const Visit& visit) {
    Xml* directory = document.section("directory");
    for (Xml* domain : children(directory, "domain")) {
        if (configuration.has(xml_attribute(domain, "name")) && !visit_domain(domain, visit)) {
            return;
        }
    }
}

bool is_called(const Found& found, std::string_view number) {
    return number == xml_attribute(found.user, "id") ||
           number == xml_attribute(found.user, "number-alias");
}

/// The sentence that says why nothing can be seen of the administrator's users; empty: it can.
std::string blindness(const Document& document) {
    return document.section("directory") != nullptr
               ? std::string()
               : "FreeSWITCH's directory cannot be read: another module answers for pnp.conf "
                 "itself "
                 "(configuration in its bindings, xml_curl.conf.xml and the like); let that have "
                 "no pnp.conf, so that autoload_configs/pnp.conf.xml counts, or put an empty "
                 "<section name=\"directory\"/> into freeswitch.xml where it has none, and run "
                 "reloadxml";
}

bool copy(std::string_view from, char* to, std::size_t size) {
    const std::size_t length = std::min(from.size(), size - 1);
    std::memcpy(to, from.data(), length);
    to[length] = '\0';
    return length == from.size();
}

int take(const Found& found, std::string_view number, pnp_account& account, std::string& why) {
    std::string password = found.param("password");
    int done = PNP_UNUSABLE;
    if (password.empty()) {
        why = fmt::format(
            "user {0} of domain {1} has no password that a phone could use{2}: set the param "
            "password "
            "of that user in FreeSWITCH's directory, or make an extension of another number: pnp "
            "extension add NUMBER",
            number, xml_attribute(found.domain, "name"),
            found.param("a1-hash").empty() ? "" : " (a1-hash: a hash cannot be turned back)");
    } else if (!copy(password, account.password, sizeof account.password)) {
        why = fmt::format(
            "the password of user {} is longer than {} bytes, which no phone takes: set "
            "a shorter one",
            number, sizeof account.password - 1);
    } else if (!copy(number, account.number, sizeof account.number)) {
        why = fmt::format("user {} is longer than a phone's number may be", number);
    } else {
        copy(found.name(), account.name, sizeof account.name);
        done = 0;
    }
    ::explicit_bzero(password.data(), password.size());
    return done;
}

/// Whether an extension of the dial plan is for exactly this number; what else a pattern of its
/// would match cannot be seen from here.
bool is_for(Xml* extension, std::string_view number) {
    const auto exact = fmt::format("^{}$", number);
    const auto conditions = children(extension, "condition");
    return std::any_of(conditions.begin(), conditions.end(), [&](Xml* condition) {
        const std::string_view expression = xml_attribute(condition, "expression");
        return std::strcmp(xml_attribute(condition, "field"), "destination_number") == 0 &&
               (expression == exact || expression == fmt::format("^({})$", number));
    });
}

} // namespace

bool is_plain_number(std::string_view number) {
    return !number.empty() && std::all_of(number.begin(), number.end(), [](char letter) {
        return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
               (letter >= 'A' && letter <= 'Z') ||
               std::string_view("*#+-._").find(letter) != std::string_view::npos;
    });
}

int find_user(const Configuration& configuration,
              std::string_view number,
              pnp_account& account,
              std::string& why) {
    const Document document("pnp.conf");
    why = blindness(document);
    if (!why.empty()) {
        return PNP_UNUSABLE;
    }
    int done = PNP_NONE;
    why = fmt::format("FreeSWITCH's directory has no user {} in domain {}", number,
                      configuration.domains.front());
    visit_users(configuration, document, [&](const Found& found) {
        if (number != xml_attribute(found.user, "id")) {
            return true;
        }
        done = take(found, number, account, why);
        return false;
    });
    return done;
}

void each_user(
    const Configuration& configuration,
    const std::function<void(const std::string& number, const std::string& name)>& visit) {
    std::vector<std::pair<std::string, std::string>> all; // the document is not kept meanwhile
    {
        const Document document("pnp.conf");
        visit_users(configuration, document, [&](const Found& found) {
            const std::string_view number = xml_attribute(found.user, "id");
            if (is_plain_number(number) &&
                (!found.param("password").empty() || !found.param("a1-hash").empty())) {
                all.emplace_back(number, found.name());
            }
            return true;
        });
    }
    for (const auto& [number, name] : all) {
        visit(number, name);
    }
}

std::optional<std::string>
in_the_way(const Configuration& configuration, std::string_view number, std::string_view context) {
    const Document document("pnp.conf");
    if (auto why = blindness(document); !why.empty()) {
        return why;
    }
    std::optional<std::string> out;
    visit_users(configuration, document, [&](const Found& found) {
        if (!is_called(found, number)) {
            return true;
        }
        out = fmt::format(
            "FreeSWITCH's directory has a user {} in domain {}, and ours of pnp.sqlite3 "
            "would hide it: keep that one and assign it as it is, or take it out there "
            "and run reloadxml",
            number, xml_attribute(found.domain, "name"));
        return false;
    });
    if (out) {
        return out;
    }
    Xml* home = child_with(document.section("dialplan"), "context", "name", context);
    for (Xml* extension : children(home, "extension")) {
        if (is_for(extension, number)) {
            return fmt::format(
                "context {} of FreeSWITCH's dial plan has {} already (extension {}), and "
                "ours of pnp.sqlite3 would hide it: take that one out, or set another "
                "extensions_context in pnp.conf",
                context, number, xml_attribute(extension, "name"));
        }
    }
    return std::nullopt;
}

} // namespace freeswitch
