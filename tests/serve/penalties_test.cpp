// SPDX-License-Identifier: MIT
// Penalties by the fake clock: when they come, how they grow, how they end.
#include "provisioning/serve/penalties.hpp"

#include <gmock/gmock.h>

namespace {

using serve::Penalties;
using serve::Standing;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

class PenaltiesTest : public testing::Test {
  protected:
    void miss(int times, std::uint64_t who = 1) {
        for (int i = 0; i < times; ++i) {
            penalties.miss(who, clock.now());
        }
    }

    Standing standing(std::uint64_t who = 1) { return penalties.standing(who, clock.now()); }

    base::FakeClock clock;
    Penalties penalties;
};

TEST_F(PenaltiesTest, LetThirtyMissesAMinutePass) {
    miss(30);
    EXPECT_EQ(standing(), Standing::free);
    clock.advance(minutes(1));
    miss(30);
    EXPECT_EQ(standing(), Standing::free);
    EXPECT_THAT(penalties.list(clock.now()), IsEmpty());
}

TEST_F(PenaltiesTest, ShutOutAStrangerForTenMinutes) {
    miss(30);
    const auto verdict = penalties.miss(1, clock.now());
    EXPECT_EQ(verdict.standing, Standing::shut);
    EXPECT_TRUE(verdict.is_new);
    EXPECT_FALSE(penalties.miss(1, clock.now()).is_new);
    EXPECT_EQ(standing(2), Standing::free);
    clock.advance(minutes(10) - seconds(1));
    EXPECT_EQ(standing(), Standing::shut);
    clock.advance(seconds(1));
    EXPECT_EQ(standing(), Standing::free);
}

TEST_F(PenaltiesTest, DoubleUpToAnHourAndForgetAfterAnHourOfPeace) {
    for (const auto length : {minutes(10), minutes(20), minutes(40), minutes(60), minutes(60)}) {
        miss(31);
        clock.advance(length - seconds(1));
        EXPECT_EQ(standing(), Standing::shut) << length.count();
        clock.advance(seconds(1));
        EXPECT_EQ(standing(), Standing::free) << length.count();
    }
    clock.advance(hours(1));
    miss(31);
    clock.advance(minutes(10));
    EXPECT_EQ(standing(), Standing::free);
}

TEST_F(PenaltiesTest, SlowWherePhonesAreAndNeverShutOut) {
    penalties.trust(1, clock.now());
    miss(1000);
    EXPECT_EQ(standing(), Standing::slowed);
    clock.advance(minutes(1));
    EXPECT_EQ(standing(), Standing::free);
    clock.advance(hours(24));
    miss(31);
    EXPECT_EQ(standing(), Standing::shut) << "the phone has been gone for a day";
}

TEST_F(PenaltiesTest, LetAnAddressOutOnceAPhoneIsConfiguredThere) {
    miss(31);
    ASSERT_EQ(standing(), Standing::shut);
    penalties.trust(1, clock.now());
    EXPECT_EQ(standing(), Standing::slowed);
}

TEST_F(PenaltiesTest, ListWhoIsNotFree) {
    const auto begin = clock.now();
    miss(40);
    miss(5, 2);
    penalties.held(1, clock.now());
    const auto rows = penalties.list(clock.now());
    ASSERT_THAT(rows, SizeIs(1));
    EXPECT_EQ(rows[0].who, 1U);
    EXPECT_EQ(rows[0].misses, 40U);
    EXPECT_EQ(rows[0].held, 1U);
    EXPECT_EQ(rows[0].since, begin);
    EXPECT_EQ(rows[0].until, begin + minutes(10));
}

TEST_F(PenaltiesTest, RememberTenThousandAndForgetTheOldest) {
    miss(31, 1);
    for (std::uint64_t who = 2; who <= 10'000; ++who) {
        miss(1, who);
    }
    EXPECT_EQ(standing(2), Standing::free);
    EXPECT_EQ(standing(1), Standing::shut); // and is the newest again
    miss(1, 10'001);
    EXPECT_EQ(standing(1), Standing::shut);
    for (std::uint64_t who = 20'000; who < 30'000; ++who) {
        miss(1, who);
    }
    EXPECT_EQ(standing(1), Standing::free);
}

} // namespace
