// SPDX-License-Identifier: MIT
// Digit maps: nothing is called early, nothing is refused that the PBX takes, and limits are held.
#include "dialplan/digit_map.hpp"

#include "number_oracle.hpp"
#include "provisioning/profile/kx/dial_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace {

using dialplan::DigitMap;
using dialplan::DigitMapWishes;
using dialplan::NumberPlan;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

NumberPlan plan_of(const std::vector<std::string>& numbers) {
    NumberPlan plan;
    for (const auto& number : numbers) {
        plan["phones"].numbers.push_back({number});
    }
    return plan;
}

NumberPlan plan_with(const oracle::Contexts& contexts) {
    NumberPlan plan;
    for (const auto& [name, context] : contexts) {
        auto& to = plan[name];
        for (const auto& pattern : context.patterns) {
            to.numbers.push_back({pattern});
        }
        for (const auto& other : context.includes) {
            to.includes.push_back({other});
        }
    }
    return plan;
}

DigitMap
map_of(std::string_view vendor, const NumberPlan& plan, const DigitMapWishes& wishes = {}) {
    auto map = dialplan::digit_map(vendor, plan, "phones", wishes);
    if (!map) {
        ADD_FAILURE() << map.error().what;
        return {};
    }
    return std::move(*map);
}

std::string kx(const std::vector<std::string>& numbers, const DigitMapWishes& wishes = {}) {
    return map_of("panasonic", plan_of(numbers), wishes).text;
}

std::string htek(const std::vector<std::string>& numbers, const DigitMapWishes& wishes = {}) {
    return map_of("htek", plan_of(numbers), wishes).text;
}

std::string dialled(std::string_view vendor, const std::string& map, std::string_view digits) {
    const auto done = dialplan::dial(vendor, map, digits);
    return fmt::format("{}: {}", done.number, done.how);
}

TEST(DigitMap, CallsACompleteNumberAtOnce) {
    EXPECT_EQ(kx({"201", "202", "_3XX"}), "20[12]|3xx");
    EXPECT_EQ(htek({"201", "202", "_3XX"}), "{20[12]|3xx|[x*#]+}");
}

TEST(DigitMap, WaitsWhereALongerNumberBeginsSo) {
    EXPECT_EQ(kx({"21", "_2XX"}), "2xx|21T");
    EXPECT_EQ(htek({"21", "_2XX"}), "{2xx|[x*#]+}") << "a part of its own could be called early";
    EXPECT_EQ(kx({"_0."}), "0xx.");
    EXPECT_EQ(kx({"_9!"}), "9x.") << "whoever keys more wants more";
    EXPECT_THAT(map_of("panasonic", plan_of({"21", "_2XX", "_0."})).waits,
                ElementsAre("21: longer numbers begin so",
                            "0[x*#+] and longer: whatever follows is taken"));
}

TEST(DigitMap, TheGuidesExampleWithoutItsShadow) {
    // The guide's own map, [2346789]11|01[2-9]x.|[2-9]xxxxxxxxx, calls 211 at once, and so nobody
    // reaches 2112345678.
    const std::vector<std::string> numbers = {"_[2346789]11", "_01[2-9].", "_[2-9]XXXXXXXXX"};
    const auto map = kx(numbers);
    EXPECT_EQ(map, "[2-9]xxxxxxxxx|[2346789]11T|01[2-9]xx.");
    EXPECT_EQ(dialled("panasonic", map, "211"), "211: 5 s after the last key");
    EXPECT_EQ(dialled("panasonic", map, "2112345678"), "2112345678: at once");
    EXPECT_EQ(dialled("panasonic", map, "01254"), "01254: 5 s after the last key");
    EXPECT_EQ(dialled("panasonic", map, "0011"),
              "0011: 5 s after the last key; it fits no part of the map");
}

TEST(DigitMap, EmergencyNumbersPassAtOnce) {
    const DigitMapWishes wishes{{"110", "112"}, false};
    EXPECT_EQ(kx({"110", "112", "_2XX"}, wishes), "11[02]|2xx");
    EXPECT_EQ(kx({"_1XX"}, wishes), "11[02]|1xx");

    const auto missing = map_of("panasonic", plan_of({"_2XX"}), wishes);
    EXPECT_EQ(missing.text, "11[02]|2xx");
    EXPECT_THAT(missing.notes, Contains(HasSubstr("the PBX has no emergency number 110 in context "
                                                  "phones")));

    const auto longer = map_of("panasonic", plan_of({"_11XX", "_2XX"}), wishes);
    EXPECT_THAT(longer.waits, Contains("112, an emergency number: longer numbers begin so"));
    EXPECT_EQ(dialled("panasonic", longer.text, "112"), "112: 5 s after the last key");
    EXPECT_EQ(dialled("panasonic", longer.text, "1123"), "1123: at once");
    EXPECT_EQ(htek({"_11XX"}, wishes), "{11xx|[x*#]+}");
}

TEST(DigitMap, EmergencyNumbersKeepTheirPlaceInAMapThatIsTooSmall) {
    oracle::Maker maker(7);
    std::vector<std::string> numbers;
    for (int i = 0; i < 400; ++i) {
        numbers.push_back("_" + maker.digits(6) + maker.pattern().substr(1));
    }
    const DigitMapWishes wishes{{"911", "999"}, true};
    for (const std::string vendor : {"panasonic", "htek"}) {
        const auto map = map_of(vendor, plan_of(numbers), wishes);
        EXPECT_EQ(dialled(vendor, map.text, "911"), "911: at once") << map.text;
        EXPECT_EQ(dialled(vendor, map.text, "999"), "999: at once") << map.text;
    }
}

TEST(DigitMap, RefusesWhatThePbxDoesNotTakeWhereThatIsWished) {
    const DigitMapWishes refuse{{}, true};
    const auto map = map_of("panasonic", plan_of({"_2XX", "_0.", "*8"}), refuse);
    EXPECT_TRUE(map.refuses_others);
    EXPECT_EQ(map.text,
              "*8|2xx|[13456789]!|#!|+!|2*!|2#!|2+!|*[012345679]!|**!|*#!|*+!|2x*!|2x#!|2x+!|0xx.");
    EXPECT_EQ(dialled("panasonic", map.text, "34"), ": refused by the phone at 3");
    EXPECT_EQ(htek({"_2XX", "21", "_0.", "*8"}, refuse), "{*8|2xx|21+|0[x*#]+}");
    EXPECT_EQ(htek({"_9!"}, refuse), "{9+|9[x*#]+}");
    EXPECT_EQ(dialled("htek", "{9+|9[x*#]+}", "91"), "91: after the phone's own timer");
    EXPECT_EQ(dialled("htek", "{9+|9[x*#]+}", "31"),
              ": refused by the phone: it fits no part of the map");
}

TEST(DigitMap, ASwitchMayHaveAnyNumberSoNothingIsCertain) {
    auto plan = plan_of({"201"});
    plan["phones"].switches.emplace_back("Realtime/x");
    const auto map = map_of("htek", plan, {{"112"}, true});
    EXPECT_EQ(map.text, "{112|[x*#]+}");
    EXPECT_FALSE(map.refuses_others);
    EXPECT_THAT(map.notes, Contains(HasSubstr("asks a switch (Realtime/x)")));
    EXPECT_EQ(map_of("panasonic", plan).text, "");
}

TEST(DigitMap, SaysWhatAPhoneCannotKey) {
    const auto map = map_of("htek", plan_of({"_+49X.", "_+1XXX", "201"}));
    EXPECT_EQ(map.text, "{201|[x*#]+}");
    EXPECT_THAT(map.notes, Contains("numbers with a + cannot be keyed on these phones"));
    EXPECT_THAT(map_of("panasonic", plan_of({"*21#", "#9"})).notes,
                ElementsAre(HasSubstr("*21#: the # ends dialling on these phones")));
}

TEST(DigitMap, OpenStagePhonesGetNoneAndSayWhy) {
    const auto map = map_of("openstage", plan_of({"201"}), {{}, true});
    EXPECT_EQ(map.text, "");
    EXPECT_FALSE(map.refuses_others);
    EXPECT_THAT(map.notes, ElementsAre(HasSubstr("OpenStage phones is not known")));
    EXPECT_EQ(dialled("openstage", "", "201"), "201: after the phone's own timer");
}

TEST(DigitMap, UnknownVendorsAndContextsAreErrors) {
    const auto vendor = dialplan::digit_map("acme", plan_of({"1"}), "phones", {});
    ASSERT_FALSE(vendor);
    EXPECT_THAT(vendor.error().what, HasSubstr("htek, openstage, panasonic"));
    const auto context = dialplan::digit_map("htek", plan_of({"1"}), "fones", {});
    ASSERT_FALSE(context);
    EXPECT_THAT(context.error().what, HasSubstr("no dial plan context fones"));
}

TEST(DigitMap, ManyNumbersAreSaidInFewParts) {
    std::vector<std::string> numbers;
    for (int number = 2000; number < 4000; ++number) {
        numbers.push_back(std::to_string(number));
    }
    EXPECT_EQ(kx(numbers), "[23]xxx");
}

TEST(DigitMap, TooManyKindsOfNumbersTakeMoreThanThePbxHas) {
    oracle::Maker maker(5);
    std::vector<std::string> numbers;
    for (int i = 0; i < 300; ++i) {
        numbers.push_back(std::to_string(20'000 + maker.below(10'000)));
    }
    const auto map = map_of("panasonic", plan_of(numbers));
    EXPECT_THAT(map.notes, ElementsAre(HasSubstr("some parts take more numbers than the PBX has")));
    for (const auto& number : numbers) {
        ASSERT_EQ(dialled("panasonic", map.text, number), number + ": at once") << map.text;
    }
}

TEST(DigitMap, ANumberLongerThanAPartMayBeIsCalledLater) {
    const std::string longest(33, '5');
    const auto map = map_of("panasonic", plan_of({longest, "201"}));
    EXPECT_EQ(map.text, "201");
    EXPECT_THAT(map.notes, ElementsAre(HasSubstr("no room for 555")));
}

TEST(DigitMap, PatternsThatAllFitEverywhereAreToldBeforeTheyTakeAllMemory) {
    std::vector<std::string> numbers;
    for (int i = 0; i < 1000; ++i) { // each place of the tree is reached by half of them
        std::string number = "_";
        for (int at = 0; at < 10; ++at) {
            number += (i >> at & 1) != 0 ? "[0-4]" : "[5-9]";
            number += "X";
        }
        numbers.push_back(number + "XXXXX[0-" + std::to_string(i % 10) + "]");
        numbers.push_back("_XXXXXXXXXXXXXXXXXXXXXXXXX" + std::to_string(i));
    }
    const auto map = map_of("panasonic", plan_of(numbers), {{"*9"}, true});
    EXPECT_EQ(map.text, "*9");
    EXPECT_THAT(map.notes, Contains(HasSubstr("too many to make a digit map of")));
}

TEST(DigitMap, TooManyBeginningsAreToldAndNotRestricted) {
    oracle::Maker maker(3);
    std::vector<std::string> numbers;
    for (int i = 0; i < 20'000; ++i) {
        std::string number;
        for (int key = 0; key < 12; ++key) {
            number += static_cast<char>('0' + maker.below(10));
        }
        numbers.push_back(number);
    }
    const auto map = map_of("panasonic", plan_of(numbers), {{"*9"}, true});
    EXPECT_EQ(map.text, "*9");
    EXPECT_FALSE(map.refuses_others);
    EXPECT_THAT(map.notes, Contains(HasSubstr("too many to make a digit map of")));
}

/// Everything that must hold of a map, by the matchers of the tests.
class Judge {
  public:
    Judge(const oracle::Plan& plan, std::vector<std::string> emergency)
        : plan_(plan), emergency_(std::move(emergency)) {
        for (const auto& number : emergency_) {
            plan_.patterns.push_back(number);
        }
    }

    /// A sentence about what is wrong, or nothing.
    std::string judge(const oracle::Phone& phone, const std::string& number) {
        for (std::size_t count = 1; count <= number.size(); ++count) {
            const auto keyed = number.substr(0, count);
            const auto does = phone.now(keyed);
            if (does == oracle::Does::wait) {
                continue;
            }
            if (plan_.takes_longer(keyed)) {
                return fmt::format("{} is decided early", keyed);
            }
            if (does == oracle::Does::refuse && plan_.takes(keyed)) {
                return fmt::format("{} is refused", keyed);
            }
            ++at_once_;
            return "";
        }
        const auto& all = emergency_;
        if (std::find(all.begin(), all.end(), number) != all.end() && !plan_.takes_longer(number)) {
            return fmt::format("the emergency number {} waits", number);
        }
        if (phone.at_the_end(number) == oracle::Does::refuse) {
            ++refused_;
            return plan_.takes(number) ? fmt::format("{} is refused at the end", number) : "";
        }
        return "";
    }

    std::size_t at_once_ = 0;
    std::size_t refused_ = 0;

  private:
    oracle::Plan plan_;
    std::vector<std::string> emergency_;
};

/// Ten times a thousand plans.
class DigitMapAtRandom : public testing::TestWithParam<std::uint32_t> {};

TEST_P(DigitMapAtRandom, HoldsItsPromisesForAThousandPlans) {
    std::size_t at_once = 0;
    std::size_t refused = 0;
    std::size_t full = 0;
    std::size_t includes = 0;
    std::size_t open = 0;
    for (auto seed = GetParam() * 1000; seed < (GetParam() + 1) * 1000; ++seed) {
        oracle::Maker maker(seed);
        const auto contexts = maker.contexts();
        const auto plan = oracle::reached(contexts, "phones");
        includes += plan.patterns.size() > contexts.at("phones").patterns.size() ? 1U : 0U;
        open += std::any_of(plan.patterns.begin(), plan.patterns.end(),
                            [](const auto& each) { return each.back() == '!'; })
                    ? 1U
                    : 0U;
        const DigitMapWishes wishes{{"112", maker.digits(3)}, maker.below(2) == 0};
        const auto numbers = plan_with(contexts);
        const auto context = fmt::format("seed {}: {} and {}", seed, fmt::join(plan.patterns, " "),
                                         fmt::join(wishes.emergency, " "));
        auto samples = maker.samples(plan, 15);
        samples.insert(samples.end(), wishes.emergency.begin(), wishes.emergency.end());

        const auto panasonic = map_of("panasonic", numbers, wishes);
        ASSERT_LE(panasonic.text.size(), 500U) << context;
        const bool is_widened =
            testing::Value(panasonic.notes, Contains(HasSubstr("more numbers than the PBX has")));
        for (const auto& finding : profile::kx::check_dial_plan(panasonic.text)) {
            // A widened part may hide one that is about numbers which nobody has.
            ASSERT_TRUE(is_widened && finding.severity == profile::kx::Severity::warning)
                << context << "\n"
                << panasonic.text << ": " << finding.what;
        }
        const auto hteks = map_of("htek", numbers, wishes);
        ASSERT_LE(hteks.text.size(), 128U) << context;
        full += testing::Value(panasonic.notes, Contains(HasSubstr("room"))) ? 1U : 0U;
        Judge judge(plan, wishes.emergency);
        for (auto& number : samples) {
            ASSERT_EQ(judge.judge(oracle::Kx(panasonic.text), number), "") << context << "\n"
                                                                           << panasonic.text;
            if (number.find('+') == number.npos) { // no key of a Htek phone
                ASSERT_EQ(judge.judge(oracle::Htek(hteks.text), number), "") << context << "\n"
                                                                             << hteks.text;
            }
        }
        at_once += judge.at_once_;
        refused += judge.refused_;
    }
    EXPECT_GT(at_once, 2'000U);
    EXPECT_GT(refused, 100U);
    EXPECT_GT(full, 10U) << "limits were met";
    EXPECT_GT(includes, 200U) << "numbers came from included contexts";
    EXPECT_GT(open, 100U) << "and by patterns with !";
}

INSTANTIATE_TEST_SUITE_P(All, DigitMapAtRandom, testing::Range(0U, 10U));

} // namespace
