// SPDX-License-Identifier: MIT
// The loop, stepped by hand where order matters and with its threads where threads matter.
#include "provisioning/base/loop.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/net.hpp"

#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <csignal>
#include <fcntl.h>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <pthread.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

// After <boost/asio>: this file may see it, because the loop hands out its io_context.
#include <boost/asio/io_context.hpp>

using namespace base;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

constexpr auto patience = 10s; // for what must happen; nothing waits that long unless it fails

struct Pair {
    Pair() {
        std::array<int, 2> fds{-1, -1};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()),
                  0);
        near = Fd(fds[0]);
        far = Fd(fds[1]);
    }

    void send(std::string_view text) const {
        EXPECT_EQ(::write(far.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }

    char take() const {
        char c = '-';
        return ::read(near.get(), &c, 1) == 1 ? c : '-';
    }

    Fd near;
    Fd far;
};

/// Catches what the loop logs.
struct Lines {
    Lines() {
        log::set_sink([this](auto, auto, std::string_view text) { lines.emplace_back(text); });
    }

    ~Lines() { log::set_sink({}); }

    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;

    std::vector<std::string> lines;
};

template <class T> T get(std::future<T> future) {
    if (future.wait_for(patience) != std::future_status::ready) {
        throw std::runtime_error("it never happened");
    }
    return future.get();
}

} // namespace

TEST(Loop, RunsPostedTasksInOrder) {
    Loop loop;
    std::vector<int> order;
    loop.post([&] {
        order.push_back(1);
        loop.post([&] { order.push_back(3); });
    });
    loop.post([&] { order.push_back(2); });
    EXPECT_TRUE(loop.step());
    EXPECT_THAT(order, ElementsAre(1, 2, 3));
    EXPECT_FALSE(loop.step());
}

TEST(Loop, StepsThroughWorkAndItsAnswer) {
    Loop loop;
    std::string answer;
    loop.post([&] {
        EXPECT_TRUE(loop.on_loop_thread());
        loop.work([&] { loop.post([&] { answer = "hashed"; }); });
    });
    EXPECT_TRUE(loop.step());
    EXPECT_EQ(answer, "hashed");
}

TEST(Loop, StepWaitsForTheFirstThing) {
    Loop loop;
    EXPECT_FALSE(loop.step(1ms));
    bool ran = false;
    Timer timer(loop);
    timer.after(5ms, [&] { ran = true; });
    EXPECT_FALSE(loop.step());
    EXPECT_TRUE(loop.step(patience));
    EXPECT_TRUE(ran);
}

TEST(Loop, LogsATaskThatThrowsAndGoesOn) {
    Lines log;
    Loop loop;
    int ran = 0;
    loop.post([] { throw std::runtime_error("bad phone"); });
    loop.post([] { throw 5; });
    loop.work([] { throw std::runtime_error("bad disk"); });
    loop.post([&] { ++ran; });
    loop.post(nullptr);
    loop.work([&] { ++ran; });
    EXPECT_TRUE(loop.step());
    EXPECT_EQ(ran, 2);
    ASSERT_EQ(log.lines.size(), 4U);
    EXPECT_EQ(log.lines[0], "a task failed: bad phone");
    EXPECT_THAT(log.lines[1], HasSubstr("unknown type"));
}

TEST(Loop, GoesOnAfterAHandlerOfAnotherRoomThrew) {
    Lines log;
    Loop loop;
    loop.start();
    std::promise<void> after;
    boost::asio::post(loop.context(), [] { throw std::runtime_error("from serve"); });
    loop.post([&] { after.set_value(); });
    get(after.get_future());
    loop.stop();
    EXPECT_THAT(log.lines, ElementsAre("a task failed: from serve"));
}

TEST(Loop, RunsItsThreadsNamedAtNormalPriorityWithSignalsBlocked) {
    struct Seen {
        std::string name;
        int policy = -1;
        bool term = false;
        bool hup = false;
        bool segv = false;
        bool on_loop = false;
    };

    Loop loop(1);
    loop.start();
    const auto look = [&loop](std::promise<Seen>& into) {
        Seen seen;
        std::array<char, 32> name{};
        pthread_getname_np(pthread_self(), name.data(), name.size());
        seen.name = name.data();
        sched_param param{};
        pthread_getschedparam(pthread_self(), &seen.policy, &param);
        sigset_t mask;
        pthread_sigmask(SIG_BLOCK, nullptr, &mask);
        seen.term = sigismember(&mask, SIGTERM) == 1;
        seen.hup = sigismember(&mask, SIGHUP) == 1;
        seen.segv = sigismember(&mask, SIGSEGV) == 1;
        seen.on_loop = loop.on_loop_thread();
        into.set_value(seen);
    };
    std::promise<Seen> from_loop;
    std::promise<Seen> from_worker;
    loop.post([&] { look(from_loop); });
    loop.work([&] { look(from_worker); });
    const Seen a = get(from_loop.get_future());
    const Seen b = get(from_worker.get_future());
    EXPECT_EQ(a.name, "pnp-loop");
    EXPECT_EQ(b.name, "pnp-work-1");
    EXPECT_TRUE(a.on_loop);
    EXPECT_FALSE(b.on_loop);
    EXPECT_FALSE(loop.on_loop_thread());
    for (const Seen& seen : {a, b}) {
        EXPECT_EQ(seen.policy, SCHED_OTHER);
        EXPECT_TRUE(seen.term);
        EXPECT_TRUE(seen.hup);
        EXPECT_FALSE(seen.segv) << "a crash of ours must reach the crash handler";
    }
    sigset_t ours;
    pthread_sigmask(SIG_BLOCK, nullptr, &ours);
    EXPECT_EQ(sigismember(&ours, SIGTERM), 0) << "the starter's own mask is as before";
}

TEST(Loop, RunsTwoPiecesOfWorkAtOnce) {
    Loop loop(2);
    loop.start();
    std::promise<void> first;
    std::promise<void> second;
    std::promise<void> done;
    auto first_came = first.get_future();
    auto second_came = second.get_future();
    loop.work([&] {
        first.set_value();
        if (second_came.wait_for(patience) == std::future_status::ready) {
            done.set_value();
        }
    });
    loop.work([&] {
        first_came.wait_for(patience);
        second.set_value();
    });
    get(done.get_future());
}

TEST(Loop, StopLetsTheRunningTaskEndAndDropsTheWaiting) {
    Loop loop(1);
    loop.start();
    std::promise<void> began;
    std::atomic<bool> ended = false;
    std::atomic<bool> waiting_ran = false;
    auto kept = std::make_shared<int>(1);
    const std::weak_ptr<int> waiting = kept;
    loop.work([&] {
        began.set_value();
        // Ends only once stop() has begun: from then on a posted task is dropped at once.
        const auto until = std::chrono::steady_clock::now() + patience;
        while (std::chrono::steady_clock::now() < until) {
            auto token = std::make_shared<std::atomic<bool>>(false);
            const std::weak_ptr<std::atomic<bool>> left = token;
            loop.post([token] { *token = true; });
            const auto seen = std::move(token);
            if (left.use_count() == 1 && !*seen) {
                break;
            }
            std::this_thread::yield();
        }
        ended = true;
    });
    get(began.get_future());
    loop.work([&waiting_ran, kept = std::move(kept)] { waiting_ran = true; });
    loop.stop();
    EXPECT_TRUE(ended);
    EXPECT_FALSE(waiting_ran);
    EXPECT_TRUE(waiting.expired()) << "what the dropped task owned is gone when stop returns";
    loop.stop();
}

TEST(Loop, DropsWhatIsPostedAfterStop) {
    Loop loop;
    const auto owned = std::make_shared<int>(1);
    loop.post([owned] {});
    loop.work([owned] {});
    loop.stop();
    loop.post([owned] {});
    loop.work([owned] {});
    EXPECT_EQ(owned.use_count(), 1);
    EXPECT_FALSE(loop.step());
    loop.start(); // too late: nothing happens, and the destructor has nothing to join
}

TEST(Loop, SurvivesATaskThatStopsItsOwnLoop) {
    Lines log;
    Loop loop;
    loop.start();
    std::promise<void> after;
    loop.post([&] { loop.stop(); });
    loop.post([&] { after.set_value(); });
    get(after.get_future());
    loop.stop();
    EXPECT_THAT(log.lines, ElementsAre(HasSubstr("stop its own loop")));
}

TEST(Loop, TakesTasksFromManyThreads) {
    Loop loop;
    loop.start();
    int count = 0; // on the loop thread only
    std::promise<void> done;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int j = 0; j < 250; ++j) {
                loop.work([&] {
                    loop.post([&] {
                        if (++count == 1000) {
                            done.set_value();
                        }
                    });
                });
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    get(done.get_future());
}

TEST(Timer, RunsOnceAndOnlyTheLastTask) {
    Loop loop;
    Timer timer(loop);
    std::vector<int> ran;
    timer.after(0ms, [&] { ran.push_back(1); });
    timer.after(1ms, [&] { ran.push_back(2); });
    while (loop.step(50ms)) {
    }
    EXPECT_THAT(ran, ElementsAre(2));
}

TEST(Timer, CanBeSetAgainByItsOwnTask) {
    Loop loop;
    Timer timer(loop);
    int ran = 0;
    Loop::Task again = [&] {
        if (++ran < 3) {
            timer.after(0ms, again);
        }
    };
    timer.after(0ms, again);
    while (loop.step(50ms)) {
    }
    EXPECT_EQ(ran, 3);
}

TEST(Timer, NeverRunsAfterCancelOrDestruction) {
    Loop loop;
    bool ran = false;
    const auto owned = std::make_shared<int>(1);
    Timer cancelled(loop);
    cancelled.after(0ms, [&ran, owned] { ran = true; });
    cancelled.cancel();
    {
        Timer destroyed(loop);
        destroyed.after(0ms, [&ran, owned] { ran = true; });
    }
    EXPECT_EQ(owned.use_count(), 1);
    loop.step(20ms);
    EXPECT_FALSE(ran);
}

TEST(Timer, NeverRunsWhenCancelledByAnotherThatExpiredWithIt) {
    Loop loop;
    std::optional<Timer> a(std::in_place, loop);
    std::optional<Timer> b(std::in_place, loop);
    int ran = 0;
    // Both are due: when the first runs, the handler of the second already waits in the queue.
    a->after(0ms, [&] {
        ++ran;
        b.reset();
    });
    b->after(0ms, [&] {
        ++ran;
        a.reset();
    });
    while (loop.step(20ms)) {
    }
    EXPECT_EQ(ran, 1);
}

TEST(Timer, MayBeDestroyedByItsOwnTask) {
    Loop loop;
    auto timer = std::make_unique<Timer>(loop);
    std::string text = "alive";
    timer->after(0ms, [&, text] {
        timer.reset();
        EXPECT_EQ(text, "alive") << "the task outlives the timer it runs for";
    });
    EXPECT_TRUE(loop.step(patience));
    EXPECT_EQ(timer, nullptr);
}

TEST(Timer, TakesDelaysOfAnySize) {
    Loop loop;
    Timer timer(loop);
    bool ran = false;
    timer.after(Duration::max(), [&] { ran = true; });
    EXPECT_FALSE(loop.step());
    timer.after(Duration::min(), [&] { ran = true; });
    EXPECT_TRUE(loop.step(patience));
    EXPECT_TRUE(ran);
}

TEST(Timer, LogsATaskThatThrows) {
    Lines log;
    Loop loop;
    Timer timer(loop);
    timer.after(0ms, [] { throw std::runtime_error("late"); });
    loop.step(patience);
    EXPECT_THAT(log.lines, ElementsAre("a task failed: late"));
}

TEST(Watch, CallsAgainWhileSomethingIsLeft) {
    Loop loop;
    const Pair pair;
    std::string got;
    const Watch watch(loop, pair.near.get(), [&] { got += pair.take(); });
    EXPECT_FALSE(loop.step());
    pair.send("abc");
    while (loop.step(20ms)) {
    }
    EXPECT_EQ(got, "abc");
    pair.send("d");
    while (loop.step(20ms)) {
    }
    EXPECT_EQ(got, "abcd");
}

TEST(Watch, LeavesTheStepWhenItsReaderReadsNothing) {
    Loop loop;
    const Pair pair;
    int calls = 0;
    const Watch watch(loop, pair.near.get(), [&] { ++calls; });
    pair.send("x");
    EXPECT_TRUE(loop.step(patience));
    EXPECT_GT(calls, 1) << "level-triggered";
}

TEST(Watch, LeavesTheDescriptorOpenAndIsNotCalledAgain) {
    Loop loop;
    const Pair pair;
    int calls = 0;
    {
        const Watch watch(loop, pair.near.get(), [&] { ++calls; });
        pair.send("x");
    }
    loop.step(20ms);
    EXPECT_EQ(calls, 0);
    EXPECT_NE(::fcntl(pair.near.get(), F_GETFD), -1);
    EXPECT_EQ(pair.take(), 'x');
}

TEST(Watch, IsNotCalledWhenAnotherReaderDestroyedItInTheSameTurn) {
    Loop loop;
    const Pair one;
    const Pair two;
    std::optional<Watch> a;
    std::optional<Watch> b;
    int calls = 0;
    a.emplace(loop, one.near.get(), [&] {
        ++calls;
        one.take();
        b.reset();
    });
    b.emplace(loop, two.near.get(), [&] {
        ++calls;
        two.take();
        a.reset();
    });
    one.send("x");
    two.send("x");
    while (loop.step(20ms)) {
    }
    EXPECT_EQ(calls, 1);
}

TEST(Watch, MayBeDestroyedAndItsDescriptorClosedByItsOwnReader) {
    Loop loop;
    Pair pair;
    std::optional<Watch> watch;
    int calls = 0;
    watch.emplace(loop, pair.near.get(), [&] {
        ++calls;
        watch.reset();
        pair.near.close();
    });
    pair.send("xyz");
    while (loop.step(20ms)) {
    }
    EXPECT_EQ(calls, 1);
}

TEST(Watch, WatchesANewDescriptorUnderAnOldNumber) {
    Loop loop;
    for (int round = 0; round < 3; ++round) {
        const Pair pair; // gets the same numbers each time
        int calls = 0;
        const Watch watch(loop, pair.near.get(), [&] {
            ++calls;
            pair.take();
        });
        pair.send("x");
        EXPECT_TRUE(loop.step(patience));
        EXPECT_EQ(calls, 1);
    }
}

TEST(Watch, SeesTheFarEndClose) {
    Loop loop;
    Pair pair;
    std::optional<Watch> watch;
    bool ended = false;
    watch.emplace(loop, pair.near.get(), [&] {
        char c = 0;
        ended = ::read(pair.near.get(), &c, 1) == 0;
        watch.reset();
    });
    pair.far.close();
    EXPECT_TRUE(loop.step(patience));
    EXPECT_TRUE(ended);
}

TEST(Watch, LogsADescriptorThatCannotBeWatched) {
    Lines log;
    Loop loop;
    const Watch watch(loop, -1, [] {});
    EXPECT_THAT(log.lines, ElementsAre(HasSubstr("cannot be watched")));
}

TEST(Watch, RunsOnTheLoopThread) {
    Loop loop;
    const Pair pair;
    std::promise<bool> on_loop;
    std::optional<Watch> watch;
    loop.post([&] {
        watch.emplace(loop, pair.near.get(), [&] {
            pair.take();
            on_loop.set_value(loop.on_loop_thread());
        });
    });
    loop.start();
    pair.send("x");
    EXPECT_TRUE(get(on_loop.get_future()));
    loop.stop();
}

TEST(Watch, KeepsNoPortOnceItsSocketIsClosed) {
    // A thread asleep in poll(2) would hold the socket open; the host binds the port next.
    Loop loop;
    loop.start();
    auto socket = udp_socket({Ipv4{0x7F000001}, 0});
    ASSERT_TRUE(socket);
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    auto* const name = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::getsockname(socket->get(), name, &size), 0);
    std::optional<Watch> watch;
    std::promise<void> watched;
    loop.post([&] {
        watch.emplace(loop, socket->get(), [] {});
        watched.set_value();
    });
    get(watched.get_future());
    std::promise<int> bound;
    loop.post([&] {
        watch.reset();
        socket->close();
        const Fd again(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        bound.set_value(::bind(again.get(), name, size));
    });
    EXPECT_EQ(get(bound.get_future()), 0);
}
