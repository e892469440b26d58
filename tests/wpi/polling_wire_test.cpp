// SPDX-License-Identifier: MIT
// Polls over HTTP: the bytes that a phone sees.
#include "../serve/client.hpp"
#include "provisioning/wpi/polling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using testing::MatchesRegex;

constexpr const char* nothing = "HTTP/1.1 200 OK\r\nDate: [^\r\n]*\r\nContent-Length: 0\r\n"
                                "Cache-Control: no-store\r\n\r\n";
constexpr const char* pending = "HTTP/1.1 202 Accepted\r\nDate: [^\r\n]*\r\nContent-Length: 0\r\n"
                                "Cache-Control: no-store\r\n\r\n";

struct PollsOnTheWire : testing::Test {
    base::Loop loop;
    base::SystemClock clock;
    bool is_pending = false;
    wpi::Polling polling{clock,
                         {[this](base::Mac mac) -> std::optional<wpi::Polling::Phone> {
                              return mac.str() == "001ae8102030"
                                         ? std::optional(wpi::Polling::Phone{is_pending, 0})
                                         : std::nullopt;
                          },
                          [](base::Mac) {}}};
    serve::Http http{
        loop, {}, [this](const serve::Request& request) { return polling.answer(request); }};

    void SetUp() override {
        ASSERT_THAT(http.listen({{base::Ipv4{INADDR_LOOPBACK}, 0}}), testing::IsEmpty());
    }

    std::string ask(const std::string& line) {
        serve_test::Client client(loop, http.listening().front());
        EXPECT_TRUE(client.send(line + " HTTP/1.1\r\nHost: 10.20.30.5:18080\r\n\r\n"));
        return client.read().all();
    }
};

TEST_F(PollsOnTheWire, AreAnsweredAsTheGuideHasIt) {
    EXPECT_THAT(ask("GET /dcmp/contact-me?device-id=00:1A:E8:10:20:30"), MatchesRegex(nothing));
    EXPECT_THAT(ask("GET //dcmp//contact-me?device-id=00:1A:E8:10:20:99"), MatchesRegex(nothing));
    is_pending = true;
    EXPECT_THAT(ask("GET /dcmp/contact-me?device-id=00:1A:E8:10:20:30"), MatchesRegex(pending));
    EXPECT_THAT(ask("GET /dcmpcontact-me?device-id=00%3A1a%3Ae8%3A10%3A20%3A30"),
                MatchesRegex(pending));
    EXPECT_THAT(ask("GET /dcmp/contact-me?device-id=00:1A:E8:10:20:99"), MatchesRegex(nothing));
}

TEST_F(PollsOnTheWire, OtherRequestsAreRefused) {
    EXPECT_THAT(ask("GET /dcmp/contact-me"), testing::StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(ask("GET /dcmp/"), testing::StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(ask("POST /dcmp/contact-me?device-id=00:1A:E8:10:20:30"),
                testing::StartsWith("HTTP/1.1 4"));
}

} // namespace
