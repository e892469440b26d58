// SPDX-License-Identifier: MIT
// The HTTP server with more than it can take: who makes room, who is told to come again later, and
// when a refusal leaves.
#include "provisioning/serve/http.hpp"

#include "client.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>
#include <memory>
#include <string>
#include <thread>

namespace {

using serve::Http;
using serve::HttpLimits;
using serve::Request;
using serve::Response;
using serve_test::Client;
using serve_test::until;
using std::chrono::milliseconds;

constexpr base::Endpoint loopback{base::Ipv4{INADDR_LOOPBACK}, 0};
constexpr base::Ipv4 neighbour{INADDR_LOOPBACK + 1};
const std::string request = "GET /file HTTP/1.1\r\nHost: a\r\n\r\n";

Response file(std::string body) {
    return {200, "text/plain", std::make_shared<const std::string>(std::move(body)), 0, {}};
}

class HttpLimit : public testing::Test {
  protected:
    void start(HttpLimits limits = {}) {
        http = std::make_unique<Http>(loop, limits,
                                      [this](const Request& asked) { return handler(asked); });
        const auto errors = http->listen({loopback});
        ASSERT_TRUE(errors.empty()) << errors[0].what;
        server = http->listening().at(0);
    }

    std::unique_ptr<Client> client(base::Ipv4 source = loopback.address) {
        auto made = std::make_unique<Client>(loop, server, source);
        const auto before = http->counters();
        until(loop, [&] {
            const auto now = http->counters();
            return now.open != before.open || now.evicted != before.evicted ||
                   now.refused_connections != before.refused_connections;
        });
        return made;
    }

    std::function<Response(const Request&)> handler = [](const Request&) {
        return file("0123456789");
    };
    base::Loop loop;
    std::unique_ptr<Http> http;
    base::Endpoint server;
};

TEST_F(HttpLimit, TheSlowestOfASourceMakesRoomForItsNext) {
    HttpLimits limits;
    limits.connections_per_source = 2;
    start(limits);
    const auto slowest = client();
    const auto slow = client();
    const auto other = client(neighbour);
    const auto next = client();
    EXPECT_EQ(next->ask(request).status, 200);
    EXPECT_TRUE(slowest->closed_by_server());
    EXPECT_EQ(slow->ask(request).status, 200);
    EXPECT_EQ(other->ask(request).status, 200) << "another address has its own count";
    EXPECT_EQ(http->counters().evicted, 1U);
    EXPECT_EQ(http->counters().open, 3U);
}

TEST_F(HttpLimit, WhoAsksIsNotTheSlowest) {
    HttpLimits limits;
    limits.connections_per_source = 2;
    start(limits);
    const auto first = client();
    const auto second = client();
    EXPECT_EQ(first->ask(request).status, 200); // and waits for less time than the second now
    const auto third = client();
    EXPECT_EQ(third->ask(request).status, 200);
    EXPECT_TRUE(second->closed_by_server());
    EXPECT_EQ(first->ask(request).status, 200);
}

TEST_F(HttpLimit, AFullTableTakesFromTheGreediestSource) {
    HttpLimits limits;
    limits.connections = 4;
    start(limits);
    const auto honest = client(neighbour);
    std::deque<std::unique_ptr<Client>> greedy;
    for (int i = 0; i < 3; ++i) {
        greedy.push_back(client());
        greedy.back()->send("GET /file HTTP/1.1\r\nX: ");
    }
    const auto late = client(base::Ipv4{INADDR_LOOPBACK + 2});
    EXPECT_EQ(late->ask(request).status, 200);
    EXPECT_EQ(honest->ask(request).status, 200) << "has waited longest, and is not greedy";
    EXPECT_TRUE(greedy[0]->closed_by_server());
    EXPECT_FALSE(greedy[1]->is_over());
}

/// The workers are at it until they may end, and the loop is a thread of its own.
class BusyHttp : public HttpLimit {
  protected:
    void start_busy(HttpLimits limits) {
        handler = [opened = gate.get_future().share()](const Request&) {
            opened.wait();
            return file("after all");
        };
        loop.start();
        std::promise<void> up;
        loop.post([&] {
            start(limits);
            up.set_value();
        });
        up.get_future().wait();
    }

    void TearDown() override { loop.stop(); }

    std::promise<void> gate;
    base::Loop unused; ///< what clients step
};

TEST_F(BusyHttp, NobodyMakesRoomWhoseAnswerIsOurs) {
    HttpLimits limits;
    limits.connections = 2;
    start_busy(limits);
    Client first(unused, server);
    Client second(unused, server, neighbour);
    first.send(request);
    second.send(request);
    EXPECT_TRUE(until(unused, [&] { return http->counters().requests == 2; }));
    Client third(unused, server, base::Ipv4{INADDR_LOOPBACK + 2});
    EXPECT_TRUE(third.closed_by_server());
    EXPECT_EQ(http->counters().refused_connections, 1U);
    gate.set_value();
    EXPECT_EQ(first.read().body, "after all");
    EXPECT_EQ(second.read().body, "after all");
}

TEST_F(HttpLimit, WhoIsAnsweredLateOnPurposeMakesRoomForTheNext) {
    HttpLimits limits;
    limits.connections_per_source = 2;
    start(limits);
    handler = [](const Request&) {
        auto late = file("late");
        late.delay = std::chrono::minutes(1);
        return late;
    };
    std::deque<std::unique_ptr<Client>> scanner;
    for (int i = 0; i < 20; ++i) {
        scanner.push_back(client());
        scanner.back()->send(request);
        ASSERT_TRUE(until(loop, [&] { return http->counters().requests == scanner.size(); }));
    }
    handler = [](const Request&) { return file("0123456789"); };
    EXPECT_EQ(client()->ask(request).status, 200);
    EXPECT_EQ(http->counters().refused_connections, 0U);
}

TEST_F(HttpLimit, AQuickClientIsServedBesideFiveHundredThatSendAByteNowAndThen) {
    start();
    std::deque<std::unique_ptr<Client>> slow;
    for (int i = 0; i < 500; ++i) {
        slow.push_back(client());
        slow.back()->send("G");
    }
    EXPECT_EQ(http->counters().open, 400U);
    const auto same_address = client();
    EXPECT_EQ(same_address->ask(request).status, 200);
    const auto other_address = client(neighbour);
    EXPECT_EQ(other_address->ask(request).status, 200);
}

TEST_F(HttpLimit, ASourceOverItsRateIsToldWhenToComeAgain) {
    HttpLimits limits;
    limits.rates.per_source = 1; // 30 at once
    start(limits);
    const auto greedy = client();
    int answered = 0;
    serve_test::Answer last;
    while ((last = greedy->ask(request)).status == 200) {
        ASSERT_LT(++answered, 1000);
    }
    EXPECT_GE(answered, 30);
    EXPECT_EQ(last.all(), "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                          "Retry-After: 5\r\n\r\n");
    EXPECT_EQ(http->counters().limited, 1U);
    const auto modest = client(neighbour);
    EXPECT_EQ(modest->ask(request).status, 200);
}

TEST_F(HttpLimit, APhoneWithItsTokenIsServedWhereAScannerUsedUpTheirAddress) {
    HttpLimits limits;
    limits.rates.per_source = 0.1; // 3 at once
    start(limits);
    int looked = 0;
    http->let_through([&](const Request& asked) {
        ++looked;
        const bool shows = asked.path == "/p/token/file" || asked.authorization == "Basic dG9rZW4=";
        return shows ? base::Mac::parse("001fc1000001") : std::nullopt;
    });
    const auto scanner = client();
    int answered = 0;
    while (scanner->ask(request).status == 200) {
        EXPECT_EQ(looked, 0) << "within the rate nobody looks";
        ASSERT_LT(++answered, 1000);
    }
    const auto phone = client();
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(phone->ask("GET /p/token/file HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
        EXPECT_EQ(phone
                      ->ask("GET /file HTTP/1.1\r\nHost: a\r\n"
                            "Authorization: Basic dG9rZW4=\r\n\r\n")
                      .status,
                  200);
        EXPECT_EQ(scanner->ask("GET /p/guess/file HTTP/1.1\r\nHost: a\r\n\r\n").status, 503);
        EXPECT_EQ(scanner->ask("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n").status, 503);
    }
}

TEST_F(HttpLimit, ATokenDoesNotGoBeyondTheRateOfAll) {
    HttpLimits limits;
    limits.rates = {0.1, 1}; // 3 and 30 at once
    start(limits);
    http->let_through([](const Request&) { return base::Mac::parse("001fc1000001"); });
    const auto phone = client();
    int answered = 0;
    while (phone->ask(request).status == 200) {
        ASSERT_LT(++answered, 1000);
    }
    EXPECT_GE(answered, 30);
}

TEST_F(HttpLimit, ThreeHundredPhonesBehindOneAddressStartAtOnce) {
    start();
    for (int round = 0; round < 6; ++round) {
        std::deque<std::unique_ptr<Client>> phones;
        for (int i = 0; i < 300; ++i) {
            phones.push_back(client());
            phones.back()->send(request);
        }
        for (const auto& phone : phones) {
            ASSERT_EQ(phone->read().status, 200);
        }
    }
    EXPECT_EQ(http->counters().evicted, 0U);
}

TEST_F(BusyHttp, WorkersAreSaidToBeBusy) {
    HttpLimits limits;
    limits.waiting_requests = 2;
    start_busy(limits);
    Client first(unused, server);
    Client second(unused, server);
    Client third(unused, server);
    first.send(request);
    second.send(request);
    EXPECT_TRUE(until(unused, [&] { return http->counters().requests == 2; }));
    EXPECT_EQ(third.ask(request).status, 503);
    EXPECT_EQ(http->counters().overloaded, 1U);
    gate.set_value();
    EXPECT_EQ(first.read().body, "after all");
    EXPECT_EQ(second.read().body, "after all");
    EXPECT_EQ(third.ask(request).status, 200);
}

TEST_F(HttpLimit, ARefusalLeavesNoEarlierThanEveryOther) {
    start();
    handler = [](const Request&) { return Response{}; };
    const auto one = client();
    for (const std::string path : {"/none", "/%zz"}) {
        const auto began = std::chrono::steady_clock::now();
        EXPECT_EQ(one->ask("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
        EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(10)) << path;
    }
}

TEST_F(HttpLimit, WhoHasAnotherMacThanWhenItConnectedIsNotAnswered) {
    start();
    const auto moved = client();
    const auto other = client(neighbour);
    http->hang_up(loopback.address);
    EXPECT_TRUE(moved->closed_by_server());
    EXPECT_EQ(other->ask(request).status, 200);
    EXPECT_EQ(client()->ask(request).status, 200) << "whoever it is, it may connect again";
}

TEST_F(HttpLimit, AnAnswerThatHidesItsTimeLeavesAsARefusalDoes) {
    start();
    handler = [](const Request&) {
        Response response;
        response.status = 200;
        response.hides_its_time = true;
        return response;
    };
    const auto one = client();
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(one->ask("GET /poll HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
    EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(10));
}

TEST_F(HttpLimit, ADelayedAnswerHoldsNoWorkerAndNobodyElse) {
    start();
    handler = [](const Request& asked) {
        auto response = file(asked.path);
        response.delay = asked.path == "/late" ? milliseconds(200) : milliseconds(0);
        return response;
    };
    const auto began = std::chrono::steady_clock::now();
    std::deque<std::unique_ptr<Client>> late;
    for (int i = 0; i < 20; ++i) {
        late.push_back(client());
        late.back()->send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    const auto other = client();
    EXPECT_EQ(other->ask(request).body, "/file");
    for (const auto& one : late) {
        EXPECT_EQ(one->read().body, "/late");
    }
    EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(200));
}

TEST_F(HttpLimit, OnlySoManyAnswersWaitForTheirTime) {
    HttpLimits limits;
    limits.delayed_answers = 2;
    start(limits);
    handler = [](const Request&) {
        auto response = file("late");
        response.delay = milliseconds(500);
        return response;
    };
    const auto first = client();
    auto second = client();
    const auto third = client();
    first->send(request);
    second->send(request);
    ASSERT_TRUE(until(loop, [&] { return http->counters().requests == 2; }));
    EXPECT_EQ(third->ask(request).status, 503);
    EXPECT_EQ(first->read().body, "late");
    EXPECT_EQ(second->read().body, "late");
    EXPECT_EQ(third->ask(request).body, "late") << "there is room again";
}

} // namespace
