// SPDX-License-Identifier: MIT
// What the checker says of the XML form of a KX-UT670's file (guide §2.4.4).
#include "kx_sample.hpp"
#include "provisioning/base/xml.hpp"
#include "provisioning/profile/kx/effective.hpp"
#include "provisioning/profile/kx/lint.hpp"
#include "provisioning/profile/kx/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using profile::kx::lint_xml;
using sample::faults;
using sample::told;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view declaration = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n";
constexpr std::string_view comment =
    "<!-- # Panasonic SIP Phone Standard Format File # DO NOT CHANGE THIS LINE! -->\r\n";

std::string in_dev(std::string_view inside) {
    return std::string(declaration) + std::string(comment) + "<PANASipPhoneConfig><Dev>\r\n" +
           std::string(inside) + "</Dev></PANASipPhoneConfig>\r\n";
}

std::string in_line(std::string_view id, std::string_view inside) {
    return in_dev("<Srv><Prof><Line ID=\"" + std::string(id) + "\">" + std::string(inside) +
                  "</Line></Prof></Srv>");
}

TEST(KxXml, C56TheDeclarationSaysVersionAndEncoding) {
    EXPECT_THAT(told(lint_xml(in_dev(""))), IsEmpty());
    EXPECT_THAT(faults(lint_xml("<?xml version=\"1.1\" encoding=\"iso-8859-1\"?>"
                                "<PANASipPhoneConfig/>")),
                Contains("error X02"));
    EXPECT_THAT(faults(lint_xml("<PANASipPhoneConfig/>")), ElementsAre("error X02"));
    EXPECT_THAT(faults(lint_xml(std::string(declaration) + "<PANASipPhoneConfig/>")), IsEmpty());
}

TEST(KxXml, ADeclarationCutShortIsToldAndNoCrash) {
    for (const char* start :
         {"<?xml version=?>", "<?xml version=", "<?xml version", "<?xml ", "<?xml", "<?xml?>",
          "<?xml version=\"1.0\" encoding=?>", "<?xml version=\"1.0\" encoding=\"", "<"}) {
        EXPECT_THAT(faults(lint_xml(start)), Contains("error X02")) << start;
    }
}

TEST(KxXml, TheDeclarationIsReadAsXmlAllows) {
    for (const char* right : {"<?xml version = \"1.0\" encoding= 'UTF-8' ?>",
                              "<?xml\tversion='1.0'\r\nencoding='utf-8' standalone='yes'?>"}) {
        EXPECT_THAT(faults(lint_xml(std::string(right) + "<PANASipPhoneConfig/>")), IsEmpty())
            << right;
    }
    for (const char* wrong :
         {"<?xml version=\"1.1\" encoding=\"utf-8\"?>", "<?xml version=\"1.0\"?>",
          "<?xml encoding=\"utf-8\"?>", "<?xml version=\"1.0\" encoding=\"utf-16\"?>"}) {
        EXPECT_THAT(faults(lint_xml(std::string(wrong) + "<PANASipPhoneConfig/>")),
                    Contains("error X02"))
            << wrong;
    }
}

TEST(KxXml, C57IsAtMost240Kilobytes) {
    const auto sized = [](std::size_t size) {
        const std::string bare = in_dev("<!---->");
        return faults(lint_xml(in_dev("<!--" + std::string(size - bare.size(), 'x') + "-->")));
    };
    EXPECT_THAT(sized(239'000), IsEmpty());
    EXPECT_THAT(sized(240'000), IsEmpty());
    EXPECT_THAT(sized(240'001), ElementsAre("warning F03"));
    EXPECT_THAT(sized(245'760), ElementsAre("warning F03"));
    EXPECT_THAT(sized(245'761), ElementsAre("error F03"));
}

TEST(KxXml, C58ThePredefinedEntitiesAreUsedInValues) {
    const auto named = [](const std::string& name) {
        return lint_xml(in_line("1", "<CallingFeatures><CallerIDName DISPLAY_NAME_1=\"" + name +
                                         "\" /></CallingFeatures>"));
    };
    EXPECT_THAT(told(named("Smith &amp; Co")), IsEmpty());
    const auto findings = named("Smith & Co");
    EXPECT_THAT(faults(findings), ElementsAre("error X01"));
    EXPECT_EQ(findings[0].line, 4U);
    EXPECT_THAT(faults(named("a &quot;b&quot;")), ElementsAre("error V07"));
    for (const auto& finding : named("hush&hush;")) {
        EXPECT_THAT(finding.what, testing::Not(HasSubstr("hush")));
    }
}

TEST(KxXml, C59TheAttributeIsTheNameWithItsIndex) {
    const std::string uri = "=\"sip:201@pbx.example.net\" /></SIP>";
    EXPECT_THAT(told(lint_xml(in_line("1", "<SIP><URI SIP_URI_1" + uri))), IsEmpty());
    EXPECT_THAT(faults(lint_xml(in_line("1", "<SIP><URI SIP_URI_2" + uri))),
                ElementsAre("error X05"));
    EXPECT_THAT(faults(lint_xml(in_line("7", "<SIP><URI SIP_URI_7" + uri))),
                ElementsAre("error V02"));
    EXPECT_THAT(faults(lint_xml(in_line("1", "<SIP><URL SIP_URI_1" + uri))),
                ElementsAre("error X04"));
    EXPECT_THAT(faults(lint_xml(in_line("1", "<SIPX><URI SIP_URI_1=\"sip:1@a\" /></SIPX>"))),
                ElementsAre("warning X04"));
    EXPECT_THAT(faults(lint_xml(in_dev("<Srv><Prof><SIP><UserAgentPort2 SIP_SRC_PORT_1=\"5060\"/>"
                                       "</SIP></Prof></Srv>"))),
                ElementsAre("error X05"));
}

TEST(KxXml, AFindingIsToldWhereItsAttributeStands) {
    const auto findings = lint_xml(in_dev("<Time><NTPServer1\r\n"
                                          "   ID='NTP_ADDR=' NTP_ADDR = \"a\xC3\xBC b\"\r\n"
                                          "  FOO=\"y\"\r\n"
                                          "/><LocalTimeZone_TIME_ZONE X='>' TIME_ZONE_COUNTRY='x'/>"
                                          "</Time>"));
    EXPECT_THAT(told(findings), ElementsAre("warning V01 at 5:4 ID", "error V07 at 5:32 NTP_ADDR",
                                            "warning V01 at 6:3 FOO", "warning V01 at 7:28 X",
                                            "error V03 at 7:53 TIME_ZONE_COUNTRY"));
    EXPECT_THAT(told(lint_xml(in_dev("<Foo/>\r\n <Foo\r\n/>"))),
                ElementsAre("warning X08 at 4:1 Foo", "warning X08 at 5:2 Foo"));
}

TEST(KxXml, WhatIsWellFormedAndNotTakenIsToldSo) {
    const auto what = [](const std::string& file) {
        const auto findings = lint_xml(file);
        return findings.empty() ? std::string() : findings.back().what;
    };
    EXPECT_THAT(what(std::string(declaration) + "<!DOCTYPE a []><PANASipPhoneConfig/>"),
                HasSubstr("a DOCTYPE is not allowed"));
    std::string deep;
    for (int i = 0; i < 80; ++i) {
        deep = "<a>" + deep + "</a>";
    }
    EXPECT_THAT(what(in_dev(deep)), HasSubstr("nest deeper than 64"));
    EXPECT_THAT(what(in_dev("<a>")), HasSubstr("not well-formed"));
}

TEST(KxXml, AnotherEncodingThanTheDeclaredIsToldAsThat) {
    EXPECT_THAT(told(lint_xml(in_dev("<a>\r\n  J\xC3\xBCrgen M\xFCller</a>"))),
                ElementsAre("error F02 at 5:11"));
}

TEST(KxXml, WhatHasNoXmlFormIsTold) {
    EXPECT_THAT(faults(lint_xml(in_dev("<X KEY_PAD_TONE=\"Y\"/>"))), ElementsAre("error X04"));
}

TEST(KxXml, AValueAsTextOfItsElementIsNotRead) {
    const auto findings =
        lint_xml(in_dev("<Time><NTPServer1>1.2.3.4</NTPServer1></Time>\r\n"
                        "<Srv><Prof><Line ID=\"2\"><SIP><AuthPassword>hush</AuthPassword>"
                        "<UserAgentPort3>5060</UserAgentPort3></SIP></Line></Prof></Srv>"));
    EXPECT_THAT(told(findings),
                ElementsAre("error X07 at 4:7 NTP_ADDR", "error X07 at 5:30 SIP_PASS_2",
                            "error X07 at 5:63 SIP_SRC_PORT_3"));
    EXPECT_EQ(findings[0].value, "1.2.3.4");
    EXPECT_THAT(findings[0].what, HasSubstr("<NTPServer1 NTP_ADDR="));
    EXPECT_EQ(findings[1].value, "********");
    EXPECT_THAT(faults(lint_xml(in_dev("NTP_ADDR=1.2.3.4"))), ElementsAre("error X07"));
}

TEST(KxXml, AnUnknownElementIsToldOnce) {
    const auto findings = lint_xml(in_dev("<Time><NTPServer>1.2.3.4</NTPServer></Time>"));
    EXPECT_THAT(told(findings), ElementsAre("warning X08 at 4:7 NTPServer"));
    EXPECT_THAT(findings[0].what, HasSubstr("did you mean NTPServer1?"));
    EXPECT_THAT(faults(lint_xml(in_dev("<Foo><Bar><Baz/></Bar></Foo>"))),
                ElementsAre("warning X08"));
}

TEST(KxXml, ValuesAndRulesAreThoseOfPlainText) {
    EXPECT_THAT(faults(lint_xml(in_line("1", "<X_P_IPTEL_Jitter><NormalDelay NOM_DELAY_1=\"1\"/>"
                                             "<MaxDelay MAX_DELAY_1=\"51\"/>"
                                             "</X_P_IPTEL_Jitter>"))),
                testing::UnorderedElementsAre("error R-JITTER", "error V04"));
}

TEST(KxXml, TheRootIsKnown) {
    EXPECT_THAT(faults(lint_xml(std::string(declaration) + std::string(comment) + "<Config/>")),
                ElementsAre("error X03"));
}

TEST(KxXml, IsPartOfAPhonesFiles) {
    const auto merged = profile::kx::effective(
        {{"sip.cfg", sample::kx_file("SIP_URI_1=\"sip:1@a\"")},
         {"own.xml", in_line("1", "<SIP><URI SIP_URI_1=\"sip:2@a\"/></SIP>")}});
    ASSERT_EQ(merged.size(), 1U);
    EXPECT_EQ(merged[0].value, "sip:2@a");
    EXPECT_EQ(merged[0].file, "own.xml");
    EXPECT_THAT(faults(profile::kx::lint_phone({{"own.xml", in_dev("<a>")}})),
                ElementsAre("error X01"));
}

/// Each of the 206 pairs of the table is found where the table puts it.
TEST(KxXml, EveryPairOfTheTableIsRight) {
    for (const std::string& name : profile::kx::Table::shipped().names()) {
        const auto* known = profile::kx::Table::shipped().find(name);
        const std::string path(known->row->xml_element);
        const auto value = known->factory_value();
        if (path.empty() || !value) {
            continue;
        }
        std::string open;
        std::string close;
        std::string_view rest = path;
        while (!rest.empty()) {
            const auto slash = std::min(rest.find('/'), rest.size());
            std::string element(rest.substr(0, slash));
            rest.remove_prefix(std::min(slash + 1, rest.size()));
            std::string id;
            if (const auto mark = element.find("[@ID]"); mark != std::string::npos) {
                element.resize(mark);
                id = " ID=\"" + std::to_string(element == "Line" ? known->n : known->x) + "\"";
            }
            if (const auto mark = element.find("[n]"); mark != std::string::npos) {
                element.replace(mark, 3, std::to_string(known->n));
            }
            if (element == "(unknown)") {
                element = "Lost";
            }
            id += rest.empty() ? " " + name + "=\"" + base::escape_xml(*value) + "\"" : "";
            open += "<" + element + id + ">";
            close.insert(0, "</" + element + ">");
        }
        EXPECT_THAT(
            faults(lint_xml(std::string(declaration) + std::string(comment) + open + close)),
            testing::Each(testing::Not(testing::StartsWith("error"))))
            << open;
    }
}

} // namespace
