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

void engine_stop(pnp_engine* engine) {
    guarded(nullptr, 0, 0, [&] {
        delete engine;
        return 0;
    });
}
}
