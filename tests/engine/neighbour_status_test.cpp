// SPDX-License-Identifier: MIT
// What an operator reads about the neighbour table.
#include "module/neighbour_status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace engine {
namespace {

using testing::HasSubstr;

Neighbourhood of(std::size_t expected) {
    return {base::NeighbourCheck::enforce, true, 12, expected, 1024, 3};
}

TEST(NeighbourStatus, CountsWhatIsKnownAndWhoLied) {
    const auto rows = describe(of(512));
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].value, "12 known, 3 times it was another than claimed");
    EXPECT_FALSE(rows[0].is_problem);
}

TEST(NeighbourStatus, AKernelTableTooSmallForThePhonesIsAProblemWithItsRemedy) {
    const auto rows = describe(of(1500));
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_TRUE(rows[1].is_problem);
    EXPECT_THAT(rows[1].value, HasSubstr("keeps 1024 at most, and 1500 phones are expected"));
    EXPECT_THAT(rows[1].value, HasSubstr("net.ipv4.neigh.default.gc_thresh3=6000"));
}

TEST(NeighbourStatus, ATableThatIsNotFollowedIsAProblemUnlessNobodyLooks) {
    auto blind = of(1);
    blind.is_followed = false;
    EXPECT_TRUE(describe(blind)[0].is_problem);
    blind.check = base::NeighbourCheck::off;
    EXPECT_FALSE(describe(blind)[0].is_problem);
}

} // namespace
} // namespace engine
