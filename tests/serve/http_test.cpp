// SPDX-License-Identifier: MIT
// The HTTP server on loopback sockets: requests, connections and answers, byte for byte.
#include "provisioning/serve/http.hpp"

#include "client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using serve::Http;
using serve::HttpLimits;
using serve::Request;
using serve::Response;
using serve_test::Answer;
using serve_test::Client;
using serve_test::until;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr base::Endpoint loopback{base::Ipv4{INADDR_LOOPBACK}, 0};
const std::string not_found = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

Response file(std::string body) {
    return {200, "text/plain", std::make_shared<const std::string>(std::move(body)), 0};
}

class HttpServer : public testing::Test {
  protected:
    void start(HttpLimits limits = {}) {
        http = std::make_unique<Http>(loop, limits, [this](const Request& request) {
            seen.push_back(request);
            return handler(request);
        });
        const auto errors = http->listen({loopback});
        ASSERT_TRUE(errors.empty()) << errors[0].what;
        server = http->listening().at(0);
    }

    std::vector<std::string> paths() const {
        std::vector<std::string> all;
        for (const auto& request : seen) {
            all.push_back(request.path);
        }
        return all;
    }

    base::Loop loop;
    std::vector<Request> seen;
    std::function<Response(const Request&)> handler = [](const Request& request) {
        return request.path == "/file" ? file("0123456789") : Response{};
    };
    std::unique_ptr<Http> http;
    base::Endpoint server;
};

TEST_F(HttpServer, GivesAFile) {
    start();
    Client client(loop, server);
    const auto answer = client.ask("GET /file HTTP/1.1\r\nHost: a\r\nUser-Agent: Htek UC926\r\n"
                                   "Authorization: Basic eA==\r\n\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "0123456789");
    EXPECT_EQ(answer.field("Content-Type"), "text/plain");
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].method, "GET");
    EXPECT_EQ(seen[0].user_agent, "Htek UC926");
    EXPECT_EQ(seen[0].authorization, "Basic eA==");
    EXPECT_EQ(seen[0].peer.address.str(), "127.0.0.1");
    EXPECT_NE(seen[0].peer.port, 0);
    EXPECT_EQ(seen[0].local, server);
    EXPECT_TRUE(seen[0].conditions.none());
    EXPECT_EQ(http->counters().requests, 1U);
    EXPECT_EQ(http->counters().open, 1U);
}

TEST_F(HttpServer, KeepsTheConnectionForTheNextRequest) {
    start();
    Client client(loop, server);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(client.ask("GET /file HTTP/1.1\r\nHost: a\r\n\r\n").body, "0123456789");
        EXPECT_EQ(client.ask("GET /none HTTP/1.1\r\nHost: a\r\n\r\n").all(), not_found);
    }
    EXPECT_EQ(http->counters().requests, 6U);
    EXPECT_EQ(http->counters().open, 1U);
}

TEST_F(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
    start();
    Client client(loop, server);
    client.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n"
                "HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n"
                "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
                "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                "GET /4 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read().body, "0123456789");
    EXPECT_EQ(client.read(true).status, 200);
    EXPECT_EQ(client.read().all(), not_found);
    EXPECT_EQ(client.read().status, 404);
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_THAT(paths(), ElementsAre("/file", "/file", "/2", "/3"));
}

TEST_F(HttpServer, HasOneRequestInFlight) {
    start();
    handler = [](const Request&) { return file(std::string(8U << 20U, 'x')); };
    Client client(loop, server, loopback.address, 4096);
    client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(until(loop, [&] { return !seen.empty(); }));
    for (int i = 0; i < 10; ++i) {
        loop.step();
    }
    EXPECT_THAT(paths(), ElementsAre("/1")) << "the first answer has not been taken yet";
    EXPECT_EQ(client.read().body.size(), 8U << 20U);
    EXPECT_EQ(client.read().body.size(), 8U << 20U);
    EXPECT_THAT(paths(), ElementsAre("/1", "/2"));
}

TEST_F(HttpServer, GivesHeadTheHeadersOfGet) {
    start();
    Client client(loop, server);
    const auto of_get = client.ask("GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto of_head = client.ask("HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n", true);
    EXPECT_EQ(of_head.status, 200);
    EXPECT_EQ(of_head.field("Content-Length"), "10");
    EXPECT_EQ(of_head.field("ETag"), of_get.field("ETag"));
    EXPECT_EQ(of_head.field("Content-Type"), of_get.field("Content-Type"));
    EXPECT_EQ(seen.at(1).method, "HEAD");
    // Had HEAD sent a body, it would stand in front of this answer.
    EXPECT_EQ(client.ask("GET /none HTTP/1.1\r\nHost: a\r\n\r\n").all(), not_found);
}

TEST_F(HttpServer, SaysNotFoundByTheSameBytesForEveryReason) {
    start();
    Client client(loop, server);
    using namespace std::string_literals;
    for (const auto& target : {"/none"s, "/p/AAAAAAAAAAAAAAAAAAAAAA/cfg001fc1000001.xml"s, "/%zz"s,
                               "/a%00b"s, "/%0d%0a"s, "/../etc/passwd"s, "/%2e%2e/etc/passwd"s,
                               "/a\\b"s, "*"s, "none"s, "ftp://a/b"s}) {
        EXPECT_EQ(client.ask("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n").all(), not_found)
            << target;
    }
    EXPECT_EQ(client.ask("HEAD /none HTTP/1.1\r\nHost: a\r\n\r\n", true).all(), not_found);
    EXPECT_EQ(
        client.ask("GET /none HTTP/1.1\r\nHost: a\r\nRange: bytes=0-\r\nIf-None-Match: *\r\n\r\n")
            .all(),
        not_found);
    for (const auto& request : seen) {
        EXPECT_THAT(request.path, Not(HasSubstr("..")));
    }
}

TEST_F(HttpServer, TakesAbsoluteUrlsAndDropsTheQuery) {
    start();
    Client client(loop, server);
    EXPECT_EQ(client.ask("GET http://10.0.0.1:5480/file?mac=1 HTTP/1.1\r\nHost: a\r\n\r\n").body,
              "0123456789");
    EXPECT_THAT(paths(), ElementsAre("/file"));
}

TEST_F(HttpServer, EndsHttp10ConnectionsUnlessAskedToKeepThem) {
    start();
    Client kept(loop, server);
    const auto answer = kept.ask("GET /file HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(answer.body, "0123456789");
    EXPECT_EQ(answer.field("Connection"), "keep-alive");
    EXPECT_EQ(kept.ask("GET /file HTTP/1.0\r\n\r\n").field("Connection"), "close");
    EXPECT_TRUE(kept.closed_by_server());
}

TEST_F(HttpServer, EndsTheConnectionWhenAsked) {
    start();
    Client client(loop, server);
    const auto answer = client.ask("GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(answer.field("Connection"), "close");
    EXPECT_EQ(answer.body, "0123456789");
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServer, AnswersAClientThatSendsNoMore) {
    start();
    Client client(loop, server);
    client.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
    client.end_of_sending();
    EXPECT_EQ(client.read().body, "0123456789");
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_TRUE(until(loop, [&] { return http->counters().open == 0; }));
    EXPECT_EQ(http->counters().timeouts, 0U);
}

TEST_F(HttpServer, ReadsAHeadThatComesByteByByte) {
    start();
    Client client(loop, server);
    for (const char c : std::string("\r\nGET /file HTTP/1.1\r\nHost: a\r\n\r\n")) {
        client.send({&c, 1});
        loop.step(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(client.read().body, "0123456789");
}

TEST_F(HttpServer, AllowsGetAndHeadOnly) {
    start();
    Client client(loop, server);
    for (const std::string method : {"PUT", "DELETE", "OPTIONS", "PROPFIND", "TRACE"}) {
        const auto answer = client.ask(method + " /file HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(answer.status, 405) << method;
        EXPECT_EQ(answer.field("Allow"), "GET, HEAD");
        EXPECT_EQ(answer.field("Connection"), "") << "stays usable";
    }
    EXPECT_TRUE(seen.empty());
    EXPECT_EQ(client.ask("GET /none HTTP/1.1\r\nHost: a\r\n\r\n").all(), not_found);
}

TEST_F(HttpServer, DropsASmallBodyAndGoesOn) {
    start();
    Client client(loop, server);
    const std::string body = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(20000, 'x');
    client.send("POST /file HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body);
    EXPECT_EQ(client.read().status, 405);
    EXPECT_EQ(client.ask("GET /none HTTP/1.1\r\nHost: a\r\n\r\n").all(), not_found);
    EXPECT_THAT(paths(), ElementsAre("/none"));
}

TEST_F(HttpServer, RefusesALargeBodyAndEndsTheConnection) {
    start();
    Client client(loop, server);
    const auto answer =
        client.ask("POST /file HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\nxxxx");
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.field("Connection"), "close");
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_EQ(http->counters().bad_requests, 1U);
}

TEST_F(HttpServer, DoesNotInviteABody) {
    start();
    Client client(loop, server);
    const auto answer = client.ask("POST /file HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                                   "Content-Length: 10\r\n\r\n");
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(answer.field("Connection"), "close");
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServer, AnswersNothingBehindARequestThatTwoReadersFrameDifferently) {
    start();
    const std::string hidden = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    for (const std::string attack :
         {"GET /file HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "GET /file HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 35\r\n\r\n",
          "GET /file HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
          "GET /file HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\nTransfer-Encoding: "
          "chunked\r\n\r\n0\r\n\r\n",
          "GET /file HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "GET /file HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n"}) {
        Client client(loop, server);
        client.send(attack + hidden);
        const auto answer = client.read();
        EXPECT_TRUE(answer.status == 400 || answer.status == 411) << attack;
        EXPECT_EQ(answer.field("Connection"), "close") << attack;
        EXPECT_TRUE(client.closed_by_server()) << attack;
    }
    EXPECT_TRUE(seen.empty());
}

TEST_F(HttpServer, RefusesAHeadAboveTheLimit) {
    HttpLimits limits;
    limits.header_bytes = 1024;
    start(limits);
    const std::string start_of_head = "GET /file HTTP/1.1\r\nHost: a\r\nX: ";
    {
        Client fits(loop, server);
        EXPECT_EQ(
            fits.ask(start_of_head + std::string(1024 - start_of_head.size() - 4, 'x') + "\r\n\r\n")
                .status,
            200);
        Client ended(loop, server);
        EXPECT_EQ(
            ended
                .ask(start_of_head + std::string(1024 - start_of_head.size() - 3, 'x') + "\r\n\r\n")
                .status,
            431);
        EXPECT_TRUE(ended.closed_by_server());
    }
    Client endless(loop, server);
    const auto answer = endless.ask(start_of_head + std::string(1024, 'x'));
    EXPECT_EQ(answer.status, 431);
    EXPECT_TRUE(endless.closed_by_server());
    EXPECT_EQ(http->counters().bad_requests, 2U);
}

TEST_F(HttpServer, RefusesALongTarget) {
    start();
    Client client(loop, server);
    EXPECT_EQ(client.ask("GET /" + std::string(2047, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n").status,
              404);
    EXPECT_EQ(client.ask("GET /" + std::string(2048, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n").status,
              414);
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServer, RefusesWhatIsNotHttp) {
    start();
    for (const std::string bytes :
         {"\x16\x03\x01\x02 tls\r\n\r\n", "SUBSCRIBE sip:a SIP/2.0\r\n\r\n", "GET /file\r\n\r\n",
          "GET /file HTTP/1.1\r\n\r\n"}) {
        Client client(loop, server);
        EXPECT_EQ(client.ask(bytes).all(),
                  "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        EXPECT_TRUE(client.closed_by_server());
    }
    EXPECT_TRUE(seen.empty());
}

TEST_F(HttpServer, GivesPartsOfAFile) {
    start();
    Client client(loop, server);
    const auto ask = [&](const std::string& fields) {
        return client.ask("GET /file HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
    };
    const auto part = ask("Range: bytes=2-4\r\n");
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(part.body, "234");
    EXPECT_EQ(part.field("Content-Range"), "bytes 2-4/10");
    EXPECT_FALSE(seen.back().conditions.none());
    EXPECT_EQ(ask("Range: bytes=-1\r\n").body, "9");
    EXPECT_EQ(ask("Range: bytes=0-1,3-4\r\n").body, "0123456789");
    EXPECT_EQ(ask("Range: bytes=0-1\r\nRange: bytes=3-4\r\n").body, "0123456789");
    const auto behind = ask("Range: bytes=10-\r\n");
    EXPECT_EQ(behind.status, 416);
    EXPECT_EQ(behind.field("Content-Range"), "bytes */10");
    EXPECT_EQ(ask("Range: bytes=2-4\r\nIf-Range: " + part.field("ETag") + "\r\n").status, 206);
    EXPECT_EQ(ask("Range: bytes=2-4\r\nIf-Range: \"older\"\r\n").body, "0123456789");
}

TEST_F(HttpServer, DoesNotRepeatAFileThatTheClientHas) {
    start();
    Client client(loop, server);
    const auto first = client.ask("GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto again = client.ask(
        "GET /file HTTP/1.1\r\nHost: a\r\nIf-None-Match: " + first.field("ETag") + "\r\n\r\n",
        true);
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.field("ETag"), first.field("ETag"));
    EXPECT_FALSE(seen.back().conditions.none());
    EXPECT_EQ(client
                  .ask("GET /file HTTP/1.1\r\nHost: a\r\nIf-Modified-Since: "
                       "Fri, 01 Jan 2100 00:00:00 GMT\r\n\r\n")
                  .status,
              200)
        << "no modification time is known";
}

TEST_F(HttpServer, SaysServerErrorWhereTheHandlerThrows) {
    start();
    handler = [](const Request& request) -> Response {
        if (request.path == "/int") {
            throw 7; // NOLINT(hicpp-exception-baseclass): that is the case
        }
        throw std::runtime_error("out of paper");
    };
    Client client(loop, server);
    EXPECT_EQ(client.ask("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").all(),
              "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(client.ask("GET /int HTTP/1.1\r\nHost: a\r\n\r\n").status, 500);
}

} // namespace
