// SPDX-License-Identifier: MIT
// The guard: what it accepts, and where it says that something is wrong.
#include "provisioning/profile/guard.hpp"

#include "provisioning/profile/render.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace {

using profile::Model;
using profile::Source;
using testing::HasSubstr;
using testing::StartsWith;

Model example() {
    Model line;
    line.values = {{"number", "201"}, {"name", "Front desk"}};
    line.flags = {{"is_tls", false}};
    Model model;
    model.values = {{"host", "192.0.2.10"}, {"ntp_server", "192.0.2.10"}};
    model.flags = {{"has_ntp", true}, {"pnp_stays", false}};
    model.lists = {{"lines", {line, line}}};
    return model;
}

/// Templates by name; `main` is the one that is read.
using Files = std::map<std::string, Source>;

Files files(std::initializer_list<std::pair<std::string, std::string>> texts) {
    Files files;
    for (const auto& [name, text] : texts) {
        files[name] = {name, text};
    }
    return files;
}

base::Result<std::string> accepted(const Files& all) {
    profile::Partials partials;
    partials.find = [&](std::string_view name) -> const Source* {
        const auto found = all.find(std::string(name));
        return found == all.end() ? nullptr : &found->second;
    };
    for (const auto& [name, source] : all) {
        partials.names.push_back(name);
    }
    const Model model = example();
    const auto pieces = profile::accept(all.at("main"), partials, model);
    if (!pieces) {
        return tl::unexpected(pieces.error());
    }
    return profile::flat(*pieces);
}

std::string refusal(const std::string& text) {
    const auto result = accepted(files({{"main", text}}));
    return result ? "accepted: " + *result : result.error().what;
}

std::string rendered(const Files& all) {
    const auto text = accepted(all);
    EXPECT_TRUE(text) << text.error().what;
    profile::Partials none{[](std::string_view) { return nullptr; }, {}};
    const Source source{"flat", text.value_or("")};
    const auto pieces = profile::accept(source, none, example());
    EXPECT_TRUE(pieces);
    const auto whole = profile::Template::compile(*pieces, profile::Format::xml);
    EXPECT_TRUE(whole);
    return whole->render(example()).value_or("failed");
}

TEST(Guard, AcceptsValuesFlagsListsAndComments) {
    EXPECT_EQ(accepted(files({{"main", "a {{ host }}{{! why }}{{#has_ntp}}b{{/has_ntp}}"
                                       "{{^lines}}c{{/lines}}{{#lines}}{{number}}{{/lines}}"}}))
                  .value_or("refused"),
              "a {{host}}{{#has_ntp}}b{{/has_ntp}}{{^lines}}c{{/lines}}"
              "{{#lines}}{{number}}{{/lines}}");
}

TEST(Guard, TakesALineOfItsOwnWithTheTag) {
    EXPECT_EQ(
        rendered(files({{"main", "1\n  {{! a comment\n over two lines }}  \n2\n  {{#has_ntp}}\n"
                                 "3\n{{/has_ntp}}\n4\n"}})),
        "1\n2\n3\n4\n");
}

TEST(Guard, KeepsTheLinesApartWhenAPartialEndsWithoutALineBreak) {
    EXPECT_EQ(rendered(files({{"main", "1\n{{>two}}\n3\n"}, {"two", "2"}})), "1\n2\n3\n");
    EXPECT_EQ(rendered(files({{"main", "1\n{{>two}}\n3\n"}, {"two", "2\n"}})), "1\n2\n3\n");
}

TEST(Guard, SuggestsTheNearestNameWithLineAndColumn) {
    EXPECT_EQ(refusal("x\n\xC3\xA4 {{ntp_serber}}"),
              "main:2:3: there is no 'ntp_serber' here; did you mean 'ntp_server'?");
    EXPECT_THAT(refusal("{{#has_mtp}}{{/has_mtp}}"), HasSubstr("did you mean 'has_ntp'?"));
    EXPECT_EQ(refusal("{{qqqqqqqqqqqqqqq}}"), "main:1:1: there is no 'qqqqqqqqqqqqqqq' here");
}

TEST(Guard, LooksIntoBranchesThatNoPhoneTakes) {
    EXPECT_THAT(refusal("{{#pnp_stays}}{{nothing}}{{/pnp_stays}}"), StartsWith("main:1:15: "));
    EXPECT_THAT(refusal("{{^lines}}{{nothing}}{{/lines}}"), StartsWith("main:1:11: "));
}

TEST(Guard, LetsNoNameFallThroughToTheOuterScope) {
    EXPECT_THAT(refusal("{{#lines}}{{host}}{{/lines}}"), HasSubstr("outside of the list only"));
    EXPECT_THAT(refusal("{{number}}"), HasSubstr("there is no 'number' here"));
    EXPECT_THAT(refusal("{{#lines}}{{#is_tls}}{{number}}{{/is_tls}}{{/lines}}"),
                StartsWith("accepted"));
    EXPECT_THAT(refusal("{{^lines}}{{number}}{{/lines}}"), HasSubstr("there is no 'number'"));
}

TEST(Guard, RefusesWhatGoesRoundTheEscaping) {
    EXPECT_THAT(refusal("a{{{host}}}"), StartsWith("main:1:2: three braces"));
    EXPECT_THAT(refusal("{{& host}}"), HasSubstr("go round the escaping"));
    EXPECT_THAT(refusal("{{=<% %>=}}<%& host %>"), HasSubstr("delimiters"));
    EXPECT_THAT(refusal("{{ & host}}"), HasSubstr("go round the escaping"));
}

TEST(Guard, RefusesBracesThatMeetWhereAPartialOrCommentWas) {
    EXPECT_THAT(refusal("{{{! }}{host}}"), StartsWith("main:1:1: three braces"));
    EXPECT_THAT(refusal("a {{! x }}{{! y }}"), StartsWith("accepted"));
    const auto joined =
        accepted(files({{"main", "a {{>brace}}{ host}}{{host}}"}, {"brace", "b{"}}));
    ASSERT_FALSE(joined);
    EXPECT_THAT(joined.error().what, StartsWith("main:1:13: this brace would meet"));
    const auto triple = accepted(files({{"main", "{{>brace}}{{host}}"}, {"brace", "b{"}}));
    ASSERT_FALSE(triple);
    EXPECT_THAT(triple.error().what, StartsWith("main:1:11: put a blank"));
}

TEST(Guard, RefusesSectionsThatAreNotClosedOrClosedWrongly) {
    EXPECT_EQ(refusal("1\n {{#has_ntp}}\n"),
              "main:2:2: {{#has_ntp}} is never closed; {{/has_ntp}} is missing");
    EXPECT_THAT(refusal("{{#lines}}{{#is_tls}}{{/lines}}{{/is_tls}}"),
                HasSubstr("{{/lines}} stands where 'is_tls' of line 1 is open"));
    EXPECT_THAT(refusal("{{/lines}}"), HasSubstr("closes nothing"));
    EXPECT_THAT(refusal("x {{host"), StartsWith("main:1:3: this tag is never closed"));
    const auto across =
        accepted(files({{"main", "{{#has_ntp}}{{>end}}"}, {"end", "{{/has_ntp}}"}}));
    ASSERT_FALSE(across);
    EXPECT_THAT(across.error().what, StartsWith("end:1:1: "));
}

TEST(Guard, TellsFlagsListsAndValuesApart) {
    EXPECT_THAT(refusal("{{has_ntp}}"), HasSubstr("'has_ntp' is a flag"));
    EXPECT_THAT(refusal("{{lines}}"), HasSubstr("'lines' is a list"));
    EXPECT_THAT(refusal("{{#host}}{{/host}}"), HasSubstr("'host' is a value"));
    EXPECT_THAT(refusal("{{}}"), HasSubstr("without a name"));
    EXPECT_THAT(refusal("{{.}}"), HasSubstr("'.' is no name"));
    EXPECT_THAT(refusal("{{#lines.number}}"), HasSubstr("is no name"));
}

TEST(Guard, RefusesAPartialThatIncludesItself) {
    const auto self = accepted(files({{"main", "{{>main}}"}}));
    ASSERT_FALSE(self);
    EXPECT_THAT(self.error().what, StartsWith("main:1:1: 'main' includes itself"));
    const auto circle = accepted(files({{"main", "{{>a}}"}, {"a", "\n{{>b}}"}, {"b", "  {{>a}}"}}));
    ASSERT_FALSE(circle);
    EXPECT_THAT(circle.error().what, StartsWith("b:1:3: 'a' includes itself: main -> a -> b -> a"));
}

TEST(Guard, SuggestsThePartialThatWasMeant) {
    const auto typo = accepted(files({{"main", "{{>acounts}}"}, {"accounts", ""}}));
    ASSERT_FALSE(typo);
    EXPECT_EQ(typo.error().what, "main:1:1: there is no template 'acounts.mustache'; did you mean "
                                 "'accounts'?");
}

TEST(Guard, LimitsHowDeepPartialsNest) {
    Files chain;
    for (int i = 0; i <= 16; ++i) {
        const std::string name = i == 0 ? "main" : "p" + std::to_string(i);
        chain[name] = {name, i == 16 ? "x" : "{{>p" + std::to_string(i + 1) + "}}"};
    }
    EXPECT_TRUE(accepted(chain)); // main and 16 below it
    chain["p16"].text = "{{>p17}}";
    chain["p17"] = {"p17", "x"};
    ASSERT_FALSE(accepted(chain));
    EXPECT_THAT(accepted(chain).error().what, HasSubstr("partials nest deeper than 16"));
}

TEST(Guard, LimitsHowDeepSectionsNest) {
    const auto nested = [](int depth) {
        std::string text;
        for (int i = 0; i < depth; ++i) {
            text += "{{#has_ntp}}";
        }
        for (int i = 0; i < depth; ++i) {
            text += "{{/has_ntp}}";
        }
        return text;
    };
    EXPECT_THAT(refusal(nested(32)), StartsWith("accepted"));
    EXPECT_THAT(refusal(nested(33)), HasSubstr("sections nest deeper than 32"));
}

TEST(Guard, LimitsTheSizeWithAllPartialsTogether) {
    EXPECT_THAT(refusal(std::string(256 * 1024, 'x')), StartsWith("accepted"));
    EXPECT_THAT(refusal(std::string(256 * 1024 + 1, 'x')), HasSubstr("larger than 256 kB"));
    // 2^15 copies of nothing would take no room and a long time.
    Files doubling;
    for (int i = 0; i <= 15; ++i) {
        const std::string name = i == 0 ? "main" : "p" + std::to_string(i);
        const std::string next = "{{>p" + std::to_string(i + 1) + "}}";
        doubling[name] = {name, i == 15 ? "" : next + next};
    }
    ASSERT_FALSE(accepted(doubling));
    EXPECT_THAT(accepted(doubling).error().what, HasSubstr("larger than 256 kB"));
}

TEST(Guard, RefusesBytesThatAreNoText) {
    EXPECT_THAT(refusal("ab\x01"), StartsWith("main:1:3: not UTF-8"));
    EXPECT_THAT(refusal("ab\n\xFF"), StartsWith("main:2:1: not UTF-8"));
}

TEST(Guard, WorksOnLinesThatEndInCarriageReturnAndLineFeed) {
    EXPECT_EQ(rendered(files({{"main", "1\r\n{{#has_ntp}}\r\n2\r\n{{/has_ntp}}\r\n{{>p}}\r\n4\r\n"},
                              {"p", "3"}})),
              "1\r\n2\r\n3\r\n4\r\n");
}

} // namespace
