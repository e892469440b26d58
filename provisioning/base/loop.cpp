// SPDX-License-Identifier: MIT
// The loop thread on Boost.Asio, the workers, and the timers and watches that live on the loop.
#include "provisioning/base/loop.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/thread.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <exception>
#include <mutex>
#include <openssl/crypto.h>
#include <pthread.h>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace base {
namespace {

namespace asio = boost::asio;

/// Runs a task; what it throws ends here, since above us is a thread of the host's process.
template <class F> void guarded(F&& task) noexcept {
    try {
        try {
            std::forward<F>(task)();
        } catch (const std::exception& error) {
            log::error("base", "a task failed: {}", error.what());
        } catch (...) {
            log::error("base", "a task failed with an exception of unknown type");
        }
    } catch (...) { // not even a log line could be written
    }
}

/// Blocks the signals of the calling thread for its lifetime: a thread inherits the mask it is
/// created under, and the host's signals belong to the host's threads.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t mask;
        sigfillset(&mask);
        // Our own faults are delivered to the thread in any case; unblocked, the host's crash
        // handler or a sanitizer gets to see them.
        for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) {
            sigdelset(&mask, fault);
        }
        pthread_sigmask(SIG_SETMASK, &mask, &before_);
    }

    ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  private:
    sigset_t before_{};
};

} // namespace

void settle_thread(const std::string& name) {
    // A PBX may run at real-time priority, and its threads inherit that.
    const sched_param normal{};
    pthread_setschedparam(pthread_self(), SCHED_OTHER, &normal);
    pthread_setname_np(pthread_self(), name.c_str());
}

struct Loop::State {
    explicit State(int wanted) : workers(wanted), io(1), guard(asio::make_work_guard(io)) {}

    int workers;
    std::vector<std::thread> threads;
    std::atomic<std::thread::id> loop_thread{};
    std::atomic<bool> started = false;
    std::atomic<bool> stopped = false;

    // Tasks wait in queues of our own: an io_context cannot drop what waits in it until it is
    // destroyed, and by then the rooms the tasks refer to are gone.
    std::mutex lock;
    std::condition_variable work_waits;
    std::deque<Task> posted;
    std::deque<Task> running; ///< taken from there; not made anew, for which there may be no memory
    std::deque<Task> work;

    // Last, so that it goes first: what its handlers own may call post() once more.
    asio::io_context io;
    asio::executor_work_guard<asio::io_context::executor_type> guard;

    /// Runs the tasks that waited when it began; later ones take their turn behind sockets.
    void run_posted() {
        {
            const std::lock_guard hold(lock);
            running.swap(posted);
        }
        for (Task& task : running) {
            if (stopped) {
                break;
            }
            guarded(std::exchange(task, nullptr));
        }
        running.clear();
    }

    void run_loop() {
        loop_thread = std::this_thread::get_id();
        while (!stopped) {
            guarded([this] { io.run(); }); // again after a handler that threw
        }
    }

    void run_worker() {
        std::unique_lock hold(lock);
        while (true) {
            work_waits.wait(hold, [this] { return stopped || !work.empty(); });
            if (stopped) {
                return;
            }
            run_one_work(hold);
        }
    }

    void run_one_work(std::unique_lock<std::mutex>& hold) {
        Task task = std::move(work.front());
        work.pop_front();
        hold.unlock();
        guarded(std::exchange(task, nullptr));
        hold.lock();
    }
};

Loop::Loop(int workers) : state_(std::make_unique<State>(std::max(workers, 1))) {}

Loop::~Loop() {
    stop();
}

void Loop::start() {
    State& state = *state_;
    {
        const std::lock_guard hold(state.lock);
        if (state.started || state.stopped) {
            return;
        }
        state.started = true;
    }
    const SignalsBlocked blocked;
    const auto run = [&](std::string name, void (State::*body)()) {
        state.threads.emplace_back([&state, name = std::move(name), body] {
            settle_thread(name);
            (state.*body)();
            // The module may be unloaded next; OpenSSL's per-thread data must be gone by then.
            OPENSSL_thread_stop();
        });
    };
    run("pnp-loop", &State::run_loop);
    for (int i = 1; i <= state.workers; ++i) {
        run("pnp-work-" + std::to_string(i), &State::run_worker);
    }
}

void Loop::stop() {
    State& state = *state_;
    const auto self = std::this_thread::get_id();
    for (const std::thread& thread : state.threads) {
        if (thread.get_id() == self) {
            log::error("base", "a task tried to stop its own loop; only the owner may");
            return;
        }
    }
    {
        const std::lock_guard hold(state.lock);
        state.stopped = true;
    }
    state.work_waits.notify_all();
    state.io.stop();
    for (std::thread& thread : state.threads) {
        thread.join();
    }
    state.threads.clear();
    std::deque<Task> posted;
    std::deque<Task> work;
    {
        const std::lock_guard hold(state.lock);
        posted.swap(state.posted);
        work.swap(state.work);
    }
    // Dropped here, outside the lock: a task's destructor may post.
}

void Loop::post(Task task) {
    State& state = *state_;
    const std::lock_guard hold(state.lock);
    if (state.stopped) {
        return;
    }
    state.posted.push_back(std::move(task));
    if (state.posted.size() > 1) {
        return; // whoever came first has called for run_posted()
    }
    try {
        asio::post(state.io, [&state] { state.run_posted(); });
    } catch (...) { // out of memory: the next one must call for it
        state.posted.pop_back();
        throw;
    }
}

void Loop::work(Task task) {
    State& state = *state_;
    bool started = false;
    {
        const std::lock_guard hold(state.lock);
        if (state.stopped) {
            return;
        }
        started = state.started;
        state.work.push_back(std::move(task));
    }
    if (started) {
        state.work_waits.notify_one();
    } else {
        guarded([&] { asio::post(state.io, [] {}); }); // wakes a step() that waits
    }
}

bool Loop::on_loop_thread() const noexcept {
    return state_->loop_thread.load() == std::this_thread::get_id();
}

bool Loop::step(std::chrono::milliseconds wait) {
    State& state = *state_;
    if (state.stopped || state.started) {
        return false;
    }
    state.loop_thread = std::this_thread::get_id();
    bool ran = false;
    // Bounded, because a watch whose reader leaves something behind is ready for ever.
    for (int i = 0; i < 1000 && !state.stopped; ++i) {
        std::size_t handlers = 0;
        guarded([&] { handlers = state.io.poll_one(); });
        bool worked = false;
        if (std::unique_lock hold(state.lock); !state.work.empty()) {
            state.run_one_work(hold);
            worked = true;
        }
        if (handlers == 0 && !worked) {
            if (ran || wait <= wait.zero()) {
                break;
            }
            guarded([&] { handlers = state.io.run_one_for(wait); });
            wait = wait.zero();
            if (handlers == 0) {
                break;
            }
        }
        ran = true;
    }
    return ran;
}

asio::io_context& Loop::context() noexcept {
    return state_->io;
}

struct Timer::State {
    explicit State(asio::io_context& io) : timer(io) {}

    asio::steady_timer timer;
    Loop::Task task;
    std::uint64_t round = 0; // a handler that was already queued when cancel() came finds another
};

Timer::Timer(Loop& loop) : state_(std::make_shared<State>(loop.context())) {}

Timer::~Timer() {
    cancel();
}

void Timer::after(Duration delay, Loop::Task task) {
    cancel();
    state_->task = std::move(task);
    constexpr Duration longest = std::chrono::hours(24 * 36'500); // now + delay must not overflow
    state_->timer.expires_after(std::clamp(delay, Duration::zero(), longest));
    state_->timer.async_wait([state = state_, round = state_->round](auto error) {
        if (!error && round == state->round) {
            guarded(std::exchange(state->task, nullptr)); // which may set the timer again
        }
    });
}

void Timer::cancel() {
    ++state_->round;
    state_->task = nullptr;
    guarded([this] { state_->timer.cancel(); });
}

struct Watch::State : std::enable_shared_from_this<State> {
    State(asio::io_context& io, Loop::Task task) : descriptor(io), readable(std::move(task)) {}

    asio::posix::stream_descriptor descriptor;
    Loop::Task readable;
    bool alive = true;

    // async_wait: the thread sleeps in epoll. Asleep in poll(2) it would hold a reference to the
    // descriptor, and a closed socket would keep its port.
    void wait() {
        descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                              [self = shared_from_this()](auto error) {
                                  if (error || !self->alive) {
                                      return;
                                  }
                                  guarded(self->readable);
                                  if (self->alive) {
                                      self->wait();
                                  }
                              });
    }
};

Watch::Watch(Loop& loop, int fd, Loop::Task readable)
    : state_(std::make_shared<State>(loop.context(), std::move(readable))) {
    boost::system::error_code error;
    state_->descriptor.assign(fd, error);
    if (error) {
        log::error("base", "descriptor {} cannot be watched: {}", fd, error.message());
        return;
    }
    state_->wait();
}

Watch::~Watch() {
    state_->alive = false;
    // Borrowed: taken out of epoll here and now, and left open for its owner to close.
    guarded([this] { state_->descriptor.release(); });
}

} // namespace base
