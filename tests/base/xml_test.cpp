// SPDX-License-Identifier: MIT
// XML from phones and from attackers, and the escape that keeps ours well-formed.
#include "provisioning/base/xml.hpp"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace base;
using testing::AllOf;
using testing::HasSubstr;

// The host's side of libxml2, declared here because only xml.cpp may see its headers.
extern "C" {
void xmlSetStructuredErrorFunc(void* context, void (*handler)(void*, void*));
void* xmlParseMemory(const char* bytes, int size);
}

namespace {

std::string error_of(std::string_view text) {
    testing::internal::CaptureStderr();
    const auto node = parse_xml(text);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "errors go nowhere else";
    return node ? "no error" : node.error().what;
}

std::string nested(int levels) {
    std::string out;
    for (int i = 0; i < levels; ++i) {
        out += "<a>";
    }
    for (int i = 0; i < levels; ++i) {
        out += "</a>";
    }
    return out;
}

} // namespace

TEST(ParseXml, BuildsTheTree) {
    const auto root = parse_xml("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                "<!-- a phone -->\n"
                                "<WorkpointMessage xmlns=\"http://www.siemens.com/DLS\">\n"
                                "  <Message nonce='AB&lt;1' maxItems=\"-1\">\n"
                                "    <Item name=\"e164\">4989<![CDATA[<&>]]>7</Item><Item/>\n"
                                "  </Message>\n"
                                "</WorkpointMessage>\n");
    ASSERT_TRUE(root) << root.error().what;
    EXPECT_EQ(root->name, "WorkpointMessage");
    EXPECT_EQ(root->line, 3);
    EXPECT_EQ(root->attribute("xmlns"), "http://www.siemens.com/DLS");
    const XmlNode* message = root->child("Message");
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(message->attribute("nonce"), "AB<1");
    EXPECT_EQ(message->attribute("maxItems"), "-1");
    EXPECT_EQ(message->attribute("absent"), "");
    ASSERT_EQ(message->children.size(), 2U);
    EXPECT_EQ(message->children[0].text, "4989<&>7");
    EXPECT_EQ(message->children[0].line, 5);
    EXPECT_EQ(message->children[1].text, "");
    EXPECT_EQ(message->child("Nothing"), nullptr);
}

TEST(ParseXml, ReadsThePredefinedEntitiesAndCharacterReferences) {
    const auto root = parse_xml("<a b='&quot;&#228;'>&amp;&lt;&gt;&apos;&quot;&#x41;\xC3\xBC</a>");
    ASSERT_TRUE(root) << root.error().what;
    EXPECT_EQ(root->text, "&<>'\"A\xC3\xBC");
    EXPECT_EQ(root->attribute("b"), "\"\xC3\xA4");
}

TEST(ParseXml, ConvertsOtherEncodings) {
    const auto root = parse_xml("<?xml version='1.0' encoding='ISO-8859-1'?><a>M\xFCller</a>");
    ASSERT_TRUE(root) << root.error().what;
    EXPECT_EQ(root->text, "M\xC3\xBCller");
}

TEST(ParseXml, SaysLineAndColumnOfAnError) {
    EXPECT_THAT(error_of("<a>\n  <b>\n</a>"), AllOf(HasSubstr("line 3 column "), HasSubstr("b")));
    EXPECT_THAT(error_of("<a"), HasSubstr("line 1 column "));
    EXPECT_THAT(error_of("<a/><b/>"), HasSubstr("line 1 column "));
    EXPECT_THAT(error_of("plain"), HasSubstr("line 1 column 1"));
    EXPECT_THAT(error_of(""), HasSubstr("empty"));
    EXPECT_THAT(error_of(" "), HasSubstr("line 1 column "));
    EXPECT_THAT(error_of("<a>\xFF</a>"), HasSubstr("line 1 column "));
    EXPECT_THAT(error_of("<?xml version='1.0' encoding='nonsense'?><a/>"), HasSubstr("line 1"));
    EXPECT_THAT(error_of("<a b='1' b='2'/>"), HasSubstr("line 1"));
    EXPECT_THAT(error_of(std::string_view("<a>\0</a>", 8)), HasSubstr("line 1"));
}

TEST(ParseXml, RefusesADoctype) {
    EXPECT_THAT(error_of("<?xml version='1.0'?>\n <!DOCTYPE a><a/>"),
                AllOf(HasSubstr("line 2 column 2"), HasSubstr("DOCTYPE")));
    EXPECT_THAT(error_of("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"), HasSubstr("DOCTYPE"));
    EXPECT_THAT(error_of("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><a>&x;</a>"),
                HasSubstr("DOCTYPE"));
}

TEST(ParseXml, RefusesABillionLaughsAtOnce) {
    std::string text = "<!DOCTYPE a [<!ENTITY e0 'ha'>";
    for (int i = 1; i < 30; ++i) {
        const std::string before = "&e" + std::to_string(i - 1) + ";";
        text += "<!ENTITY e" + std::to_string(i) + " '" + before + before + before + "'>";
    }
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THAT(error_of(text + "]><a b='&e29;'>&e29;</a>"), HasSubstr("DOCTYPE"));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST(ParseXml, RefusesEntitiesThatAreNotOfXml) {
    EXPECT_THAT(error_of("<a>&nbsp;</a>"), HasSubstr("nbsp"));
    EXPECT_THAT(error_of("<a b='&nbsp;'/>"), HasSubstr("nbsp"));
    EXPECT_THAT(error_of("<a>&#0;</a>"), HasSubstr("line 1"));
}

TEST(ParseXml, RefusesNestingDeeperThanSixtyFour) {
    EXPECT_TRUE(parse_xml(nested(64)));
    EXPECT_THAT(error_of(nested(65)), HasSubstr("deeper than 64"));
    EXPECT_THAT(error_of(nested(100'000)), HasSubstr("deeper than 64"));
}

TEST(ParseXml, RefusesWhatIsAboveTheCallersLimits) {
    EXPECT_TRUE(parse_xml(nested(8), {.depth = 8}));
    const auto deep = parse_xml(nested(9), {.depth = 8});
    ASSERT_FALSE(deep);
    EXPECT_THAT(deep.error().what, HasSubstr("line 1 column 25: elements nest deeper than 8"));
    EXPECT_TRUE(parse_xml("<a><b/><c></c></a>", {.elements = 3}));
    const auto many = parse_xml("<a><b/><c></c></a>", {.elements = 2});
    ASSERT_FALSE(many);
    EXPECT_EQ(many.error().code, Errc::refused);
    EXPECT_THAT(many.error().what, HasSubstr("line 1 column 8: more elements than 2"));
}

TEST(ParseXml, RefusesALargeDocumentUnread) {
    const auto node = parse_xml("<!-- not even XML", {10});
    ASSERT_FALSE(node);
    EXPECT_EQ(node.error().code, Errc::refused);
    EXPECT_THAT(node.error().what, HasSubstr("17 bytes"));
}

TEST(ParseXml, RefusesMoreAttributesThanLibxml2CanTakeInTime) {
    const auto with = [](int attributes, std::string_view rest) {
        std::string text = "<a";
        for (int i = 0; i < attributes; ++i) {
            text += " a" + std::to_string(i) + "='>'";
        }
        return text + std::string(rest);
    };
    EXPECT_TRUE(parse_xml(with(256, "/>")));
    EXPECT_THAT(error_of(with(257, "/>")), HasSubstr("more than 256 attributes"));
    EXPECT_THAT(error_of(with(60'000, "")), HasSubstr("more than 256 attributes"));
    EXPECT_THAT(error_of(with(200, ">") + with(57, "/></a>")), HasSubstr("more than 256"));
    EXPECT_TRUE(parse_xml(with(200, ">") + with(56, "/>") + with(56, "/></a>")));
}

TEST(ParseXml, TakesMarkupInTextForText) {
    const auto root = parse_xml("<?x <!DOCTYPE?><!-- <!DOCTYPE <a = = --><a b='<![CDATA[' c=\"'>\">"
                                "<![CDATA[<!DOCTYPE a><b>]]></a>");
    ASSERT_FALSE(root) << "a '<' in an attribute is an error of its own";
    const auto good = parse_xml("<?x <!DOCTYPE?><!-- <!DOCTYPE <a = = --><a b='-->' c=\"'/>\">"
                                "<![CDATA[<!DOCTYPE a><b>]]></a><!-- <c> -->");
    ASSERT_TRUE(good) << good.error().what;
    EXPECT_EQ(good->text, "<!DOCTYPE a><b>");
    EXPECT_EQ(good->attribute("c"), "'/>");
}

TEST(ParseXml, RefusesEncodingsThatHideMarkup) {
    EXPECT_THAT(error_of("<?xml version='1.0' encoding='UTF-7'?>+ADw-!DOCTYPE a+AD4-<a/>"),
                AllOf(HasSubstr("line 1 column 21"), HasSubstr("'UTF-7' is not supported")));
    EXPECT_THAT(error_of(std::string_view("\xFF\xFE<\0a\0/\0>\0", 10)), HasSubstr("zero byte"));
    EXPECT_THAT(error_of("<?xml version='1.0' encoding=?><a/>"), HasSubstr("not supported"));
    EXPECT_THAT(error_of("\x4C\x6F\xA7\x94\x93"), HasSubstr("line 1")) << "EBCDIC";
    EXPECT_TRUE(parse_xml("\xEF\xBB\xBF<?xml version='1.0' encoding='utf-8'?><a/>"));
}

TEST(ParseXml, KeepsNamesWithTheirPrefixes) {
    const auto root = parse_xml("<s:a xmlns:s='urn:x' s:b='1'><s:c/><u:d/></s:a>");
    ASSERT_TRUE(root) << root.error().what;
    EXPECT_EQ(root->name, "s:a");
    EXPECT_EQ(root->attribute("s:b"), "1");
    EXPECT_NE(root->child("s:c"), nullptr);
    EXPECT_NE(root->child("u:d"), nullptr) << "phones forget to declare a prefix";
}

TEST(ParseXml, LeavesNamespacesNoRoomToBeSlow) {
    std::string text;
    for (int i = 0; i < 63; ++i) {
        text += "<a";
        for (int j = 0; j < 4; ++j) {
            text += " xmlns:n" + std::to_string(i * 4 + j) + "='u'";
        }
        text += ">";
    }
    while (text.size() < (1U << 20U) - 600) {
        text += "<n0:b/>";
    }
    for (int i = 0; i < 63; ++i) {
        text += "</a>";
    }
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(parse_xml(text));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(ParseXml, GivesTheHostItsErrorHandlerBack) {
    int called = 0;
    xmlSetStructuredErrorFunc(&called, [](void* count, void*) { ++*static_cast<int*>(count); });
    EXPECT_FALSE(parse_xml("<a"));
    EXPECT_EQ(called, 0) << "our document is not the host's business";
    EXPECT_EQ(xmlParseMemory("<a", 2), nullptr);
    EXPECT_GT(called, 0);
    xmlSetStructuredErrorFunc(nullptr, nullptr);
}

TEST(EscapeXml, KeepsTextThroughElementsAndAttributes) {
    const std::string text = "a<b>&\"c'\t\r\n \xC3\xBC \xF0\x9F\x93\x9E ]]>";
    const std::string escaped = escape_xml(text);
    const auto root = parse_xml("<a b=\"" + escaped + "\" c='" + escaped + "'>" + escaped + "</a>");
    ASSERT_TRUE(root) << root.error().what;
    EXPECT_EQ(root->text, text);
    EXPECT_EQ(root->attribute("b"), text);
    EXPECT_EQ(root->attribute("c"), text);
}

TEST(EscapeXml, ReplacesWhatXmlDoesNotAllow) {
    EXPECT_EQ(escape_xml(std::string_view("a\0b\x1b", 4)), "a\xEF\xBF\xBD"
                                                           "b\xEF\xBF\xBD");
    EXPECT_EQ(escape_xml("\xFF\xEF\xBF\xBE"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "no UTF-8, and U+FFFE";
    EXPECT_EQ(escape_xml("plain text 123"), "plain text 123");
}
