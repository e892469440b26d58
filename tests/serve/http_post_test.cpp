// SPDX-License-Identifier: MIT
// The HTTP server that takes bodies: what a handler gets of a POST, and what is refused before.
#include "provisioning/serve/http.hpp"

#include "client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <memory>
#include <string>
#include <vector>

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
constexpr std::size_t mebibyte = std::size_t{1} << 20U;

std::string head_of_post(std::size_t length, const std::string& fields = {}) {
    return "POST /service HTTP/1.1\r\nHost: a\r\n" + fields +
           "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

std::string post(const std::string& body, const std::string& fields = {}) {
    return head_of_post(body.size(), fields) + body;
}

Response message(std::string body) {
    return {200, "text/xml", std::make_shared<const std::string>(std::move(body)), 0};
}

class HttpPost : public testing::Test {
  protected:
    static HttpLimits takes_bodies() {
        HttpLimits limits;
        limits.posted_bytes = mebibyte;
        return limits;
    }

    void start(const HttpLimits& limits = takes_bodies()) {
        http = std::make_unique<Http>(loop, limits, [this](const Request& request) {
            seen.push_back(request);
            return handler(request);
        });
        const auto errors = http->listen({loopback});
        ASSERT_TRUE(errors.empty()) << errors[0].what;
        server = http->listening().at(0);
    }

    /// Lets the server read what was sent: it does, once another client has its answer.
    void let_it_read() {
        for (int i = 0; i < 2; ++i) {
            Client other(loop, server, base::Ipv4{INADDR_LOOPBACK + 7});
            ASSERT_EQ(other.ask("GET /other HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
        }
    }

    base::Loop loop;
    std::vector<Request> seen;
    std::function<Response(const Request&)> handler = [](const Request&) {
        return message("<answer/>");
    };
    std::unique_ptr<Http> http;
    base::Endpoint server;
};

TEST_F(HttpPost, GivesTheHandlerTheBodyTheCookieAndTheQuery) {
    start();
    Client client(loop, server);
    const auto answer = client.ask("POST /DeploymentService/LoginService?a=1&b=%20? HTTP/1.1\r\n"
                                   "HOST: 10.20.30.5:18443\r\n"
                                   "cookie: JSESSIONID=9F2C; path=/\r\n"
                                   "COOKIE: other=1\r\n"
                                   "Content-Type: text/xml\r\n"
                                   "content-LENGTH: 5\r\n"
                                   "connection: CLOSE\r\n"
                                   "\r\n"
                                   "<a/>\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "<answer/>");
    EXPECT_EQ(answer.field("Content-Type"), "text/xml");
    EXPECT_EQ(answer.field("Content-Length"), "9");
    EXPECT_EQ(answer.field("Connection"), "close");
    EXPECT_TRUE(client.closed_by_server());
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].method, "POST");
    EXPECT_EQ(seen[0].path, "/DeploymentService/LoginService");
    EXPECT_EQ(seen[0].query, "a=1&b=%20?");
    EXPECT_EQ(seen[0].cookie, "JSESSIONID=9F2C; path=/; other=1");
    EXPECT_EQ(seen[0].body, "<a/>\n");
    EXPECT_NE(seen[0].connection, 0U);
}

TEST_F(HttpPost, GivesEachOfManyOnAConnectionItsOwnBody) {
    start();
    std::string large(mebibyte, 'x');
    for (std::size_t i = 0; i < large.size(); i += 7) {
        large[i] = static_cast<char>(i); // any bytes, zeros and line ends too
    }
    Client client(loop, server);
    ASSERT_TRUE(client.send(post("first") + head_of_post(large.size())));
    std::string_view left = large;
    while (!left.empty()) { // the loop reads meanwhile, or both sides would wait
        ASSERT_TRUE(client.send(left.substr(0, 4096)));
        left.remove_prefix(std::min<std::size_t>(4096, left.size()));
        loop.step();
    }
    client.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n" + post(""));
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(client.read().status, 200) << i;
    }
    ASSERT_EQ(seen.size(), 4U);
    EXPECT_EQ(seen[0].body, "first");
    EXPECT_TRUE(seen[1].body == large);
    EXPECT_EQ(seen[2].method, "GET");
    EXPECT_EQ(seen[2].body, "");
    EXPECT_EQ(seen[3].body, "");
    EXPECT_EQ(seen[3].method, "POST");
    Client other(loop, server);
    EXPECT_EQ(other.ask(post("other")).status, 200);
    EXPECT_EQ(seen[0].connection, seen[3].connection);
    EXPECT_NE(seen[0].connection, seen[4].connection);
}

TEST_F(HttpPost, IsTooLargeBeforeItsBodyComes) {
    start();
    for (const std::string fields : {"", "Expect: 100-continue\r\n"}) {
        Client client(loop, server);
        const auto answer = client.ask(head_of_post(mebibyte + 1, fields));
        EXPECT_EQ(answer.all(), "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n"
                                "Connection: close\r\n\r\n");
        EXPECT_TRUE(client.closed_by_server());
    }
    Client client(loop, server);
    EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n").status, 413)
        << "what nobody wants has the limit that it has elsewhere";
    EXPECT_TRUE(seen.empty());
}

TEST_F(HttpPost, IsNotReadToItsEndWhereItIsTooLarge) {
    start();
    constexpr std::size_t announced = 100 * mebibyte;
    Client client(loop, server);
    ASSERT_TRUE(client.send(head_of_post(announced)));
    const std::string piece(65536, 'x');
    std::size_t sent = 0;
    EXPECT_TRUE(until(loop, [&] {
        const auto length =
            ::send(client.fd(), piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += length > 0 ? static_cast<std::size_t>(length) : 0;
        return (length < 0 && errno != EAGAIN) || sent >= announced;
    }));
    EXPECT_LT(sent, 32 * mebibyte) << "what the kernel holds for both ends is much less";
    EXPECT_TRUE(seen.empty());
}

TEST_F(HttpPost, InvitesABodyThatWaitsForAWord) {
    start();
    Client client(loop, server);
    EXPECT_EQ(client.ask(head_of_post(4, "Expect: 100-continue\r\n")).all(),
              "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_TRUE(seen.empty());
    const auto answer = client.ask("<a/>");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.field("Connection"), "");
    EXPECT_EQ(client.ask(post("<b/>", "Expect: 100-continue\r\n")).status, 200)
        << "it came unasked";
    EXPECT_EQ(client.ask(post("", "Expect: 100-continue\r\n")).status, 200);
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(seen[0].body, "<a/>");
    EXPECT_EQ(seen[1].body, "<b/>");
}

TEST_F(HttpPost, NeedsItsLength) {
    start();
    const auto ask = [&](const std::string& bytes) {
        Client client(loop, server);
        const auto answer = client.ask("POST /service HTTP/1.1\r\nHost: a\r\n" + bytes);
        EXPECT_EQ(answer.field("Connection"), "close") << bytes;
        return answer.status;
    };
    EXPECT_EQ(ask("\r\n<a/>"), 411);
    EXPECT_EQ(ask("Transfer-Encoding: chunked\r\n\r\n4\r\n<a/>\r\n0\r\n\r\n"), 411);
    EXPECT_EQ(ask("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n<a/>"), 400);
    EXPECT_EQ(ask("Content-Length: 4\r\nContent-Length: 4\r\n\r\n<a/>"), 400);
    EXPECT_TRUE(seen.empty());
}

TEST_F(HttpPost, HasADeadlineForAllOfItsBody) {
    auto limits = takes_bodies();
    limits.request_deadline = milliseconds(50);
    limits.idle_deadline = std::chrono::hours(1);
    start(limits);
    Client client(loop, server);
    client.send(head_of_post(mebibyte));
    EXPECT_TRUE(until(loop, [&] { return !client.send("x") || client.is_over(); }));
    EXPECT_EQ(client.waiting(), "");
    EXPECT_EQ(http->counters().timeouts, 1U);
    Client waits(loop, server);
    EXPECT_EQ(waits.ask(head_of_post(10, "Expect: 100-continue\r\n")).status, 100);
    EXPECT_TRUE(waits.closed_by_server()) << "an invitation gives no more time";
    EXPECT_TRUE(seen.empty());
}

TEST_F(HttpPost, OtherMethodsAreToldWhatThereIs) {
    start();
    Client client(loop, server);
    const auto answer =
        client.ask("PUT /service HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(answer.field("Allow"), "GET, HEAD, POST");
    EXPECT_TRUE(seen.empty());
    handler = [](const Request&) {
        Response response;
        response.status = 405;
        response.fields = {{"Allow", "POST"}};
        return response;
    };
    EXPECT_EQ(client.ask("GET /service HTTP/1.1\r\nHost: a\r\n\r\n").all(),
              "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nAllow: POST\r\n\r\n");
}

TEST_F(HttpPost, AnAnswerMaySetACookieAndEndTheConnection) {
    start();
    handler = [](const Request&) {
        auto response = message("<answer/>");
        response.fields = {{"Set-Cookie", "JSESSIONID=AB; Path=/DeploymentService; Secure"}};
        response.ends_connection = true;
        return response;
    };
    Client client(loop, server);
    const auto answer = client.ask(post("<a/>") + post("<b/>"));
    EXPECT_EQ(answer.field("Set-Cookie"), "JSESSIONID=AB; Path=/DeploymentService; Secure");
    EXPECT_EQ(answer.field("Connection"), "close");
    EXPECT_EQ(answer.body, "<answer/>");
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(seen.size(), 1U);
}

TEST_F(HttpPost, WithoutRoomIsToldToComeAgainBeforeItsBodyComes) {
    auto limits = takes_bodies();
    limits.posted_in_all = limits.posted_per_source = 1000;
    start(limits);
    Client first(loop, server);
    first.send(head_of_post(950) + std::string(900, 'x'));
    let_it_read();
    for (const std::string fields : {"", "Expect: 100-continue\r\n"}) {
        Client second(loop, server, neighbour);
        EXPECT_EQ(second.ask(head_of_post(200, fields)).all(),
                  "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\n"
                  "Connection: close\r\n\r\n");
        EXPECT_TRUE(second.closed_by_server());
    }
    EXPECT_EQ(http->counters().overloaded, 2U);
    EXPECT_EQ(first.ask(std::string(50, 'x')).status, 200);
    Client third(loop, server, neighbour);
    EXPECT_EQ(third.ask(post(std::string(1000, 'x'))).status, 200) << "there is room again";
    EXPECT_EQ(third.ask(post(std::string(1000, 'y'))).status, 200);
}

TEST_F(HttpPost, WithMoreBytesThanAreHeldEndsInTheMiddle) {
    auto limits = takes_bodies();
    limits.posted_in_all = limits.posted_per_source = 1000;
    start(limits);
    Client first(loop, server);
    Client second(loop, server, neighbour);
    first.send(head_of_post(800));
    second.send(head_of_post(800)); // nothing is held yet
    let_it_read();
    first.send(std::string(600, 'x'));
    let_it_read();
    second.send(std::string(600, 'x'));
    EXPECT_EQ(second.read().status, 503);
    EXPECT_TRUE(second.closed_by_server());
    EXPECT_EQ(first.ask(std::string(200, 'x')).status, 200);
    ASSERT_EQ(seen.back().body.size(), 800U);
    Client third(loop, server, neighbour);
    EXPECT_EQ(third.ask(post(std::string(1000, 'x'))).status, 200) << "all was given back";
}

TEST_F(HttpPost, OfOneAddressLeavesRoomForOthers) {
    auto limits = takes_bodies();
    limits.posted_in_all = 2000;
    limits.posted_per_source = 1000;
    start(limits);
    Client first(loop, server);
    first.send(head_of_post(950) + std::string(900, 'x'));
    let_it_read();
    Client same(loop, server);
    EXPECT_EQ(same.ask(post(std::string(200, 'x'))).status, 503);
    Client other(loop, server, neighbour);
    EXPECT_EQ(other.ask(post(std::string(1000, 'x'))).status, 200);
}

TEST_F(HttpPost, OfWhoHangsUpTakesNoRoom) {
    auto limits = takes_bodies();
    limits.posted_in_all = limits.posted_per_source = 1000;
    start(limits);
    {
        Client gone(loop, server);
        gone.send(head_of_post(950) + std::string(900, 'x'));
        let_it_read();
    }
    ASSERT_TRUE(until(loop, [&] { return http->counters().open == 0; }));
    Client client(loop, server);
    EXPECT_EQ(client.ask(post(std::string(1000, 'x'))).status, 200);
}

TEST_F(HttpPost, OfARequestThatFindsNoWorkerTakesNoRoom) {
    auto limits = takes_bodies();
    limits.posted_in_all = limits.posted_per_source = 1000;
    limits.waiting_requests = 0;
    start(limits);
    Client client(loop, server);
    for (int i = 0; i < 3; ++i) {
        const auto answer = client.ask(post(std::string(1000, 'x')));
        EXPECT_EQ(answer.status, 503);
        EXPECT_EQ(answer.field("Connection"), "") << "its body was read";
    }
}

TEST_F(HttpPost, TakesRoomWhileItsHandlerWorks) {
    auto limits = takes_bodies();
    limits.posted_in_all = limits.posted_per_source = 1000;
    std::promise<void> gate;
    handler = [opened = gate.get_future().share()](const Request&) {
        opened.wait();
        return message("after all");
    };
    loop.start();
    std::promise<void> up;
    loop.post([&] {
        start(limits);
        up.set_value();
    });
    up.get_future().wait();
    base::Loop unused;
    Client first(unused, server);
    first.send(post(std::string(800, 'x')));
    EXPECT_TRUE(until(unused, [&] { return http->counters().requests == 1; }));
    Client second(unused, server);
    EXPECT_EQ(second.ask(head_of_post(800)).status, 503);
    gate.set_value();
    EXPECT_EQ(first.read().body, "after all");
    Client third(unused, server);
    EXPECT_EQ(third.ask(post(std::string(800, 'x'))).status, 200);
    loop.stop();
}

TEST_F(HttpPost, KeepsItsConnectionAsLongAsItsServerSays) {
    auto limits = takes_bodies();
    limits.request_deadline = milliseconds(1);
    limits.idle_deadline = std::chrono::hours(1);
    start(limits);
    Client client(loop, server);
    EXPECT_TRUE(until(loop, [&] { return http->counters().open == 1; }));
    Client slow(loop, server);
    slow.send("POST");
    EXPECT_TRUE(slow.closed_by_server()) << "its time was over";
    EXPECT_FALSE(client.is_over());
}

TEST(HttpWithoutBodies, RefusesPostAsItAlwaysDid) {
    base::Loop loop;
    int asked = 0;
    Http http(loop, {}, [&](const Request&) {
        ++asked;
        return message("");
    });
    ASSERT_TRUE(http.listen({loopback}).empty());
    const auto server = http.listening().at(0);
    const std::string kept = "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n"
                             "Allow: GET, HEAD\r\n\r\n";
    Client client(loop, server);
    EXPECT_EQ(client.ask(post("<a/>")).all(), kept);
    EXPECT_EQ(client.ask("POST / HTTP/1.1\r\nHost: a\r\n\r\n").all(), kept);
    EXPECT_EQ(client.ask(head_of_post(4, "Expect: 100-continue\r\n")).all(),
              "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n"
              "Allow: GET, HEAD\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(asked, 0);
}

} // namespace
