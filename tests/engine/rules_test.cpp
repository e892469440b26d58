// SPDX-License-Identifier: MIT
// What windows and rules say of a phone: who matches, who comes first, and when.
#include "module/rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace engine {
namespace {

using inventory::Enrolment;
using testing::HasSubstr;

constexpr base::UnixMs now = 1'000'000;

const base::Mac htek = *base::Mac::parse("001fc1000001");
const base::Ipv4 here = *base::Ipv4::parse("10.1.0.7");

ApprovalRule rule(const char* name, Action action) {
    ApprovalRule made;
    made.name = name;
    made.action = action;
    return made;
}

Enrolment window(std::string of_rule = {}) {
    Enrolment made;
    made.id = 1;
    made.until = now + 1;
    made.rule = std::move(of_rule);
    return made;
}

/// "approve by lobby", "approve by a window", "-" when nothing concerns the phone.
std::string ruled(const std::vector<ApprovalRule>& rules,
                  const std::vector<Enrolment>& windows = {},
                  base::Mac mac = htek,
                  const char* vendor = "htek",
                  const char* model = "UC924",
                  base::Ipv4 source = here) {
    static constexpr std::array<const char*, 5> words = {"approve", "assign", "guest", "block",
                                                         "hold"};
    const auto ruling = rule_on({mac, vendor, model, source}, rules, windows, now);
    if (!ruling) {
        return "-";
    }
    return std::string(words.at(static_cast<std::size_t>(ruling->action))) + " by " +
           (ruling->rule ? ruling->rule->name : "a window") +
           (ruling->reason.empty() ? "" : ": " + ruling->reason);
}

TEST(ApprovalRules, ThatMatchNothingLeaveThePhoneToUnknownPhone) {
    EXPECT_EQ(ruled({}), "-");
    auto other = rule("other", Action::approve);
    other.oui = "000413";
    EXPECT_EQ(ruled({other}), "-");
}

TEST(ApprovalRules, WithoutAMatcherTakeEveryPhone) {
    EXPECT_EQ(ruled({rule("all", Action::guest)}), "guest by all");
}

TEST(ApprovalRules, MatchByEveryThingThatIsWritten) {
    auto narrow = rule("narrow", Action::approve);
    narrow.oui = "001fc1";
    narrow.vendor = "htek";
    narrow.model = "UC9*";
    narrow.network = base::Network::parse("10.1.0.0/24");
    EXPECT_EQ(ruled({narrow}), "approve by narrow");
    EXPECT_EQ(ruled({narrow}, {}, htek, "Htek", "uc903"), "approve by narrow");
    EXPECT_EQ(ruled({narrow}, {}, *base::Mac::parse("001fc2000001")), "-");
    EXPECT_EQ(ruled({narrow}, {}, htek, "snom"), "-");
    EXPECT_EQ(ruled({narrow}, {}, htek, "htek", "UC8"), "-");
    EXPECT_EQ(ruled({narrow}, {}, htek, "htek", "UC9", *base::Ipv4::parse("10.1.1.7")), "-");
}

TEST(ApprovalRules, SayWhomTheyAreAbout) {
    auto made = rule("lobby", Action::assign);
    EXPECT_EQ(whom(made), "any phone");
    made.network = base::Network::parse("10.1.2.0/24");
    EXPECT_EQ(whom(made), "in 10.1.2.0/24");
    made.oui = "001fc1";
    made.vendor = "htek";
    made.model = "UC9*";
    EXPECT_EQ(whom(made), "MAC 001fc1*, vendor htek, model UC9*, in 10.1.2.0/24");
    EXPECT_EQ(word(made.action), "assign");
}

TEST(ApprovalRules, TheFirstOneThatMatchesWins) {
    auto first = rule("first", Action::block);
    first.model = "UC8*";
    EXPECT_EQ(ruled({first, rule("second", Action::hold), rule("third", Action::approve)}),
              "hold by second");
}

TEST(ApprovalRules, ForEnrolmentRestUntilAWindowNamesThem) {
    auto resting = rule("desk", Action::approve);
    resting.only_enrolment = true;
    EXPECT_EQ(ruled({resting}), "-");
    EXPECT_EQ(ruled({resting}, {window("desk")}), "approve by desk");
    EXPECT_EQ(ruled({resting, rule("rest", Action::hold)}), "hold by rest");
}

TEST(EnrolmentWindows, ComeBeforeRules) {
    EXPECT_EQ(ruled({rule("all", Action::block)}, {window()}), "approve by a window");
}

TEST(EnrolmentWindows, ActByTheirRuleAndOnlyOnWhatItMatches) {
    auto snom = rule("snom", Action::approve);
    snom.vendor = "snom";
    EXPECT_EQ(ruled({rule("all", Action::hold), snom}, {window("snom")}), "hold by all");
    EXPECT_EQ(ruled({rule("all", Action::hold), snom}, {window("snom")}, htek, "snom"),
              "approve by snom");
}

TEST(EnrolmentWindows, TakeOnlyTheirNetworkAndTheirPhone) {
    auto narrow = window();
    narrow.from = base::Network::parse("10.2.0.0/16");
    EXPECT_EQ(ruled({}, {narrow}), "-");
    narrow.from = base::Network::parse("10.1.0.0/16");
    EXPECT_EQ(ruled({}, {narrow}), "approve by a window");
    narrow.mac = base::Mac::parse("001fc1000002");
    EXPECT_EQ(ruled({}, {narrow}), "-");
    narrow.mac = htek;
    EXPECT_EQ(ruled({}, {narrow}), "approve by a window");
}

TEST(EnrolmentWindows, EndOnTime) {
    auto over = window();
    over.until = now;
    EXPECT_EQ(ruled({}, {over}), "-");
    EXPECT_EQ(ruled({}, {over, window()}), "approve by a window");
}

TEST(EnrolmentWindows, OfARuleThatIsGoneSaySo) {
    EXPECT_THAT(ruled({rule("all", Action::approve)}, {window("gone")}),
                HasSubstr("names the rule gone, which pnp.conf does not have"));
}

TEST(EnrolmentWindows, ExpectAPhoneOnlyWhenTheyNameIt) {
    EXPECT_FALSE(is_expected(htek, here, {window()}, now));
    auto named = window();
    named.mac = htek;
    EXPECT_TRUE(is_expected(htek, here, {window(), named}, now));
    EXPECT_FALSE(is_expected(*base::Mac::parse("001fc1000002"), here, {named}, now));
    EXPECT_FALSE(is_expected(htek, here, {named}, now + 1));
    named.from = base::Network::parse("10.2.0.0/16");
    EXPECT_FALSE(is_expected(htek, here, {named}, now));
}

} // namespace
} // namespace engine
