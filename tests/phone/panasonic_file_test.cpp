// SPDX-License-Identifier: MIT
// Files as a strict KX-UT670 reads them; the samples are the guide's rules written out.
#include "module/phone/panasonic_file.hpp"

#include "module/phone/panasonic_table.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

std::string file(const std::string& body) {
    return "# Panasonic SIP Phone Standard Format File # DO NOT CHANGE THIS LINE!\r\n" + body +
           "\r\n";
}

base::Result<ReadFile> strict(const std::string& bytes) {
    return read_panasonic_file(bytes, BadLine::refuses_file);
}

base::Result<ReadFile> lenient(const std::string& bytes) {
    return read_panasonic_file(bytes, BadLine::is_left_out);
}

/// A line that is wrong: it costs the file, or itself alone, and is named without its value.
void costs(const std::string& line, const std::string& why) {
    const auto bytes = file("SYSLOG_PORT=\"515\"\r\n" + line + "HTTP_VER=\"0\"\r\n");
    const auto refused = strict(bytes);
    ASSERT_FALSE(refused) << line;
    EXPECT_THAT(refused.error().what, HasSubstr("line 3: " + why));
    EXPECT_THAT(refused.error().what, Not(HasSubstr("s3cret")));
    const auto taken = lenient(bytes);
    ASSERT_TRUE(taken) << line << taken.error().what;
    EXPECT_THAT(taken->values,
                UnorderedElementsAre(Pair("SYSLOG_PORT", "515"), Pair("HTTP_VER", "0")))
        << line;
    EXPECT_THAT(taken->faults, ElementsAre(refused.error().what));
}

TEST(PanasonicFile, TakesTheWorkedExample) {
    const auto read = strict(file("# extension 201\r\n"
                                  "\r\n"
                                  "TIME_ZONE_COUNTRY=\"-60003\"\r\n"
                                  "CFG_STANDARD_FILE_PATH=\"http://192.0.2.10/Config{mac}.cfg\"\r\n"
                                  "CFG_PRODUCT_FILE_PATH=\"\"\r\n"
                                  "PHONE_NUMBER_6=\"201\"\r\n"
                                  "PROFILE_ENABLE1=\"Enabled\"\r\n"
                                  "SIP_PASS_1=\"k7Qe-Zr3Wm_91#\"\r\n"
                                  "DISPLAY_NAME_1=\"M\xC3\xBCller\"\r\n"
                                  "CODEC_ENABLE0_2=\"Y\"\r\n"
                                  "FLEX_BUTTON_LABEL24=\"Anna\"\r\n"));
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_THAT(read->faults, IsEmpty());
    EXPECT_THAT(read->unknown, IsEmpty());
    EXPECT_EQ(read->values.size(), 9U);
    EXPECT_EQ(read->values.at("CFG_PRODUCT_FILE_PATH"), "");
    EXPECT_EQ(read->values.at("SIP_PASS_1"), "k7Qe-Zr3Wm_91#") << "a # inside quotes is a letter";
}

TEST(PanasonicFile, IsOneByItsFirst44BytesOnly) {
    EXPECT_EQ(panasonic_signature.size(), 44U);
    EXPECT_TRUE(strict("# Panasonic SIP Phone Standard Format File #\r\n\r\n"));
    const auto good = file("HTTP_VER=\"1\"\r\n");
    EXPECT_TRUE(strict(good));
    for (const auto* before : {"\xEF\xBB\xBF", " ", "\r\n"}) {
        EXPECT_FALSE(strict(before + good));
        EXPECT_FALSE(lenient(before + good)) << "no switch makes this a configuration file";
    }
    EXPECT_FALSE(lenient("# an ordinary comment\r\nHTTP_VER=\"1\"\r\n\r\n"));
    EXPECT_FALSE(lenient("<html></html>"));
    EXPECT_FALSE(lenient(""));
}

TEST(PanasonicFile, WantsCrLfOnEveryLine) {
    costs("SYSLOG_ADDR=\"s3cret\"\n", "does not end by CR LF");
    costs("# a comment\n", "does not end by CR LF");
    costs("SYSLOG_ADDR=\"s3cret\"\r\r\n", "does not end by CR LF");
}

TEST(PanasonicFile, WantsAnEmptyLastLine) {
    const std::string all = file("HTTP_VER=\"1\"\r\n");
    const auto read = strict(all.substr(0, all.size() - 2));
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().what, HasSubstr("the last line is not empty"));
    EXPECT_TRUE(lenient(all.substr(0, all.size() - 2)));
    EXPECT_FALSE(strict(all.substr(0, all.size() - 4)));
}

TEST(PanasonicFile, WantsNameAndQuotedValueAndNothingElse) {
    costs("SYSLOG_ADDR=s3cret\r\n", "the value of SYSLOG_ADDR is not in quotes");
    costs("SYSLOG_PORT=\r\n", "the value of SYSLOG_PORT is not in quotes");
    costs("SYSLOG_ADDR = \"s3cret\"\r\n", "no comment, and no NAME");
    costs(" SYSLOG_ADDR=\"s3cret\"\r\n", "no comment, and no NAME");
    costs("SYSLOG_ADDR=\"s3cret\" \r\n", "something stands behind");
    costs("SYSLOG_ADDR=\"s3cret\" # a comment\r\n", "something stands behind");
    costs("SYSLOG_ADDR=\"s3\"cret\"\r\n", "something stands behind");
    costs("syslog_addr=\"s3cret\"\r\n", "no comment, and no NAME");
    costs(" # a comment\r\n", "no comment, and no NAME");
    costs("s3cret\r\n", "no comment, and no NAME");
    costs(std::string(33, 'A') + "=\"s3cret\"\r\n", "no comment, and no NAME");
    costs("DISPLAY_NAME_1=\"\xC3(\"\r\n", "is not UTF-8");
}

TEST(PanasonicFile, IgnoresLinesOver537Bytes) {
    const auto of = [](std::size_t length) {
        const std::string name = "CFG_PRODUCT_FILE_PATH=\"";
        return name + std::string(length - name.size() - 3, 'x') + "\"\r\n";
    };
    ASSERT_EQ(of(537).size(), 537U);
    const auto longest = strict(file("#" + std::string(534, 'x') + "\r\n"));
    ASSERT_TRUE(longest);
    EXPECT_THAT(longest->faults, IsEmpty());
    const auto ignored = strict(file(of(538) + "HTTP_VER=\"0\"\r\n"));
    ASSERT_TRUE(ignored) << ignored.error().what;
    EXPECT_THAT(ignored->values, ElementsAre(Pair("HTTP_VER", "0")));
    EXPECT_THAT(ignored->faults, ElementsAre("line 2: longer than 537 bytes, ignored"));
    EXPECT_FALSE(strict(file(of(537)))) << "its value has more than 500 characters";
    EXPECT_TRUE(strict(file(of(23 + 500 + 3))));
}

TEST(PanasonicFile, TakesTheFirstOfTwoEqualNames) {
    const auto read = strict(file("PHONE_NUMBER_1=\"201\"\r\nPHONE_NUMBER_1=\"202\"\r\n"));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->values.at("PHONE_NUMBER_1"), "201");
    EXPECT_THAT(read->faults, ElementsAre("line 3: PHONE_NUMBER_1 again, ignored"));
}

TEST(PanasonicFile, IsInvalidWithAParameterOverSeveralLines) {
    for (const auto* end : {"\r\n", "\n"}) {
        const auto bytes = file("SIP_PASS_1=\"s3cret" + std::string(end) + "rest\"\r\n");
        for (const auto& read : {strict(bytes), lenient(bytes)}) {
            ASSERT_FALSE(read) << "whatever a wrong line costs";
            EXPECT_EQ(read.error().what, "line 2: a parameter spread over several lines");
        }
    }
}

TEST(PanasonicFile, ReportsNamesItDoesNotKnow) {
    const auto read = strict(file("PHONE_NUMBER_7=\"201\"\r\nPHONE_NUMBER=\"201\"\r\n"
                                  "PROFILE_ENABLE_1=\"Enabled\"\r\nSYSLOG_PORT_1=\"1\"\r\n"
                                  "CODEC_ENABLE2_1=\"Y\"\r\nFLEX_BUTTON_LABEL25=\"x\"\r\n"
                                  "PHONE_NUMBER_01=\"201\"\r\n"));
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_THAT(read->values, IsEmpty());
    EXPECT_THAT(read->unknown,
                ElementsAre("PHONE_NUMBER_7", "PHONE_NUMBER", "PROFILE_ENABLE_1", "SYSLOG_PORT_1",
                            "CODEC_ENABLE2_1", "FLEX_BUTTON_LABEL25", "PHONE_NUMBER_01"));
}

TEST(PanasonicFile, HasLessThan120Kilobytes) {
    const std::string comment = "#" + std::string(97, 'x') + "\r\n";
    std::string body;
    while (file(body + comment).size() <= largest_panasonic_file) {
        body += comment;
    }
    EXPECT_TRUE(strict(file(body)));
    EXPECT_FALSE(lenient(file(body + comment)));
}

void takes(const char* name, const std::string& value) {
    const auto* parameter = find_panasonic_parameter(name);
    ASSERT_NE(parameter, nullptr) << name;
    const auto good = judge_value(*parameter, value);
    EXPECT_TRUE(good) << name << " " << value << " " << good.error().what;
}

void refuses(const char* name, const std::string& value) {
    const auto* parameter = find_panasonic_parameter(name);
    ASSERT_NE(parameter, nullptr) << name;
    EXPECT_FALSE(judge_value(*parameter, value)) << name << " " << value;
}

TEST(PanasonicValues, AreOfTheirForm) {
    takes("CFG_CYCLIC", "Y");
    refuses("CFG_CYCLIC", "y");
    refuses("CFG_CYCLIC", "");
    refuses("CFG_CYCLIC", "Y|N");
    takes("CFG_CYCLIC_INTVL", "40320");
    refuses("CFG_CYCLIC_INTVL", "40321");
    refuses("CFG_CYCLIC_INTVL", "0");
    refuses("CFG_CYCLIC_INTVL", "+5");
    refuses("CFG_CYCLIC_INTVL", " 5");
    refuses("CFG_CYCLIC_INTVL", "5 ");
    refuses("CFG_CYCLIC_INTVL", "");
    takes("TIME_ZONE_COUNTRY", "-60003");
    refuses("TIME_ZONE_COUNTRY", "-110002");
    takes("REG_EXPIRE_TIME_1", "4294967295");
    refuses("REG_EXPIRE_TIME_1", "4294967296");
    takes("SIP_SESSION_TIME_1", "0");
    refuses("SIP_SESSION_TIME_1", "59");
    takes("SIP_TRANSPORT_6", "1");
    refuses("SIP_TRANSPORT_6", "2");
    takes("LINE_ENABLE_1", "Disabled");
    refuses("LINE_ENABLE_1", "N");
    takes("FIRM_VERSION", "15.999");
    takes("FIRM_VERSION", "");
    refuses("FIRM_VERSION", "16.000");
    refuses("FIRM_VERSION", "1.70");
    takes("CFG_RESYNC_TIME", "23:59");
    takes("CFG_RESYNC_TIME", "");
    refuses("CFG_RESYNC_TIME", "24:00");
    refuses("CFG_RESYNC_TIME", "12:60");
    refuses("CFG_RESYNC_TIME", "2:30");
    takes("DIAL_TONE1_FRQ", "350,440");
    takes("DIAL_TONE1_FRQ", "0");
    refuses("DIAL_TONE1_FRQ", "350, 440");
    refuses("DIAL_TONE1_FRQ", "350,");
    refuses("DIAL_TONE1_FRQ", "350,440,480");
    takes("CFG_FILE_KEY2", std::string(32, 'k'));
    refuses("CFG_FILE_KEY2", std::string(31, 'k'));
    takes("NUM_PLAN_PICKUP_DIRECT", "*8");
    refuses("NUM_PLAN_PICKUP_DIRECT", "8a");
    refuses("SIP_PASS_1", "a:b");
    refuses("SYSLOG_ADDR", "m\xC3\xBCller");
    takes("FLEX_BUTTON_LABEL1", "M\xC3\xBCller 123"); // ten characters, eleven bytes
    refuses("FLEX_BUTTON_LABEL1", "M\xC3\xBCller 1234");
}

TEST(PanasonicValues, AnOddPortAndALabelOfTooManyBytesAreNotTaken) {
    for (const auto* name : {"RTP_PORT_MIN", "RTP_PORT_MAX"}) {
        takes(name, "16000");
        refuses(name, "16001");
    }
    for (const auto* name : {"DTMF_SIGNAL_LEN", "DTMF_INTDIGIT_TIM"}) {
        takes(name, "65");
        refuses(name, "61");
    }
    takes("FLEX_BUTTON_LABEL1", "\xE4\xBD\xA0\xE5\xA5\xBD");
    refuses("FLEX_BUTTON_LABEL1",
            "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80"
            "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80");
}

TEST(PanasonicValues, HaveNoPortWhereTheGuideWantsAHost) {
    for (const auto* name : {"NTP_ADDR", "SIP_RGSTR_ADDR_1", "SIP_PRXY_ADDR_6", "SYSLOG_ADDR"}) {
        takes(name, "192.0.2.10");
        takes(name, "pbx.example.net");
        takes(name, "pbx_1");
        takes(name, "");
        for (const auto* bad : {"192.0.2.10:5060", "192.0.2.256", "1.2.3", "pbx example", "-pbx",
                                "pbx..net", "sip:pbx", "pbx.", "http://pbx/"}) {
            refuses(name, bad);
        }
    }
    takes("SIP_2NDRGSTR_ADDR_1", "192.0.2.11");
    refuses("SIP_2NDRGSTR_ADDR_1", "pbx");
}

TEST(PanasonicValues, HaveSipUrisOfUserAndHostAlone) {
    for (const auto* name : {"SIP_URI_1", "CONFERENCE_SERVER_URI", "RESOURCELIST_URI_6"}) {
        takes(name, "sip:kitchen@pbx.example.net");
        takes(name, "sip:" + std::string(63, 'u') + "@192.0.2.10");
        takes(name, "");
        refuses(name, "sip:" + std::string(64, 'u') + "@192.0.2.10");
        for (const auto* bad :
             {"kitchen@pbx", "sip:pbx", "sip:@pbx", "sip:kitchen@", "sip:kitchen@pbx:5060",
              "sip:kitchen@pbx;transport=udp", "sips:kitchen@pbx", "sip:a b@pbx", "sip:a&b@pbx"}) {
            refuses(name, bad);
        }
    }
}

TEST(PanasonicValues, HaveDialPlansOfTheGuidesSigns) {
    takes("DIAL_PLAN_1", "[2346789]11|01[2-9]x.|[2-9]xxxxxxxxx");
    refuses("DIAL_PLAN_1", "_9XX.");
    refuses("DIAL_PLAN_1", "(2xx)");
}

TEST(PanasonicValues, OfAButtonFitItsAction) {
    EXPECT_TRUE(fits_action("X_PANASONIC_IPTEL_DN", "32,6"));
    for (const auto* bad : {"", "33,1", "1,7", "0,1", "1", "1,", ",1", "1, 1", "1,1,1"}) {
        EXPECT_FALSE(fits_action("X_PANASONIC_IPTEL_DN", bad)) << bad;
    }
    for (const auto* action : {"X_PANASONIC_IPTEL_CONTACT", "X_PANASONIC_IPTEL_ONETOUCH"}) {
        EXPECT_TRUE(fits_action(action, "201"));
        EXPECT_TRUE(fits_action(action, "*8201"));
        EXPECT_FALSE(fits_action(action, "1,1"));
        EXPECT_FALSE(fits_action(action, ""));
    }
    EXPECT_TRUE(fits_action("X_PANASONIC_IPTEL_HEADSET", ""));
    EXPECT_FALSE(fits_action("X_PANASONIC_IPTEL_HEADSET", "1"));
}

TEST(PanasonicFile, HasButtonsWhoseArgumentsFitTheirActions) {
    const std::string argument = "FLEX_BUTTON_FACILITY_ARG3=\"1,1\"\r\n";
    const std::string action = "FLEX_BUTTON_FACILITY_ACT3=\"X_PANASONIC_IPTEL_CONTACT\"\r\n";
    const auto* const fault =
        "line 2: the value of FLEX_BUTTON_FACILITY_ARG3 does not fit the button's action";
    const auto refused = strict(file(argument + action));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what, fault);
    const auto taken = lenient(file(argument + action));
    ASSERT_TRUE(taken);
    EXPECT_THAT(taken->faults, ElementsAre(fault));
    EXPECT_THAT(taken->values,
                ElementsAre(Pair("FLEX_BUTTON_FACILITY_ACT3", "X_PANASONIC_IPTEL_CONTACT")));
    EXPECT_TRUE(strict(file(argument))) << "its action is in another file";
}

} // namespace
} // namespace phone
