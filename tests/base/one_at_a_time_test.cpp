// SPDX-License-Identifier: MIT
// Whose turn it is, and when the next one may begin.
#include "provisioning/base/one_at_a_time.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

namespace {

TEST(OneAtATime, TheNextMayBeginWhenTheTaskOfTheOneBeforeIsGone) {
    base::OneAtATime looks;
    auto turn = looks.begin();
    ASSERT_TRUE(turn);
    std::function<void()> task = [turn] {};
    turn.reset();
    EXPECT_FALSE(looks.begin());
    task = nullptr; // whether it was run or dropped
    EXPECT_TRUE(looks.begin());
}

TEST(OneAtATime, ATaskMayOutliveIt) {
    std::optional<base::OneAtATime> looks(std::in_place);
    const auto turn = looks->begin();
    looks.reset();
    EXPECT_TRUE(turn);
}

} // namespace
