// SPDX-License-Identifier: MIT
#include "module/phone/sip.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr base::Endpoint responder{{0xC000020A}, 5060}; // 192.0.2.10

std::string notify() {
    return "NOTIFY sip:MAC001fc1000001@192.0.2.89:60000 SIP/2.0\r\n"
           "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKn-5f1c09d2-1;rport\r\n"
           "Max-Forwards: 20\r\n"
           "From: <sip:MAC001fc1000001@224.0.1.75>;tag=pnp-5f1c09d2\r\n"
           "To: <sip:MAC001fc1000001@224.0.1.75>;tag=70411247\r\n"
           "Call-ID: 70411247@192.0.2.89\r\n"
           "CSeq: 1 NOTIFY\r\n"
           "Contact: <sip:pnp@192.0.2.10:5060>\r\n"
           "Event: ua-profile\r\n"
           "Subscription-State: terminated;reason=timeout\r\n"
           "Content-Type: application/url\r\n"
           "Content-Length: 32\r\n\r\n"
           "http://192.0.2.10:8080/p/9k3v7q/";
}

TEST(ReadMessage, ReadsARequest) {
    const auto message = read_message(notify());
    ASSERT_TRUE(message) << message.error().what;
    EXPECT_EQ(message->method, "NOTIFY");
    EXPECT_EQ(message->uri, "sip:MAC001fc1000001@192.0.2.89:60000");
    EXPECT_EQ(message->header("call-id"), "70411247@192.0.2.89");
    EXPECT_EQ(message->body, "http://192.0.2.10:8080/p/9k3v7q/");
}

TEST(ReadMessage, ReadsAnAnswerWithBareLineFeedsAndNoBlankLineAtItsEnd) {
    const auto message = read_message("SIP/2.0 200 OK\nTo: <sip:a@b>;tag=1\nCSeq: 1 SUBSCRIBE");
    ASSERT_TRUE(message) << message.error().what;
    EXPECT_EQ(message->status, 200);
    EXPECT_EQ(message->reason, "OK");
    EXPECT_EQ(read_cseq(message->header("CSeq")).method, "SUBSCRIBE");
}

TEST(ReadMessage, ReadsCompactNamesAndFoldedLines) {
    const auto message = read_message("\r\nSIP/2.0 401\r\nv:SIP/2.0/UDP a;branch=x\r\ni: c1\r\n"
                                      "F : \"A\" <sip:a@b>;\r\n tag=7\r\nl: 0\r\n\r\n");
    ASSERT_TRUE(message) << message.error().what;
    EXPECT_EQ(message->status, 401);
    EXPECT_EQ(message->reason, "");
    EXPECT_EQ(message->header("Call-ID"), "c1");
    EXPECT_EQ(parameter(message->header("Via"), "branch"), "x");
    EXPECT_EQ(parameter(message->header("From"), "tag"), "7");
}

TEST(ReadMessage, RefusesWhatIsNotSip) {
    EXPECT_FALSE(read_message(""));
    EXPECT_FALSE(read_message("\r\n\r\n"));
    EXPECT_FALSE(read_message("GET / HTTP/1.1\r\n\r\n"));
    EXPECT_FALSE(read_message("SIP/2.0 \r\n"));
    EXPECT_FALSE(read_message("SIP/2.0 2x0 OK\r\n"));
    EXPECT_FALSE(read_message("NOTIFY sip:a SIP/2.0\r\nno colon\r\n\r\n"));
}

TEST(Parameter, StaysOutOfQuotesAndAngleBrackets) {
    constexpr auto value = R"("a;tag=1" <sip:a@b;tag=2>;x="q;tag=3" ; TAG = 4)";
    EXPECT_EQ(parameter(value, "tag"), "4");
    EXPECT_EQ(parameter("check-sync;reboot=\"true\"", "reboot"), "true");
    EXPECT_EQ(parameter("SIP/2.0/UDP a;rport;branch=z", "rport"), "");
    EXPECT_EQ(parameter("SIP/2.0/UDP a;branch=z", "rport"), std::nullopt);
}

TEST(Message, TakesCommaListsApart) {
    const auto message =
        read_message("SIP/2.0 200 OK\r\nRecord-Route: <sip:a;lr>, \"b,\" <sip:b,c;lr>\r\n"
                     "Record-Route: <sip:d>,\r\n\r\n");
    ASSERT_TRUE(message);
    EXPECT_THAT(message->each("Record-Route"),
                testing::ElementsAre("<sip:a;lr>", "\"b,\" <sip:b,c;lr>", "<sip:d>"));
}

TEST(WriteAnswer, AnswersANotifyAsAPhoneDoes) {
    const auto message = read_message(notify());
    ASSERT_TRUE(message);
    const auto answer = write_answer(*message, 200, "OK", responder, "unused");
    EXPECT_EQ(answer, "SIP/2.0 200 OK\r\n"
                      "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKn-5f1c09d2-1;rport=5060\r\n"
                      "From: <sip:MAC001fc1000001@224.0.1.75>;tag=pnp-5f1c09d2\r\n"
                      "To: <sip:MAC001fc1000001@224.0.1.75>;tag=70411247\r\n"
                      "Call-ID: 70411247@192.0.2.89\r\n"
                      "CSeq: 1 NOTIFY\r\n"
                      "Content-Length: 0\r\n\r\n");
    EXPECT_EQ(answer.size(), 263U);
}

TEST(WriteAnswer, CopiesEveryViaStampsTheFirstAndAddsATag) {
    const auto message =
        read_message("NOTIFY sip:a SIP/2.0\r\nVia: SIP/2.0/UDP pbx:5062 ; RPORT;branch=b\r\n"
                     "Via: SIP/2.0/UDP far;rport\r\nTo: <sip:a@b>\r\nCSeq: 2 NOTIFY\r\n\r\n");
    ASSERT_TRUE(message);
    const auto answer =
        write_answer(*message, 489, "Bad Event", responder, "t1", "Allow-Events: x\r\n");
    EXPECT_THAT(answer,
                StartsWith("SIP/2.0 489 Bad Event\r\n"
                           "Via: SIP/2.0/UDP pbx:5062 ; RPORT=5060;branch=b;received=192.0.2.10\r\n"
                           "Via: SIP/2.0/UDP far;rport\r\n"));
    EXPECT_THAT(answer, HasSubstr("To: <sip:a@b>;tag=t1\r\n"));
    EXPECT_THAT(answer, EndsWith("Allow-Events: x\r\nContent-Length: 0\r\n\r\n"));
}

TEST(AnswerTarget, GoesToTheViasPortUnlessItSaysRport) {
    const auto target = [](const std::string& via) {
        return answer_target(*read_message("NOTIFY sip:a SIP/2.0\r\nVia: " + via + "\r\n\r\n"),
                             responder)
            .str();
    };
    EXPECT_EQ(target("SIP/2.0/UDP 192.0.2.10:5059;branch=x"), "192.0.2.10:5059");
    EXPECT_EQ(target("SIP/2.0/UDP 192.0.2.10:5059;rport;branch=x"), "192.0.2.10:5060");
    EXPECT_EQ(target("SIP/2.0/UDP 203.0.113.9;branch=x"), "192.0.2.10:5060")
        << "never to a third address";
}

} // namespace
} // namespace phone
