// SPDX-License-Identifier: MIT
// What the callbacks share, which FreeSWITCH calls without a context of ours.
#pragma once

#include "module/freeswitch/abi.hpp"
#include "module/freeswitch/configuration.hpp"
#include "module/freeswitch/contacts.hpp"
#include "module/freeswitch/users.hpp"
#include "module/host.h"

#include <array>
#include <shared_mutex>
#include <string_view>
#include <utility>

namespace freeswitch {

struct Module {
    explicit Module(Configuration read) : configuration(std::move(read)), users(configuration) {}

    const Configuration configuration;
    Users users;
    Contacts contacts;
    pnp_engine* engine = nullptr;
    std::array<EventNode*, 4> bound{};
};

/// The one that is loaded, for callbacks: it is there before the first is bound, and goes after the
/// last is unbound, which waits for those that run.
extern Module* loaded;

/// A command may still run when its interface is taken from FreeSWITCH, which waits ten seconds at
/// most: whoever runs one holds this shared, and the module goes under it.
extern std::shared_mutex commands_run;

/// One line; the last argument of FreeSWITCH's own log function is ours alone.
void log(LogLevel level, std::string_view text) noexcept;

// host.cpp: what the engine asks and tells.
void fill_host(pnp_host& host, Module& context);

// events.cpp: registrations, from FreeSWITCH's to the timeline. False: FreeSWITCH did not take one.
bool bind_events(Module& context);
void unbind_events(Module& context);

// console.cpp: the command of FreeSWITCH's console and its completion.
Status run_command(const char* text, Session* session, Stream* stream);
void add_completion();
void remove_completion();

} // namespace freeswitch
