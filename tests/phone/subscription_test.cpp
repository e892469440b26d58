// SPDX-License-Identifier: MIT
#include "module/phone/subscription.hpp"

#include <gtest/gtest.h>

namespace phone {
namespace {

using std::chrono::milliseconds;

Message message(const std::string& text) {
    auto read = read_message(text);
    return read ? *read : Message{};
}

std::string notify(std::string_view from_tag, std::string_view to_tag, std::string_view more) {
    return fmt::format("NOTIFY sip:MAC001fc1000001@192.0.2.89:60000 SIP/2.0\r\n"
                       "From: <sip:a@224.0.1.75>;tag={}\r\nTo: <sip:a@224.0.1.75>;tag={}\r\n"
                       "Call-ID: c1\r\nCSeq: 1 NOTIFY\r\n{}",
                       from_tag, to_tag, more);
}

constexpr auto good =
    "Event: ua-profile;effective-by=0\r\nSubscription-State: terminated;reason=timeout\r\n"
    "Content-Type: application/url\r\nContent-Length: 9\r\n\r\nhttp://h/";

Subscription answered() {
    Subscription subscription({"b1", "mine", "c1"}, "");
    subscription.on_ok(message("SIP/2.0 200 OK\r\nTo: <sip:a@b>;tag=theirs\r\n\r\n"));
    return subscription;
}

TEST(Retransmission, DoublesTo4SecondsAndEndsAt32) {
    Retransmission sending{Timing{}};
    base::Steady now{};
    std::vector<std::int64_t> offsets;
    for (;;) {
        sending.sent(now);
        offsets.push_back(std::chrono::duration_cast<milliseconds>(now - base::Steady{}).count());
        const auto next = sending.next();
        if (!next) {
            break;
        }
        now = *next;
    }
    EXPECT_EQ(offsets, (std::vector<std::int64_t>{0, 500, 1500, 3500, 7500, 11500, 15500, 19500,
                                                  23500, 27500, 31500}));
    EXPECT_EQ(sending.end(), base::Steady{} + std::chrono::seconds(32));
}

TEST(Retransmission, StopsAtAnAnswer) {
    Retransmission sending{Timing{}};
    sending.sent({});
    sending.stop();
    EXPECT_EQ(sending.next(), std::nullopt);
}

TEST(Subscription, KnowsItsAnswersByCallIdAndMethod) {
    const Subscription subscription({"b1", "mine", "c1"}, "");
    EXPECT_TRUE(subscription.owns_answer(
        message("SIP/2.0 200 OK\r\nCall-ID: c1\r\nCSeq: 1 SUBSCRIBE\r\n\r\n")));
    EXPECT_FALSE(subscription.owns_answer(
        message("SIP/2.0 200 OK\r\nCall-ID: c2\r\nCSeq: 1 SUBSCRIBE\r\n\r\n")));
    EXPECT_FALSE(subscription.owns_answer(
        message("SIP/2.0 200 OK\r\nCall-ID: c1\r\nCSeq: 1 REGISTER\r\n\r\n")));
}

TEST(NotifyChecks, PassTheStandardForm) {
    auto subscription = answered();
    EXPECT_TRUE(subscription.check(message(notify("theirs", "mine", good))).all());
}

TEST(NotifyChecks, SeeTagsThatAreNotTheDialogs) {
    EXPECT_FALSE(answered().check(message(notify("mine", "theirs", good))).in_dialog)
        << "the echo form: not swapped";
    EXPECT_FALSE(answered().check(message(notify("other", "mine", good))).in_dialog);
    auto checks = answered().check(message(notify("theirs", "mine", good)));
    EXPECT_TRUE(checks.in_dialog);
}

TEST(NotifyChecks, SeeEachOfTheOtherFaults) {
    const auto checks = answered().check(
        message(notify("theirs", "mine",
                       "Event: dialog\r\nSubscription-State: active\r\nContent-Type: text/plain\r\n"
                       "Content-Length: 8\r\n\r\nhttp://h/")));
    EXPECT_TRUE(checks.in_dialog);
    EXPECT_FALSE(checks.event);
    EXPECT_FALSE(checks.terminated);
    EXPECT_FALSE(checks.content_type);
    EXPECT_FALSE(checks.content_length);
}

TEST(NotifyChecks, CompareTheTagsWhenThe200ComesLast) {
    Subscription subscription({"b1", "mine", "c1"}, "");
    EXPECT_TRUE(subscription.check(message(notify("theirs", "mine", good))).in_dialog);
    subscription.on_ok(message("SIP/2.0 200 OK\r\nTo: <sip:a@b>;tag=another\r\n\r\n"));
    EXPECT_FALSE(subscription.ok_fits_notify());
}

TEST(NotifiedUrl, IsTheBodyWithoutLineEnds) {
    EXPECT_EQ(notified_url(message("NOTIFY a SIP/2.0\r\nContent-Length: 11\r\n\r\nhttp://h/\r\n")),
              "http://h/");
    EXPECT_EQ(notified_url(message("NOTIFY a SIP/2.0\r\nContent-Length: 9\r\n\r\nhttp://h/more")),
              "http://h/");
    EXPECT_EQ(notified_url(message("NOTIFY a SIP/2.0\r\n\r\n")), "");
}

} // namespace
} // namespace phone
