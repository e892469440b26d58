// SPDX-License-Identifier: MIT
// What the callbacks share, which FreeSWITCH calls without a context of ours.
#pragma once

#include "module/freeswitch/abi.hpp"
#include "module/freeswitch/configuration.hpp"
#include "module/freeswitch/contacts.hpp"
#include "module/freeswitch/directory.hpp"
#include "module/freeswitch/users.hpp"
#include "module/host.h"

#include <array>
#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freeswitch {

struct Module {
    Module(Configuration read, Profiles read_profiles)
        : configuration(std::move(read)), profiles(std::move(read_profiles)), users(configuration),
          directory(configuration) {}

    const Configuration configuration;
    const Profiles profiles;           ///< as of the load
    std::vector<std::string> problems; ///< as of the load, a sentence each, for `pnp status`
    Users users;
    Directory directory;
    Contacts contacts;
    std::mutex telling; ///< held from contacts to the engine, which hears of them in their order
    pnp_engine* engine = nullptr;
    /// Until then FreeSWITCH's own thread has looked at its directory for us: it may hold the lock
    /// of its modules, which a script that answers for a configuration needs, and waits for ours.
    std::atomic<bool> is_started = false;
    std::array<EventNode*, 5> bound{};
};

/// The one that is loaded, for callbacks: it is there before the first is bound, and goes after the
/// last is unbound, which waits for those that run.
extern Module* loaded;

/// A command may still run when its interface is taken from FreeSWITCH, which waits ten seconds at
/// most: whoever runs one holds this shared, and the module goes under it.
extern std::shared_mutex commands_run;

/// One line; the last argument of FreeSWITCH's own log function is ours alone.
void log(LogLevel level, std::string_view text) noexcept;

/// Whether FreeSWITCH calls an event so. Forks number theirs otherwise.
bool is_named(Event* event, std::string_view name) noexcept;

// host.cpp: what the engine asks and tells.
bool numbers_events_as_ours();
void fill_host(pnp_host& host, Module& context);

// events.cpp: registrations, from FreeSWITCH's to the timeline, and what else it tells. False:
// FreeSWITCH did not take one.
bool bind_events(Module& context);
void unbind_events(Module& context);

// console.cpp: the command of FreeSWITCH's console and its completion.
Status run_command(const char* text, Session* session, Stream* stream);
void add_completion();
void remove_completion();

} // namespace freeswitch
