// SPDX-License-Identifier: MIT
// When phones are called, by a clock that the test turns.
#include "provisioning/wpi/contact_me_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using wpi::ContactMePlan;

const base::Mac phone = base::Mac::from_number(0x001AE8102030);
const base::Mac other = base::Mac::from_number(0x001AE8102031);

struct Plan : testing::Test {
    base::FakeClock clock;
    std::uint32_t chance = 0;
    wpi::ContactMePacing pacing;
    ContactMePlan plan{clock, [this](std::uint32_t most) { return std::min(chance, most); }};

    /// How long nothing is due.
    seconds until_next() {
        const auto next = plan.next();
        return next ? std::chrono::duration_cast<seconds>(*next - clock.now()) : seconds(-1);
    }

    /// Asks whoever is due and says what came of it.
    std::size_t ask(bool arrived) {
        const auto due = plan.start();
        for (const auto mac : due) {
            plan.sent(mac, arrived);
        }
        return due.size();
    }
};

TEST_F(Plan, AJobIsWorthAContactMeAtOnce) {
    EXPECT_EQ(until_next(), -1s);
    plan.want(phone);
    EXPECT_EQ(until_next(), 0s);
    EXPECT_THAT(plan.start(), ElementsAre(phone));
    EXPECT_THAT(plan.start(), IsEmpty()) << "one at a time for a phone";
    plan.want(phone);
    EXPECT_THAT(plan.start(), IsEmpty());
    EXPECT_EQ(until_next(), -1s);
}

TEST_F(Plan, APhoneHas60SecondsToComeAndIsAskedAgainAfterItsGapAndAFewSecondsByChance) {
    chance = 17;
    plan.want(phone);
    ASSERT_EQ(ask(true), 1U);
    EXPECT_EQ(until_next(), 60s);
    clock.advance(59s);
    EXPECT_THAT(plan.silences(), IsEmpty());
    clock.advance(1s);
    EXPECT_THAT(plan.silences(), ElementsAre(ContactMePlan::Silence{phone, true, false}));
    EXPECT_THAT(plan.silences(), IsEmpty()) << "each once";
    EXPECT_EQ(until_next(), 257s); // 300 + 17 - 60
    clock.advance(256s);
    EXPECT_EQ(ask(true), 0U);
    clock.advance(1s);
    EXPECT_EQ(ask(true), 1U);
}

TEST_F(Plan, ByChanceItIsAtMost30SecondsLater) {
    chance = 1000;
    plan.want(phone);
    ask(false);
    plan.silences();
    EXPECT_EQ(until_next(), 330s);
}

TEST_F(Plan, AfterFiveAttemptsTheJobWaitsForThePhonesOwnContact) {
    plan.want(phone);
    for (int attempt = 1; attempt <= 5; ++attempt) {
        ASSERT_EQ(ask(false), 1U) << attempt;
        EXPECT_THAT(plan.silences(),
                    ElementsAre(ContactMePlan::Silence{phone, false, attempt == 5}));
        clock.advance(300s);
    }
    EXPECT_EQ(until_next(), -1s);
    clock.advance(std::chrono::hours(48));
    EXPECT_EQ(ask(false), 0U);
    plan.want(phone); // a new job
    EXPECT_EQ(ask(false), 1U);
}

TEST_F(Plan, WhatIsSettledCancelsWhatWasToFollow) {
    plan.want(phone);
    ask(false);
    plan.silences();
    plan.called(phone);
    plan.settled(phone);
    EXPECT_EQ(until_next(), -1s);
    plan.want(other);
    ask(true);
    plan.called(other);
    plan.settled(other);
    EXPECT_EQ(until_next(), -1s);
    clock.advance(10min);
    EXPECT_EQ(ask(true), 0U);
    EXPECT_THAT(plan.silences(), IsEmpty());
}

TEST_F(Plan, ACallThatBreaksOffPutsNoContactMeOff) {
    plan.want(phone, {clock.unix_ms() - 200'000});
    EXPECT_EQ(until_next(), 100s);
    plan.called(phone);
    EXPECT_EQ(until_next(), 100s) << "anybody can begin a call";
    clock.advance(100s);
    ASSERT_EQ(ask(true), 1U);
    clock.advance(20s);
    plan.called(phone);
    EXPECT_THAT(plan.silences(), IsEmpty());
    EXPECT_EQ(until_next(), 280s) << "as if nobody had called";
    plan.want(phone, {}, 3600s);
    EXPECT_EQ(until_next(), 280s) << "who is wanted already is not put off";
    clock.advance(280s);
    EXPECT_EQ(ask(true), 1U);
}

TEST_F(Plan, APhoneThatIsInACallOfItsOwnIsGivenTheTimeToEndIt) {
    plan.want(phone, {}, 15s);
    EXPECT_EQ(until_next(), 15s);
    plan.settled(phone);
    EXPECT_EQ(until_next(), -1s);
}

TEST_F(Plan, APhoneThatComesEachTimeAndNeverToAnEndIsAskedFiveTimes) {
    plan.want(phone);
    int asked = 0;
    for (int minute = 0; minute < 120; ++minute) {
        asked += static_cast<int>(ask(true));
        plan.called(phone);
        clock.advance(60s);
        plan.silences();
    }
    EXPECT_EQ(asked, 5);
}

TEST_F(Plan, AContactWhileTheRequestIsUnderWayIsNoSilence) {
    plan.want(phone);
    plan.start();
    plan.called(phone); // quicker than its own 204
    plan.settled(phone);
    plan.sent(phone, true);
    EXPECT_EQ(until_next(), -1s);
    EXPECT_THAT(plan.silences(), IsEmpty());
}

TEST_F(Plan, AJobThatComesMeanwhileIsAskedForAfterTheGap) {
    plan.want(phone);
    plan.start();
    plan.called(phone);
    plan.want(phone);
    plan.sent(phone, false);
    EXPECT_THAT(plan.silences(), IsEmpty());
    EXPECT_EQ(until_next(), 300s);
}

TEST_F(Plan, ANewJobAfterAContactWaitsForTheGapToo) {
    plan.want(phone);
    ask(true);
    clock.advance(2s);
    plan.called(phone);
    plan.want(phone);
    EXPECT_EQ(until_next(), 298s) << "the phone would not hear it";
    clock.advance(298s);
    EXPECT_EQ(ask(true), 1U);
}

TEST_F(Plan, TheGapIsThePhonesOwnButNeverLessThanAMinute) {
    plan.want(phone, {0, 65s});
    ask(false);
    plan.silences();
    EXPECT_EQ(until_next(), 65s);
    plan.want(other, {0, 1s});
    ask(false);
    plan.silences();
    EXPECT_EQ(until_next(), 60s);
    const auto third = base::Mac::from_number(3);
    plan.want(third, {0, seconds(4'000'000'000)});
    ask(false);
    plan.silences();
    plan.settled(phone);
    plan.settled(other);
    EXPECT_EQ(until_next(), 24h) << "whatever it says";
}

TEST_F(Plan, NoPhoneIsEverAskedTwiceInAMinute) {
    pacing.attempts = 1'000'000;
    ContactMePlan hasty(
        clock, [](auto) { return 0; }, pacing);
    std::map<base::Mac, base::Steady> last;
    for (int second = 0; second < 4000; ++second) {
        const auto mac = base::Mac::from_number(1 + static_cast<std::uint64_t>(second) % 3);
        hasty.want(mac, {0, 0s});
        if (second % 7 == 0) {
            hasty.called(mac);
            hasty.busy(mac, {0, 0s});
        }
        for (const auto each : hasty.start()) {
            if (last.contains(each)) {
                ASSERT_GE(clock.now() - last[each], 60s);
            }
            last[each] = clock.now();
            hasty.sent(each, second % 2 == 0);
        }
        hasty.silences();
        clock.advance(1s);
    }
    EXPECT_THAT(last, SizeIs(3));
}

TEST_F(Plan, TheGapHoldsOverARestartOfOurs) {
    plan.want(phone, {clock.unix_ms() - 100'000});
    EXPECT_EQ(until_next(), 200s);
    plan.want(other, {clock.unix_ms() - 301'000});
    EXPECT_EQ(until_next(), 0s);
    const auto third = base::Mac::from_number(3);
    plan.want(third, {clock.unix_ms() + 1'000'000});
    EXPECT_THAT(plan.start(), ElementsAre(third, other)) << "the clock was set back";
}

TEST_F(Plan, SixteenAreUnderWayAtATimeTheLongestWaitingFirst) {
    for (std::uint64_t i = 1; i <= 40; ++i) {
        plan.want(base::Mac::from_number(100 - i));
        clock.advance(1ms);
    }
    const auto first = plan.start();
    ASSERT_THAT(first, SizeIs(16));
    EXPECT_EQ(first.front(), base::Mac::from_number(99));
    EXPECT_THAT(plan.start(), IsEmpty());
    EXPECT_EQ(until_next(), -1s) << "sent() makes room, no time does";
    plan.sent(first[3], true);
    plan.sent(first[3], true); // nothing to be said twice
    EXPECT_EQ(until_next(), 0s);
    EXPECT_THAT(plan.start(), ElementsAre(base::Mac::from_number(99 - 16)));
}

TEST_F(Plan, AnEarlyPhoneInACallIsAskedEvery300SecondsForADay) {
    plan.want(phone);
    ASSERT_EQ(ask(true), 1U);
    int asked = 0;
    base::Duration waited{};
    while (true) {
        clock.advance(3s);
        waited += 3s;
        plan.called(phone);
        if (!plan.busy(phone)) {
            break;
        }
        EXPECT_EQ(until_next(), 300s);
        clock.advance(300s);
        waited += 300s;
        ASSERT_EQ(ask(true), 1U);
        ++asked;
    }
    EXPECT_EQ(asked, 286); // every 303 s
    EXPECT_GE(waited, 24h);
    EXPECT_LT(waited, 24h + 10min);
    EXPECT_EQ(until_next(), -1s);
    plan.called(phone);
    EXPECT_TRUE(plan.busy(phone)) << "with the next job the day begins anew";
}

TEST_F(Plan, WhoeverSaysAgainAndAgainThatItIsBusyPutsItOffOnce) {
    plan.want(phone);
    plan.busy(phone);
    EXPECT_EQ(until_next(), 300s);
    for (int i = 0; i < 3; ++i) {
        clock.advance(90s);
        plan.called(phone);
        plan.busy(phone);
    }
    EXPECT_EQ(until_next(), 30s);
}

TEST_F(Plan, ACallThatEndedCountsNoMore) {
    plan.busy(phone);
    clock.advance(23h);
    plan.settled(phone);
    clock.advance(2h);
    EXPECT_TRUE(plan.busy(phone));
}

TEST_F(Plan, ABusyPhoneThatIsGoneIsAskedFiveTimes) {
    plan.busy(phone);
    int asked = 0;
    for (int i = 0; i < 1000; ++i) {
        clock.advance(60s);
        asked += static_cast<int>(ask(false));
        plan.silences();
    }
    EXPECT_EQ(asked, 5);
}

TEST_F(Plan, WhomNothingIsWantedOfIsForgotten) {
    for (std::uint64_t i = 1; i <= 500; ++i) {
        plan.want(base::Mac::from_number(i));
        ask(true);
        plan.called(base::Mac::from_number(i));
        plan.settled(base::Mac::from_number(i));
    }
    EXPECT_EQ(plan.remembered(), 500U) << "their gaps hold";
    clock.advance(11min);
    plan.want(phone);
    EXPECT_EQ(plan.remembered(), 1U);
}

} // namespace
