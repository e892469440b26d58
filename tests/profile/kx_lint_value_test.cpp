// SPDX-License-Identifier: MIT
// What the checker says of single values of a KX-UT670's settings (guide §5.2.2, §5.2.3, §5.4 to
// §5.8, §6.6.1).
#include "kx_sample.hpp"
#include "provisioning/profile/kx/lint.hpp"
#include "provisioning/profile/kx/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using profile::kx::lint;
using sample::faults_of;
using sample::kx_file;
using sample::told;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string repeated(std::string_view text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) {
        out += text;
    }
    return out;
}

std::string first_what(std::string_view lines) {
    const auto findings = lint(kx_file(lines));
    return findings.empty() ? std::string() : findings[0].what;
}

TEST(KxValue, C18HasAtMost500Characters) {
    // 39 plans of 12 characters with their bar, and one of 32.
    const std::string plan = repeated("1xxxxxxxxxx|", 39) + repeated("2", 32);
    ASSERT_EQ(plan.size(), 500U);
    EXPECT_THAT(faults_of("DIAL_PLAN_1=\"" + plan + "\""), Contains("warning R-DIALPLAN").Times(0));
    EXPECT_THAT(faults_of("DIAL_PLAN_1=\"" + plan + "\""), IsEmpty());
    EXPECT_THAT(faults_of("DIAL_PLAN_1=\"" + plan + "2\""), Contains("error V06"));
}

TEST(KxValue, C19OnlyNamesAndLabelsTakeUnicode) {
    EXPECT_THAT(faults_of("FLEX_BUTTON_LABEL1=\"B\xC3\xBCro\""), IsEmpty());
    EXPECT_THAT(told(lint(kx_file("PHONE_NUMBER_1=\"2\xEF\xBC\x90\xEF\xBC\x91\""))),
                ElementsAre("error V07 at 2:18 PHONE_NUMBER_1"));
}

TEST(KxValue, C20ABooleanIsCapitalYOrN) {
    EXPECT_THAT(faults_of("VM_SUBSCRIBE_ENABLE=\"Y\""), IsEmpty());
    EXPECT_THAT(faults_of("VM_SUBSCRIBE_ENABLE=\"y\""), ElementsAre("error V05"));
    EXPECT_THAT(faults_of("VM_SUBSCRIBE_ENABLE=\"\""), ElementsAre("error V08"));
}

TEST(KxValue, C21AnIntegerMayNotBeEmpty) {
    EXPECT_THAT(faults_of("SYSLOG_PORT=\"514\""), IsEmpty());
    EXPECT_THAT(faults_of("SYSLOG_PORT=\"\""), ElementsAre("error V08"));
}

TEST(KxValue, C22AnIntegerIsDigitsWithAnOptionalMinus) {
    EXPECT_THAT(faults_of("DIAL_TONE1_GAIN=\"-24\""), IsEmpty());
    EXPECT_THAT(faults_of("DIAL_TONE1_GAIN=\"+6\""), ElementsAre("error V03"));
    EXPECT_THAT(faults_of("DIAL_TONE1_GAIN=\"-25\""), ElementsAre("error V04"));
    for (const char* bad : {" 6", "6 ", "-", "0x6", "6.0"}) {
        EXPECT_THAT(faults_of("DIAL_TONE1_GAIN=\"" + std::string(bad) + "\""),
                    ElementsAre("error V03"))
            << bad;
    }
    EXPECT_THAT(faults_of("DIAL_TONE1_GAIN=\"06\""), ElementsAre("warning V03"));
    EXPECT_THAT(faults_of("SYSLOG_PORT=\"" + repeated("9", 80) + "\""), ElementsAre("error V04"));
}

TEST(KxValue, C23AStringWithoutDefaultMayBeEmpty) {
    EXPECT_THAT(faults_of("SYSLOG_ADDR=\"\""), IsEmpty());
    EXPECT_THAT(faults_of("HTTP_USER_AGENT=\"\""), ElementsAre("error V08"));
    EXPECT_THAT(faults_of("USER_PASS=\"\""), ElementsAre("warning V08"));
}

TEST(KxName, C24AnUnknownOneOffersTheNearest) {
    EXPECT_THAT(faults_of("NTP_ADDR=\"192.0.2.10\""), IsEmpty());
    EXPECT_THAT(faults_of("NTP_SERVER=\"192.0.2.10\""), ElementsAre("warning V01"));
    EXPECT_THAT(first_what("NTP_ADR=\"192.0.2.10\""), HasSubstr("NTP_ADDR?"));
    EXPECT_THAT(first_what("ntp_addr=\"192.0.2.10\""), HasSubstr("NTP_ADDR?"));
    EXPECT_THAT(first_what("NTPADDR=\"192.0.2.10\""), HasSubstr("NTP_ADDR?"));
}

TEST(KxName, C25LinesAreNumbered1To6) {
    EXPECT_THAT(faults_of("SIP_URI_6=\"sip:206@pbx.example.net\""), IsEmpty());
    for (const char* name : {"SIP_URI_7", "SIP_URI", "SIP_URI_0", "SIP_URI_", "SIP_URI_01",
                             "SIP_URI1", "SIP_URI_1_1", "NTP_ADDR_1"}) {
        EXPECT_THAT(faults_of(std::string(name) + "=\"sip:207@pbx.example.net\""),
                    ElementsAre("error V02"))
            << name;
    }
    EXPECT_THAT(first_what("SIP_URI_7=\"\""), HasSubstr("SIP_URI_1 to SIP_URI_6"));
    EXPECT_THAT(first_what("SIP_URI_01=\"\""), HasSubstr("is written SIP_URI_1"));
    EXPECT_THAT(first_what("NTP_ADDR_1=\"\""), HasSubstr("write NTP_ADDR"));
}

TEST(KxName, C26ButtonsAreNumbered1To24) {
    EXPECT_THAT(faults_of("FLEX_BUTTON_LABEL24=\"Door\""), IsEmpty());
    EXPECT_THAT(faults_of("FLEX_BUTTON_LABEL25=\"Door\""), ElementsAre("error V02"));
    EXPECT_THAT(faults_of("FLEX_BUTTON_LABEL0=\"Door\""), ElementsAre("error V02"));
    EXPECT_THAT(first_what("FLEX_BUTTON_LABEL_3=\"Door\""), HasSubstr("FLEX_BUTTON_LABEL3"));
}

TEST(KxName, C27CodecsAre0And1And3And4) {
    EXPECT_THAT(faults_of("CODEC_ENABLE3_1=\"Y\""), IsEmpty());
    EXPECT_THAT(faults_of("CODEC_ENABLE0_1=\"Y\""), IsEmpty());
    EXPECT_THAT(faults_of("CODEC_ENABLE2_1=\"Y\""), ElementsAre("error V02"));
    EXPECT_THAT(faults_of("CODEC_ENABLE_1=\"Y\""), ElementsAre("error V02"));
    EXPECT_THAT(first_what("CODEC_ENABLE_3_1=\"Y\""), HasSubstr("CODEC_ENABLE3_1"));
}

TEST(KxName, C28ProfileEnableTakesTheNumberWithoutUnderscore) {
    EXPECT_THAT(faults_of("PROFILE_ENABLE1=\"Enabled\""), IsEmpty());
    EXPECT_THAT(faults_of("PROFILE_ENABLE_1=\"Enabled\""), ElementsAre("error V02"));
    EXPECT_THAT(first_what("PROFILE_ENABLE_1=\"Enabled\""), HasSubstr("PROFILE_ENABLE1"));
}

TEST(KxValue, C29LinesAreEnabledInWords) {
    EXPECT_THAT(faults_of("LINE_ENABLE_1=\"Enabled\""), IsEmpty());
    EXPECT_THAT(faults_of("LINE_ENABLE_1=\"Y\""), ElementsAre("error V05"));
    EXPECT_THAT(faults_of("PROFILE_ENABLE1=\"enabled\""), ElementsAre("error V05"));
}

TEST(KxValue, C30HttpVersionIs1Or0) {
    EXPECT_THAT(faults_of("HTTP_VER=\"1\""), IsEmpty());
    EXPECT_THAT(faults_of("HTTP_VER=\"0\""), IsEmpty());
    EXPECT_THAT(faults_of("HTTP_VER=\"1.1\""), ElementsAre("error V03"));
    EXPECT_THAT(faults_of("HTTP_VER=\"2\""), ElementsAre("error V05"));
}

TEST(KxValue, C31AdministratorPasswordHas6To16PlainCharacters) {
    EXPECT_THAT(faults_of("ADMIN_PASS=\"n3w-admin\""), IsEmpty());
    EXPECT_THAT(faults_of("ADMIN_PASS=\"abc:def\""), ElementsAre("error V07"));
    EXPECT_THAT(faults_of("ADMIN_PASS=\"short\""), ElementsAre("error V06"));
    EXPECT_THAT(faults_of("ADMIN_PASS=\"12345678901234567\""), ElementsAre("error V06"));
    for (const char c : {'&', '\'', '<', '>', ' ', '\t'}) {
        EXPECT_THAT(faults_of("ADMIN_PASS=\"abcdef" + std::string(1, c) + "\""),
                    ElementsAre("error V07"))
            << c;
    }
}

TEST(KxValue, C32RegistrationPeriodIsUnsigned32Bits) {
    EXPECT_THAT(faults_of("REG_EXPIRE_TIME_1=\"4294967295\""), IsEmpty());
    EXPECT_THAT(faults_of("REG_EXPIRE_TIME_1=\"4294967296\""), ElementsAre("error V04"));
    EXPECT_THAT(faults_of("REG_EXPIRE_TIME_1=\"0\""), ElementsAre("error V04"));
    EXPECT_THAT(faults_of("SIP_SESSION_TIME_1=\"0\""), IsEmpty());
    EXPECT_THAT(faults_of("SIP_SESSION_TIME_1=\"1\""), ElementsAre("error V04"));
}

TEST(KxValue, C33SipUriIsUserAtHostAndNothingElse) {
    const auto of = [](const std::string& uri) { return faults_of("SIP_URI_1=\"" + uri + "\""); };
    EXPECT_THAT(of("sip:201@pbx.example.net"), IsEmpty());
    EXPECT_THAT(of("sip:" + repeated("u", 63) + "@" + repeated("h", 127)), IsEmpty());
    for (const std::string bad :
         {"201@pbx.example.net", "sip:201@pbx.example.net:5060", "sip:201", "sip:@pbx", "sip:201@",
          "sip:2@0@pbx", "sip:201@pbx;transport=tcp", "sip:2 01@pbx", "SIP:201@pbx"}) {
        EXPECT_THAT(of(bad), ElementsAre("error R-SIPURI")) << bad;
    }
    EXPECT_THAT(of("sip:" + repeated("u", 64) + "@pbx"), ElementsAre("error R-SIPURI"));
    EXPECT_THAT(of("sip:201@" + repeated("h", 128)), ElementsAre("error R-SIPURI"));
}

TEST(KxValue, C35RtpPortsAreEven) {
    EXPECT_THAT(faults_of("RTP_PORT_MIN=\"16000\"\nRTP_PORT_MAX=\"20000\""), IsEmpty());
    EXPECT_THAT(faults_of("RTP_PORT_MIN=\"16001\""), ElementsAre("error V10"));
    EXPECT_THAT(faults_of("DTMF_SIGNAL_LEN=\"61\""), ElementsAre("error V10"));
}

TEST(KxValue, C39DailyTimeIsHoursAndMinutes) {
    EXPECT_THAT(faults_of("CFG_RESYNC_TIME=\"02:00\""), IsEmpty());
    EXPECT_THAT(faults_of("CFG_RESYNC_TIME=\"23:59\""), IsEmpty());
    EXPECT_THAT(faults_of("CFG_RESYNC_TIME=\"\""), IsEmpty());
    for (const char* bad : {"24:00", "2:00", "12:60", "12.30", "ab:cd"}) {
        EXPECT_THAT(faults_of("CFG_RESYNC_TIME=\"" + std::string(bad) + "\""),
                    ElementsAre("error V04"))
            << bad;
    }
}

TEST(KxValue, C40ResyncIntervalIs1To40320Minutes) {
    EXPECT_THAT(faults_of("CFG_CYCLIC=\"Y\"\nCFG_CYCLIC_INTVL=\"40320\""), IsEmpty());
    EXPECT_THAT(faults_of("CFG_CYCLIC=\"Y\"\nCFG_CYCLIC_INTVL=\"40321\""),
                ElementsAre("error V04"));
    EXPECT_THAT(faults_of("CFG_CYCLIC=\"Y\"\nCFG_CYCLIC_INTVL=\"0\""), ElementsAre("error V04"));
}

TEST(KxValue, C41ResyncEventHas1To15Characters) {
    EXPECT_THAT(faults_of("CFG_RESYNC_FROM_SIP=\"check-sync\""), IsEmpty());
    EXPECT_THAT(faults_of("CFG_RESYNC_FROM_SIP=\"\""), ElementsAre("error V08"));
    EXPECT_THAT(faults_of("CFG_RESYNC_FROM_SIP=\"check-sync;reboot\""), ElementsAre("error V06"));
}

std::string url_of(std::size_t length) {
    const std::string start = "http://pbx.example.net/";
    return start + repeated("a", length - start.size());
}

TEST(KxUrl, C45HasAtMost244CharactersWithoutLogin) {
    const auto of = [](const std::string& url) {
        return faults_of("CFG_STANDARD_FILE_PATH=\"" + url + "\"");
    };
    EXPECT_THAT(of(url_of(244)), IsEmpty());
    EXPECT_THAT(of(url_of(245)), ElementsAre("error R-URL"));
    EXPECT_THAT(of(url_of(239) + "{mac}"), ElementsAre("warning R-URL")); // filled in it is longer
    EXPECT_THAT(of(url_of(243) + "/"), ElementsAre("warning R-URL"));     // a name is added
    EXPECT_THAT(of(url_of(232) + "{mac}"), IsEmpty()) << "244 when filled in";
}

TEST(KxUrl, C46UserAndPasswordHaveAtMost127CharactersEach) {
    const auto of = [](const std::string& login) {
        return faults_of("CFG_STANDARD_FILE_PATH=\"http://" + login + "@pbx.example.net/a.cfg\"");
    };
    EXPECT_THAT(of(repeated("u", 127) + ":pw"), IsEmpty());
    EXPECT_THAT(of("u:" + repeated("p", 127)), IsEmpty());
    EXPECT_THAT(of(repeated("u", 128) + ":pw"), ElementsAre("error R-URL"));
    EXPECT_THAT(of("u:" + repeated("p", 128)), ElementsAre("error R-URL"));
    EXPECT_THAT(of("user"), ElementsAre("warning R-URL"));
    EXPECT_THAT(of("u:p@w"), ElementsAre("warning R-URL"));
}

TEST(KxUrl, LongestLoginAndLongestRestFitTogether) {
    const std::string url = url_of(244);
    EXPECT_THAT(faults_of("CFG_STANDARD_FILE_PATH=\"http://" + repeated("u", 127) + ":" +
                          repeated("p", 127) + "@" + url.substr(7) + "\""),
                IsEmpty());
}

TEST(KxUrl, C49FirmwareComesByHttpOrFtp) {
    const auto of = [](const std::string& url) {
        return faults_of("FIRM_VERSION=\"01.050\"\nFIRM_FILE_PATH=\"" + url + "\"");
    };
    EXPECT_THAT(of("http://pbx.example.net/fw/UT670_01.050.bin"), IsEmpty());
    EXPECT_THAT(of("ftp://pbx.example.net/fw.bin"), IsEmpty());
    EXPECT_THAT(of("tftp://pbx.example.net/fw.bin"), ElementsAre("error R-URL"));
    EXPECT_THAT(of("https://pbx.example.net/fw.bin"), ElementsAre("warning R-URL"));
}

TEST(KxUrl, IsWellFormed) {
    const auto of = [](const std::string& url) {
        return faults_of("CFG_PRODUCT_FILE_PATH=\"" + url + "\"");
    };
    for (const char* good : {"http://192.0.2.10:8080/p/{MODEL}.cfg", "HTTPS://pbx/{MAC}/",
                             "tftp://pbx/x", "ftp://u:p@pbx/{fwver}", "http://pbx"}) {
        EXPECT_THAT(of(good), IsEmpty()) << good;
    }
    for (const char* bad :
         {"pbx.example.net/a.cfg", "://pbx/a", "gopher://pbx/a", "http:///a", "http://pbx:0/a",
          "http://pbx:65536/a", "http://pbx:/a", "http://256.1.1.1/a", "http://1.2.3/a",
          "http://p bx/a", "http://pbx/a b", "http://pbx/a|b", "http://"}) {
        EXPECT_THAT(of(bad), Contains("error R-URL")) << bad;
    }
    for (const char* doubtful : {"http://pbx/{Mac}.cfg", "http://pbx/{model}",
                                 "http://[2001:db8::1]/a", "http://pbx/a#b", "http://pbx/}"}) {
        EXPECT_THAT(of(doubtful), ElementsAre("warning R-URL")) << doubtful;
    }
    EXPECT_THAT(faults_of("CFG_ROOT_CERTIFICATE_PATH=\"http://pbx/{mac}\""),
                ElementsAre("warning R-URL"));
}

TEST(KxUrl, OfAPictureMayHaveAPrefix) {
    EXPECT_THAT(faults_of("WALLPAPER_URI_PHONE=\"b,http://pbx/a.png\""), IsEmpty());
    EXPECT_THAT(faults_of("WALLPAPER_URI_HOME=\"http://pbx/a.png\""), IsEmpty());
    EXPECT_THAT(told(lint(kx_file("WALLPAPER_URI_PHONE=\"w,http://pbx/a b.png\""))),
                ElementsAre("warning R-URL at 2:36 WALLPAPER_URI_PHONE"));
    for (const char* odd :
         {"WALLPAPER_URI_HOME=\"b,http://pbx/a.png\"", "LOGO_URI_PHONE=\"a.png\"",
          "LOGO_URI_PHONE=\"http://h/x y\"", "LOGO_URI_PHONE=\"http:///x\"",
          "WALLPAPER_URI_PHONE=\"x,http://h/a\"", "LOGO_URI_PHONE=\"http://h:0/a\"",
          "LOGO_URI_PHONE=\"http://256.1.1.1/a\""}) {
        EXPECT_THAT(faults_of(odd), ElementsAre("warning R-URL")) << odd;
    }
}

TEST(KxValue, C50AKeyHas32CharactersOrNone) {
    EXPECT_THAT(faults_of("CFG_FILE_KEY2=\"0123456789abcdef0123456789ABCDEF\""), IsEmpty());
    EXPECT_THAT(faults_of("CFG_FILE_KEY2=\"\""), IsEmpty());
    EXPECT_THAT(faults_of("CFG_FILE_KEY2=\"0123456789abcdef\""), ElementsAre("error V06"));
}

TEST(KxValue, AServerIsAnAddressOrAName) {
    for (const char* good : {"192.0.2.10", "pbx.example.net", "pbx", "_x-1.example"}) {
        EXPECT_THAT(faults_of("NTP_ADDR=\"" + std::string(good) + "\""), IsEmpty()) << good;
    }
    for (const char* bad : {"192.0.2.300", "192.0.2", "ntp.example.net:123", "http://ntp", "a b"}) {
        EXPECT_THAT(faults_of("NTP_ADDR=\"" + std::string(bad) + "\""), ElementsAre("error V03"))
            << bad;
    }
    for (const char* odd : {"0.0.0.0", "255.255.255.255", "127.0.0.1"}) {
        EXPECT_THAT(faults_of("NTP_ADDR=\"" + std::string(odd) + "\""), ElementsAre("warning V04"))
            << odd;
    }
    EXPECT_THAT(faults_of("NTP_ADDR=\"a&b\""), ElementsAre("warning V07"));
    EXPECT_THAT(faults_of("NTP_ADDR=\"pbx \""), ElementsAre("warning V07"));
    EXPECT_THAT(faults_of("NTP_ADDR=\"" + repeated("a", 128) + "\""), ElementsAre("error V06"));
}

TEST(KxValue, TimeZonesAreCodes) {
    EXPECT_THAT(told(lint(kx_file("TIME_ZONE_COUNTRY=\"-60003\""))), IsEmpty());
    EXPECT_THAT(told(lint(kx_file("TIME_ZONE_COUNTRY=\"10001\""))),
                ElementsAre("info R-TZ at 2:20 TIME_ZONE_COUNTRY"));
    EXPECT_THAT(faults_of("TIME_ZONE_COUNTRY=\"10003\""), ElementsAre("warning R-TZ"));
    EXPECT_THAT(faults_of("TIME_ZONE_COUNTRY=\"130002\""), ElementsAre("error R-TZ"));
}

TEST(KxValue, FirmwareVersionsHaveTheirForm) {
    const auto of = [](const char* version) {
        return faults_of("FIRM_FILE_PATH=\"http://pbx/a\"\nFIRM_VERSION=\"" + std::string(version) +
                         "\"");
    };
    EXPECT_THAT(of("15.999"), IsEmpty());
    EXPECT_THAT(of("16.000"), ElementsAre("error V04"));
    EXPECT_THAT(of("1.070"), ElementsAre("error V03"));
}

TEST(KxValue, ListsHaveTheirNumberOfMembers) {
    EXPECT_THAT(faults_of("DIAL_TONE1_FRQ=\"350,440\""), IsEmpty());
    EXPECT_THAT(faults_of("DIAL_TONE1_FRQ=\"0\""), IsEmpty());
    EXPECT_THAT(faults_of("DIAL_TONE1_FRQ=\"350,440,1\""), ElementsAre("error V09", "error V04"));
    EXPECT_THAT(told(lint(kx_file("DIAL_TONE1_FRQ=\"350, 440\""))),
                ElementsAre("error V03 at 2:21 DIAL_TONE1_FRQ"));
    EXPECT_THAT(faults_of("DIAL_TONE1_FRQ=\"350,\""), ElementsAre("error V03"));
    EXPECT_THAT(faults_of("DIAL_TONE1_TIMING=\"50,0\""), ElementsAre("warning V04"));
    EXPECT_THAT(faults_of("DIAL_TONE1_TIMING=\"60,16001\""), ElementsAre("error V04"));
}

TEST(KxValue, LabelsAreLimitedInCharactersAndBytes) {
    EXPECT_THAT(faults_of("FLEX_BUTTON_LABEL1=\"1234567890\""), IsEmpty());
    EXPECT_THAT(faults_of("FLEX_BUTTON_LABEL1=\"12345678901\""), ElementsAre("error V06"));
    EXPECT_THAT(faults_of("FLEX_BUTTON_LABEL1=\"" + repeated("\xE4\xBA\x8C", 10) + "\""),
                IsEmpty());
    EXPECT_THAT(faults_of("FLEX_BUTTON_LABEL1=\"" + repeated("\xF0\x9F\x98\x80", 8) + "\""),
                ElementsAre("error V06"));
}

TEST(KxValue, UserAgentsAreCountedFilledInToo) {
    EXPECT_THAT(faults_of("HTTP_USER_AGENT=\"Panasonic_{MODEL}/{fwver} ({mac})\""), IsEmpty());
    EXPECT_THAT(faults_of("SIP_USER_AGENT=\"Panasonic-{MODEL}/{fwver} ({mac}) \""),
                ElementsAre("warning V06"));
    EXPECT_THAT(faults_of("SIP_USER_AGENT=\"{Mac}\""), ElementsAre("warning V05"));
    EXPECT_THAT(faults_of("SIP_USER_AGENT=\"" + repeated("x", 41) + "\""),
                ElementsAre("error V06"));
}

TEST(KxDialPlan, C60OnlyItsOwnCharacters) {
    // The guide's own example is well formed, and by C65 its 211 hides the numbers of its third
    // plan that begin so, as the guide says itself: a warning.
    EXPECT_THAT(faults_of("DIAL_PLAN_1=\"[2346789]11|01[2-9]x.|[2-9]xxxxxxxxx\""),
                ElementsAre("warning R-DIALPLAN"));
    EXPECT_THAT(faults_of("DIAL_PLAN_1=\"(1xx)\""), Contains("error R-DIALPLAN"));
    EXPECT_THAT(faults_of("DIAL_PLAN_1=\"1xx, 2xx\""), Contains("error R-DIALPLAN"));
}

TEST(KxDialPlan, AnUmlautIsOneFinding) {
    EXPECT_THAT(sample::told(lint(sample::kx_file("DIAL_PLAN_1=\"\xC3\xA4(\""))),
                ElementsAre("error R-DIALPLAN at 2:14 DIAL_PLAN_1",
                            "error R-DIALPLAN at 2:15 DIAL_PLAN_1"));
}

TEST(KxDialPlan, NamesItsOwnSection) {
    EXPECT_EQ(lint(sample::kx_file("DIAL_PLAN_1=\"(1xx\""))[0].section, "§6.6.1");
    EXPECT_EQ(lint(sample::kx_file("DIAL_PLAN_NOT_MATCH_ENABLE_1=\"Y\""))[0].section, "§6.6.1");
}

TEST(KxDialPlan, C61ASubrangeIsOfSingleDigits) {
    EXPECT_THAT(faults_of("DIAL_PLAN_1=\"[4-9]xx\""), IsEmpty());
    EXPECT_THAT(faults_of("DIAL_PLAN_1=\"[12-21]xx\""), Contains("error R-DIALPLAN"));
}

TEST(KxDialPlan, C62TheTimerTakesOneDigit) {
    EXPECT_THAT(faults_of("DIAL_PLAN_1=\"1x.S2\""), IsEmpty());
    EXPECT_THAT(faults_of("DIAL_PLAN_1=\"1x.S\""), Contains("error R-DIALPLAN"));
}

TEST(KxDialPlan, C63HasAtMost40Alternatives) {
    const auto plans = [](int count) {
        std::string out;
        for (int i = 0; i < count; ++i) {
            out += (i == 0 ? "" : "|") + std::to_string(100 + i);
        }
        return faults_of("DIAL_PLAN_1=\"" + out + "\"");
    };
    EXPECT_THAT(plans(40), IsEmpty());
    EXPECT_THAT(plans(41), Contains("error R-DIALPLAN"));
}

TEST(KxDialPlan, C64AnAlternativeHasAtMost32Digits) {
    EXPECT_THAT(faults_of("DIAL_PLAN_1=\"" + repeated("x", 32) + "\""), IsEmpty());
    EXPECT_THAT(faults_of("DIAL_PLAN_1=\"" + repeated("x", 33) + "\""),
                Contains("error R-DIALPLAN"));
}

TEST(KxDialPlan, C65AShortPlanHidesLongerOnes) {
    EXPECT_THAT(faults_of("DIAL_PLAN_1=\"1xx|2xxxx\""), IsEmpty());
    EXPECT_THAT(faults_of("DIAL_PLAN_1=\"1xx|1xxxx\""), ElementsAre("warning R-DIALPLAN"));
}

/// Every factory default stands before its own row without an error.
TEST(KxValue, FactoryDefaultsAreRight) {
    for (const std::string& name : profile::kx::Table::shipped().names()) {
        const auto value = profile::kx::Table::shipped().find(name)->factory_value();
        if (value) {
            EXPECT_THAT(faults_of(name + "=\"" + std::string(*value) + "\""),
                        testing::Each(testing::StartsWith("warning")))
                << name;
        }
    }
}

} // namespace
