// SPDX-License-Identifier: MIT
// Room on the stack: FreeSWITCH gives its threads 240 KiB, and makes that the process's default.
#pragma once

#include <functional>

namespace freeswitch {

/// Runs `task` on a thread of its own with the usual stack of Linux, and waits for it. Threads that
/// it makes have one like it. What the task throws ends there; false: there was no thread to be
/// had.
bool on_own_stack(const std::function<void()>& task) noexcept;

} // namespace freeswitch
