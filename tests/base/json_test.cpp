// SPDX-License-Identifier: MIT
// JSON values in and out.
#include "provisioning/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

using base::Errc;
using base::Json;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Json, DumpsInTheOrderOfInsertion) {
    Json json = Json::object({{"mac", "001fc1000001"}, {"lines", 2}, {"known", true}});
    json.set("extension", Json()).set("tags", Json::array({"a", 1, false, Json()}));
    json.set("lines", 3);
    EXPECT_EQ(json.dump(), R"({"mac":"001fc1000001","lines":3,"known":true,"extension":null,)"
                           R"("tags":["a",1,false,null]})");
}

TEST(Json, TellsTextsNumbersAndFlagsApart) {
    EXPECT_EQ(Json(std::string_view("x")).dump(), "\"x\"");
    EXPECT_EQ(Json("x").dump(), "\"x\"");
    EXPECT_EQ(Json(std::string("x")).dump(), "\"x\"");
    EXPECT_EQ(Json(true).dump(), "true");
    EXPECT_EQ(Json(std::numeric_limits<std::int64_t>::min()).dump(), "-9223372036854775808");
    EXPECT_EQ(Json(std::numeric_limits<std::uint64_t>::max()).dump(), "18446744073709551615");
    EXPECT_EQ(Json().dump(), "null");
}

TEST(Json, EscapesAndKeepsItUtf8) {
    EXPECT_EQ(Json("a\"\\\n\x01").dump(), R"("a\"\\\n\u0001")");
    EXPECT_EQ(Json("M\xC3\xBCller").dump(), "\"M\xC3\xBCller\"");
    EXPECT_EQ(Json("\xFC|\xED\xA0\x80").dump(),
              "\"\xEF\xBF\xBD|\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"")
        << "a stranger's bytes must not make the page unreadable";
    EXPECT_TRUE(Json::parse(Json::object({{"\xFF", 1}}).dump()));
}

TEST(Json, ReadsBackWhatItWrote) {
    const auto json = Json::parse(R"( {"a": [1, "zwei", {"b": true}], "c": null, "d": -5} )");
    ASSERT_TRUE(json) << json.error().what;
    EXPECT_THAT(json->names(), ElementsAre("a", "c", "d"));
    const auto items = json->get("a").items();
    ASSERT_EQ(items.size(), 3U);
    EXPECT_EQ(items[0].number(), 1);
    EXPECT_EQ(items[1].text(), "zwei");
    EXPECT_TRUE(items[2].get("b").flag());
    EXPECT_TRUE(json->get("c").is_null());
    EXPECT_EQ(json->get("d").number(), -5);
    EXPECT_EQ(json->dump(), R"({"a":[1,"zwei",{"b":true}],"c":null,"d":-5})");
}

TEST(Json, GivesTheOtherwiseForAnotherKind) {
    const Json text("x");
    EXPECT_EQ(text.number(7), 7);
    EXPECT_TRUE(text.flag(true));
    EXPECT_TRUE(text.get("a").is_null());
    EXPECT_TRUE(text.items().empty());
    EXPECT_TRUE(text.names().empty());
    EXPECT_EQ(Json(5).text("none"), "none");
    EXPECT_EQ(Json().text("none"), "none");
    EXPECT_EQ(Json(std::numeric_limits<std::uint64_t>::max()).number(-1), -1) << "does not fit";
    EXPECT_EQ(Json::parse("1e3")->number(), 1000);
    EXPECT_EQ(Json::parse("1.5")->number(-1), -1);
    EXPECT_EQ(Json::parse("1e300")->number(-1), -1);
}

TEST(Json, CopiesDeepAndIsNullWhenMovedFrom) {
    Json original = Json::object({{"a", Json::array({1})}});
    Json copy(original);
    copy.set("b", 2);
    EXPECT_EQ(original.dump(), R"({"a":[1]})");
    Json moved(std::move(original));
    EXPECT_TRUE(original.is_null()); // NOLINT(bugprone-use-after-move): that is the question
    EXPECT_EQ(original.dump(), "null");
    EXPECT_EQ(original.set("again", 1).dump(), R"({"again":1})");
    copy = moved;
    EXPECT_EQ(copy.dump(), R"({"a":[1]})");
    Json& same = copy;
    copy = same;
    EXPECT_EQ(copy.dump(), R"({"a":[1]})");
    copy.set("self", copy);
    EXPECT_EQ(copy.dump(), R"({"a":[1],"self":{"a":[1]}})");
}

TEST(Json, RefusesWhatIsNoJson) {
    for (const char* text : {"", " ", "{", "[1,]", "{\"a\":1,}", "nul", "1 2", "'a'", "\"\x01\"",
                             "\"\xFF\"", "{a:1}", "// c\n1", "NaN", "01"}) {
        const auto json = Json::parse(text);
        ASSERT_FALSE(json) << text;
        EXPECT_EQ(json.error().code, Errc::malformed) << text;
        EXPECT_THAT(json.error().what, HasSubstr("JSON byte ")) << text;
    }
}

TEST(Json, RefusesANumberTooGreatToBeWrittenAgain) {
    for (const char* text : {"33E500", "[1, -1e400]", R"({"a": {"b": [1e309]}})"}) {
        EXPECT_EQ(Json::parse(text).error().code, Errc::malformed) << text;
    }
    EXPECT_TRUE(Json::parse("[1e308, -1e308, 1e-400]"));
}

TEST(Json, RefusesWhatIsTooLargeOrTooDeep) {
    const auto deep = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
    EXPECT_TRUE(Json::parse(deep(32)));
    const auto refused = Json::parse(deep(33));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_FALSE(Json::parse(deep(500'000)));
    EXPECT_TRUE(Json::parse("\"" + std::string((1U << 20U) - 2, 'x') + "\""));
    EXPECT_FALSE(Json::parse("\"" + std::string((1U << 20U) - 1, 'x') + "\""));
}
