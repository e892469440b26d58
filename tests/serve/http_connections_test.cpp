// SPDX-License-Identifier: MIT
// The HTTP server on loopback sockets: deadlines, limits, listeners and its end.
#include "provisioning/base/log.hpp"
#include "provisioning/serve/http.hpp"

#include "client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>

namespace {

using base::Errc;
using serve::Http;
using serve::HttpLimits;
using serve::Request;
using serve::Response;
using serve_test::Client;
using serve_test::until;
using std::chrono::milliseconds;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr base::Endpoint loopback{base::Ipv4{INADDR_LOOPBACK}, 0};
constexpr base::Endpoint loopback2{base::Ipv4{INADDR_LOOPBACK + 1}, 0};
const std::string request = "GET /file HTTP/1.1\r\nHost: a\r\n\r\n";

Response file(std::string body) {
    return {200, "text/plain", std::make_shared<const std::string>(std::move(body)), 0};
}

/// Takes the log for a test.
class Log {
  public:
    Log() {
        base::log::set_sink([this](base::log::Level, std::string_view, std::string_view text) {
            const std::lock_guard hold(lock_);
            lines_.emplace_back(text);
        });
        base::log::set_level("serve", base::log::Level::debug);
    }

    ~Log() {
        base::log::set_level("", base::log::Level::info);
        base::log::set_sink({});
    }

    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    std::vector<std::string> lines() const {
        const std::lock_guard hold(lock_);
        return lines_;
    }

  private:
    mutable std::mutex lock_;
    std::vector<std::string> lines_;
};

class HttpConnections : public testing::Test {
  protected:
    void start(HttpLimits limits = {}, std::vector<base::Endpoint> at = {loopback}) {
        http = std::make_unique<Http>(loop, limits,
                                      [this](const Request& asked) { return handler(asked); });
        const auto errors = http->listen(at);
        ASSERT_TRUE(errors.empty()) << errors[0].what;
        server = http->listening().at(0);
    }

    std::function<Response(const Request&)> handler = [](const Request&) {
        return file("0123456789");
    };
    Log log;
    base::Loop loop;
    std::unique_ptr<Http> http;
    base::Endpoint server;
};

TEST_F(HttpConnections, GivesASlowRequestNoMoreTimeForEachByte) {
    HttpLimits limits;
    limits.request_deadline = milliseconds(50);
    limits.idle_deadline = std::chrono::hours(1);
    start(limits);
    Client client(loop, server);
    client.send("GET /file HTTP/1.1\r\nX: ");
    // Bytes keep coming, far more often than the deadline, until the server has enough.
    EXPECT_TRUE(until(loop, [&] { return !client.send("x") || client.is_over(); }));
    EXPECT_EQ(client.waiting(), "");
    EXPECT_EQ(http->counters().timeouts, 1U);
    EXPECT_EQ(http->counters().open, 0U);
}

TEST_F(HttpConnections, GivesASlowBodyNoMoreTimeThanItsHead) {
    HttpLimits limits;
    limits.request_deadline = milliseconds(50);
    limits.idle_deadline = std::chrono::hours(1);
    start(limits);
    Client client(loop, server);
    client.send("POST /file HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n");
    EXPECT_TRUE(until(loop, [&] { return !client.send("x") || client.is_over(); }));
    EXPECT_EQ(client.waiting(), "");
    EXPECT_EQ(http->counters().timeouts, 1U);
}

TEST_F(HttpConnections, EndlessEmptyLinesAreASlowRequestToo) {
    HttpLimits limits;
    limits.request_deadline = milliseconds(50);
    limits.idle_deadline = std::chrono::hours(1);
    start(limits);
    Client client(loop, server);
    EXPECT_TRUE(until(loop, [&] { return !client.send("\r\n") || client.is_over(); }));
    EXPECT_EQ(http->counters().timeouts, 1U);
}

TEST_F(HttpConnections, EndsAnIdleConnectionInSilence) {
    HttpLimits limits;
    limits.idle_deadline = milliseconds(50);
    start(limits);
    Client never(loop, server);
    Client once(loop, server);
    EXPECT_EQ(once.ask(request).status, 200);
    EXPECT_TRUE(never.closed_by_server());
    EXPECT_TRUE(once.closed_by_server());
    EXPECT_EQ(http->counters().timeouts, 0U);
    EXPECT_EQ(http->counters().open, 0U);
}

TEST_F(HttpConnections, DoesNotWaitForEverForWhoTakesNoAnswer) {
    HttpLimits limits;
    limits.write_deadline = milliseconds(50);
    start(limits);
    handler = [](const Request&) { return file(std::string(8U << 20U, 'x')); };
    Client client(loop, server, loopback.address, 4096);
    client.send(request);
    EXPECT_TRUE(until(loop, [&] { return http->counters().timeouts == 1; }));
    EXPECT_EQ(http->counters().open, 0U);
}

TEST_F(HttpConnections, GivesUpOnAClientThatDoesNotCloseItsSide) {
    HttpLimits limits;
    limits.request_deadline = milliseconds(50); // the longest that the server lingers
    start(limits);
    Client client(loop, server);
    client.send("GET /file HTTP/1.0\r\n\r\n");
    EXPECT_EQ(client.read().body, "0123456789");
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(http->counters().open, 1U);
    EXPECT_TRUE(until(loop, [&] { return http->counters().open == 0; }));
    EXPECT_EQ(http->counters().timeouts, 0U);
}

TEST_F(HttpConnections, LeavesNoDescriptorToTheProgramsThatTheHostStarts) {
    start();
    Client client(loop, server);
    ASSERT_EQ(client.ask(request).status, 200);
    int ours = 0;
    for (int fd = 0; fd < 1024; ++fd) {
        sockaddr_in local{};
        socklen_t length = sizeof local;
        if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &length) == 0 &&
            local.sin_family == AF_INET && base::Endpoint::from(local) == server) {
            ++ours;
            EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0) << "descriptor " << fd;
            EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0) << "descriptor " << fd;
        }
    }
    EXPECT_EQ(ours, 2) << "the listener and the connection";
}

TEST_F(HttpConnections, NamesWhoHoldsThePort) {
    start();
    Http second(loop, {}, handler);
    const auto errors = second.listen({server, loopback2});
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].code, Errc::conflict);
    EXPECT_THAT(errors[0].what, HasSubstr(server.str() + " is taken by "));
    EXPECT_THAT(errors[0].what, HasSubstr("(pid " + std::to_string(::getpid()) + ")"));
    EXPECT_THAT(errors[0].what, HasSubstr("configure another port"));
    ASSERT_EQ(second.listening().size(), 1U) << "the others work";
    Client client(loop, second.listening()[0]);
    EXPECT_EQ(client.ask(request).status, 200);
}

TEST_F(HttpConnections, SaysWhichAddressIsNotOfThisMachine) {
    start();
    const auto errors = http->listen({loopback, *base::Endpoint::parse("192.0.2.1:0")});
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_THAT(errors[0].what, HasSubstr("192.0.2.1:0 is not an address of this machine"));
    EXPECT_EQ(http->listening(), std::vector{server});
}

TEST_F(HttpConnections, FollowsTheAddressesThatComeAndGo) {
    start({}, {loopback, loopback2});
    ASSERT_EQ(http->listening().size(), 2U);
    const auto second = http->listening()[1];
    Client stays(loop, server);
    Client goes(loop, second, loopback2.address);
    EXPECT_EQ(stays.ask(request).status, 200);
    EXPECT_EQ(goes.ask(request).status, 200);

    EXPECT_TRUE(http->listen({loopback}).empty());
    EXPECT_EQ(http->listening(), std::vector{server}) << "the first was left as it is";
    EXPECT_TRUE(goes.closed_by_server());
    EXPECT_EQ(stays.ask(request).status, 200);
    EXPECT_THROW(Client(loop, second, loopback2.address), std::runtime_error);

    EXPECT_TRUE(http->listen({loopback, loopback2}).empty());
    ASSERT_EQ(http->listening().size(), 2U);
    Client back(loop, http->listening()[1]);
    EXPECT_EQ(back.ask(request).status, 200);
}

TEST_F(HttpConnections, ClosesAllAtItsEnd) {
    start();
    int asked = 0;
    handler = [&](const Request&) {
        ++asked;
        return file(std::string(8U << 20U, 'x'));
    };
    Client idle(loop, server);
    Client halfway(loop, server);
    halfway.send("GET /file HTTP/1.1\r\n");
    Client reading(loop, server, loopback.address, 4096);
    reading.send(request);
    ASSERT_TRUE(until(loop, [&] { return http->counters().open == 3 && asked == 1; }));
    idle.send(request); // received by nobody any more
    http.reset();
    EXPECT_TRUE(idle.is_over());
    EXPECT_TRUE(halfway.is_over());
    while (loop.step()) {
    }
    EXPECT_EQ(asked, 1);
    EXPECT_THROW(Client(loop, server), std::runtime_error);
}

TEST_F(HttpConnections, MayBeDestroyedByItsHandler) {
    start();
    handler = [this](const Request&) {
        http.reset();
        return file("never sent");
    };
    Client client(loop, server);
    client.send(request);
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_FALSE(http);
}

TEST_F(HttpConnections, MayBeDestroyedAfterTheLoopStopped) {
    start();
    Client idle(loop, server);
    ASSERT_EQ(idle.ask(request).status, 200);
    loop.stop();
    http.reset();
    EXPECT_TRUE(idle.is_over());
}

TEST_F(HttpConnections, WaitsForDescriptorsWithoutSpinning) {
    start();
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    Client client(loop, server);
    const base::Fd lowest_free(::fcntl(client.fd(), F_DUPFD_CLOEXEC, 0));
    rlimit none_left = before;
    none_left.rlim_cur = static_cast<rlim_t>(lowest_free.get()) + 1;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none_left), 0);
    client.send(request);
    const auto says_why = [this] {
        const auto lines = log.lines();
        return std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
            return line.find("raise the limit of open files") != std::string::npos;
        });
    };
    EXPECT_TRUE(until(loop, [&] { return says_why() != 0; }));
    int turns = 0;
    for (; turns < 10 && loop.step(milliseconds(1)); ++turns) {
    }
    EXPECT_LT(turns, 5) << "the loop has nothing to do meanwhile";
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(client.read().status, 200) << "it comes back by itself";
    EXPECT_EQ(says_why(), 1) << "once, not for each try";
}

TEST_F(HttpConnections, OfAStrangerLeaveTheHostHalfOfItsDescriptors) {
    start();
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    std::vector<std::unique_ptr<Client>> clients;
    clients.push_back(std::make_unique<Client>(loop, server));
    ASSERT_EQ(clients[0]->ask(request).status, 200);
    const base::Fd lowest_free(::fcntl(clients[0]->fd(), F_DUPFD_CLOEXEC, 0));
    // Of a connection both ends are ours here.
    constexpr int most_of_ours = 20;
    rlimit few = before;
    few.rlim_cur = static_cast<rlim_t>(lowest_free.get() + 2 * most_of_ours) * 2;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    for (int i = 0; i < 2 * most_of_ours; ++i) {
        clients.push_back(std::make_unique<Client>(loop, server));
        clients.back()->send("GET /file HTTP/1.1\r\n"); // and is slow with the rest
    }
    EXPECT_TRUE(until(loop, [&] { return http->counters().evicted != 0; }));
    Client phone(loop, server);
    EXPECT_EQ(phone.ask(request).status, 200) << "the slowest made room for it";
    EXPECT_LE(http->counters().open, std::uint64_t{most_of_ours} + 1);
    EXPECT_THAT(log.lines(), Contains(HasSubstr("made room")));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(HttpConnections, LogsNoWholeToken) {
    start();
    Client client(loop, server);
    client.ask("GET /p/AAAABBBBCCCCDDDDEEEEFF/cfg001fc1000001.xml HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(log.lines(),
                Contains(HasSubstr("GET /p/AAAA.../cfg001fc1000001.xml: 200, 10 bytes")));
    EXPECT_THAT(log.lines(), Not(Contains(HasSubstr("AAAAB"))));
}

TEST_F(HttpConnections, LogsAFewBadRequestsAndCountsAll) {
    start();
    constexpr int many = 50;
    for (int i = 0; i < many; ++i) {
        Client client(loop, server);
        ASSERT_EQ(client.ask("nonsense\r\n\r\n").status, 400);
    }
    EXPECT_EQ(http->counters().bad_requests, std::uint64_t{many});
    const auto lines = log.lines();
    EXPECT_LT(std::count_if(lines.begin(), lines.end(),
                            [](const std::string& line) {
                                return line.find("was answered with 400") != std::string::npos;
                            }),
              many / 2);
}

TEST_F(HttpConnections, WorksOnItsOwnThread) {
    loop.start();
    std::promise<base::Endpoint> listening;
    loop.post([&] {
        http = std::make_unique<Http>(loop, HttpLimits{},
                                      [this](const Request& asked) { return handler(asked); });
        http->listen({loopback});
        listening.set_value(http->listening().at(0));
    });
    server = listening.get_future().get();
    std::vector<std::thread> phones;
    std::atomic<int> good = 0;
    for (int i = 0; i < 4; ++i) {
        phones.emplace_back([&] {
            base::Loop unused;
            Client client(unused, server);
            for (int n = 0; n < 20; ++n) {
                good += client.ask(request).body == "0123456789" ? 1 : 0;
                (void)http->counters();
            }
        });
    }
    for (auto& phone : phones) {
        phone.join();
    }
    EXPECT_EQ(good, 80);
    EXPECT_EQ(http->counters().requests, 80U);
    std::promise<void> gone;
    loop.post([&] {
        http.reset();
        gone.set_value();
    });
    gone.get_future().get();
}

} // namespace
