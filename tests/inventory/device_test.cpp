// SPDX-License-Identifier: MIT
// Tests of the words for states and steps.
#include "provisioning/inventory/device.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace {

using namespace inventory;

TEST(DeviceState, IsTheDecisionUntilApprovedAndTheStageAfterThat) {
    Device device;
    device.seen.stage = Stage::registered;
    EXPECT_EQ(device.state(), "pending");
    device.approval = Approval::blocked;
    EXPECT_EQ(device.state(), "blocked");
    device.approval = Approval::approved;
    EXPECT_EQ(device.state(), "registered");
    device.seen.stage = Stage::configured;
    EXPECT_EQ(device.state(), "configured");
    device.seen.stage = Stage::fetching;
    EXPECT_EQ(device.state(), "fetching");
    device.seen.stage = Stage::offered;
    EXPECT_EQ(device.state(), "offered");
    device.seen.stage = Stage::heard;
    EXPECT_EQ(device.state(), "approved");
}

TEST(StepNames, AreDistinctAndReadBack) {
    std::set<std::string_view> names;
    for (int number = 0; number <= static_cast<int>(Step::job_failed); ++number) {
        const auto step = static_cast<Step>(number);
        EXPECT_EQ(step_named(name(step)), step);
        EXPECT_TRUE(names.insert(name(step)).second) << name(step);
    }
    EXPECT_EQ(name(Step::notify_accepted), "notify_accepted");
    EXPECT_EQ(step_named("unknown"), std::nullopt);
    EXPECT_EQ(step_named(""), std::nullopt);
}

} // namespace
