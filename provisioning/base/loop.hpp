// SPDX-License-Identifier: MIT
// The one thread that owns sockets and timers, and two workers for what blocks.
#pragma once

#include "provisioning/base/clock.hpp"

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace base {

/// Boost.Asio stays behind this class (loop.cpp) and in serve/http.cpp.
class Loop {
  public:
    using Task = std::function<void()>;

    explicit Loop(int workers = 2);
    ~Loop(); ///< stops and joins
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Starts the loop thread and the workers: normal priority, all signals blocked, named.
    void start();
    /// Lets running tasks end, drops the waiting ones, joins. Safe to call twice.
    void stop();

    void post(Task task); ///< run on the loop thread; from any thread
    void work(Task task); ///< run on a worker; from any thread
    bool on_loop_thread() const noexcept;

    /// For tests without start(): runs what is ready, waits at most `wait` for the first; true if
    /// anything ran. Tasks given to work() run here too.
    bool step(std::chrono::milliseconds wait = std::chrono::milliseconds(0));

    boost::asio::io_context& context() noexcept;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// One timer on the loop. The task runs on the loop thread; never after cancel() or destruction
/// there. A task that throws is logged, not lost.
class Timer {
  public:
    explicit Timer(Loop& loop);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void after(Duration delay, Loop::Task task); ///< replaces what was set before
    void cancel();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

/// Calls `readable` on the loop thread whenever the descriptor has something to read. Borrows the
/// descriptor: destroy the watch first, then close.
class Watch {
  public:
    Watch(Loop& loop, int fd, Loop::Task readable);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace base
