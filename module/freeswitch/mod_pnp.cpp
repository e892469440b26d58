// SPDX-License-Identifier: MIT
// mod_pnp: loads and unloads the engine inside FreeSWITCH.
#include "module/freeswitch/module.hpp"
#include "module/freeswitch/stack.hpp"

#include <array>
#include <chrono>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace freeswitch {

Module* loaded = nullptr;
std::shared_mutex commands_run;

namespace {

Xml* search(const char* section,
            const char* tag,
            const char* key,
            const char* value,
            Event* params,
            void* users) {
    const auto text = [](const char* one) { return one == nullptr ? "" : one; };
    try {
        return static_cast<Users*>(users)->answer(text(section), text(tag), text(key), text(value),
                                                  params);
    } catch (const std::exception&) {
        return nullptr; // there is no memory, so FreeSWITCH looks elsewhere
    }
}

/// What a command that `unload -f` did not wait for still has to do in this file, when it let go of
/// what the module has: FreeSWITCH closes the file right after us.
constexpr auto way_out = std::chrono::milliseconds(200);

/// The reverse of `start`; each step is harmless where its counterpart never ran.
void stop() {
    Module* ending = nullptr;
    bool was_awaited = false;
    if (loaded != nullptr) {
        unbind_events(*loaded);
        xml_unbind(search);
        remove_completion();
        std::unique_lock last(commands_run, std::try_to_lock);
        if (!last) {
            was_awaited = true;
            last.lock();
        }
        ending = std::exchange(loaded, nullptr);
    }
    if (ending != nullptr) {
        if (!on_own_stack([&] { engine_stop(ending->engine); })) {
            engine_stop(ending->engine);
        }
        delete ending;
    }
    if (was_awaited) {
        std::this_thread::sleep_for(way_out);
    }
}

base::Status start_engine(Module& made) {
    static pnp_host host; // the engine keeps it
    host = {};
    fill_host(host, made);
    std::array<char, 1024> why{};
    int done = -1;
    const bool ran = on_own_stack([&] {
        const RoomForThreads room; // its threads are all made here
        done = engine_start(&host, &made.engine, why.data(), why.size());
    });
    if (!ran) {
        return base::fail(base::Errc::io, "there is no thread to start it; look at the limits of "
                                          "FreeSWITCH's user");
    }
    return done == 0 ? base::Status() : base::fail(base::Errc::io, "{}", why.data());
}

base::Status start() {
    // FreeSWITCH's sections are bits, and ours must be the same ones.
    if (xml_sections("directory") != section_directory ||
        xml_sections("dialplan") != section_dialplan) {
        return base::fail(base::Errc::refused,
                          "this FreeSWITCH numbers the sections of its documents "
                          "otherwise; it is none that mod_pnp knows");
    }
    if (!numbers_events_as_ours()) {
        return base::fail(base::Errc::refused,
                          "this FreeSWITCH numbers its events otherwise (57 is not NOTIFY); it is "
                          "none that mod_pnp knows");
    }
    auto others = rivals();
    if (others.refusal) {
        return base::fail(base::Errc::conflict, "{}", *others.refusal);
    }
    for (const auto& remark : others.remarks) {
        log(LogLevel::notice, remark);
    }
    for (const auto& problem : others.problems) {
        log(LogLevel::warning, problem);
    }
    auto configuration = read_configuration();
    if (!configuration) {
        return tl::unexpected(configuration.error());
    }
    if (const auto profiles = profiles_on_group(); !profiles.empty()) {
        log(LogLevel::error,
            fmt::format("phones cannot be heard while FreeSWITCH's own PnP has the group's port "
                        "224.0.1.75:5060: take the SIP profile {} out of sip_profiles and restart "
                        "FreeSWITCH",
                        fmt::join(profiles, ", ")));
    }
    loaded = new Module(std::move(*configuration), profiles());
    loaded->problems = std::move(others.problems);
    (void)loaded->directory.look();
    if (auto done = start_engine(*loaded); !done) {
        return done;
    }
    if (xml_bind(search, section_directory | section_dialplan, &loaded->users, nullptr) !=
        success) {
        return base::fail(base::Errc::io, "FreeSWITCH does not ask us for users");
    }
    if (!bind_events(*loaded)) {
        return base::fail(base::Errc::io, "FreeSWITCH does not tell of registrations");
    }
    loaded->is_started = true; // binding waits for those who ask FreeSWITCH for its documents
    return {};
}

Status load(ModuleInterface** made, Pool* pool) {
    try {
        if (auto done = start(); !done) {
            log(LogLevel::error, fmt::format("PBX PnP is not started: {}", done.error().what));
            stop();
            return general_error;
        }
        *made = create_module_interface(pool, "mod_pnp");
        auto* command = static_cast<ApiInterface*>(create_interface(*made, api_interface));
        command->name = "pnp";
        command->description = "PBX PnP: zero-touch onboarding of phones";
        command->function = run_command;
        command->syntax = "COMMAND; `pnp help` lists them";
        add_completion();
        return success;
    } catch (const std::exception& error) {
        log(LogLevel::error, error.what());
        stop();
        return general_error;
    }
}

Status shutdown() {
    try {
        stop();
    } catch (const std::exception& error) {
        log(LogLevel::error, error.what());
    }
    return success;
}

} // namespace

} // namespace freeswitch

/// FreeSWITCH looks for it by the name of the file.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" __attribute__((visibility("default")))
freeswitch::FunctionTable mod_pnp_module_interface;

freeswitch::FunctionTable mod_pnp_module_interface = {freeswitch::api_version, freeswitch::load,
                                                      freeswitch::shutdown, nullptr, 0};
