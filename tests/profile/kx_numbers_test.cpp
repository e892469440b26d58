// SPDX-License-Identifier: MIT
// Which numbers nobody can call from a KX-UT670, by its dial plans (guide §6.6.1).
#include "kx_sample.hpp"
#include "provisioning/profile/kx/numbers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using sample::kx_file;
using sample::told;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<profile::kx::Finding> check(std::string_view lines, std::vector<std::string> numbers) {
    return profile::kx::check_numbers({{"sip.cfg", kx_file(lines)}}, numbers);
}

const std::string block = "DIAL_PLAN_NOT_MATCH_ENABLE_1=\"Y\"\n";

TEST(KxNumbers, OneThatFitsNoPartIsDeniedWhereThePhoneBlocks) {
    const auto findings = check(block + "DIAL_PLAN_1=\"1xx\"", {"101", "201"});
    EXPECT_THAT(told(findings), ElementsAre("warning R-DIALPLAN at 3:14 DIAL_PLAN_1"));
    EXPECT_THAT(findings[0].what, StartsWith("fits no call to 201, and DIAL_PLAN_NOT_MATCH"));
    EXPECT_EQ(findings[0].section, "§6.6.1");
    EXPECT_EQ(findings[0].file, "sip.cfg");
    EXPECT_THAT(check("DIAL_PLAN_1=\"1xx\"", {"101", "201"}), IsEmpty()) << "it is called then";
    EXPECT_THAT(told(check(block + "DIAL_PLAN_1=\"1xx\"", {"10"})).size(), 1U) << "incomplete";
    EXPECT_THAT(check(block + "DIAL_PLAN_1=\"1xx|2x.\"", {"101", "2", "2010"}), IsEmpty());
}

TEST(KxNumbers, OneThatIsCalledTooEarlyIsCutShort) {
    const auto findings = check("DIAL_PLAN_1=\"20|<8:9>xT\"", {"20", "201", "2011", "81"});
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_THAT(findings[0].what,
                StartsWith("cannot be keyed to the end: 201 (20 is called), 2011 "));
}

TEST(KxNumbers, OneThatThePlanRejectsIsTold) {
    const auto findings = check("DIAL_PLAN_1=\"9xx!|1x\"", {"901", "9011", "12"});
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_THAT(findings[0].what, StartsWith("denies a call to 901, 9011 by"));
}

TEST(KxNumbers, TheKeyThatEndsDiallingCannotBePartOfOne) {
    EXPECT_THAT(check("DIAL_PLAN_1=\"xxT\"", {"12#3"})[0].what, HasSubstr("nobody can key 12#3"));
    EXPECT_THAT(check("DIAL_PLAN_1=\"xxT\"", {"#12"}), IsEmpty());
    EXPECT_THAT(check("POUND_KEY_DELIMITER_ENABLE=\"N\"\nDIAL_PLAN_1=\"xxT\"", {"12#3"}),
                IsEmpty());
}

TEST(KxNumbers, EqualPlansAreToldOnceAndManyNumbersAreCounted) {
    const auto findings = check("DIAL_PLAN_1=\"9\"\nDIAL_PLAN_2=\"9\"\nDIAL_PLAN_3=\"9|8\"",
                                {"91", "92", "93", "94", "95", "96", "97", "alice", ""});
    EXPECT_THAT(told(findings), ElementsAre("warning R-DIALPLAN at 2:14 DIAL_PLAN_1",
                                            "warning R-DIALPLAN at 4:14 DIAL_PLAN_3"));
    EXPECT_THAT(findings[0].what, HasSubstr("95 (9 is called) and 2 more;"));
}

TEST(KxNumbers, APlanWithAnErrorIsNotFollowed) {
    EXPECT_THAT(check(block + "DIAL_PLAN_1=\"(1xx)\"", {"201"}), IsEmpty());
    EXPECT_THAT(check(block, {"201"}), IsEmpty()) << "what lint_phone tells of";
}

} // namespace
