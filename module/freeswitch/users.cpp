// SPDX-License-Identifier: MIT
#include "module/freeswitch/users.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/base/xml.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include <fmt/format.h>

namespace freeswitch {

namespace {

std::string_view header(Event* params, const char* name) {
    const char* value = params == nullptr ? nullptr : event_header(params, name, -1);
    return value == nullptr ? std::string_view() : std::string_view(value);
}

/// FreeSWITCH expands ${…} in values that it takes from variables, functions of its API too.
std::string plain(std::string name) {
    std::replace_if(
        name.begin(), name.end(), [](char letter) { return letter == '$' || letter == '\\'; }, ' ');
    std::replace(name.begin(), name.end(), '"', '\'');
    return name;
}

/// For a regular expression: no letter of a number stands for anything else.
std::string exactly(std::string_view number) {
    std::string out;
    for (const char letter : number) {
        if (std::string_view("*+.").find(letter) != std::string_view::npos) {
            out += '\\';
        }
        out += letter;
    }
    return out;
}

/// As FreeSWITCH's own sample has it: wherever it is registered.
constexpr std::string_view dial_string =
    "{^^:sip_invite_domain=${dialed_domain}:presence_id=${dialed_user}@${dialed_domain}}"
    "${sofia_contact(*/${dialed_user}@${dialed_domain})}";

} // namespace

void Users::put(const pnp_extension& extension) {
    User user{extension.name, base::Secret(extension.password), extension.mac, extension.home,
              extension.context};
    const std::lock_guard lock(mutex_);
    auto& known = users_[base::lower(extension.number)];
    user.was_asked = known.was_asked;
    user.was_told = known.was_told;
    known = std::move(user);
}

void Users::remove(std::string_view number) {
    const std::lock_guard lock(mutex_);
    if (const auto found = users_.find(base::lower(number)); found != users_.end()) {
        users_.erase(found);
    }
}

bool Users::has(std::string_view number) const {
    const std::shared_lock lock(mutex_);
    return users_.find(base::lower(number)) != users_.end();
}

std::optional<Users::User> Users::find(std::string_view number) const {
    const std::shared_lock lock(mutex_);
    const auto found = users_.find(base::lower(number));
    return found == users_.end() ? std::nullopt : std::optional(found->second);
}

void Users::remember_asked(std::string_view number) const {
    const std::lock_guard lock(mutex_);
    if (const auto found = users_.find(base::lower(number)); found != users_.end()) {
        found->second.was_asked = true;
    }
}

bool Users::is_news_that_nobody_asked(std::string_view number) const {
    const std::lock_guard lock(mutex_);
    const auto found = users_.find(base::lower(number));
    return found != users_.end() && !found->second.was_asked &&
           !std::exchange(found->second.was_told, true);
}

Xml* Users::answer(std::string_view section,
                   std::string_view tag,
                   std::string_view key,
                   std::string_view value,
                   Event* params) const {
    std::string text;
    if (section == "directory") {
        const auto by = header(params, "key");
        const auto number = header(params, "user");
        if (tag != "domain" || key != "name" || !configuration_.has(value) || number.empty() ||
            !(by.empty() || by == "id")) {
            return nullptr;
        }
        const auto user = find(number);
        if (!user) {
            return nullptr;
        }
        if (!user->was_asked) {
            remember_asked(number);
        }
        text = directory(value, number, *user);
    } else if (section == "dialplan") {
        auto context = header(params, "Hunt-Context");
        auto number = header(params, "Hunt-Destination-Number");
        if (context.empty()) {
            context = header(params, "Caller-Context");
            number = header(params, "Caller-Destination-Number");
        }
        const auto user = find(number);
        if (!user || !base::iequals(user->home, context)) {
            return nullptr;
        }
        text = dialplan(number, *user);
    } else {
        return nullptr;
    }
    Xml* const made = xml_parse(text.data(), 1);
    ::explicit_bzero(text.data(), text.size());
    return made;
}

std::string
Users::directory(std::string_view domain, std::string_view number, const User& user) const {
    const auto name = base::escape_xml(plain(user.name.empty() ? std::string(number) : user.name));
    const base::Revealed password = user.password.reveal();
    std::string secret = base::escape_xml(password);
    auto text = fmt::format(
        R"(<document type="freeswitch/xml"><section name="directory"><domain name="{0}">)"
        R"(<groups><group name="pnp"><users><user id="{1}">)"
        R"(<params><param name="password" value="{2}"/><param name="dial-string" value="{3}"/></params>)"
        R"(<variables><variable name="user_context" value="{4}"/>)"
        R"(<variable name="accountcode" value="{1}"/>)"
        R"(<variable name="effective_caller_id_name" value="{5}"/>)"
        R"(<variable name="effective_caller_id_number" value="{1}"/>)"
        R"(<variable name="pnp_mac" value="{6}"/></variables>)"
        R"(</user></users></group></groups></domain></section></document>)",
        base::escape_xml(domain), base::escape_xml(number), secret, base::escape_xml(dial_string),
        base::escape_xml(user.context), name, user.mac);
    ::explicit_bzero(secret.data(), secret.size());
    return text;
}

std::string Users::dialplan(std::string_view number, const User& user) const {
    return fmt::format(
        R"(<document type="freeswitch/xml"><section name="dialplan"><context name="{0}">)"
        R"(<extension name="pnp {1}"><condition field="destination_number" expression="^{2}$">)"
        R"(<action application="set" data="hangup_after_bridge=true"/>)"
        R"(<action application="bridge" data="user/{1}@{3}"/>)"
        R"(</condition></extension></context></section></document>)",
        base::escape_xml(user.home), base::escape_xml(number), base::escape_xml(exactly(number)),
        base::escape_xml(configuration_.domains.front()));
}

} // namespace freeswitch
