// SPDX-License-Identifier: MIT
// A PBX's numbers: patterns, contexts that include others, and what is said of digits.
#include "dialplan/number_plan.hpp"

#include "number_oracle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace {

using dialplan::fit;
using dialplan::NumberPlan;
using dialplan::PlanContext;
using dialplan::PlanNumber;
using dialplan::reachable;
using testing::ElementsAre;
using testing::HasSubstr;

PlanContext context(const std::vector<std::string>& numbers,
                    const std::vector<std::string>& includes = {}) {
    PlanContext made;
    for (const auto& number : numbers) {
        made.numbers.push_back({number});
    }
    for (const auto& include : includes) {
        made.includes.push_back({include});
    }
    return made;
}

/// "complete 201 in phones", "incomplete" …
std::string said(const NumberPlan& plan, std::string_view in, std::string_view digits) {
    const auto found = fit(plan, in, digits);
    return fmt::format(
        "{}{}", words_of(found.fit),
        found.number.empty() ? "" : fmt::format(" ({} in {})", found.number, found.context));
}

std::string said(const std::vector<std::string>& numbers, std::string_view digits) {
    return said({{"phones", context(numbers)}}, "phones", digits);
}

TEST(NumberPlan, ReadsEveryElementOfAPattern) {
    EXPECT_EQ(said({"_NXXZ"}, "2019"), "complete (_NXXZ in phones)");
    EXPECT_EQ(said({"_NXXZ"}, "1019"), "no such number");
    EXPECT_EQ(said({"_NXXZ"}, "2010"), "no such number");
    EXPECT_EQ(said({"_nxxz"}, "201"), "incomplete");
    EXPECT_EQ(said({"_[1-35]0"}, "50"), "complete (_[1-35]0 in phones)");
    EXPECT_EQ(said({"_[1-35]0"}, "40"), "no such number");
    EXPECT_EQ(said({"_*[0-9*]#"}, "**#"), "complete (_*[0-9*]# in phones)");
    EXPECT_EQ(said({"_+49X."}, "+4930"),
              "complete, and a longer number begins so (_+49X. in phones)");
    EXPECT_EQ(said({"_2-0X"}, "201"), "complete (_2-0X in phones)") << "dashes count for nothing";
    EXPECT_EQ(said({"2-01"}, "201"), "complete (2-01 in phones)");
    EXPECT_EQ(said({"_2[01"}, "20"), "no such number") << "a bracket that is left open";
}

TEST(NumberPlan, ADotTakesOneKeyOrMoreAndABangEndsAtOnce) {
    EXPECT_EQ(said({"_0."}, "0"), "incomplete");
    EXPECT_EQ(said({"_0."}, "01"), "complete, and a longer number begins so (_0. in phones)");
    EXPECT_EQ(said({"_9!"}, "9"), "complete (_9! in phones)");
    EXPECT_EQ(said({"_9!"}, "912"), "complete (_9! in phones)");
    EXPECT_EQ(said({"911", "_9!"}, "91"), "complete, and a longer number begins so (_9! in phones)")
        << "the one that stands first is waited for";
    EXPECT_EQ(said({"_9!", "911"}, "91"), "complete (_9! in phones)");
}

TEST(NumberPlan, TellsCompleteFromWhatMayGoOn) {
    EXPECT_EQ(said({"21", "_2XX"}, "2"), "incomplete");
    EXPECT_EQ(said({"21", "_2XX"}, "21"), "complete, and a longer number begins so (21 in phones)");
    EXPECT_EQ(said({"21", "_2XX"}, "211"), "complete (_2XX in phones)");
    EXPECT_EQ(said({"21", "_2XX"}, "2111"), "no such number");
    EXPECT_EQ(said({"s", "h", "2a"}, "2"), "incomplete") << "2a begins so, whoever dials it";
    EXPECT_EQ(said({"s", "h", "2a"}, "2a"), "no such number") << "no key has a letter";
}

TEST(NumberPlan, LooksInItsOwnContextFirstAndThenInIncludesInOrder) {
    const NumberPlan plan = {{"phones", context({"201"}, {"feature", "trunk", "gone"})},
                             {"feature", context({"_*8X"}, {"deep"})},
                             {"deep", context({"_XXX"}, {"phones"})},
                             {"trunk", context({"_0.", "_20X"})},
                             {"other", context({"999"})}};
    EXPECT_THAT(reachable(plan, "phones").contexts,
                ElementsAre("phones", "feature", "deep", "trunk"));
    EXPECT_EQ(said(plan, "phones", "201"), "complete (201 in phones)");
    EXPECT_EQ(said(plan, "phones", "202"), "complete (_XXX in deep)");
    EXPECT_EQ(said(plan, "trunk", "202"), "complete (_20X in trunk)");
    EXPECT_EQ(said(plan, "phones", "*8"), "incomplete");
    EXPECT_EQ(said(plan, "phones", "012"),
              "complete, and a longer number begins so (_XXX in deep)");
    EXPECT_EQ(said(plan, "nowhere", "201"), "no such number");
    EXPECT_THAT(reachable(plan, "phones").notes,
                ElementsAre("context phones includes gone, which does not exist"));
}

TEST(NumberPlan, ABangIsLastInItsContextOnly) {
    const NumberPlan plan = {{"phones", context({}, {"city", "long"})},
                             {"city", context({"_9!"}, {"never"})},
                             {"never", context({"_91X"})},
                             {"long", context({"_91XX"})}};
    EXPECT_EQ(said(plan, "city", "91"), "complete (_9! in city)");
    EXPECT_EQ(said(plan, "phones", "91"), "complete, and a longer number begins so (_9! in city)");
    EXPECT_EQ(said(plan, "phones", "91x"), "complete (_9! in city)");
}

TEST(NumberPlan, SaysWhatHoldsNotAlways) {
    NumberPlan plan = {{"phones", context({"_X."}, {})}, {"day", context({"5"})}};
    plan["phones"].includes.push_back({"day", "9:00-17:00,mon-fri,*,*"});
    plan["phones"].numbers.push_back({"_0.", "_2XX"});
    plan["phones"].switches.emplace_back("Realtime/phones@extensions");
    const auto in = reachable(plan, "phones");
    EXPECT_FALSE(in.is_known);
    EXPECT_THAT(in.notes,
                ElementsAre("_0. in context phones is for callers like _2XX only: taken as for all",
                            HasSubstr("asks a switch (Realtime/phones@extensions)"),
                            HasSubstr("includes day at times only (9:00-17:00,mon-fri,*,*)")));
}

TEST(NumberPlan, AgreesWithAMatcherOfTheTestsOnPlansAtRandom) {
    std::size_t taken = 0;
    for (std::uint32_t seed = 0; seed < 1000; ++seed) {
        oracle::Maker maker(seed);
        auto plan = maker.plan();
        std::erase_if(plan.patterns, [](const auto& p) { return p.back() == '!'; });
        if (plan.patterns.empty()) {
            continue;
        }
        const NumberPlan ours = {{"all", context(plan.patterns)}};
        for (const auto& number : maker.samples(plan, 20)) {
            const auto found = fit(ours, "all", number).fit;
            const bool takes = plan.takes(number);
            const bool longer = plan.takes_longer(number);
            taken += takes ? 1U : 0U;
            ASSERT_EQ(words_of(found),
                      words_of(takes ? (longer ? dialplan::Fit::complete_or_more
                                               : dialplan::Fit::complete)
                                     : (longer ? dialplan::Fit::partial : dialplan::Fit::none)))
                << "seed " << seed << ": " << number << " of "
                << fmt::format("{}", fmt::join(plan.patterns, " "));
        }
    }
    EXPECT_GT(taken, 5'000U);
}

} // namespace
