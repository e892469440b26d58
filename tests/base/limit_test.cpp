// SPDX-License-Identifier: MIT
// The token bucket under a clock that goes on only when told to.
#include "provisioning/base/limit.hpp"

#include <gtest/gtest.h>

using namespace base;
using namespace std::chrono_literals;

namespace {

int taken(TokenBucket& bucket, Steady now, int tries) {
    int out = 0;
    for (int i = 0; i < tries; ++i) {
        out += bucket.take(now) ? 1 : 0;
    }
    return out;
}

} // namespace

TEST(TokenBucket, LetsABurstThroughAndThenTheRate) {
    FakeClock clock;
    TokenBucket bucket(2.0, 5.0);
    EXPECT_EQ(taken(bucket, clock.now(), 100), 5);
    clock.advance(499ms);
    EXPECT_EQ(taken(bucket, clock.now(), 100), 0);
    clock.advance(1ms);
    EXPECT_EQ(taken(bucket, clock.now(), 100), 1);
    clock.advance(10s);
    EXPECT_EQ(taken(bucket, clock.now(), 100), 5) << "a pause saves up no more than the burst";
}

TEST(TokenBucket, AddsUpTheTimeBetweenRefusals) {
    FakeClock clock;
    TokenBucket bucket(1.0, 1.0);
    EXPECT_TRUE(bucket.take(clock.now()));
    int through = 0;
    for (int i = 0; i < 1000; ++i) { // ten seconds in small steps
        clock.advance(10ms);
        through += bucket.take(clock.now()) ? 1 : 0;
    }
    EXPECT_GE(through, 9);
    EXPECT_LE(through, 10);
}

TEST(TokenBucket, CountsWhatItHeldBackSinceTheLastQuestion) {
    FakeClock clock;
    TokenBucket bucket(1.0, 2.0);
    taken(bucket, clock.now(), 5);
    EXPECT_EQ(bucket.held_back(), 3U);
    EXPECT_EQ(bucket.held_back(), 0U);
}

TEST(TokenBucket, GivesNothingForTimeThatRunsBackwards) {
    FakeClock clock;
    TokenBucket bucket(1.0, 1.0);
    const Steady early = clock.now();
    clock.advance(5s);
    EXPECT_TRUE(bucket.take(clock.now()));
    EXPECT_FALSE(bucket.take(early));
    EXPECT_FALSE(bucket.take(clock.now()));
}
