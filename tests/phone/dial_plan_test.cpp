// SPDX-License-Identifier: MIT
// What a KX-UT670 calls for the digits that are keyed; the first plan is the guide's own example.
#include "module/phone/dial_plan.hpp"

#include "module/phone/vendor.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class DialPlanTest : public testing::Test {
  protected:
    Dialled dialled(std::string_view keyed) const { return dial(rules_, keyed); }

    std::string called(std::string_view keyed) const { return dialled(keyed).number; }

    std::chrono::seconds waits(std::string_view keyed) const { return dialled(keyed).after; }

    /// With one plan alone, and nothing else allowed.
    std::string by(const std::string& plan, std::string_view keyed) const {
        auto rules = rules_;
        rules.plan = plan;
        rules.blocks_others = true;
        return dial(rules, keyed).number;
    }

    DialRules rules_{.plan = "[2346789]11|01[2-9]x.|[2-9]xxxxxxxxx"};
};

TEST_F(DialPlanTest, TheGuidesExampleCallsAtOnceAfterATimerOrNotAtAll) {
    rules_.blocks_others = true;
    for (const auto* at_once : {"211", "911", "2123456789"}) {
        EXPECT_EQ(called(at_once), at_once);
        EXPECT_EQ(waits(at_once), 0s);
    }
    EXPECT_EQ(called("01254"), "01254");
    EXPECT_EQ(waits("01254"), 5s);
    for (const auto* incomplete : {"21", "21234567", "0011", "1011", "511", "01"}) {
        EXPECT_EQ(called(incomplete), "") << incomplete;
        EXPECT_THAT(dialled(incomplete).why, HasSubstr("fits no dial plan, and such numbers are"));
    }
}

TEST_F(DialPlanTest, WhatFitsNoneIsSentWhereItIsNotBlocked) {
    EXPECT_EQ(called("0011"), "0011");
    EXPECT_THAT(dialled("0011").why, HasSubstr("fits no dial plan"));
    rules_.plan.clear();
    EXPECT_EQ(called("0011"), "0011");
    EXPECT_EQ(dialled("0011").why, "");
    rules_.blocks_others = true;
    EXPECT_EQ(called("0011"), "");
}

TEST_F(DialPlanTest, AShortPlanHidesALongerOne) {
    EXPECT_EQ(called("2115550000"), "211") << "it has called before the fourth digit";
    rules_.plan = "2xxx|211";
    EXPECT_EQ(called("2115"), "211") << "the order does not matter";
}

TEST_F(DialPlanTest, ElementsAreDigitsWildcardsRangesAndRepeats) {
    EXPECT_EQ(by("*8x", "*85"), "*85");
    EXPECT_EQ(by("+49x.", "+4930"), "+4930");
    EXPECT_EQ(by("Xx", "12"), "12");
    EXPECT_EQ(by("Xx", "1*"), "") << "a wildcard is one digit";
    EXPECT_EQ(by("[1-35]0", "50"), "50");
    EXPECT_EQ(by("[1-35]0", "40"), "");
    EXPECT_EQ(by("1.", "111"), "111");
    EXPECT_EQ(by("21.", "2"), "2") << "no times, too";
    EXPECT_EQ(by("21.2", "22"), "22");
    EXPECT_EQ(by("x.5", "12345"), "12345") << "the repeat gives back what the end needs";
    EXPECT_EQ(by("x.5", "1234"), "");
}

TEST_F(DialPlanTest, SubstitutionSendsOtherDigits) {
    EXPECT_EQ(by("<101:9999>", "101"), "9999");
    EXPECT_EQ(by("<9:>xxx", "9201"), "201");
    EXPECT_EQ(by("<:0>2xx", "201"), "0201");
    EXPECT_EQ(by("<9:00>x.", "9123"), "00123");
    EXPECT_EQ(by("<101:>", "101"), "") << "nothing is left to call";
}

TEST_F(DialPlanTest, TimersWait) {
    rules_ = {.plan = "1x.S2|2x.T|3x.S0|4x.", .inter_digit = 7s, .macro_digits = 3s};
    EXPECT_EQ(waits("12"), 2s);
    EXPECT_EQ(waits("22"), 3s);
    EXPECT_EQ(waits("4"), 7s);
    EXPECT_EQ(called("3456"), "3") << "no second of patience";
}

TEST_F(DialPlanTest, ARejectedNumberIsNotCalled) {
    rules_.plan = "123xxx!|xxxxxx";
    EXPECT_EQ(called("123456"), "");
    EXPECT_THAT(dialled("123456").why, HasSubstr("123xxx! rejects 123456"));
    EXPECT_EQ(called("124456"), "124456");
}

TEST_F(DialPlanTest, ThePoundKeyEndsDialling) {
    EXPECT_EQ(called("01254#9"), "01254");
    EXPECT_EQ(waits("01254#"), 0s) << "nobody waits for more";
    EXPECT_EQ(called("12#3"), "12");
    EXPECT_EQ(by("#31x", "#312"), "#312") << "as first digit it is one";
    EXPECT_EQ(called("*#8"), "*");
    rules_.pound_ends = false;
    EXPECT_EQ(called("*#8"), "*#8");
    EXPECT_EQ(called("12#3"), "12#3");
}

TEST_F(DialPlanTest, APlanTakesNoTimeToTry) {
    std::string plan;
    for (int i = 0; i < 32; ++i) {
        plan += "1.";
    }
    EXPECT_EQ(by(plan + "|2", std::string(60, '1') + "3"), "");
}

TEST_F(DialPlanTest, IsWrittenWithTheGuidesSigns) {
    for (const auto* good : {"", "[2346789]11|01[2-9]x.|[2-9]xxxxxxxxx", "1x.S2", "123xxx!", "1x.t",
                             "<101:9999>", "[*#+]1", "[9-4]", "1||2", ".", "!1", "+1"}) {
        EXPECT_TRUE(is_dial_plan(good)) << good;
    }
    for (const auto* bad : {"1 2", "(1)", "1,2", "a", "[12-21]", "[1", "[]", "1]", "1S", "1S12",
                            "<12>", "<1:2", "1>", "1:2", "<1:x>", "[1-]", "[a-b]", "1-2"}) {
        EXPECT_FALSE(is_dial_plan(bad)) << bad;
    }
    EXPECT_TRUE(is_dial_plan(std::string(32, 'x')));
    EXPECT_FALSE(is_dial_plan(std::string(33, 'x')));
    std::string many = "1";
    for (int i = 1; i < 40; ++i) {
        many += "|1";
    }
    EXPECT_TRUE(is_dial_plan(many));
    EXPECT_FALSE(is_dial_plan(many + "|1"));
}

TEST_F(DialPlanTest, ALineHasItsOwn) {
    const Values values{{"DIAL_PLAN_2", "2xx"},
                        {"DIAL_PLAN_NOT_MATCH_ENABLE_2", "Y"},
                        {"DIAL_PLAN_1", "3x.T"},
                        {"MACRODIGIT_TIM", "9"},
                        {"POUND_KEY_DELIMITER_ENABLE", "N"}};
    const auto on = [&](int line, std::string_view keyed) {
        return find_vendor("panasonic")->dial(values, line, keyed);
    };
    EXPECT_EQ(on(2, "201").number, "201");
    EXPECT_EQ(on(2, "301").number, "");
    EXPECT_EQ(on(1, "201").number, "201");
    EXPECT_EQ(on(1, "301").after, 9s);
    EXPECT_EQ(on(3, "4#1").number, "4#1");
}

} // namespace
} // namespace phone
