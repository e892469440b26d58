// SPDX-License-Identifier: MIT
// pnpctl's own options, and what it leaves to the command.
#include "module/ctl/arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Arguments, EndWhereTheCommandBegins) {
    const auto read = ctl::read_arguments(
        {"--control", "/tmp/x", "--json", "extension", "add", "201", "--name", "Bob", "--json"});
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->control, "/tmp/x");
    EXPECT_TRUE(read->json);
    EXPECT_THAT(read->words, ElementsAre("extension", "add", "201", "--name", "Bob", "--json"));
}

TEST(Arguments, TakeTheSocketBehindAnEqualsSign) {
    const auto read = ctl::read_arguments({"--control=/tmp/x", "status"});
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->control, "/tmp/x");
    EXPECT_THAT(read->words, ElementsAre("status"));
}

TEST(Arguments, MayBeMissing) {
    const auto read = ctl::read_arguments({});
    ASSERT_TRUE(read);
    EXPECT_THAT(read->words, IsEmpty());
    EXPECT_FALSE(read->help);
}

TEST(Arguments, SuggestTheNearestOption) {
    const auto read = ctl::read_arguments({"--contorl", "/tmp/x", "status"});
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().what, AllOf(HasSubstr("--contorl"), HasSubstr("'--control'")));
}

TEST(Arguments, RefuseAnAbbreviation) {
    EXPECT_FALSE(ctl::read_arguments({"--js", "status"}));
}

TEST(Arguments, WantASocketBehindControl) {
    const auto read = ctl::read_arguments({"--control"});
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().what, HasSubstr("pnpctl --help"));
}

} // namespace
