// SPDX-License-Identifier: MIT
// To which conversation a message belongs.
#include "provisioning/wpi/sessions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using base::Ipv4;
using base::Mac;
using wpi::Match;
using wpi::Session;
using wpi::Sessions;

const Mac one = *Mac::parse("001ae8102030");
const Mac two = *Mac::parse("001ae8102031");
const Ipv4 here = *Ipv4::parse("192.0.2.9");
const Ipv4 there = *Ipv4::parse("192.0.2.10");

class WpiSessions : public testing::Test {
  protected:
    std::shared_ptr<Session> open(Mac mac, Ipv4 source, std::uint64_t connection) {
        auto session = sessions.open(mac, source, connection, std::nullopt);
        return session ? *session : nullptr;
    }

    static std::string cookie(const std::shared_ptr<Session>& session) {
        return "JSESSIONID=" + session->id;
    }

    base::FakeClock clock;
    wpi::SessionLimits limits{std::chrono::seconds(120), std::chrono::seconds(900), 10, 4, 4, 1000};
    Sessions sessions{clock, limits};
};

TEST_F(WpiSessions, AreFoundByCookieThenConnectionThenTheOnlyOneOfTheAddress) {
    const auto a = open(one, here, 1);
    EXPECT_EQ(sessions.find("", 9, here).session, a);
    EXPECT_EQ(sessions.find("", 9, here).match, Match::peer);
    EXPECT_EQ(sessions.find("", 1, here).session, a);
    EXPECT_EQ(sessions.find("", 1, here).match, Match::connection);
    EXPECT_EQ(sessions.find(cookie(a), 9, here).match, Match::cookie);
    EXPECT_EQ(sessions.find("", 9, here).match, Match::connection) << "the cookie moved it there";
    EXPECT_EQ(sessions.find("", 1, here).session, nullptr)
        << "it shows what it has, so nobody is taken for it";
    EXPECT_EQ(sessions.find("", 9, there).session, nullptr);
    EXPECT_EQ(sessions.find(cookie(a), 9, there).session, nullptr);
}

TEST_F(WpiSessions, AreNotGuessedAmongTwo) {
    const auto a = open(one, here, 1);
    const auto b = open(two, here, 2);
    EXPECT_EQ(sessions.find("", 9, here).session, nullptr);
    EXPECT_EQ(sessions.find("", 2, here).session, b);
    EXPECT_EQ(sessions.find(cookie(a), 2, here).session, a) << "the cookie counts first";
}

TEST_F(WpiSessions, OfACookieThatIsNotKnownAreOver) {
    const auto a = open(one, here, 1);
    EXPECT_EQ(sessions.find("JSESSIONID=" + std::string(32, '0'), 1, here).session, nullptr);
    sessions.close(*a);
    EXPECT_EQ(sessions.find(cookie(a), 1, here).session, nullptr);
    EXPECT_EQ(sessions.size(), 0U);
}

TEST_F(WpiSessions, EndWhenTheyIdleAndWhenTheyLastForTooLong) {
    const auto a = open(one, here, 1);
    for (int minute = 0; minute < 14; ++minute) {
        clock.advance(std::chrono::seconds(60));
        EXPECT_EQ(sessions.find(cookie(a), 1, here).session, a);
    }
    EXPECT_TRUE(sessions.has(one));
    clock.advance(std::chrono::seconds(60));
    EXPECT_EQ(sessions.find(cookie(a), 1, here).session, nullptr);
    EXPECT_FALSE(sessions.has(one));
    EXPECT_THAT(sessions.expire(), testing::ElementsAre(a));
    const auto b = open(one, here, 1);
    clock.advance(std::chrono::seconds(120));
    EXPECT_THAT(sessions.expire(), testing::ElementsAre(b));
    EXPECT_EQ(sessions.size(), 0U);
}

TEST_F(WpiSessions, AreBoundedForAPhoneASourceAndInAll) {
    for (int source = 0; source < 8; ++source) { // anybody, in the name of one phone
        ASSERT_TRUE(open(one, Ipv4{0x0A000000U + static_cast<unsigned>(source)}, 0));
        clock.advance(std::chrono::seconds(1));
    }
    EXPECT_EQ(sessions.size(), 4U);
    for (unsigned phone = 0; phone < 4; ++phone) {
        EXPECT_TRUE(open(Mac::from_number(100 + phone), here, 0));
    }
    EXPECT_FALSE(open(Mac::from_number(200), here, 0)) << "four from one source";
    EXPECT_TRUE(open(Mac::from_number(200), there, 0));
    EXPECT_TRUE(open(Mac::from_number(201), there, 0));
    EXPECT_FALSE(open(Mac::from_number(202), there, 0)) << "ten in all";
    clock.advance(std::chrono::seconds(121));
    EXPECT_TRUE(open(Mac::from_number(202), there, 0)) << "the others are over";
}

TEST_F(WpiSessions, OfAPhoneThatCallsAnewReplaceThoseFromThere) {
    const auto a = open(one, here, 1);
    const auto b = open(one, here, 2);
    EXPECT_FALSE(sessions.is_open(*a));
    EXPECT_TRUE(sessions.is_open(*b));
    EXPECT_THAT(sessions.expire(), testing::ElementsAre(a));
}

TEST_F(WpiSessions, KeepAnEnrolmentWindowThatTheyHave) {
    const auto a = *sessions.open(one, here, 1, 7);
    EXPECT_EQ(a->window, 7);
    const auto b = *sessions.open(one, here, 2, 7);
    EXPECT_EQ(b->window, std::nullopt);
    EXPECT_TRUE(sessions.is_open(*a));
    sessions.close(*a);
    EXPECT_EQ((*sessions.open(one, here, 3, 7))->window, 7);
}

TEST_F(WpiSessions, HoldSoMuchOfRepliesInPartsTogether) {
    const auto a = open(one, here, 1);
    const auto b = open(two, here, 2);
    EXPECT_TRUE(sessions.hold(*a, 600));
    EXPECT_TRUE(sessions.hold(*b, 400));
    EXPECT_FALSE(sessions.hold(*b, 401));
    sessions.close(*b);
    EXPECT_TRUE(sessions.hold(*a, 1000));
}

TEST_F(WpiSessions, ThatEndedHoldTheirPartsUntilTheyAreTold) {
    auto phone = open(one, here, 1);
    EXPECT_TRUE(sessions.hold(*phone, 600));
    phone = open(one, here, 2); // it calls anew, and leaves 600 bytes behind
    EXPECT_FALSE(sessions.hold(*phone, 600));
    EXPECT_TRUE(sessions.hold(*phone, 400));
    sessions.expire();
    EXPECT_TRUE(sessions.hold(*phone, 1000));
}

TEST(WpiCookie, IsPickedFromWhatPhonesSendAlong) {
    using wpi::cookie_named;
    EXPECT_EQ(cookie_named("JSESSIONID=AB; path=/", "JSESSIONID"), "AB");
    EXPECT_EQ(cookie_named("path=/;  secure ; JSESSIONID = AB ;x", "JSESSIONID"), "AB");
    EXPECT_EQ(cookie_named("JSESSIONID=\"AB\"", "JSESSIONID"), "AB");
    EXPECT_EQ(cookie_named("XJSESSIONID=AB; JSESSIONI=C", "JSESSIONID"), "");
    EXPECT_EQ(cookie_named("", "JSESSIONID"), "");
    EXPECT_EQ(cookie_named(";;=;", "JSESSIONID"), "");
}

} // namespace
