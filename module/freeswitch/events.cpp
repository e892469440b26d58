// SPDX-License-Identifier: MIT
// Who registered, who went, and whose REGISTER was refused, as mod_sofia's events tell; and that
// FreeSWITCH read its files again.
#include "module/freeswitch/module.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <string>

#include <fmt/format.h>

namespace freeswitch {

namespace {

/// The first of these headers that is there; "" where none is.
std::string header(Event* event, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        if (const char* value = event_header(event, name, -1); value != nullptr && *value != '\0') {
            return value;
        }
    }
    return {};
}

Contact read(Event* event) {
    Contact out;
    out.number = header(event, {"from-user", "to-user", "user"});
    out.host = header(event, {"from-host", "to-host", "host"});
    out.profile = header(event, {"profile-name"});
    out.call_id = header(event, {"call-id"});
    out.uri = header(event, {"contact"});
    out.address = header(event, {"network-ip"});
    out.port =
        static_cast<std::uint16_t>(base::parse_number(header(event, {"network-port"})).value_or(0));
    out.sequence = base::parse_number(header(event, {"Event-Sequence"})).value_or(0);
    return out;
}

/// Runs on threads of FreeSWITCH's, mostly one of its own for each event (unless
/// events-use-dispatch is set), so that a later event may come first; nothing gets past it. An
/// older FreeSWITCH delivers what has the bound name anywhere in its own, sofia::register_attempt
/// for sofia::register.
template <class Body>
void guarded(Event* event, std::string_view subclass, const Body& body) noexcept {
    try {
        if (header(event, {"Event-Subclass"}) == subclass) {
            body(read(event));
        }
    } catch (const std::exception&) { // there is no memory: the next renewal tells it again
    }
}

/// Another domain may have the same numbers.
bool is_ours(const Contact& contact) {
    return loaded->configuration.has(contact.host);
}

/// Where nothing is known of the SIP profile, no registration is given up for another.
Apart apart(const Contact& contact) {
    const auto found = loaded->profiles.find(contact.profile);
    return found == loaded->profiles.end() ? Apart::by_call_id : found->second;
}

void tell_end(const Contact& known) {
    engine_unregistered(loaded->engine, known.number.c_str(), known.address.c_str(), known.port);
}

constexpr const char* register_event = "sofia::register";
constexpr const char* unregister_event = "sofia::unregister";
constexpr const char* expire_event = "sofia::expire";
constexpr const char* failure_event = "sofia::register_failure";

void registered(Event* event) {
    guarded(event, register_event, [&](const Contact& contact) {
        if (!is_ours(contact) || contact.call_id.empty() || contact.address.empty()) {
            return;
        }
        if (loaded->users.is_news_that_nobody_asked(contact.number)) {
            log(LogLevel::warning,
                fmt::format(
                    "user {0} registered, and FreeSWITCH did not ask us for it: another module "
                    "answers for {0}@{1} before us, or SIP profile {2} takes anybody "
                    "(accept-blind-reg) or whoever comes from some networks (apply-register-acl) "
                    "without a password; switch that off",
                    contact.number, contact.host, contact.profile));
        }
        const std::lock_guard in_order(loaded->telling);
        const auto ended = loaded->contacts.registered(contact, apart(contact));
        if (!ended) {
            return;
        }
        engine_registered(loaded->engine, contact.number.c_str(), contact.address.c_str(),
                          contact.port, header(event, {"user-agent"}).c_str());
        std::for_each(ended->begin(), ended->end(), tell_end);
    });
}

/// mod_sofia tells of both ends mostly without an address.
void unregistered(Event* event) {
    guarded(event, unregister_event, [](const Contact& contact) {
        if (is_ours(contact)) {
            const std::lock_guard in_order(loaded->telling);
            const auto ended = loaded->contacts.unregistered(contact, apart(contact));
            std::for_each(ended.begin(), ended.end(), tell_end);
        }
    });
}

void expired(Event* event) {
    guarded(event, expire_event, [](const Contact& contact) {
        const std::lock_guard in_order(loaded->telling);
        if (const auto known = is_ours(contact) ? loaded->contacts.expired(contact, apart(contact))
                                                : std::nullopt) {
            tell_end(*known);
        }
    });
}

/// This one alone tells the host as the phone wrote it, which is mostly an address of this machine
/// and no domain. A number of another domain does no harm: the engine believes it of the address
/// that the phone has and of no other.
void refused(Event* event) {
    guarded(event, failure_event, [&](const Contact& contact) {
        if (header(event, {"registration-type"}) != "INVITE") {
            engine_register_refused(
                loaded->engine, contact.number.c_str(), contact.address.c_str(),
                "wrong user or password, or the user or the SIP profile forbids it "
                "(sip-forbid-register, auth-acl, a1-hash, user-agent-filter, "
                "max-registrations-per-extension); with log-auth-failures = true in the profile "
                "FreeSWITCH's log says more");
        }
    });
}

/// There may be a user of the administrator's now where one of ours is.
void read_again(Event* event) {
    if (is_named(event, "RELOADXML")) {
        engine_host_changed(loaded->engine);
    }
}

struct Binding {
    int event;
    const char* subclass;
    Callback callback;
};

constexpr std::array<Binding, 5> bindings = {{
    {event_custom, register_event, registered},
    {event_custom, unregister_event, unregistered},
    {event_custom, expire_event, expired},
    {event_custom, failure_event, refused},
    {event_reloadxml, nullptr, read_again},
}};

} // namespace

bool bind_events(Module& context) {
    for (std::size_t at = 0; at < bindings.size(); ++at) {
        const auto& [event, subclass, callback] = bindings.at(at);
        if (event_bind("mod_pnp", event, subclass, callback, nullptr, &context.bound.at(at)) !=
            success) {
            context.bound.at(at) = nullptr;
            return false;
        }
    }
    return true;
}

void unbind_events(Module& context) {
    for (auto& node : context.bound) {
        if (node != nullptr) {
            event_unbind(&node);
            node = nullptr;
        }
    }
}

} // namespace freeswitch
