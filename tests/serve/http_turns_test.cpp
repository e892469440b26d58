// SPDX-License-Identifier: MIT
// Clients that wait for workers which are at it for longer than a client may be slow.
#include "provisioning/serve/http.hpp"
#include "provisioning/serve/tls.hpp"

#include "tests/no_memory.hpp"
#include "tls_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using serve::Http;
using serve::HttpLimits;
using serve::Request;
using serve::Response;
using serve_test::Client;
using serve_test::TlsClient;
using serve_test::until;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr base::Ipv4 local{INADDR_LOOPBACK};
constexpr base::Endpoint loopback{local, 0};
const std::string request = "GET /file HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string long_request = "GET /long HTTP/1.1\r\nHost: a\r\n\r\n";

/// The loop is a thread of its own, and its workers are at it until the gate is opened.
class Waiting : public testing::Test {
  protected:
    static std::shared_ptr<const serve::TlsContext> context() {
        static const auto made = [] {
            std::string pattern = testing::TempDir() + "pnp-ca-XXXXXX";
            const std::string place = ::mkdtemp(pattern.data());
            const auto now = base::SystemClock().unix_ms();
            const auto authority = serve::Authority::open(place, now);
            std::filesystem::remove_all(place);
            return *serve::TlsContext::make(*authority->issue({local}, "pbx", now));
        }();
        return made;
    }

    void start(HttpLimits limits) {
        const auto with = context();
        loop.start();
        on_loop([&] {
            http = std::make_unique<Http>(
                loop, limits, [this, opened = gate.get_future().share()](const Request& asked) {
                    ++answered;
                    if (asked.path == "/long") {
                        opened.wait();
                    }
                    Response response;
                    response.status = 200;
                    response.body = std::make_shared<const std::string>("after all");
                    return response;
                });
            http->tls(with);
            http->on_tls_failure([this](base::Endpoint, const std::string& why) {
                const std::lock_guard hold(lock);
                failures.push_back(why);
            });
            EXPECT_TRUE(http->listen({loopback}, {loopback}).empty());
            plain = http->listening().at(0);
            server = http->listening_with_tls().at(0);
        });
    }

    template <class Task> void on_loop(Task&& task) {
        std::promise<void> done;
        loop.post([&] {
            task();
            done.set_value();
        });
        done.get_future().wait();
    }

    /// So many requests that no worker is left.
    void occupy_workers() {
        for (int i = 0; i < 2; ++i) {
            occupants.push_back(std::make_unique<Client>(unused, plain));
            occupants.back()->send(long_request);
        }
        ASSERT_TRUE(until(unused, [&] { return answered == 2; }));
    }

    void open_gate() {
        if (!std::exchange(is_open, true)) {
            gate.set_value();
        }
    }

    static void pass(milliseconds time) { std::this_thread::sleep_for(time); }

    bool comes_to(std::uint64_t open) {
        return until(unused, [&] { return http->counters().open == open; });
    }

    void TearDown() override {
        open_gate();
        loop.stop();
    }

    /// What a client says first; it is not gone on with.
    static std::string hello() {
        const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> ctx(
            SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
        const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(ctx.get()), SSL_free);
        BIO* out = BIO_new(BIO_s_mem());
        SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
        SSL_connect(ssl.get());
        std::string bytes(BIO_ctrl_pending(out), '\0');
        BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
        return bytes;
    }

    base::Loop loop;
    base::Loop unused; ///< what clients step
    std::promise<void> gate;
    bool is_open = false;
    std::atomic<int> answered{0};
    std::unique_ptr<Http> http;
    base::Endpoint plain;
    base::Endpoint server;
    std::deque<std::unique_ptr<Client>> occupants;
    std::mutex lock; ///< of failures
    std::vector<std::string> failures;
};

constexpr milliseconds deadline{300};

HttpLimits hasty() {
    HttpLimits limits;
    limits.request_deadline = deadline;
    return limits;
}

TEST_F(Waiting, ARequestThatWaitsForAWorkerIsNotTooSlow) {
    start(hasty());
    occupy_workers();
    Client client(unused, plain);
    client.send(request);
    ASSERT_TRUE(until(unused, [&] { return http->counters().requests == 3; }));
    pass(3 * deadline);
    EXPECT_FALSE(client.is_over());
    open_gate();
    EXPECT_EQ(client.read().body, "after all");
    EXPECT_EQ(http->counters().timeouts, 0U);
}

TEST_F(Waiting, WhatIsAtHandNeedsNoWorker) {
    start({});
    on_loop([&] {
        http->at_hand([](const Request& asked) -> std::optional<Response> {
            if (asked.path != "/hand") {
                return std::nullopt;
            }
            Response response;
            response.status = 200;
            response.body = std::make_shared<const std::string>("at hand");
            return response;
        });
    });
    occupy_workers();
    Client client(unused, plain);
    client.send("GET /hand HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read().body, "at hand");
    client.send(request);
    ASSERT_TRUE(until(unused, [&] { return http->counters().requests == 4; }));
    open_gate();
    EXPECT_EQ(client.read().body, "after all") << "the next one is not";
}

TEST_F(Waiting, WhatFailsAtHandIsAskedOfAWorker) {
    start({});
    on_loop([&] {
        http->at_hand([](const Request&) -> std::optional<Response> {
            throw std::runtime_error("no memory");
        });
    });
    Client client(unused, plain);
    client.send(request);
    EXPECT_EQ(client.read().body, "after all");
}

TEST(AMomentWithoutMemory, IsNotTakenForAMissingFile) {
    base::Loop loop;
    bool was_met = true;
    bool was_sent_away = false;
    for (int others = 0; was_met; ++others) {
        Http http(loop, {}, [](const Request&) {
            Response response;
            response.status = 200;
            response.body = std::make_shared<const std::string>("the file");
            return response;
        });
        ASSERT_TRUE(http.listen({loopback}).empty());
        Client client(loop, http.listening().at(0));
        ASSERT_TRUE(until(loop, [&] { return http.counters().open == 1; }));
        client.send(request);
        {
            const NoMemoryAfter moment(others);
            char byte = 0;
            ASSERT_TRUE(until(loop, [&] {
                return moment.was_met() ||
                       ::recv(client.fd(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) > 0;
            }));
            was_met = moment.was_met();
        }
        while (loop.step()) {
        }
        if (!was_met || !client.waiting().empty()) {
            const auto answer = client.read();
            ASSERT_NE(answer.status, 404) << others;
            was_sent_away |= answer.status == 503 && !answer.field("Retry-After").empty();
        }
    }
    EXPECT_TRUE(was_sent_away);
}

TEST_F(Waiting, NorIsAHandshake) {
    start(hasty());
    occupy_workers();
    std::promise<void> said;
    loop.post([&] { said.get_future().wait(); }); // its time begins when all of the hello is there
    Client client(unused, server);
    client.send(hello());
    said.set_value();
    ASSERT_TRUE(comes_to(3));
    pass(3 * deadline);
    EXPECT_FALSE(client.is_over());
    EXPECT_EQ(http->counters().timeouts, 0U);
    open_gate();
    // Now it is the client's turn again, and its time goes on.
    ASSERT_TRUE(until(unused, [&] { return !client.waiting().empty(); })) << "our hello";
    ASSERT_TRUE(until(unused, [&] { return client.is_over(); }));
    EXPECT_EQ(http->counters().timeouts, 1U);
    const std::lock_guard hold(lock);
    EXPECT_THAT(failures, ElementsAre(HasSubstr("not done in time")));
}

TEST_F(Waiting, AHandshakeByTheByteHasNoMoreTimeThanAnother) {
    start(hasty());
    Client slow(unused, server);
    for (const char byte : hello()) {
        if (!slow.send({&byte, 1}) || slow.is_over()) {
            break;
        }
        pass(milliseconds(20));
    }
    EXPECT_TRUE(slow.is_over());
    EXPECT_EQ(http->counters().timeouts, 1U);
}

TEST_F(Waiting, WhoHangsUpBeforeItsHandshakeGivesItsPlaceAway) {
    start({});
    occupy_workers();
    {
        Client gone(unused, server);
        gone.send(hello());
        ASSERT_TRUE(comes_to(3));
    }
    EXPECT_TRUE(comes_to(2)) << "no worker is needed for that";
    const std::lock_guard hold(lock);
    EXPECT_THAT(failures, ElementsAre(HasSubstr("hung up during the handshake")));
}

TEST_F(Waiting, WhoHangsUpBeforeItsAnswerIsNotAnswered) {
    start({});
    {
        TlsClient gone(unused, server, {});
        ASSERT_EQ(gone.shake_hands(), "");
        occupy_workers();
        gone.send(request);
        ASSERT_TRUE(until(unused, [&] { return http->counters().requests == 3; }));
        SSL_shutdown(gone.ssl());
    }
    EXPECT_TRUE(comes_to(2));
    open_gate();
    EXPECT_EQ(occupants[0]->read().body, "after all");
    EXPECT_EQ(occupants[1]->read().body, "after all");
    Client after(unused, plain);
    EXPECT_EQ(after.ask(request).body, "after all");
    EXPECT_EQ(answered, 3) << "and the fourth was not asked for";
}

TEST_F(Waiting, WhoOnlySendsNoMoreIsAnswered) {
    start({});
    occupy_workers();
    Client client(unused, plain);
    client.send(request);
    client.end_of_sending();
    ASSERT_TRUE(until(unused, [&] { return http->counters().requests == 3; }));
    pass(milliseconds(20));
    open_gate();
    EXPECT_EQ(client.read().body, "after all");
}

TEST_F(Waiting, WhatIsSentAheadIsAnsweredInItsOrder) {
    start({});
    TlsClient client(unused, server, {});
    ASSERT_EQ(client.shake_hands(), "");
    occupy_workers();
    client.send(request);
    ASSERT_TRUE(until(unused, [&] { return http->counters().requests == 3; }));
    client.send(request + "GET /second HTTP/1.1\r\n");
    pass(milliseconds(20));
    open_gate();
    EXPECT_THAT(client.read(9), HasSubstr("after all"));
    EXPECT_THAT(client.ask("Host: a\r\n\r\n", 9), HasSubstr("after all"));
    EXPECT_TRUE(until(unused, [&] { return answered == 5; }));
}

TEST_F(Waiting, AHandshakeWhoseTurnIsOursMakesNoRoom) {
    HttpLimits limits;
    limits.connections = 3;
    start(limits);
    occupy_workers();
    std::promise<void> said;
    loop.post([&] { said.get_future().wait(); });
    Client waits(unused, server);
    waits.send(hello());
    said.set_value();
    ASSERT_TRUE(comes_to(3));
    for (int i = 0; i < 10; ++i) { // until the hello was read; before that it would be the slowest
        on_loop([] {});
    }
    Client late(unused, server);
    EXPECT_TRUE(late.closed_by_server());
    EXPECT_FALSE(waits.is_over());
    EXPECT_EQ(http->counters().evicted, 0U);
    EXPECT_EQ(http->counters().refused_connections, 1U);
}

TEST_F(Waiting, NobodyWaitsForEver) {
    HttpLimits limits;
    limits.turn_deadline = milliseconds(100);
    start(limits);
    occupy_workers();
    EXPECT_TRUE(until(unused, [&] { return occupants[0]->is_over() && occupants[1]->is_over(); }));
    Client client(unused, server);
    client.send(hello());
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(http->counters().overloaded, 3U);
    EXPECT_EQ(http->counters().timeouts, 0U) << "it was not slow";
    EXPECT_TRUE(failures.empty());
}

TEST_F(Waiting, TheServerCanGoWhileTheyWait) {
    start({});
    occupy_workers();
    Client client(unused, plain);
    client.send(request);
    Client shaking(unused, server);
    shaking.send(hello());
    ASSERT_TRUE(until(unused, [&] { return http->counters().requests == 3; }));
    ASSERT_TRUE(comes_to(4));
    on_loop([&] { http.reset(); });
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_TRUE(shaking.closed_by_server());
    on_loop([] {}); // what was cancelled has let go of the connections
    open_gate();
    std::promise<void> behind;
    loop.work([&] { behind.set_value(); });
    behind.get_future().wait();
    EXPECT_EQ(answered, 2);
}

} // namespace
