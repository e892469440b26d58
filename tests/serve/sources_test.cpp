// SPDX-License-Identifier: MIT
// The count of connections and requests of each address, with a clock of the test.
#include "provisioning/serve/sources.hpp"

#include <gtest/gtest.h>

namespace {

using base::Ipv4;
using serve::Sources;
using namespace std::chrono_literals;

constexpr Ipv4 one{0x0A000001};
constexpr Ipv4 two{0x0A000002};
constexpr base::Steady start = base::Steady{} + 1h;

int asked(Sources& sources, Ipv4 source, base::Steady now, int most) {
    int let_through = 0;
    for (int i = 0; i < most; ++i) {
        let_through += sources.may_ask(source, now) ? 1 : 0;
    }
    return let_through;
}

TEST(Sources, CountConnections) {
    Sources sources({});
    EXPECT_FALSE(sources.greediest());
    sources.opened(one);
    sources.opened(two);
    sources.opened(two);
    EXPECT_EQ(sources.connections(one), 1U);
    EXPECT_EQ(sources.connections(two), 2U);
    EXPECT_EQ(sources.greediest(), two);
    sources.closed(two);
    sources.closed(two);
    sources.closed(two); // more often than it opened
    EXPECT_EQ(sources.connections(two), 0U);
    EXPECT_EQ(sources.greediest(), one);
}

TEST(Sources, LetASiteStartAtOnceAndASourceGoOnAtItsRate) {
    Sources sources({2, 1000});
    EXPECT_EQ(asked(sources, one, start, 100), 60);
    EXPECT_EQ(asked(sources, one, start + 10s, 100), 20);
    EXPECT_EQ(asked(sources, two, start + 10s, 100), 60) << "another address has its own";
}

TEST(Sources, WhereSitesAreLargerTheyMayHaveMoreAtOnceAndNoMoreLater) {
    Sources sources({2, 1000, 90});
    EXPECT_EQ(asked(sources, one, start, 1000), 180);
    EXPECT_EQ(asked(sources, one, start + 10s, 1000), 20);
}

TEST(Sources, WhoIsOverItsOwnRateTakesNothingFromTheOthers) {
    Sources sources({1, 3});
    EXPECT_EQ(asked(sources, one, start, 1000), 30);
    EXPECT_EQ(asked(sources, two, start, 1000), 30);
    EXPECT_EQ(asked(sources, Ipv4{0x0A000003}, start, 1000), 30);
    EXPECT_EQ(asked(sources, Ipv4{0x0A000004}, start, 1000), 0) << "all together are over theirs";
}

TEST(Sources, APhoneHasAShareOfItsOwnAndTakesNoMoreFromTheOthers) {
    Sources sources({1, 100});
    EXPECT_EQ(asked(sources, one, start, 100), 30);
    const auto asked_by = [&](const char* mac) {
        int let_through = 0;
        for (int i = 0; i < 1000; ++i) {
            const bool may = sources.may_ask(one, start, [&] { return base::Mac::parse(mac); });
            let_through += may ? 1 : 0;
        }
        return let_through;
    };
    EXPECT_EQ(asked_by("001fc1000001"), 100);
    EXPECT_EQ(asked_by("001fc1000002"), 100) << "behind the same address";
    EXPECT_EQ(asked_by("nobody"), 0);
}

TEST(Sources, RememberNoMoreThanSoManyThatHoldNothing) {
    Sources sources({1, 1'000'000});
    sources.opened(one);
    EXPECT_EQ(asked(sources, one, start, 100), 30);
    for (std::uint32_t i = 0; i < 3 * Sources::most_idle; ++i) {
        sources.may_ask(Ipv4{0x0B000000 + i}, start);
        ASSERT_LE(sources.remembered(), Sources::most_idle + 1);
    }
    EXPECT_EQ(asked(sources, one, start, 100), 0) << "whoever holds a connection is not forgotten";
}

} // namespace
