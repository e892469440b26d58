// SPDX-License-Identifier: MIT
// Places on the way to new firmware, by a clock that the test turns.
#include "provisioning/serve/rollout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using base::Mac;
using serve::Rollout;
using serve::Turn;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Mac phone(unsigned number) {
    return Mac::from_number(0x0080F0000000U + number);
}

class RolloutTest : public testing::Test {
  protected:
    RolloutTest() {
        firmware.name = "ut670";
        firmware.version = "01.100";
        firmware.at_a_time = 2;
    }

    Turn take(unsigned number, std::string_view version = "01.070") {
        return rollout.take(firmware, phone(number), version).turn;
    }

    Turn now(unsigned number, std::string_view version = "01.070") const {
        return rollout.now(firmware, phone(number), version);
    }

    base::FakeClock clock;
    Rollout rollout{clock};
    profile::Firmware firmware;
};

TEST_F(RolloutTest, LeavesOutWhoNeedsNothing) {
    EXPECT_EQ(take(1, "01.100"), Turn::has);
    EXPECT_EQ(take(1, "1.100"), Turn::has);
    EXPECT_EQ(take(1, "01.101"), Turn::newer);
    EXPECT_EQ(take(1, ""), Turn::unknown);
    EXPECT_EQ(take(1, "beta"), Turn::unknown);
    EXPECT_EQ(take(2), Turn::on_way) << "nobody has a place yet";
}

TEST_F(RolloutTest, GivesSoManyPlaces) {
    EXPECT_EQ(take(1), Turn::on_way);
    EXPECT_EQ(take(2), Turn::on_way);
    EXPECT_EQ(take(3), Turn::waits);
    EXPECT_EQ(take(1), Turn::on_way) << "who has a place keeps it";
    EXPECT_EQ(take(1, "01.100"), Turn::has);
    EXPECT_EQ(now(3), Turn::waits);
    EXPECT_EQ(rollout.look(firmware, phone(3), "01.070"), Turn::on_way) << "if it looked";
    EXPECT_EQ(take(4), Turn::on_way) << "who comes first";
    EXPECT_EQ(take(3), Turn::waits);
}

TEST_F(RolloutTest, SaysWhatIsNew) {
    EXPECT_TRUE(rollout.take(firmware, phone(1), "01.070").is_new);
    EXPECT_FALSE(rollout.take(firmware, phone(1), "01.070").is_new);
    EXPECT_TRUE(rollout.take(firmware, phone(1), "01.100").is_new);
    EXPECT_FALSE(rollout.take(firmware, phone(1), "01.100").is_new);
    EXPECT_FALSE(rollout.take(firmware, phone(2), "01.100").is_new) << "it had it before";
}

TEST_F(RolloutTest, IsHeldByZero) {
    firmware.at_a_time = 1;
    EXPECT_EQ(take(1), Turn::on_way);
    firmware.at_a_time = 0;
    EXPECT_EQ(take(2), Turn::waits);
    EXPECT_EQ(take(1), Turn::on_way) << "it goes on";
    EXPECT_THAT(rollout.call(firmware, {phone(2)}), IsEmpty());
}

TEST_F(RolloutTest, GivesUpWhoDoesNotComeBack) {
    take(1);
    clock.advance(std::chrono::minutes(10));
    take(2);
    clock.advance(std::chrono::minutes(20) - std::chrono::milliseconds(1));
    EXPECT_THAT(rollout.give_up(), IsEmpty());
    EXPECT_EQ(take(1), Turn::on_way) << "to look again gives no more time";
    clock.advance(std::chrono::milliseconds(1));
    EXPECT_EQ(now(1), Turn::failed);
    EXPECT_EQ(take(3), Turn::on_way) << "its place is free";
    const auto given_up = rollout.give_up();
    ASSERT_THAT(given_up, SizeIs(1));
    EXPECT_EQ(given_up[0].mac, phone(1));
    EXPECT_EQ(given_up[0].version, "01.100");
    EXPECT_THAT(rollout.give_up(), IsEmpty()) << "it is named once";
    EXPECT_EQ(take(1), Turn::failed);
}

TEST_F(RolloutTest, TriesAgainAfterADayOrByAnAdministrator) {
    firmware.at_a_time = 10;
    take(1);
    take(2);
    take(3);
    clock.advance(Rollout::longest_way);
    rollout.give_up();
    rollout.forgive(phone(1));
    EXPECT_EQ(take(1), Turn::on_way);
    clock.advance(Rollout::rest - std::chrono::milliseconds(1));
    EXPECT_EQ(take(2), Turn::failed);
    clock.advance(std::chrono::milliseconds(1));
    EXPECT_EQ(take(2), Turn::on_way);
    EXPECT_EQ(take(3, "01.100"), Turn::has) << "it came late";
}

TEST_F(RolloutTest, DoesNotForgiveWhoIsOnItsWay) {
    take(1);
    clock.advance(std::chrono::minutes(20));
    rollout.forgive(phone(1));
    clock.advance(std::chrono::minutes(10));
    EXPECT_THAT(rollout.give_up(), SizeIs(1)) << "its time went on";
}

TEST_F(RolloutTest, TriesAnotherVersionAtOnce) {
    take(1);
    clock.advance(Rollout::longest_way);
    rollout.give_up();
    firmware.version = "01.101";
    EXPECT_EQ(take(1), Turn::on_way);
}

TEST_F(RolloutTest, CallsAsManyAsThereArePlaces) {
    take(9);
    EXPECT_THAT(rollout.call(firmware, {phone(1), phone(2), phone(3)}), ElementsAre(phone(1)));
    EXPECT_THAT(rollout.call(firmware, {phone(1), phone(2), phone(3)}), IsEmpty());
    EXPECT_EQ(take(1), Turn::on_way);
    EXPECT_EQ(take(1, "01.100"), Turn::has);
    EXPECT_THAT(rollout.call(firmware, {phone(2), phone(3)}), ElementsAre(phone(2)));
    clock.advance(Rollout::kept_place);
    EXPECT_THAT(rollout.call(firmware, {phone(2), phone(3)}), ElementsAre(phone(3)))
        << "who did not come is not called over and over";
    clock.advance(Rollout::between_calls);
    EXPECT_EQ(take(9), Turn::failed);
    EXPECT_THAT(rollout.call(firmware, {phone(2), phone(3)}), ElementsAre(phone(2), phone(3)));
}

TEST_F(RolloutTest, AVersionThatChangesToAndFroRestartsNobodyOverAndOver) {
    EXPECT_THAT(rollout.call(firmware, {phone(1)}), ElementsAre(phone(1)));
    for (int i = 0; i < 20; ++i) {
        rollout.arrived(phone(1));
        rollout.keep({});
        EXPECT_THAT(rollout.call(firmware, {phone(1)}), IsEmpty()) << "it was told";
    }
    unsigned trips = 0;
    for (int i = 0; i < 20; ++i) {
        trips += take(1) == Turn::on_way ? 1U : 0U;
        take(1, "99.0");
    }
    EXPECT_EQ(trips, Rollout::most_trips);
    EXPECT_EQ(take(1), Turn::failed);
    clock.advance(Rollout::rest);
    EXPECT_EQ(take(1), Turn::on_way);
}

TEST_F(RolloutTest, APhoneThatLosesItsTripHasFailedAllTheSame) {
    take(1);
    clock.advance(Rollout::longest_way);
    rollout.give_up();
    take(1, "99.0");
    EXPECT_EQ(take(1), Turn::failed);
}

TEST_F(RolloutTest, AnImageThatIsNoneOfThatVersionFailsAtOnce) {
    take(1);
    rollout.fetched(phone(2));
    rollout.fetched(phone(1));
    const auto step = rollout.take(firmware, phone(1), "01.070");
    EXPECT_EQ(step.turn, Turn::failed);
    EXPECT_TRUE(step.is_new);
    EXPECT_FALSE(rollout.take(firmware, phone(1), "01.070").is_new);
    EXPECT_EQ(take(1), Turn::failed) << "no loop of restarts";
    EXPECT_EQ(take(2), Turn::on_way);
    rollout.fetched(phone(2));
    EXPECT_EQ(take(2, "01.100"), Turn::has);
}

TEST_F(RolloutTest, AKeptPlaceIsForWhoComesFirst) {
    firmware.at_a_time = 1;
    EXPECT_THAT(rollout.call(firmware, {phone(1)}), ElementsAre(phone(1)));
    EXPECT_EQ(take(2), Turn::on_way) << "it looks by itself, and the other may be gone";
    EXPECT_EQ(take(1), Turn::waits);
}

TEST_F(RolloutTest, PhonesThatAreGoneDoNotKeepALivingOneWaiting) {
    firmware.at_a_time = 1;
    std::vector<Mac> waiting;
    for (unsigned i = 1; i <= 72; ++i) {
        waiting.push_back(phone(i));
    }
    waiting.push_back(phone(100));
    int calls = 0;
    bool is_called = false;
    for (; calls < 80 && !is_called; ++calls) {
        const auto called = rollout.call(firmware, waiting);
        is_called = !called.empty() && called[0] == phone(100);
        clock.advance(Rollout::kept_place);
    }
    EXPECT_TRUE(is_called) << "each once before one is called again";
}

TEST_F(RolloutTest, TellsThoseFirstThatWereNotToldForTheLongestAndThoseLastThatFailed) {
    firmware.at_a_time = 10;
    take(1);
    clock.advance(Rollout::longest_way);
    rollout.give_up();
    rollout.call(firmware, {phone(2)});
    clock.advance(Rollout::rest);
    EXPECT_THAT(rollout.call(firmware, {phone(1), phone(2), phone(3)}),
                ElementsAre(phone(3), phone(2), phone(1)));
}

TEST_F(RolloutTest, APhoneThatCannotBeToldGivesItsPlaceBack) {
    firmware.at_a_time = 1;
    EXPECT_THAT(rollout.call(firmware, {phone(1), phone(2)}), ElementsAre(phone(1)));
    rollout.not_called(phone(1));
    EXPECT_THAT(rollout.call(firmware, {phone(1), phone(2)}), ElementsAre(phone(2)));
    EXPECT_EQ(take(3), Turn::on_way);
    rollout.not_called(phone(3));
    EXPECT_EQ(now(3), Turn::on_way) << "it came";
}

TEST_F(RolloutTest, CountsEachSectionByItself) {
    auto another = firmware;
    another.name = "ut136";
    take(1);
    take(2);
    EXPECT_EQ(rollout.take(another, phone(3), "01.070").turn, Turn::on_way);
}

TEST_F(RolloutTest, ForgetsPhonesThatAreOursNoMore) {
    take(1);
    take(2);
    rollout.keep({phone(2)});
    EXPECT_EQ(take(3), Turn::on_way);
    EXPECT_EQ(take(4), Turn::waits);
}

} // namespace
