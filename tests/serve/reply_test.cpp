// SPDX-License-Identifier: MIT
// Answers, byte for byte.
#include "provisioning/serve/reply.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace {

using serve::Head;
using serve::make_refusal;
using serve::make_reply;
using serve::Response;

constexpr std::int64_t now = 784'111'777;
constexpr const char* tag = "\"ungWv48Bz-pBQUDeXa4iIw\""; // SHA-256 of "abc": ba7816bf 8f01cfea …

Head get() {
    Head head;
    head.method = "GET";
    head.keep_alive = true;
    return head;
}

Response file() {
    return {200, "application/xml", std::make_shared<const std::string>("abc"), 0};
}

TEST(MakeReply, WritesAFile) {
    const auto reply = make_reply(get(), file(), true, now);
    EXPECT_EQ(reply.head, std::string("HTTP/1.1 200 OK\r\n"
                                      "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                      "Content-Type: application/xml\r\n"
                                      "Content-Length: 3\r\n"
                                      "ETag: ") +
                              tag +
                              "\r\n"
                              "Accept-Ranges: bytes\r\n"
                              "Cache-Control: private, no-cache\r\n"
                              "\r\n");
    ASSERT_TRUE(reply.body);
    EXPECT_EQ(*reply.body, "abc");
    EXPECT_EQ(reply.length, 3U);
}

TEST(MakeReply, WritesANotFoundThatTellsNothing) {
    EXPECT_EQ(make_reply(get(), {}, true, now).head,
              "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

TEST(MakeReply, IgnoresConditionsWhereThereIsNoFile) {
    auto head = get();
    head.conditions = {"*", {}, "bytes=0-0", {}};
    EXPECT_EQ(make_reply(head, {}, true, now).head,
              "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

TEST(MakeReply, SaysWhatBecomesOfTheConnection) {
    auto head = get();
    EXPECT_EQ(make_reply(head, {}, false, now).head,
              "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    head.minor = 0;
    EXPECT_EQ(make_reply(head, {}, true, now).head,
              "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
}

TEST(MakeReply, GivesHeadTheSameHeadersAndNoBody) {
    auto head = get();
    const auto of_get = make_reply(head, file(), true, now);
    head.method = "HEAD";
    const auto of_head = make_reply(head, file(), true, now);
    EXPECT_EQ(of_head.head, of_get.head);
    EXPECT_FALSE(of_head.body);
}

TEST(MakeReply, SaysNotModifiedWithTheTagAndWithoutALength) {
    auto head = get();
    head.conditions.if_none_match = tag;
    const auto reply = make_reply(head, file(), true, now);
    EXPECT_EQ(reply.head, std::string("HTTP/1.1 304 Not Modified\r\n"
                                      "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                      "ETag: ") +
                              tag +
                              "\r\n"
                              "Accept-Ranges: bytes\r\n"
                              "Cache-Control: private, no-cache\r\n"
                              "\r\n");
    EXPECT_FALSE(reply.body);
}

TEST(MakeReply, GivesAPart) {
    auto head = get();
    head.conditions.range = "bytes=1-";
    auto response = file();
    response.last_modified = now;
    const auto reply = make_reply(head, response, true, now);
    EXPECT_EQ(reply.head, std::string("HTTP/1.1 206 Partial Content\r\n"
                                      "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                      "Content-Type: application/xml\r\n"
                                      "Content-Length: 2\r\n"
                                      "Content-Range: bytes 1-2/3\r\n"
                                      "ETag: ") +
                              tag +
                              "\r\n"
                              "Accept-Ranges: bytes\r\n"
                              "Cache-Control: private, no-cache\r\n"
                              "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                              "\r\n");
    EXPECT_EQ(reply.offset, 1U);
    EXPECT_EQ(reply.length, 2U);
}

TEST(MakeReply, SaysHowLongTheFileIsToWhoAskedBehindItsEnd) {
    auto head = get();
    head.conditions.range = "bytes=3-";
    const auto reply = make_reply(head, file(), true, now);
    EXPECT_EQ(reply.status, 416);
    EXPECT_NE(reply.head.find("\r\nContent-Range: bytes */3\r\n"), std::string::npos);
    EXPECT_NE(reply.head.find("\r\nContent-Length: 0\r\n"), std::string::npos);
    EXPECT_FALSE(reply.body);
}

TEST(MakeReply, TakesNoHeaderOutOfAContentType) {
    auto response = file();
    response.content_type = "text/plain\r\nSet-Cookie: a=b";
    const auto reply = make_reply(get(), response, true, now);
    EXPECT_EQ(reply.head.find("\r\nSet-Cookie"), std::string::npos);
}

TEST(MakeReply, WritesAMessageThatIsNoFile) {
    auto head = get();
    head.method = "POST";
    head.conditions = {"*", {}, "bytes=0-0", {}};
    auto response = file();
    response.fields = {{"Set-Cookie", "a=b"}};
    const auto reply = make_reply(head, response, true, now);
    EXPECT_EQ(reply.head, "HTTP/1.1 200 OK\r\n"
                          "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                          "Content-Type: application/xml\r\n"
                          "Content-Length: 3\r\n"
                          "Set-Cookie: a=b\r\n"
                          "\r\n");
    EXPECT_EQ(reply.length, 3U);
}

TEST(MakeReply, WritesTheAnswerToAPoll) {
    auto head = get();
    head.conditions.if_none_match = "*";
    Response response;
    response.fields = {{"cache-control", "no-store"}};
    for (const auto& [status, line] : {std::pair{200, "200 OK"}, std::pair{202, "202 Accepted"}}) {
        response.status = status;
        EXPECT_EQ(make_reply(head, response, true, now).head,
                  std::string("HTTP/1.1 ") + line +
                      "\r\n"
                      "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                      "Content-Length: 0\r\n"
                      "cache-control: no-store\r\n"
                      "\r\n");
    }
}

TEST(MakeReply, TakesNoLineOutOfAField) {
    auto response = file();
    response.fields = {{"Set-Cookie", "a=b\r\nX: y"}, {"A\nB", "c"}};
    const auto reply = make_reply(get(), response, true, now);
    EXPECT_NE(reply.head.find("\r\nSet-Cookie: a=b  X: y\r\nA B: c\r\n\r\n"), std::string::npos);
}

TEST(MakeRefusal, EndsTheConnection) {
    EXPECT_EQ(make_refusal(431).head, "HTTP/1.1 431 Request Header Fields Too Large\r\n"
                                      "Content-Length: 0\r\nConnection: close\r\n\r\n");
}

} // namespace
