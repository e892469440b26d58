// SPDX-License-Identifier: MIT
// What a poll is answered, whoever sends it in whichever spelling.
#include "provisioning/wpi/polling.hpp"

#include "provisioning/base/log.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const base::Mac phone = *base::Mac::parse("001ae8102030");

struct Polls : testing::Test {
    base::FakeClock clock;
    std::map<base::Mac, wpi::Polling::Phone> known{{phone, {}}};
    std::vector<base::Mac> stamped;
    wpi::Polling polling{clock,
                         {[this](base::Mac mac) -> std::optional<wpi::Polling::Phone> {
                              return known.contains(mac) ? std::optional(known[mac]) : std::nullopt;
                          },
                          [this](base::Mac mac) { stamped.push_back(mac); }}};

    serve::Response
    poll(const std::string& query, const char* from = "10.20.31.77", const char* method = "GET") {
        serve::Request request;
        request.method = method;
        request.path = "/dcmp/contact-me";
        request.query = query;
        request.peer.address = *base::Ipv4::parse(from);
        return polling.answer(request);
    }

    /// One after the other, as phones do.
    std::string
    polls(int number, const char* from = "10.20.31.77", std::chrono::seconds apart = 60s) {
        std::string seen;
        for (int i = 0; i < number; ++i) {
            clock.advance(apart);
            seen += poll("device-id=00:1A:E8:10:20:30", from).status == 202 ? '!' : '.';
        }
        return seen;
    }
};

TEST(PollPath, EndsInContactMeWhateverStandsBefore) {
    for (const char* path :
         {"/dcmp/contact-me", "/dcmpcontact-me", "/contact-me", "/a/b/contact-me"}) {
        EXPECT_TRUE(wpi::is_poll_path(path)) << path;
    }
    for (const char* path : {"/", "/dcmp/", "/contact-me/", "/contact-me.html", "/Contact-Me"}) {
        EXPECT_FALSE(wpi::is_poll_path(path)) << path;
    }
}

TEST(PollingPhone, IsReadInEverySpelling) {
    for (const char* query :
         {"device-id=00:1A:E8:10:20:30", "device-id=00%3A1A%3AE8%3A10%3A20%3A30",
          "device-id=00%3a1a%3ae8%3a10%3a20%3a30", "device-id=00-1a-e8-10-20-30",
          "device-id=001AE8102030", "device-id=001ae8102030", "x=1&device-id=001ae8102030&y=2",
          "&&device-id=001ae8102030", "device-id=001ae8102030&device-id=nonsense"}) {
        const auto found = wpi::polling_phone(query);
        ASSERT_TRUE(found) << query;
        EXPECT_EQ(*found, phone) << query;
    }
}

TEST(PollingPhone, IsAMacAndNothingElse) {
    for (const std::string& query :
         {std::string(), std::string("device-id"), std::string("device-id="),
          std::string("device_id=001ae8102030"), std::string("device-id=001ae810203"),
          std::string("device-id=001ae81020300"), std::string("device-id=001ae810203g"),
          std::string("device-id=%"), std::string("device-id=001ae81020%3"),
          std::string("device-id=001ae81020%zz"), std::string("device-id=00%253A1A%253AE8"),
          std::string("device-id=000000000000"), std::string("device-id=001ae8102030%00"),
          "device-id=" + std::string(2000, '0')}) {
        const auto found = wpi::polling_phone(query);
        ASSERT_FALSE(found) << query;
        EXPECT_LT(found.error().what.size(), 200U);
    }
}

TEST_F(Polls, TellAStrangerFromAPhoneNeitherByBytesNorByTheTimeThatALookTakes) {
    for (const char* id : {"device-id=00:1A:E8:10:20:30", "device-id=00:1A:E8:99:99:99"}) {
        const auto answer = poll(id);
        EXPECT_EQ(answer.status, 200) << id;
        EXPECT_TRUE(answer.hides_its_time) << id;
    }
}

TEST_F(Polls, SayWhetherSomethingIsPendingAndNothingElse) {
    const auto idle = poll("device-id=00:1A:E8:10:20:30");
    EXPECT_EQ(idle.status, 200);
    known[phone].is_pending = true;
    const auto pending = poll("device-id=00:1A:E8:10:20:30", "10.20.31.77", "HEAD");
    EXPECT_EQ(pending.status, 202);
    for (const auto& answer : {idle, pending}) {
        EXPECT_EQ(answer.body, nullptr);
        EXPECT_EQ(answer.content_type, "");
        EXPECT_THAT(answer.fields,
                    ElementsAre(std::pair(std::string("Cache-Control"), std::string("no-store"))));
    }
    EXPECT_THAT(stamped, ElementsAre(phone, phone));
}

TEST_F(Polls, OfAStrangerAreAnsweredLikeThoseOfAnIdlePhoneAndLeaveNothing) {
    const auto idle = poll("device-id=001ae8102030");
    stamped.clear();
    const auto stranger = poll("device-id=001ae8102099");
    EXPECT_EQ(stranger.status, idle.status);
    EXPECT_EQ(stranger.fields, idle.fields);
    EXPECT_EQ(stranger.body, idle.body);
    EXPECT_EQ(stranger.content_type, idle.content_type);
    EXPECT_EQ(stranger.delay, idle.delay);
    EXPECT_TRUE(stamped.empty());
}

TEST_F(Polls, WithoutAMacAreBadRequests) {
    EXPECT_EQ(poll("").status, 400);
    EXPECT_EQ(poll("device-id=nonsense").status, 400);
    EXPECT_TRUE(stamped.empty());
}

TEST_F(Polls, HaveTheirPathAndTheirMethods) {
    serve::Request request;
    request.method = "GET";
    request.path = "/dcmp/";
    EXPECT_EQ(polling.answer(request).status, 404);
    EXPECT_EQ(poll("device-id=001ae8102030", "10.20.31.77", "POST").status, 405);
}

TEST_F(Polls, SayPendingUntilTheJobIsClaimed) {
    known[phone].is_pending = true;
    EXPECT_EQ(polls(4), "!!!!");
    known[phone].is_pending = false; // it called
    EXPECT_EQ(polls(2), "..");
    known[phone].is_pending = true;
    EXPECT_EQ(polls(5), "!!!!!") << "counted anew";
}

TEST_F(Polls, OfAPhoneThatNeverCallsAreToldSoRarely) {
    known[phone].is_pending = true;
    EXPECT_EQ(polls(5), "!!!!!");
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(polls(12), "...........!");
    }
    known[phone].last_contact = 7; // another matter, while the job still waits
    EXPECT_EQ(polls(6), "!!!!!.");
}

TEST_F(Polls, OfOthersBehindItsNatUsedUpWhatThePhoneWasToBeTold) {
    known[phone].is_pending = true;
    EXPECT_THAT(polls(200, "10.20.31.77", 1s), Not(HasSubstr("."))) << "in its name";
    EXPECT_EQ(polls(1), "!");
}

TEST_F(Polls, InVainAreAWarningOnce) {
    testing::internal::CaptureStderr();
    known[phone].is_pending = true;
    polls(5);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    testing::internal::CaptureStderr();
    polls(60);
    const auto said = testing::internal::GetCapturedStderr();
    EXPECT_THAT(said, testing::HasSubstr("001ae8102030 polls from 10.20.31.77 and does not call"));
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
}

TEST_F(Polls, ByAStrangerInAPhonesNameDoNotDelayThePhone) {
    known[phone].is_pending = true;
    polls(200, "10.66.6.6");
    EXPECT_EQ(polls(5), "!!!!!");
}

TEST_F(Polls, FromOneAddressAreAnsweredTwiceASecondAnd20AtOnce) {
    int answered = 0;
    for (int i = 0; i < 100; ++i) {
        answered += poll("device-id=001ae8102030").status == 200 ? 1 : 0;
    }
    EXPECT_EQ(answered, 20);
    EXPECT_EQ(poll("device-id=001ae8102030").status, 503);
    EXPECT_EQ(poll("device-id=001ae8102030", "10.20.31.78").status, 200);
    clock.advance(1s);
    EXPECT_EQ(poll("device-id=001ae8102030").status, 200);
    EXPECT_EQ(poll("nonsense").status, 400) << "which counts too";
    EXPECT_EQ(poll("nonsense").status, 503);
}

TEST_F(Polls, ThatAreNonsenseDoNotFillTheLog) {
    testing::internal::CaptureStderr();
    for (int i = 0; i < 1000; ++i) {
        clock.advance(500ms);
        poll("device-id=\x1b[2J");
    }
    const auto said = testing::internal::GetCapturedStderr();
    EXPECT_LE(std::count(said.begin(), said.end(), '\n'), 5 + 50 + 1);
    EXPECT_EQ(said.find('\x1b'), std::string::npos);
}

} // namespace
