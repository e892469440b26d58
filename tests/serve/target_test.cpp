// SPDX-License-Identifier: MIT
// Which request targets stand for a path.
#include "provisioning/serve/target.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using serve::clean_path;
using serve::query_of;
using serve::without_token;
using namespace std::string_view_literals;

TEST(CleanPath, KeepsAPlainPath) {
    EXPECT_EQ(clean_path("/p/AbC-_9/cfg001fc1000001.xml"), "/p/AbC-_9/cfg001fc1000001.xml");
    EXPECT_EQ(clean_path("/"), "/");
}

TEST(CleanPath, DropsTheQuery) {
    EXPECT_EQ(clean_path("/a?b=/../c"), "/a");
    EXPECT_EQ(clean_path("/?"), "/");
}

TEST(CleanPath, TakesAnAbsoluteUrl) {
    EXPECT_EQ(clean_path("http://10.0.0.1:5480/p/x/y"), "/p/x/y");
    EXPECT_EQ(clean_path("HTTPS://pbx/p"), "/p");
    EXPECT_EQ(clean_path("http://pbx"), "/");
    EXPECT_EQ(clean_path("http://pbx?q=/p/x"), "/");
}

TEST(CleanPath, DecodesEscapesOnce) {
    EXPECT_EQ(clean_path("/%63fg%2Exml"), "/cfg.xml");
    EXPECT_EQ(clean_path("/%252e%252e/a"), "/%2e%2e/a");
    EXPECT_EQ(clean_path("/a%3Fb"), "/a?b");
}

TEST(CleanPath, JoinsTheSlashesThatPhonesDouble) {
    EXPECT_EQ(clean_path("/p/token//cfg.xml"), "/p/token/cfg.xml");
    EXPECT_EQ(clean_path("//p/%2f/x"), "/p/x");
}

TEST(CleanPath, KeepsDotsInsideNames) {
    EXPECT_EQ(clean_path("/..a/b../.c/..."), "/..a/b../.c/...");
}

class NoPath : public testing::TestWithParam<std::string_view> {};

TEST_P(NoPath, IsRefused) {
    EXPECT_FALSE(clean_path(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(CleanPath,
                         NoPath,
                         testing::Values(""sv,
                                         "*"sv,
                                         "p/x"sv,
                                         "pbx:5480"sv,
                                         "ftp://pbx/x"sv,
                                         "http:///x"sv,
                                         "http://"sv,
                                         "/a%"sv,
                                         "/a%4"sv,
                                         "/a%4g"sv,
                                         "/a%g4"sv,
                                         "/a%00b"sv,
                                         "/a%0d%0ab"sv,
                                         "/a%7f"sv,
                                         "/a%ff"sv,
                                         "/a\xc3\xa4"sv,
                                         "/a\0b"sv,
                                         "/a\tb"sv,
                                         "/a\\b"sv,
                                         "/a%5cb"sv,
                                         "/.."sv,
                                         "/a/.."sv,
                                         "/../a"sv,
                                         "/a/../b"sv,
                                         "/a/%2e%2E/b"sv,
                                         "/a/%2e./b"sv,
                                         "/a%2f..%2fb"sv,
                                         "/./a"sv,
                                         "/a/."sv,
                                         "/a#b"sv));

TEST(QueryOf, IsWhatWasSent) {
    EXPECT_EQ(query_of("/contact-me?device-id=00:1A&type="), "device-id=00:1A&type=");
    EXPECT_EQ(query_of("http://a/b?%41?c"), "%41?c");
    EXPECT_EQ(query_of("/a?"), "");
    EXPECT_EQ(query_of("/a"), "");
}

TEST(WithoutToken, ShowsFourCharactersOfAToken) {
    EXPECT_EQ(without_token("/p/AAAABBBBCCCCDDDDEEEEFF/cfg.xml"), "/p/AAAA.../cfg.xml");
    EXPECT_EQ(without_token("/p/AAAABBBBCCCCDDDDEEEEFF"), "/p/AAAA...");
    EXPECT_EQ(without_token("/p/AAAABBBBCCCC/cfg.xml"), "/p/AAAA.../cfg.xml");
}

TEST(WithoutToken, FindsATokenThatStandsWhereNoneBelongs) {
    EXPECT_EQ(without_token("/AAAABBBBCCCCDDDDEEEEFF"), "/AAAA...");
    EXPECT_EQ(without_token("/p/AAAABBBBCCCCDDDDEEEEFF/AAAABBBBCCCCDDDDEEEEFF/x.y"),
              "/p/AAAA.../AAAA.../x.y");
    EXPECT_EQ(without_token("AAAABBBBCCCCDDDDEEEEFFcfg001fc1000001.xml"), "AAAA....xml");
}

TEST(WithoutToken, LeavesOtherPathsAlone) {
    EXPECT_EQ(without_token("/cfg001fc1000001.xml"), "/cfg001fc1000001.xml");
    EXPECT_EQ(without_token("/p/"), "/p/");
    EXPECT_EQ(without_token("/p/abcd/x"), "/p/abcd/x");
}

} // namespace
