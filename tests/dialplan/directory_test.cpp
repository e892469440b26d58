// SPDX-License-Identifier: MIT
// Where accounts come from.
#include "dialplan/directory.hpp"

#include "shelf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using testing::HasSubstr;

struct DirectoryOf : testing::Test {
    Shelf shelf;
    dialplan::Directory directory{*shelf};

    void pbx_has(const std::string& number) {
        directory.host(
            [number](const std::string& asked) -> base::Result<profile::Account> {
                if (asked != number) {
                    return base::fail(base::Errc::not_found, "the PBX has no {}", asked);
                }
                return profile::Account{asked, "From the PBX", base::Secret("pbx")};
            },
            {}, {});
    }
};

TEST_F(DirectoryOf, FindsOurOwnExtension) {
    shelf.has_extension("201", "Alice");
    const auto account = directory.account("201");
    ASSERT_TRUE(account) << account.error().what;
    EXPECT_EQ(account->number, "201");
    EXPECT_EQ(account->name, "Alice");
    EXPECT_EQ(account->password.reveal(), "hunter2-201");
}

TEST_F(DirectoryOf, ShowsTheNumberWhereThereIsNoName) {
    shelf.has_extension("201");
    EXPECT_EQ(directory.account("201")->name, "201");
}

TEST_F(DirectoryOf, AsksThePbxForWhatWeDoNotOwn) {
    pbx_has("300");
    EXPECT_EQ(directory.account("300")->name, "From the PBX");
}

TEST_F(DirectoryOf, PrefersOurOwnToThePbx) {
    pbx_has("201");
    shelf.has_extension("201", "Alice");
    EXPECT_EQ(directory.account("201")->name, "Alice");
}

TEST_F(DirectoryOf, SaysHowToCreateWhatDoesNotExist) {
    pbx_has("300");
    const auto account = directory.account("202");
    ASSERT_FALSE(account);
    EXPECT_EQ(account.error().code, base::Errc::not_found);
    EXPECT_THAT(account.error().what, HasSubstr("pnp extension add 202"));
}

TEST_F(DirectoryOf, PassesOnWhyThePbxCannotTell) {
    directory.host(
        [](const std::string&) -> base::Result<profile::Account> {
            return base::fail(base::Errc::refused,
                              "its password is stored as a hash; set auth_type");
        },
        {}, {});
    const auto account = directory.account("300");
    ASSERT_FALSE(account);
    EXPECT_EQ(account.error().code, base::Errc::refused);
    EXPECT_THAT(account.error().what, HasSubstr("hash"));
}

TEST_F(DirectoryOf, DoesNotAskThePbxForWhatIsNoNumber) {
    bool asked = false;
    directory.host(
        [&](const std::string& number) -> base::Result<profile::Account> {
            asked = true;
            return profile::Account{number, number, {}};
        },
        {}, {});
    EXPECT_EQ(directory.account("20 1").error().code, base::Errc::malformed);
    EXPECT_EQ(directory.account("").error().code, base::Errc::malformed);
    EXPECT_FALSE(asked);
}

TEST(IsNumber, TakesWhatPbxsUse) {
    for (const char* number : {"201", "a", "sip.alice", "*77#", "+4930123456", "Reception_1-2"}) {
        EXPECT_TRUE(dialplan::is_number(number)) << number;
    }
    EXPECT_TRUE(dialplan::is_number(std::string(32, '9')));
}

TEST(IsNumber, RefusesTheRest) {
    for (const char* number :
         {"", " ", "20 1", "201,202", "201;x", "\"201\"", "20\n1", "é", "a/b"}) {
        EXPECT_FALSE(dialplan::is_number(number)) << number;
    }
    EXPECT_FALSE(dialplan::is_number(std::string(33, '9')));
    EXPECT_FALSE(dialplan::is_number(std::string_view("2\0001", 3)));
}

} // namespace
