// SPDX-License-Identifier: MIT
// A thread with a network of its own, and a loop that is stepped until something has happened
// there.
#pragma once

#include "provisioning/base/loop.hpp"

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include <sched.h>

namespace base {

inline bool run(const std::string& command) {
    return std::system(("{ " + command + "; } >/dev/null 2>&1").c_str()) == 0;
}

/// The machine's network stays as it is. False if that is not allowed, or `command` fails in it.
inline bool in_own_network(const std::string& command, const std::function<void()>& body) {
    bool allowed = false;
    std::thread([&] {
        allowed = ::unshare(CLONE_NEWNET) == 0 && run(command);
        if (allowed) {
            body();
        }
    }).join();
    return allowed;
}

/// Steps until the last call says what is expected; false when patience ends.
inline bool step_until(Loop& loop, const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done() && std::chrono::steady_clock::now() < until) {
        loop.step(std::chrono::milliseconds(100));
    }
    return done();
}

} // namespace base
