// SPDX-License-Identifier: MIT
#include "module/freeswitch/directory.hpp"
#include "module/freeswitch/module.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace freeswitch {

namespace {

Xml* first(Xml* parent, const char* name) {
    return parent == nullptr ? nullptr : xml_child(parent, name);
}

/// A user and what it inherits from.
struct Found {
    Xml* user = nullptr;
    Xml* group = nullptr; ///< nullptr: it lies outside of any
    Xml* domain = nullptr;

    /// Of <params>: its own, else its group's, else its domain's. An empty one is one, too
    /// (sofia_reg_parse_auth).
    std::optional<std::string> find_param(std::string_view name) const {
        for (Xml* place : {user, group, domain}) {
            if (auto value = value_in(place, "params", "param", name)) {
                return value;
            }
        }
        return std::nullopt;
    }

    std::string param(std::string_view name) const { return find_param(name).value_or(""); }

    std::string name() const {
        for (Xml* variable : children(first(user, "variables"), "variable")) {
            std::string value = xml_attribute(variable, "value");
            // Of variables the first one counts that has a value.
            if (!value.empty() &&
                base::iequals(xml_attribute(variable, "name"), "effective_caller_id_name")) {
                return value;
            }
        }
        return {};
    }
};

using VisitUser = std::function<bool(const Found& found)>; ///< false: enough

bool visit_list(Xml* list, Found found, const VisitUser& visit) {
    const auto users = children(list, "user");
    return std::all_of(users.begin(), users.end(), [&](Xml* user) {
        // A pointer stands in a group for a user who lies elsewhere.
        if (base::iequals(xml_attribute(user, "type"), "pointer")) {
            return true;
        }
        found.user = user;
        return visit(found);
    });
}

/// As FreeSWITCH finds them (switch_xml_locate_user): in the <users> of each group, then in those
/// of the domain, and only where it has none directly in it. Of several <groups> or <users> beside
/// each other it sees the first.
bool visit_domain(Xml* domain, const VisitUser& visit) {
    for (Xml* group : children(first(domain, "groups"), "group")) {
        if (!visit_list(first(group, "users"), {nullptr, group, domain}, visit)) {
            return false;
        }
    }
    Xml* users = first(domain, "users");
    return visit_list(users != nullptr ? users : domain, {nullptr, nullptr, domain}, visit);
}

/// In the order of our domains, since the first one is what phones register under; of a name
/// FreeSWITCH sees the first (switch_xml_find_child).
void visit_users(const Configuration& configuration,
                 const Document& document,
                 const VisitUser& visit) {
    Xml* directory = document.section("directory");
    for (const auto& one : configuration.domains) {
        Xml* domain = child_with(directory, "domain", "name", one);
        if (domain != nullptr && !visit_domain(domain, visit)) {
            return;
        }
    }
}

/// The sentence that says why nothing can be seen of the administrator's users; empty: it can.
std::string blindness(const Document& document) {
    if (document.section("directory") != nullptr) {
        return {};
    }
    if (document.configuration() == nullptr) {
        return "FreeSWITCH's directory cannot be read: there is no configuration pnp.conf any "
               "more; "
               "put autoload_configs/pnp.conf.xml back, and run reloadxml";
    }
    return "FreeSWITCH's directory cannot be read: another module answers for pnp.conf itself "
           "(configuration in its bindings, xml_curl.conf.xml and the like); let that have no "
           "pnp.conf, so that autoload_configs/pnp.conf.xml counts, or put an empty <section "
           "name=\"directory\"/> into freeswitch.xml where it has none, and run reloadxml";
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

} // namespace

bool is_plain_number(std::string_view number) {
    return !number.empty() && std::all_of(number.begin(), number.end(), [](char letter) {
        return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
               (letter >= 'A' && letter <= 'Z') ||
               std::string_view("*#+-._").find(letter) != std::string_view::npos;
    });
}

int Directory::find(std::string_view number, pnp_account& account, std::string& why) {
    int done = PNP_NONE;
    bool has_hash = false;
    {
        const Document document("pnp.conf");
        why = blindness(document);
        if (!why.empty()) {
            const std::lock_guard lock(mutex_);
            const auto known = on_phones_.find(number);
            if (known == on_phones_.end()) {
                return PNP_UNUSABLE;
            }
            copy(number, account.number, sizeof account.number);
            copy(known->second.name, account.name, sizeof account.name);
            const base::Revealed password = known->second.password.reveal();
            copy(password, account.password, sizeof account.password);
            return 0;
        }
        why = fmt::format("FreeSWITCH's directory has no user {} in domain {}", number,
                          configuration_.domains.front());
        visit_users(configuration_, document, [&](const Found& found) {
            if (!base::iequals(number, xml_attribute(found.user, "id"))) {
                return true;
            }
            done = take(found, number, account, why);
            has_hash = found.find_param("a1-hash").has_value();
            return false;
        });
    }
    const std::lock_guard lock(mutex_);
    if (done == 0) {
        const auto known = on_phones_.find(number);
        const bool was_told = known != on_phones_.end() && known->second.has_hash;
        on_phones_.insert_or_assign(std::string(number),
                                    Known{account.name, base::Secret(account.password), has_hash});
        if (has_hash && !was_told) {
            log(LogLevel::warning,
                fmt::format(
                    "user {} has an a1-hash beside its password (of its own, its group's or its "
                    "domain's), and mod_sofia takes the hash alone: where that is not of this "
                    "password, its phone is refused (403); take the a1-hash out",
                    number));
        }
    } else if (const auto gone = on_phones_.find(number); gone != on_phones_.end()) {
        on_phones_.erase(gone);
    }
    return done;
}

int Directory::find_seen(std::string_view number, pnp_account& account, std::string& why) const {
    if (const auto sight = last()) {
        const auto found =
            std::find_if(sight->users.begin(), sight->users.end(), [&](const User& user) {
                return base::iequals(user.number, number) && !user.password.empty();
            });
        if (found != sight->users.end()) {
            const base::Revealed password = found->password.reveal();
            if (copy(number, account.number, sizeof account.number) &&
                copy(password, account.password, sizeof account.password)) {
                copy(found->name, account.name, sizeof account.name);
                return 0;
            }
        }
    }
    why = "FreeSWITCH is about to load mod_pnp, and its directory cannot be asked yet; try again";
    return PNP_UNUSABLE;
}

void Directory::each(const Visit& visit) const {
    if (const auto sight = last()) {
        for (const auto& user : sight->users) {
            visit(user.number, user.name);
        }
    }
}

Directory::Sight Directory::read(const Configuration& configuration, const Document& document) {
    Sight out;
    visit_users(configuration, document, [&](const Found& found) {
        const std::string number = xml_attribute(found.user, "id");
        const std::string domain = xml_attribute(found.domain, "name");
        out.domains.emplace(base::lower(number), domain);
        out.domains.emplace(base::lower(xml_attribute(found.user, "number-alias")), domain);
        std::string password = found.param("password");
        if (is_plain_number(number) && (!password.empty() || !found.param("a1-hash").empty())) {
            out.users.push_back({number, found.name(), base::Secret(password)});
        }
        ::explicit_bzero(password.data(), password.size());
        return true;
    });
    for (Xml* context : children(document.section("dialplan"), "context")) {
        auto& expressions = out.dialplan[base::lower(xml_attribute(context, "name"))];
        for (Xml* extension : children(context, "extension")) {
            for (Xml* condition : children(extension, "condition")) {
                if (std::strcmp(xml_attribute(condition, "field"), "destination_number") == 0) {
                    expressions.emplace(xml_attribute(condition, "expression"),
                                        xml_attribute(extension, "name"));
                }
            }
        }
    }
    return out;
}

base::Status Directory::look() {
    std::shared_ptr<const Sight> seen;
    std::string why;
    {
        const Document document("pnp.conf");
        why = blindness(document);
        if (why.empty()) {
            seen = std::make_shared<const Sight>(read(configuration_, document));
        }
    }
    {
        const std::lock_guard lock(mutex_);
        why_blind_ = std::move(why);
        if (seen) {
            last_ = std::move(seen);
        }
    }
    return looked();
}

base::Status Directory::looked() const {
    const std::lock_guard lock(mutex_);
    return why_blind_.empty() ? base::Status() : base::fail(base::Errc::refused, "{}", why_blind_);
}

std::shared_ptr<const Directory::Sight> Directory::last() const {
    const std::lock_guard lock(mutex_);
    return last_;
}

std::optional<std::string> Directory::in_the_way(std::string_view number,
                                                 std::string_view context) const {
    const auto sight = last();
    if (!sight) {
        return std::nullopt;
    }
    if (const auto user = sight->domains.find(base::lower(number)); user != sight->domains.end()) {
        return fmt::format(
            "FreeSWITCH's directory has a user {} in domain {}, and ours of pnp.sqlite3 "
            "would hide it: keep that one and assign it as it is, or take it out there "
            "and run reloadxml",
            number, user->second);
    }
    const auto home = sight->dialplan.find(base::lower(context));
    if (home == sight->dialplan.end()) {
        return std::nullopt;
    }
    // What else a pattern would match cannot be seen from here.
    for (const auto& exact : {fmt::format("^{}$", number), fmt::format("^({})$", number)}) {
        if (const auto found = home->second.find(exact); found != home->second.end()) {
            return fmt::format(
                "context {} of FreeSWITCH's dial plan has {} already (extension {}), and "
                "ours of pnp.sqlite3 would hide it: take that one out, or set another "
                "extensions_context in pnp.conf",
                context, number, found->second);
        }
    }
    return std::nullopt;
}

} // namespace freeswitch
