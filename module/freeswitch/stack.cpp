// SPDX-License-Identifier: MIT
#include "module/freeswitch/stack.hpp"

#include "provisioning/base/thread.hpp"

#include <csignal>
#include <cstddef>

#include <pthread.h>

namespace freeswitch {

namespace {

constexpr std::size_t stack_size = 8UL << 20U; // touched as far as it is used, no further

std::mutex setting; // the default of the process

void* run(void* task) {
    try {
        base::settle_thread("pnp-call");
        (*static_cast<const std::function<void()>*>(task))();
    } catch (...) { // the tasks are calls of the engine's door, which let nothing through
    }
    return nullptr;
}

} // namespace

RoomForThreads::RoomForThreads() : one_at_a_time_(setting) {
    pthread_attr_t wanted{};
    if (pthread_getattr_default_np(&before_) != 0 || pthread_getattr_default_np(&wanted) != 0) {
        return;
    }
    is_set_ = pthread_attr_setstacksize(&wanted, stack_size) == 0 &&
              pthread_setattr_default_np(&wanted) == 0;
    pthread_attr_destroy(&wanted);
}

RoomForThreads::~RoomForThreads() {
    if (is_set_) {
        pthread_setattr_default_np(&before_);
        pthread_attr_destroy(&before_);
    }
}

bool on_own_stack(const std::function<void()>& task) noexcept {
    pthread_attr_t attributes{};
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_t thread{};
    bool done = false;
    // A thread inherits the mask, and the host's signals belong to the host's threads.
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_attr_setstacksize(&attributes, stack_size) == 0) {
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): it is called as const again
        done = pthread_create(&thread, &attributes, run,
                              const_cast<std::function<void()>*>(&task)) == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
    return done && pthread_join(thread, nullptr) == 0;
}

} // namespace freeswitch
