// SPDX-License-Identifier: MIT
// That the two clocks agree about what a second is.
#include "provisioning/base/clock.hpp"

#include "provisioning/base/text.hpp"

#include <gtest/gtest.h>

using namespace base;
using namespace std::chrono_literals;

TEST(FakeClock, GoesOnOnlyWhenToldTo) {
    FakeClock clock;
    const Steady before = clock.now();
    const UnixMs ms = clock.unix_ms();
    EXPECT_EQ(clock.now(), before);
    clock.advance(90s);
    EXPECT_EQ(clock.now() - before, 90s);
    EXPECT_EQ(clock.unix_ms() - ms, 90'000);
}

TEST(SystemClock, KnowsThatItIsLaterThanTheSourceAndNeverGoesBack) {
    const SystemClock clock;
    const Steady before = clock.now();
    EXPECT_GE(clock.now(), before);
    EXPECT_GT(iso_time(clock.unix_ms()), "2020");
}
