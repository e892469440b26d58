// SPDX-License-Identifier: MIT
// The bytes of request bodies that are held, in all and for each address.
#include "provisioning/serve/bodies.hpp"

#include <gtest/gtest.h>

namespace {

using base::Ipv4;
using serve::Bodies;

constexpr Ipv4 one{0x0A000001};
constexpr Ipv4 two{0x0A000002};

TEST(Bodies, AreHeldUpToALimitInAll) {
    Bodies bodies(100, 80);
    EXPECT_TRUE(bodies.take(one, 80));
    EXPECT_TRUE(bodies.has_room(two, 20));
    EXPECT_FALSE(bodies.take(two, 21));
    EXPECT_EQ(bodies.held(), 80U) << "what was refused is not counted";
    EXPECT_TRUE(bodies.take(two, 20));
    EXPECT_FALSE(bodies.has_room(two, 1));
    bodies.give_back(one, 80);
    EXPECT_TRUE(bodies.take(two, 60));
    EXPECT_EQ(bodies.held(), 80U);
}

TEST(Bodies, OfOneAddressLeaveRoomForAnother) {
    Bodies bodies(100, 60);
    EXPECT_TRUE(bodies.take(one, 60));
    EXPECT_FALSE(bodies.take(one, 1));
    EXPECT_TRUE(bodies.take(two, 40));
}

TEST(Bodies, OfAnySizeAreCompared) {
    Bodies bodies(100, 60);
    EXPECT_TRUE(bodies.take(one, 1));
    EXPECT_FALSE(bodies.has_room(one, ~std::uint64_t{0}));
    EXPECT_FALSE(bodies.take(one, ~std::uint64_t{0}));
}

TEST(Bodies, OfWhoHoldsNothingAreNotRemembered) {
    Bodies bodies(100, 60);
    EXPECT_TRUE(bodies.take(one, 0));
    bodies.give_back(one, 0);
    bodies.give_back(two, 5); // never taken
    EXPECT_EQ(bodies.held(), 0U);
    EXPECT_TRUE(bodies.has_room(two, 60));
}

} // namespace
