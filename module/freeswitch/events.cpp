// SPDX-License-Identifier: MIT
// Who registered, who went, and whose REGISTER was refused, as mod_sofia's events tell.
#include "module/freeswitch/module.hpp"

#include "provisioning/base/text.hpp"

#include <exception>
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
    out.address = header(event, {"network-ip"});
    out.port =
        static_cast<std::uint16_t>(base::parse_number(header(event, {"network-port"})).value_or(0));
    return out;
}

/// Runs on FreeSWITCH's dispatch threads; nothing gets past it.
template <class Body> void guarded(Event* event, const Body& body) noexcept {
    try {
        // Another domain may have the same numbers.
        if (const Contact contact = read(event); loaded->configuration.has(contact.host)) {
            body(contact);
        }
    } catch (const std::exception&) { // there is no memory: the next renewal tells it again
    }
}

void registered(Event* event) {
    guarded(event, [&](const Contact& contact) {
        if (contact.call_id.empty() || contact.address.empty()) {
            return;
        }
        if (!loaded->users.was_asked_for(contact.number)) {
            log(LogLevel::warning,
                fmt::format(
                    "user {0} registered, and FreeSWITCH did not ask us for it: another module "
                    "answers for {0}@{1} before us, or SIP profile {2} takes anybody "
                    "(accept-blind-reg); switch that off",
                    contact.number, contact.host, contact.profile));
        }
        loaded->contacts.registered(contact);
        engine_registered(loaded->engine, contact.number.c_str(), contact.address.c_str(),
                          contact.port, header(event, {"user-agent"}).c_str());
    });
}

/// mod_sofia tells of an end by its call-id, and mostly without an address.
void gone(Event* event) {
    guarded(event, [&](const Contact& contact) {
        if (const auto known = loaded->contacts.gone(contact.call_id)) {
            engine_unregistered(loaded->engine, known->number.c_str(), known->address.c_str(),
                                known->port);
        }
    });
}

void refused(Event* event) {
    guarded(event, [&](const Contact& contact) {
        if (header(event, {"registration-type"}) != "INVITE") {
            engine_register_refused(loaded->engine, contact.number.c_str(), contact.address.c_str(),
                                    "wrong user or password");
        }
    });
}

struct Binding {
    const char* subclass;
    Callback callback;
};

constexpr std::array<Binding, 4> bindings = {{
    {"sofia::register", registered},
    {"sofia::unregister", gone},
    {"sofia::expire", gone},
    {"sofia::register_failure", refused},
}};

} // namespace

bool bind_events(Module& context) {
    for (std::size_t at = 0; at < bindings.size(); ++at) {
        if (event_bind("mod_pnp", event_custom, bindings.at(at).subclass, bindings.at(at).callback,
                       nullptr, &context.bound.at(at)) != success) {
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
