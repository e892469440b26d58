// SPDX-License-Identifier: MIT
// The dial plan of a KX-UT670: every limit of the guide, its worked example, and digits followed
// through plans made at random.
#include "provisioning/profile/kx/dialling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>

namespace {

using namespace std::chrono_literals;
using profile::kx::check_dial_plan;
using profile::kx::Dialled;
using profile::kx::Dialling;
using profile::kx::DialPlan;
using profile::kx::DialSettings;
using profile::kx::DialTimers;
using profile::kx::Match;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* guide_example = "[2346789]11|01[2-9]x.|[2-9]xxxxxxxxx";

std::string times(std::size_t count, const std::string& what, const std::string& between = "") {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) {
        all += (i == 0 ? "" : between) + what;
    }
    return all;
}

/// Findings as "E5 what", one a line.
std::string found(std::string_view plan) {
    std::string all;
    for (const auto& finding : check_dial_plan(plan)) {
        all += fmt::format("{}{} {}\n", "IWE"[static_cast<int>(finding.severity)], finding.column,
                           finding.what);
    }
    return all;
}

DialPlan plan_of(std::string_view text) {
    auto plan = DialPlan::parse(text);
    if (!plan) {
        ADD_FAILURE() << text << ": " << plan.error().what;
        return *DialPlan::parse("");
    }
    return *plan;
}

/// "call 9999", "call_later 12 after 5 s", "partial" …
std::string matched(std::string_view plan, std::string_view digits, const DialTimers& timers = {}) {
    const auto match = plan_of(plan).match(digits, timers);
    switch (match.kind) {
    case Match::Kind::none:
        return "none";
    case Match::Kind::partial:
        return "partial";
    case Match::Kind::call:
        return "call " + match.number;
    case Match::Kind::call_later:
        return fmt::format("call {} after {} s", match.number, match.wait.count());
    case Match::Kind::reject:
        return "reject";
    case Match::Kind::reject_later:
        return fmt::format("reject after {} s", match.wait.count());
    }
    return "?";
}

std::string told(const Dialled& dialled) {
    switch (dialled.kind) {
    case Dialled::Kind::waiting:
        return "waiting";
    case Dialled::Kind::called:
        return "called " + dialled.number;
    case Dialled::Kind::denied:
        return "denied";
    case Dialled::Kind::busy_tone:
        return "busy tone";
    }
    return "?";
}

TEST(DialPlan, HasItsCharactersAndNoOthers) { // C60
    EXPECT_THAT(found(guide_example), StartsWith("W1 211 is called at once, so 2110000000 of "))
        << "as the guide itself says";
    EXPECT_EQ(found("0123456789*#+xX[2-5].S2|1x.s2|2x.T|3x.t|4!|<5:6>"), "");
    EXPECT_THAT(found("(1xx)"), StartsWith("E1 '('"));
    EXPECT_THAT(found("(1xx)"), HasSubstr("E5 ')'"));
    EXPECT_THAT(found("1xx, 2xx"), StartsWith("E4 ','"));
    EXPECT_THAT(found("1xx, 2xx"), HasSubstr("E5 ' '"));
    for (int byte = 0; byte < 256; ++byte) {
        const std::string plan = std::string("1") + static_cast<char>(byte) + "1";
        const bool known =
            std::string_view("0123456789[-]<:>*#!SsTtXx.|+").find(static_cast<char>(byte)) !=
            std::string_view::npos;
        EXPECT_EQ(found(plan).find("does not belong") == std::string::npos, known) << byte;
    }
}

TEST(DialPlan, NamesAForeignCharacterOnceAndPrintsIt) {
    EXPECT_EQ(check_dial_plan("1\n2\n3\n").size(), 1U);
    EXPECT_THAT(found("1\n2"), StartsWith("E2 '\\x0a'"));
    EXPECT_EQ(found("[1-\x01\xff]").find('\xff'), std::string::npos);
    EXPECT_EQ(found("[12-21\x1b]").find('\x1b'), std::string::npos);
}

TEST(DialPlan, EmptyIsRight) {
    EXPECT_EQ(found(""), "");
    EXPECT_EQ(matched("", ""), "none");
    EXPECT_EQ(matched("", "1"), "none");
}

TEST(DialPlan, Has500CharactersAtMost) {
    const auto full = times(3, times(32, "[0-9]"), "|") + "|123456789T" + "|x.T";
    ASSERT_EQ(full.size() + 3, 500U);
    EXPECT_EQ(found(full + "|1!"), found(full)) << full;
    EXPECT_THAT(found(full + "|12!"), StartsWith("E501 501 characters"));
    EXPECT_THAT(found(std::string(501, '1')), StartsWith("E501 501 characters"));
    EXPECT_EQ(check_dial_plan(std::string(1'000'000, '(')).size(), 1U);
}

TEST(DialPlan, Has40PlansAtMost) { // C63
    std::string plans;
    for (int i = 10; i < 50; ++i) {
        plans += fmt::format("{}{}xx", i == 10 ? "" : "|", i);
    }
    EXPECT_EQ(found(plans), "");
    EXPECT_THAT(found(plans + "|9xx"), StartsWith("E201 41 plans"));
}

TEST(DialPlan, Has32DigitsInOnePlanAtMost) { // C64
    EXPECT_EQ(found(times(32, "x")), "");
    EXPECT_EQ(found(times(32, "x") + "|" + "12"), "W34 12 is called at once, so " +
                                                      std::string("12") + times(30, "0") + " of " +
                                                      times(32, "x") +
                                                      " cannot be keyed; end the shorter plan with "
                                                      "T (12T) or narrow it\n");
    EXPECT_THAT(found(times(33, "x")), StartsWith("E33 more than 32 digits"));
    EXPECT_THAT(found(times(20, "[1-5]") + times(13, "1")), StartsWith("E113 more than 32"));
    EXPECT_EQ(found(times(32, "1") + ".S5"), "") << "a timer's digit is not one to key";
    EXPECT_THAT(found("<" + times(33, "1") + ":1>"), StartsWith("E34 more than 32"));
    EXPECT_THAT(found("<" + times(20, "1") + ":" + times(13, "1") + ">"),
                StartsWith("W1 33 digits with those behind the colon"));
}

TEST(DialPlan, SubrangesAreOfSingleDigits) { // C61
    EXPECT_EQ(found("[4-9]xx"), "");
    EXPECT_THAT(found("[12-21]xx"), HasSubstr("E4 a subrange is of single digits"));
    EXPECT_THAT(found("[-5]"), StartsWith("E2 '-' without a digit"));
    EXPECT_THAT(found("[5-]"), StartsWith("E3 '-' without a digit"));
    EXPECT_THAT(found("[*-5]"), HasSubstr("E3 '-' without a digit"));
    EXPECT_THAT(found("[1--5]"), HasSubstr("E3 '-' without a digit"));
    EXPECT_THAT(found("[1-3-5]"), HasSubstr("E5 3 ends one subrange and begins another"));
    EXPECT_THAT(found("1-5"), StartsWith("E2 '-' means something between"));
}

TEST(DialPlan, UnclearRangesAreWarnedOf) {
    EXPECT_THAT(found("[9-4]"), StartsWith("W3 9-4 runs downwards"));
    EXPECT_THAT(found("[1-35]"), StartsWith("W1 [1-35] mixes"));
    EXPECT_THAT(found("[51-3]"), StartsWith("W1 [51-3] mixes"));
    EXPECT_THAT(found("[1-35-7]"), StartsWith("W1 [1-35-7] mixes"));
    for (const char* range : {"[*]", "[1#]", "[+2]"}) {
        EXPECT_THAT(found(range), StartsWith("W")) << range;
        EXPECT_EQ(check_dial_plan(range).size(), 1U) << range;
    }
    EXPECT_THAT(found("[1x]"), StartsWith("E3 'x' between"));
}

TEST(DialPlan, ATimerHasOneDigitOfSeconds) { // C62
    EXPECT_EQ(found("1x.S2"), "");
    EXPECT_EQ(found("1x.s0"), "");
    EXPECT_THAT(found("1x.S"), StartsWith("E4 'S' takes one digit"));
    EXPECT_THAT(found("1x.S|2"), StartsWith("E4 'S' takes one digit"));
    EXPECT_THAT(found("1x.S12"), StartsWith("E4 'S' takes one digit"));
    EXPECT_THAT(found("1x.sx"), StartsWith("E4 's' takes one digit"));
}

TEST(DialPlan, BracketsCloseAndHoldSomething) {
    EXPECT_THAT(found("[12"), StartsWith("E1 '[' without"));
    EXPECT_THAT(found("[12|3]"), StartsWith("E1 '[' without"));
    EXPECT_THAT(found("[1[2]]"), StartsWith("E1 '[' without"));
    EXPECT_THAT(found("12]"), StartsWith("E3 ']' without"));
    EXPECT_THAT(found("[]"), StartsWith("E1 nothing between"));
    EXPECT_EQ(found("<101:9999>"), "");
    EXPECT_THAT(found("<101:9999"), StartsWith("E1 '<' without"));
    EXPECT_THAT(found("<101|2:3>"), StartsWith("E1 '<' without"));
    EXPECT_THAT(found("<1<2:3>"), StartsWith("E1 '<' without"));
    EXPECT_THAT(found("<101>"), StartsWith("E1 one ':' belongs"));
    EXPECT_THAT(found("<1:2:3>"), StartsWith("E1 one ':' belongs"));
    EXPECT_THAT(found("101:9>"), StartsWith("E4 ':' without"));
    EXPECT_THAT(found("101>"), StartsWith("E4 '>' without"));
    EXPECT_THAT(found("<1:2x>"), StartsWith("E5 'x' between : and >"));
    EXPECT_THAT(found("<1.:2>"), StartsWith("E3 '.' between < and :"));
}

TEST(DialPlan, WhatTheGuideLeavesOpenIsWarnedOf) {
    EXPECT_THAT(found(".1"), StartsWith("W1 '.' without"));
    EXPECT_THAT(found("1.."), StartsWith("W3 '.' without"));
    EXPECT_THAT(found("1T."), StartsWith("W3 '.' without"));
    EXPECT_THAT(found("1xx||2xx"), StartsWith("W5 an empty plan"));
    EXPECT_THAT(found("|1"), StartsWith("W1 an empty plan"));
    EXPECT_THAT(found("1|"), StartsWith("W3 an empty plan"));
    EXPECT_THAT(found("1!2"), StartsWith("W2 '!' does not stand at the end"));
    EXPECT_THAT(found("1S2x"), StartsWith("W2 'S' does not stand at the end"));
    EXPECT_THAT(found("1Tx"), StartsWith("W2 'T' does not stand at the end"));
    EXPECT_THAT(found("1S2!"), StartsWith("W2 'S' does not stand at the end"));
    EXPECT_THAT(found("<:9>1"), StartsWith("W1 nothing before the colon"));
    EXPECT_THAT(found("<9:>1"), StartsWith("W4 nothing behind the colon"));
    EXPECT_THAT(found("<1x:9>"), StartsWith("W3 'x' between < and :"));
    EXPECT_THAT(found("<1:9>."), StartsWith("W6 '.' behind a substitution"));
}

TEST(DialPlan, AShortPlanHidesLongerOnes) { // C65
    EXPECT_EQ(found("1xx|2xxxx"), "");
    EXPECT_EQ(found("1xx|1xxxx"),
              "W1 100 is called at once, so 10000 of 1xxxx cannot be keyed; end "
              "the shorter plan with T (1xxT) or narrow it\n");
    EXPECT_THAT(found("1xxxx|1xx"), StartsWith("W7 100 is called at once"));
    EXPECT_THAT(found("1xx|1xxxx|12xx"), HasSubstr("(and 1 more plans)"));
}

TEST(DialPlan, WhatIsHiddenIsDecidedByDigitsAndNotByText) {
    EXPECT_EQ(found("[2346789]11|[2-9]1[2-9]x."), "") << "no number begins like both";
    EXPECT_THAT(found("[12]x|[2-5][7-9]3"), StartsWith("W1 27 is called at once, so 273 of"));
    EXPECT_THAT(found("<101:9999>|x.4"), StartsWith("W1 101 is called at once, so 1014 of x.4"));
    EXPECT_THAT(found("11|1.2"), StartsWith("W1 11 is called at once, so 112 of 1.2"));
    EXPECT_THAT(found("11|<1:2>1x"), StartsWith("W1 11 is called at once, so 110 of"));
    EXPECT_THAT(found("<:9>1|12"), HasSubstr("W1 1 is called at once, so 12 of 12"));
    EXPECT_EQ(found("12|x.").substr(0, 2), "W1") << "x. goes on";
    EXPECT_EQ(found("*1|xxx"), "") << "x stands for a digit, and * is none";
    EXPECT_EQ(found("11|11"), "") << "neither is longer";
    EXPECT_EQ(found("1xT|1xxx"), "");
    EXPECT_EQ(found("1xS3|1xxx"), "");
    EXPECT_THAT(found("1x.|1xxx"), StartsWith("W5 1000 is called at once, so 10000 of 1x."));
    EXPECT_EQ(found("1x!|1xxx"), "");
}

TEST(DialPlan, IsParsedUnlessItHasAnError) {
    EXPECT_TRUE(DialPlan::parse("1xx|1xxxx")) << "a warning is none";
    const auto wrong = DialPlan::parse("1xx|(2)");
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().what, StartsWith("dial plan, character 5: '('"));
}

TEST(DialPlan, MatchesAsTheGuidesExampleSays) { // §6.6.1
    for (const char* digits : {"211", "911", "2123456789", "5987654321"}) {
        EXPECT_EQ(matched(guide_example, digits), std::string("call ") + digits);
    }
    EXPECT_EQ(matched(guide_example, "01254"), "call 01254 after 5 s");
    EXPECT_EQ(matched(guide_example, "012556"), "call 012556 after 5 s");
    EXPECT_EQ(matched(guide_example, "21"), "partial");
    EXPECT_EQ(matched(guide_example, "21234567"), "partial");
    EXPECT_EQ(matched(guide_example, "0011"), "none");
    EXPECT_EQ(matched(guide_example, "1011"), "none");
}

TEST(DialPlan, ElementsMeanWhatTheGuideSays) { // §6.6.1
    EXPECT_EQ(matched("123", "123"), "call 123");
    EXPECT_EQ(matched("12xxxxx", "1234567"), "call 1234567");
    EXPECT_EQ(matched("[123]", "2"), "call 2");
    EXPECT_EQ(matched("[1-5]", "5"), "call 5");
    EXPECT_EQ(matched("[1-5]", "6"), "none");
    EXPECT_EQ(matched("1.", "111"), "call 111 after 5 s");
    EXPECT_EQ(matched("1.", ""), "partial");
    EXPECT_EQ(matched("<101:9999>", "101"), "call 9999");
    EXPECT_EQ(matched("1x.S2", "1"), "call 1 after 2 s");
    EXPECT_EQ(matched("1x.S2", "123"), "call 123 after 2 s");
    EXPECT_EQ(matched("1x.T", "123", {30s, 5s, 12s}), "call 123 after 12 s");
    EXPECT_EQ(matched("1x.", "123", {30s, 9s, 12s}), "call 123 after 9 s");
    EXPECT_EQ(matched("123xxx!", "123456"), "reject");
    EXPECT_EQ(matched("0x.!", "0900"), "reject after 5 s");
    EXPECT_EQ(matched("1xxxx|2xxx", "2345"), "call 2345");
    EXPECT_EQ(matched("x", "*"), "none");
    EXPECT_EQ(matched("*#+", "*#+"), "call *#+");
    EXPECT_EQ(matched("12", "1a"), "none");
}

TEST(DialPlan, WhatDecidesAtOnceWins) {
    EXPECT_EQ(matched("1x.T|12", "12"), "call 12");
    EXPECT_EQ(matched("1x.S3|1x.T", "12"), "call 12 after 3 s") << "else the first";
    EXPECT_EQ(matched("12!|1x", "12"), "reject");
    EXPECT_EQ(matched("1x|12!", "12"), "call 12");
    EXPECT_EQ(matched("12|12xx", "12"), "call 12");
    EXPECT_EQ(plan_of("3|1x.T|12").match("12").plan, 2U);
}

TEST(DialPlan, SubstitutesInsideANumber) {
    EXPECT_EQ(matched("<0:+49>x.", "0891"), "call +49891 after 5 s");
    EXPECT_EQ(matched("1<23:9>4", "1234"), "call 194");
    EXPECT_EQ(matched("<:9>[2-9]xx", "234"), "call 9234");
    EXPECT_EQ(matched("<9:>xxx", "9123"), "call 123");
    EXPECT_EQ(matched("<1:2>.3", "1113"), "call 2223 after 5 s");
    EXPECT_EQ(matched("x.<1:2>x.", "0110"), "call 0120 after 5 s") << "x. takes what it can";
}

TEST(DialPlan, HostilePlansTakeNoLonger) {
    EXPECT_EQ(matched(times(7, times(31, "x.") + "1", "|"), std::string(5000, '0')), "partial");
    EXPECT_EQ(matched(times(7, times(31, "x."), "|") + "|<1:2>x.x.x.x.x.x.x.x.x.x.x.x.!",
                      std::string(2000, '0')),
              fmt::format("call {} after 5 s", std::string(2000, '0')));
    const auto hidden = times(20, "xxxxx", "|") + "|" + times(6, times(15, "x.") + "11", "|");
    EXPECT_EQ(check_dial_plan(hidden).size(), 20U);
    EXPECT_FALSE(check_dial_plan(times(250, "x.")).empty());
    EXPECT_FALSE(check_dial_plan(times(250, "[.")).empty());
    EXPECT_FALSE(check_dial_plan(times(166, "<x:")).empty());
}

TEST(Dialling, FollowsTheGuidesExample) { // §6.6.1
    const auto plan = plan_of(guide_example);
    EXPECT_EQ(told(Dialling(plan, {}).press("2112345")), "called 211") << "at once";
    Dialling slow(plan, {});
    EXPECT_EQ(told(slow.press("01254")), "waiting");
    EXPECT_EQ(told(slow.wait(4999ms)), "waiting");
    EXPECT_EQ(told(slow.wait(1ms)), "called 01254");
    EXPECT_EQ(told(Dialling(plan, {}).press("01254#")), "called 01254");
}

TEST(Dialling, CallsWhatDoesNotMatchUnlessThePlanFilters) { // §5.8.1
    const auto plan = plan_of(guide_example);
    DialSettings filters;
    filters.not_match_enable = true;
    for (const char* digits : {"21", "21234567", "0011", "1011"}) {
        Dialling open(plan, {});
        EXPECT_EQ(told(open.press(digits)), "waiting") << digits;
        EXPECT_EQ(told(open.wait(5s)), std::string("called ") + digits);
        Dialling filtered(plan, filters);
        EXPECT_EQ(told(filtered.press(digits)), "waiting") << digits;
        EXPECT_EQ(told(filtered.end()), "denied") << digits;
    }
    EXPECT_EQ(told(Dialling(plan, filters).press("911")), "called 911");
    Dialling later(plan, filters);
    later.press("01254");
    EXPECT_EQ(told(later.end()), "called 01254");
    Dialling none(plan_of(""), filters);
    none.press("911");
    EXPECT_EQ(told(none.end()), "denied");
}

TEST(Dialling, PoundEndsUnlessItIsADigit) { // §5.6.3
    const auto plan = plan_of("*#8|#1|12#3");
    EXPECT_EQ(told(Dialling(plan, {}).press("*#8")), "called *");
    EXPECT_EQ(told(Dialling(plan, {}).press("12#3")), "called 12");
    EXPECT_EQ(told(Dialling(plan, {}).press("#1")), "called #1") << "the first one is a digit";
    DialSettings digit;
    digit.pound_key_delimiter = false;
    EXPECT_EQ(told(Dialling(plan, digit).press("*#8")), "called *#8");
    EXPECT_EQ(told(Dialling(plan, digit).press("12#3")), "called 12#3");
}

TEST(Dialling, WaitsAsLongAsItsTimersSay) { // §5.6.1
    DialSettings settings;
    settings.timers = {10s, 4s, 15s};
    Dialling idle(plan_of("1"), settings);
    EXPECT_EQ(told(idle.end()), "waiting") << "Enter without a digit calls nobody";
    EXPECT_EQ(told(idle.wait(9999ms)), "waiting");
    EXPECT_EQ(told(idle.wait(1ms)), "busy tone");
    EXPECT_EQ(told(idle.press('1')), "busy tone");

    Dialling macro(plan_of("1x.T"), settings);
    macro.press('1');
    EXPECT_EQ(told(macro.wait(14s)), "waiting");
    EXPECT_EQ(told(macro.press('2')), "waiting");
    EXPECT_EQ(told(macro.wait(14s)), "waiting") << "each key begins the time anew";
    EXPECT_EQ(told(macro.wait(1s)), "called 12");

    Dialling seconds(plan_of("1x.S2"), settings);
    seconds.press("123");
    EXPECT_EQ(told(seconds.wait(2s)), "called 123");

    Dialling at_once(plan_of("1x.S0"), settings);
    at_once.press("1");
    EXPECT_EQ(told(at_once.wait(0s)), "called 1");

    Dialling partial(plan_of("1xxxT"), settings);
    partial.press("12");
    EXPECT_EQ(told(partial.wait(4s)), "called 12") << "an incomplete one ends by INTDIGIT_TIM";
}

TEST(Dialling, RejectedNumbersAreDenied) {
    EXPECT_EQ(told(Dialling(plan_of("123xxx!"), {}).press("123456")), "denied");
    Dialling later(plan_of("0900x.!"), {});
    EXPECT_EQ(told(later.press("090012")), "waiting");
    EXPECT_EQ(told(later.wait(5s)), "denied");
}

TEST(Dialling, OtherKeysDoNothing) {
    EXPECT_EQ(told(Dialling(plan_of("12"), {}).press("1-2")), "called 12");
}

/// A plan as it was made, and a matcher that tries every way.
struct Element {
    std::string keys;
    bool repeats = false;
    std::optional<std::string> sends; ///< keys is then one sequence
};

struct Part {
    std::vector<Element> elements;
    std::string ending;

    std::string text() const {
        std::string all;
        for (const auto& element : elements) {
            if (element.sends) {
                all += "<" + element.keys + ":" + *element.sends + ">";
            } else if (element.keys.size() == 1) {
                all += element.keys;
            } else {
                all += element.keys == "0123456789" ? "x" : "[" + element.keys + "]";
            }
            all += element.repeats ? "." : "";
        }
        return all + ending;
    }

    bool repeats() const {
        return std::any_of(elements.begin(), elements.end(),
                           [](const Element& element) { return element.repeats; });
    }
};

std::optional<std::string> try_all(const Part& part, std::size_t at, std::string_view digits) {
    if (at == part.elements.size()) {
        return digits.empty() ? std::optional<std::string>("") : std::nullopt;
    }
    const auto& element = part.elements[at];
    std::optional<std::string> rest;
    std::string sent;
    std::size_t taken = 0;
    if (element.sends && digits.substr(0, element.keys.size()) == element.keys) {
        sent = *element.sends;
        taken = element.keys.size();
    } else if (!element.sends && !digits.empty() &&
               element.keys.find(digits[0]) != std::string::npos) {
        sent = digits[0];
        taken = 1;
    }
    if (taken > 0) {
        rest = try_all(part, element.repeats ? at : at + 1, digits.substr(taken));
    }
    if (rest) {
        return sent + *rest;
    }
    return element.repeats ? try_all(part, at + 1, digits) : std::nullopt;
}

class Dice {
  public:
    std::size_t below(std::size_t end) { return engine_() % end; }

    bool one_in(std::size_t count) { return below(count) == 0; }

    std::string digits(std::string_view of, std::size_t most) {
        std::string all;
        for (auto left = below(most + 1); left > 0; --left) {
            all += of[below(of.size())];
        }
        return all;
    }

    Part part();

  private:
    std::mt19937 engine_{670}; // NOLINT: the same plans each time
};

Part Dice::part() {
    static const std::vector<std::string> keys{"0", "1", "2", "*", "#", "12", "01", "0123456789"};
    static const std::vector<std::string> endings{"", "", "", "T", "S3", "!"};
    Part made;
    for (auto left = 1 + below(4); left > 0; --left) {
        Element element{keys[below(keys.size())], one_in(4), std::nullopt};
        if (one_in(5)) {
            element = {"1" + digits("012", 1), one_in(4), digits("789", 2)};
        }
        made.elements.push_back(element);
    }
    made.ending = endings[below(endings.size())];
    return made;
}

std::string text_of(const std::vector<Part>& parts) {
    std::string text;
    for (const auto& part : parts) {
        text += (text.empty() ? "" : "|") + part.text();
    }
    return text;
}

/// What the phone makes of the digits by trying every part.
std::string tried(const std::vector<Part>& parts, const std::string& digits) {
    std::string later;
    for (const auto& part : parts) {
        const auto number = digits.empty() ? std::nullopt : try_all(part, 0, digits);
        if (!number) {
            continue;
        }
        const bool waits = part.repeats() || part.ending == "T" || part.ending == "S3";
        std::string what = part.ending == "!" ? "reject" : "call " + *number;
        if (!waits) {
            return what;
        }
        if (later.empty()) {
            later = fmt::format("{} after {} s", what,
                                part.ending == "S3"  ? 3
                                : part.ending == "T" ? 7
                                                     : 5);
        }
    }
    return later;
}

TEST(DialPlanProperty, AgreesWithTryingEveryWay) {
    Dice dice;
    std::set<std::string> seen;
    for (int round = 0; round < 4000; ++round) {
        std::vector<Part> parts(1 + dice.below(4));
        std::generate(parts.begin(), parts.end(), [&] { return dice.part(); });
        const auto text = text_of(parts);
        const auto plan = DialPlan::parse(text);
        ASSERT_TRUE(plan) << text << ": " << plan.error().what;
        for (int number = 0; number < 20; ++number) {
            const auto digits = dice.digits("0112*#", 6);
            const auto expected = tried(parts, digits);
            const auto actual = matched(text, digits, {30s, 5s, 7s});
            if (expected.empty()) {
                EXPECT_THAT(actual, testing::AnyOf("none", "partial")) << text << " " << digits;
            } else {
                EXPECT_EQ(actual, expected) << text << " " << digits;
            }
            seen.insert(actual.substr(0, actual.find(' ')));
        }
    }
    EXPECT_THAT(seen, testing::ElementsAre("call", "none", "partial", "reject"));
}

/// All words of up to six keys.
const std::vector<std::string>& words() {
    static const auto all = [] {
        std::vector<std::string> made{""};
        for (std::size_t i = 0; made[i].size() < 6; ++i) {
            for (const char key : {'0', '1', '2', '*', '#'}) {
                made.push_back(made[i] + key);
            }
        }
        return made;
    }();
    return all;
}

/// By trying every word: is any prefix of what `longer` fits complete for `part`, and shorter?
bool hides(const std::set<std::string>& called, const Part& longer) {
    return std::any_of(words().begin(), words().end(), [&](const std::string& word) {
        bool begins = false;
        for (std::size_t size = 1; size < word.size() && !begins; ++size) {
            begins = called.count(word.substr(0, size)) > 0;
        }
        return begins && try_all(longer, 0, word);
    });
}

TEST(DialPlanProperty, WhatIsHiddenIsWhatTryingEveryNumberFinds) {
    Dice dice;
    int found_some = 0;
    for (int round = 0; round < 150; ++round) {
        std::vector<Part> parts(2);
        std::generate(parts.begin(), parts.end(), [&] {
            auto part = dice.part();
            part.elements.resize(std::min<std::size_t>(part.elements.size(), 3));
            for (auto& element : part.elements) { // six keys are enough then
                if (element.sends) {
                    element.keys = "1";
                }
            }
            return part;
        });
        const auto text = text_of(parts);
        std::set<std::size_t> warned;
        for (const auto& finding : check_dial_plan(text)) {
            if (finding.what.find("called at once") != std::string::npos) {
                warned.insert(finding.column);
            }
        }
        std::size_t column = 1;
        for (std::size_t i = 0; i < 2; ++i) {
            std::set<std::string> called;
            if (parts[i].ending.empty() && !parts[i].repeats()) {
                for (const auto& word : words()) {
                    if (try_all(parts[i], 0, word)) {
                        called.insert(word);
                    }
                }
            }
            const bool expected = !called.empty() && hides(called, parts[1 - i]);
            EXPECT_EQ(warned.count(column) > 0, expected) << text << " part " << i;
            found_some += expected ? 1 : 0;
            column += parts[i].text().size() + 1;
        }
    }
    EXPECT_GT(found_some, 10);
}

TEST(DialPlanProperty, TheDigitsThatAWarningNamesAreSo) {
    Dice dice;
    int named = 0;
    for (int round = 0; round < 2000; ++round) {
        std::vector<Part> parts{dice.part(), dice.part(), dice.part()};
        const auto text = text_of(parts);
        for (const auto& finding : check_dial_plan(text)) {
            const auto at = finding.what.find(" is called at once, so ");
            if (at == std::string::npos) {
                continue;
            }
            const auto digits = finding.what.substr(0, at);
            const auto begin = at + std::string(" is called at once, so ").size();
            const auto longer = finding.what.substr(begin, finding.what.find(' ', begin) - begin);
            ++named;
            EXPECT_THAT(matched(text, digits), testing::AnyOf(StartsWith("call "), "reject"))
                << text << " " << finding.what;
            EXPECT_THAT(longer, StartsWith(digits));
            EXPECT_GT(longer.size(), digits.size());
            EXPECT_NE(tried(parts, longer), "") << text << " " << finding.what;
        }
    }
    EXPECT_GT(named, 100);
}

} // namespace
