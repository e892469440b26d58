// SPDX-License-Identifier: MIT
// Which request heads are read, and which are refused before anybody could frame them differently.
#include "provisioning/serve/head.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace {

using serve::parse_head;

constexpr std::uint64_t most_body = 65536;

TEST(ParseHead, ReadsWhatAPhoneSends) {
    const auto head = parse_head("GET /p/t/cfg001fc1000001.xml HTTP/1.1\r\n"
                                 "Host: 10.0.0.1:5480\r\n"
                                 "User-Agent: Htek UC926 2.0.4.2 00:1f:c1:00:00:01\r\n"
                                 "Authorization: Basic eA==\r\n"
                                 "If-None-Match: \"a\"\r\nIf-None-Match: \"b\"\r\n"
                                 "If-Modified-Since: x\r\nRange: bytes=0-1\r\nIf-Range: \"c\"\r\n"
                                 "\r\n",
                                 most_body);
    ASSERT_TRUE(head) << head.error().why;
    EXPECT_EQ(head->method, "GET");
    EXPECT_EQ(head->target, "/p/t/cfg001fc1000001.xml");
    EXPECT_EQ(head->minor, 1);
    EXPECT_TRUE(head->keep_alive);
    EXPECT_EQ(head->body_bytes, 0U);
    EXPECT_EQ(head->user_agent, "Htek UC926 2.0.4.2 00:1f:c1:00:00:01");
    EXPECT_EQ(head->authorization, "Basic eA==");
    EXPECT_EQ(head->conditions.if_none_match, "\"a\", \"b\"");
    EXPECT_EQ(head->conditions.if_modified_since, "x");
    EXPECT_EQ(head->conditions.range, "bytes=0-1");
    EXPECT_EQ(head->conditions.if_range, "\"c\"");
}

TEST(ParseHead, KeepsTheConnectionAsTheVersionSays) {
    const auto keeps = [](const std::string& text) {
        const auto head = parse_head(text, most_body);
        EXPECT_TRUE(head) << text;
        return head && head->keep_alive;
    };
    EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
    EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST(ParseHead, ReadsFieldsByAnyCaseAndSeveralCookiesAsOne) {
    const auto head = parse_head("POST /DeploymentService/LoginService HTTP/1.1\r\n"
                                 "HOST: a\r\nCOOKIE:PHPSESSID=1f; path=/\r\ncookie:  b=2 \r\n"
                                 "content-length: 3\r\nEXPECT: 100-continue\r\n"
                                 "user-AGENT: OpenStage\r\ncONNECTION: close\r\n\r\n",
                                 most_body);
    ASSERT_TRUE(head) << head.error().why;
    EXPECT_EQ(head->cookie, "PHPSESSID=1f; path=/; b=2");
    EXPECT_EQ(head->body_bytes, 3U);
    EXPECT_TRUE(head->has_length);
    EXPECT_TRUE(head->expects_100);
    EXPECT_FALSE(head->keep_alive);
    EXPECT_EQ(head->user_agent, "OpenStage");
}

TEST(ParseHead, TellsNoLengthFromALengthOfNothing) {
    const auto has_length = [](const std::string& field) {
        const auto head = parse_head("POST / HTTP/1.1\r\nHost: a\r\n" + field + "\r\n", most_body);
        EXPECT_TRUE(head);
        return head && head->has_length;
    };
    EXPECT_TRUE(has_length("Content-Length: 0\r\n"));
    EXPECT_FALSE(has_length(""));
}

TEST(ParseHead, CountsTheBody) {
    const auto head =
        parse_head("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n", most_body);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->body_bytes, 65536U);
    EXPECT_EQ(head->method, "POST");
}

struct BadHead {
    int status;
    const char* bytes;
};

std::ostream& operator<<(std::ostream& out, const BadHead& bad) {
    return out << bad.status << " for " << testing::PrintToString(bad.bytes);
}

class Refused : public testing::TestWithParam<BadHead> {};

TEST_P(Refused, WithItsStatus) {
    const auto head = parse_head(GetParam().bytes, most_body);
    ASSERT_FALSE(head);
    EXPECT_EQ(head.error().status, GetParam().status) << head.error().why;
}

INSTANTIATE_TEST_SUITE_P(
    ParseHead,
    Refused,
    testing::Values(
        BadHead{400, ""},
        BadHead{400, "\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\nHost: a\r\n"},
        BadHead{400, "GET /\r\n\r\n"},
        BadHead{400, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
        BadHead{400, "GET / HTTP/0.9\r\n\r\n"},
        BadHead{400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
        BadHead{400, "G{T / HTTP/1.1\r\nHost: a\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\nno colon\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n"
                     "Content-Length: 5\r\n\r\n"},
        BadHead{400, "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
        BadHead{411, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
        BadHead{411, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n"},
        BadHead{413, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n"}));

} // namespace
