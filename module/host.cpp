// SPDX-License-Identifier: MIT
// The C side of the engine: nothing thrown gets past these four functions.
#include "module/host.h"
#include "module/engine.hpp"

#include "provisioning/base/log.hpp"

#include <cstdio>
#include <exception>
#include <new>

struct pnp_engine {
    std::unique_ptr<engine::Engine> engine;
};

namespace {

void say_why(char* why, std::size_t size, const char* text) noexcept {
    if (why != nullptr && size > 0) {
        std::snprintf(why, size, "%s", text);
    }
}

/// Runs `body`, whatever it throws; `otherwise` is what C sees then.
template <class Body>
int guarded(char* why, std::size_t size, int otherwise, Body&& body) noexcept {
    try {
        return body();
    } catch (const std::exception& error) {
        say_why(why, size, error.what());
    } catch (...) {
        say_why(why, size, "an unknown exception");
    }
    return otherwise;
}

} // namespace

extern "C" {

int engine_start(const pnp_host* host, pnp_engine** out, char* why, std::size_t why_size) {
    return guarded(why, why_size, -1, [&] {
        *out = nullptr;
        auto started = engine::Engine::start(*host);
        if (!started) {
            say_why(why, why_size, started.error().what.c_str());
            return -1;
        }
        *out = new pnp_engine{std::move(*started)};
        return 0;
    });
}

int engine_reload(pnp_engine* engine, char* why, std::size_t why_size) {
    return guarded(why, why_size, -1, [&] {
        const auto done = engine->engine->reload();
        say_why(why, why_size, done ? done->c_str() : done.error().what.c_str());
        return done ? 0 : -1;
    });
}

void engine_host_changed(pnp_engine* engine) {
    guarded(nullptr, 0, 0, [&] {
        engine->engine->host_changed();
        return 0;
    });
}

int engine_command(pnp_engine* engine,
                   int argc,
                   const char* const* argv,
                   const char* actor,
                   void (*print)(void* to, const char* text),
                   void* to) {
    return guarded(nullptr, 0, 1, [&] {
        std::vector<std::string> words(argv, argv + argc);
        const auto reply =
            engine->engine->commands().run(words, {actor != nullptr ? actor : "console", {}});
        print(to, reply.text.c_str());
        return reply.status;
    });
}

void engine_complete(pnp_engine* engine,
                     int argc,
                     const char* const* argv,
                     void (*visit)(void* to, const char* word),
                     void* to) {
    guarded(nullptr, 0, 0, [&] {
        for (const auto& word : engine->engine->commands().complete({argv, argv + argc})) {
            visit(to, word.c_str());
        }
        return 0;
    });
}

void engine_commands(
    void (*visit)(void* to, const char* words, const char* usage, const char* help), void* to) {
    guarded(nullptr, 0, 0, [&] {
        for (const auto& line : admin::Commands::table()) {
            visit(to, std::string(line.words).c_str(), std::string(line.usage).c_str(),
                  std::string(line.help).c_str());
        }
        return 0;
    });
}

void engine_registered(pnp_engine* engine,
                       const char* number,
                       const char* address,
                       std::uint16_t port,
                       const char* user_agent) {
    guarded(nullptr, 0, 0, [&] {
        if (const auto from = base::Ipv4::parse(address)) {
            engine->engine->registrations().registered(number, {*from, port}, user_agent);
        }
        return 0;
    });
}

void engine_unregistered(pnp_engine* engine,
                         const char* number,
                         const char* address,
                         std::uint16_t port) {
    guarded(nullptr, 0, 0, [&] {
        if (const auto from = base::Ipv4::parse(address)) {
            engine->engine->registrations().unregistered(number, {*from, port});
        }
        return 0;
    });
}

void engine_register_refused(pnp_engine* engine,
                             const char* number,
                             const char* address,
                             const char* why) {
    guarded(nullptr, 0, 0, [&] {
        if (const auto from = base::Ipv4::parse(address)) {
            engine->engine->registrations().refused(number, *from, why);
        }
        return 0;
    });
}

int engine_claim(pnp_engine* engine,
                 const char* number,
                 const char* address,
                 std::uint16_t port,
                 const char* extension,
                 const char* pin) {
    return guarded(nullptr, 0, PNP_CLAIM_REFUSED, [&] {
        return static_cast<int>(engine->engine->claims().claim(
            number, {base::Ipv4::parse(address).value_or(base::Ipv4{}), port}, extension, pin));
    });
}

int engine_release(pnp_engine* engine,
                   const char* number,
                   const char* address,
                   std::uint16_t port) {
    return guarded(nullptr, 0, PNP_CLAIM_REFUSED, [&] {
        return static_cast<int>(engine->engine->claims().release(
            number, {base::Ipv4::parse(address).value_or(base::Ipv4{}), port}));
    });
}

void engine_release_port(pnp_engine* engine) {
    guarded(nullptr, 0, 0, [&] {
        engine->engine->release_port(std::chrono::seconds(2));
        return 0;
    });
}

void engine_take_port(pnp_engine* engine) {
    guarded(nullptr, 0, 0, [&] {
        engine->engine->take_port();
        return 0;
    });
}

void engine_stop(pnp_engine* engine) {
    guarded(nullptr, 0, 0, [&] {
        delete engine;
        return 0;
    });
}
}
