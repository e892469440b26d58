// SPDX-License-Identifier: MIT
// Room on the stack: FreeSWITCH gives its threads 240 KiB, and makes that the process's default.
#pragma once

#include <functional>
#include <mutex>

#include <pthread.h>

namespace freeswitch {

/// Runs `task` on a thread of its own with the usual stack of Linux at normal priority, which
/// FreeSWITCH's threads do not have, and waits for it. What the task throws ends there; false:
/// there was no thread to be had.
bool on_own_stack(const std::function<void()>& task) noexcept;

/// While this lives, threads that are made without a size, as those of std::thread are, get that
/// stack too. Whoever else in the process makes one at this moment gets more room than it asked
/// for; so it lives no longer than the engine starts.
class RoomForThreads {
  public:
    RoomForThreads();
    ~RoomForThreads();
    RoomForThreads(const RoomForThreads&) = delete;
    RoomForThreads& operator=(const RoomForThreads&) = delete;

  private:
    std::unique_lock<std::mutex> one_at_a_time_; ///< or one would put back what another has set
    pthread_attr_t before_{};
    bool is_set_ = false;
};

} // namespace freeswitch
