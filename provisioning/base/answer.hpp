// SPDX-License-Identifier: MIT
// How a worker's answer reaches the loop whatever happens: who waits for it would wait for ever.
#pragma once

#include "provisioning/base/loop.hpp"

#include <chrono>
#include <new>
#include <thread>

namespace base {

/// On a worker. Where there is no memory for the task it waits until there is.
template <class Task> void answer(Loop& loop, const Task& task) {
    while (true) {
        try {
            loop.post(task);
            return;
        } catch (const std::bad_alloc&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }
}

} // namespace base
