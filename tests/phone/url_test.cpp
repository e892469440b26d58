// SPDX-License-Identifier: MIT
#include "module/phone/url.hpp"

#include <gtest/gtest.h>

namespace phone {
namespace {

TEST(JoinUrl, TakesAFolderWithAndWithoutASlash) {
    EXPECT_EQ(join_url("http://10.0.0.1:5480/p/tok/", "cfg0000.xml"),
              "http://10.0.0.1:5480/p/tok/cfg0000.xml");
    EXPECT_EQ(join_url("http://10.0.0.1:5480/p/tok", "cfg0000.xml"),
              "http://10.0.0.1:5480/p/tok/cfg0000.xml");
}

TEST(JoinUrl, TakesTheBareHostOfTheHtekPage) {
    EXPECT_EQ(join_url("http://admin:123456@192.168.0.25:88", "factory0000.xml"),
              "http://admin:123456@192.168.0.25:88/factory0000.xml");
}

TEST(JoinUrl, KeepsAQueryBehindTheName) {
    EXPECT_EQ(join_url("http://h/p?a=b/c#x", "n"), "http://h/p/n?a=b/c");
}

TEST(ShortenUrl, HidesPasswordTokenAndQuery) {
    EXPECT_EQ(shorten_url("http://admin:12@3456@192.168.0.25:88"), "http://***@192.168.0.25:88");
    EXPECT_EQ(shorten_url("http://10.0.0.1:5480/p/9k3v7qAbCdEfGhIj/"),
              "http://10.0.0.1:5480/p/9k3v…/");
    EXPECT_EQ(shorten_url("https://h/p/9k3v7q/cfg001fc1000001.xml?key=secret"),
              "https://h/p/9k3v…/cfg001fc1000001.xml?…");
}

TEST(ShortenUrl, ShowsStrangersBytesHarmlessly) {
    EXPECT_EQ(shorten_url("http://h\x1b[31m/"), "http://h\\x1b[31m/");
    EXPECT_EQ(shorten_url(""), "");
}

TEST(IsFetchable, IsHttpWithAHostAndNothingStrange) {
    EXPECT_TRUE(is_fetchable("http://10.0.0.1:5480/p/"));
    EXPECT_TRUE(is_fetchable("HTTPS://pbx.example"));
    EXPECT_FALSE(is_fetchable("tftp://10.0.0.1/"));
    EXPECT_FALSE(is_fetchable("http://"));
    EXPECT_FALSE(is_fetchable("http://user@/"));
    EXPECT_FALSE(is_fetchable("http://h/a b"));
    EXPECT_FALSE(is_fetchable("http://h/\r\nX: y"));
    EXPECT_FALSE(is_fetchable(""));
}

TEST(HasUser, LooksInFrontOfTheHostOnly) {
    EXPECT_TRUE(has_user("http://u:p@h/"));
    EXPECT_FALSE(has_user("http://h/a@b"));
}

} // namespace
} // namespace phone
