// SPDX-License-Identifier: MIT
// Configuration files as admins write them, the good and the bad.
#include "provisioning/base/ini.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace base;
using testing::HasSubstr;

namespace {

/// The value of `value = TEXT`, or the error.
std::string value_of(const std::string& text) {
    const auto sections = parse_ini("[general]\nvalue = " + text + "\n", "pnp.conf");
    if (!sections) {
        return "error: " + sections.error().what;
    }
    EXPECT_EQ(sections->at(0).entries.size(), 1U);
    return sections->at(0).entries.at(0).value;
}

std::string error_of(std::string_view text) {
    const auto sections = parse_ini(text, "pnp.conf");
    return sections ? "no error" : sections.error().what;
}

} // namespace

TEST(ParseIni, KeepsSectionsThatRepeatInOrderWithTheirLines) {
    const auto sections = parse_ini("; top\n"
                                    "[general]\n"
                                    "interfaces = auto\n"
                                    "\n"
                                    "[profile sales]\n"
                                    "  vendor => snom\n"
                                    "vendor = htek\n"
                                    "[profile sales]",
                                    "pnp.conf");
    ASSERT_TRUE(sections) << sections.error().what;
    ASSERT_EQ(sections->size(), 3U);
    EXPECT_EQ(sections->at(0).kind, "general");
    EXPECT_EQ(sections->at(0).name, "");
    EXPECT_EQ(sections->at(0).line, 2);
    const IniSection& sales = sections->at(1);
    EXPECT_EQ(sales.kind, "profile");
    EXPECT_EQ(sales.name, "sales");
    ASSERT_EQ(sales.entries.size(), 2U);
    EXPECT_EQ(sales.entries[0].name, "vendor");
    EXPECT_EQ(sales.entries[0].value, "snom");
    EXPECT_EQ(sales.entries[0].line, 6);
    EXPECT_EQ(sales.entries[1].value, "htek");
    EXPECT_EQ(sections->at(2).line, 8);
    EXPECT_TRUE(sections->at(2).entries.empty());
}

TEST(ParseIni, TakesAHashInsideAValue) {
    EXPECT_EQ(value_of("se#cret"), "se#cret");
    EXPECT_EQ(value_of("se #cret"), "se #cret");
    EXPECT_EQ(value_of("#1"), "#1");
}

TEST(ParseIni, StartsACommentAtASemicolonBehindABlank) {
    EXPECT_EQ(value_of("abc ; why"), "abc");
    EXPECT_EQ(value_of("abc\t;why"), "abc");
    EXPECT_EQ(value_of("a;b;c"), "a;b;c");
    EXPECT_EQ(value_of("; nothing"), "");
    EXPECT_EQ(value_of(""), "");
}

TEST(ParseIni, TakesAQuotedValueAsItStands) {
    EXPECT_EQ(value_of(R"("  a ; b # c  ")"), "  a ; b # c  ");
    EXPECT_EQ(value_of(R"("say \"hi\" \\ there" ; comment)"), R"(say "hi" \ there)");
    EXPECT_EQ(value_of(R"("C:\temp")"), R"(C:\temp)") << "other backslashes are themselves";
    EXPECT_EQ(value_of(R"("")"), "");
    EXPECT_EQ(value_of(R"(5" pipe)"), R"(5" pipe)") << "a quote elsewhere is a character";
}

TEST(ParseIni, LeavesEqualsSignsAndArrowsInTheValue) {
    EXPECT_EQ(value_of("a=b=c"), "a=b=c");
    EXPECT_EQ(value_of("> 5"), "> 5");
    const auto sections = parse_ini("[g]\na=>b\nc =>= d\n", "x");
    ASSERT_TRUE(sections);
    EXPECT_EQ(sections->at(0).entries.at(0).value, "b");
    EXPECT_EQ(sections->at(0).entries.at(1).value, "= d");
}

TEST(ParseIni, KeepsUnicode) {
    EXPECT_EQ(value_of("M\xC3\xBCller"), "M\xC3\xBCller");
}

TEST(ParseIni, ReadsFilesOfOtherSystems) {
    const auto sections = parse_ini("\xEF\xBB\xBF[general]\r\na = b\r\n# end\r\n", "x");
    ASSERT_TRUE(sections) << sections.error().what;
    EXPECT_EQ(sections->at(0).kind, "general");
    EXPECT_EQ(sections->at(0).entries.at(0).value, "b");
}

TEST(ParseIni, FindsNothingInAnEmptyFile) {
    EXPECT_TRUE(parse_ini("", "x")->empty());
    EXPECT_TRUE(parse_ini("\n\n  \n;\n#x = y\n", "x")->empty());
}

TEST(ParseIni, ReadsHeadersWithBlanksAndComments) {
    const auto sections = parse_ini("[ profile   front desk ] ; ground floor\n[x];y\n", "x");
    ASSERT_TRUE(sections) << sections.error().what;
    EXPECT_EQ(sections->at(0).kind, "profile");
    EXPECT_EQ(sections->at(0).name, "front desk");
    EXPECT_EQ(sections->at(1).kind, "x");
}

TEST(ParseIni, NamesFileAndLineOfEveryError) {
    EXPECT_THAT(error_of("[general]\n\nnonsense\n"),
                testing::AllOf(testing::StartsWith("pnp.conf:3: "), HasSubstr("name = value")));
    EXPECT_THAT(error_of("[general]\n= x\n"), HasSubstr("pnp.conf:2: expected 'name = value'"));
    EXPECT_THAT(error_of("[general\n"), HasSubstr("pnp.conf:1: expected ']'"));
    EXPECT_THAT(error_of("[]\n"), HasSubstr("expected a section name"));
    EXPECT_THAT(error_of("[ \t]\n"), HasSubstr("expected a section name"));
    EXPECT_THAT(error_of("[a] b\n"), HasSubstr("expected nothing behind ']', found 'b'"));
    EXPECT_THAT(error_of("[a]\nb = \"c\n"), HasSubstr("pnp.conf:2: the closing quote is missing"));
    EXPECT_THAT(error_of("[a]\nb = \"c\\\"\n"), HasSubstr("the closing quote is missing"));
    EXPECT_THAT(error_of("[a]\nb = \"c\" d\n"), HasSubstr("nothing behind the closing quote"));
    EXPECT_THAT(error_of("[a]\nb ; c = d\n"), HasSubstr("expected 'name = value'"));
}

TEST(ParseIni, TellsWhereAnEntryBeforeAnySectionBelongs) {
    EXPECT_THAT(error_of("interfaces = auto\n"), HasSubstr("put it under [general]"));
}

TEST(ParseIni, RefusesControlCharacters) {
    EXPECT_THAT(error_of(std::string_view("[a]\nb = c\0d\n", 12)),
                HasSubstr("pnp.conf:2: control"));
    EXPECT_THAT(error_of(std::string_view("; \0\n", 4)), HasSubstr("\\x00"));
    EXPECT_THAT(error_of("[a]\rb = c\r"), HasSubstr("\\x0d")) << "line ends of a very old Mac";
    EXPECT_THAT(error_of("[a]\nb = \x1b[31m\n"), HasSubstr("\\x1b"));
}

TEST(ParseIni, NeverRepeatsAValueInAnError) {
    // It may be a password, and errors go into the log.
    EXPECT_THAT(error_of("[a]\npassword = \"hunter2\n"), testing::Not(HasSubstr("hunter2")));
    EXPECT_THAT(error_of("[a]\npassword = \"x\" hunter2\n"), testing::Not(HasSubstr("hunter2")));
    EXPECT_THAT(error_of("password = hunter2\n"), testing::Not(HasSubstr("hunter2")));
}

TEST(ParseIni, DoesNotRepeatAPasswordWhereTheEqualsSignWasForgotten) {
    for (const std::string_view line :
         {"password hunter2", "offer_url http://admin:hunter2@pbx", "http://admin:hunter2@pbx",
          "offer_url http://admin:hunter2@pbx/?x=1", "http://admin:hunter2@pbx/?x=1",
          "offer_url: http://admin:hunter2@pbx/?x=1", "offer_url \"hunter2"}) {
        const std::string error = error_of("[a]\n" + std::string(line) + "\n");
        EXPECT_THAT(error, HasSubstr("pnp.conf:2: expected 'name = value'")) << line;
        EXPECT_THAT(error, testing::Not(HasSubstr("hunter2"))) << line;
    }
}
