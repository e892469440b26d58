// SPDX-License-Identifier: MIT
// What the checker says of a KX-UT670's file as a whole and of its lines (guide §5.2.1, §5.3.2).
#include "kx_sample.hpp"
#include "provisioning/profile/kx/effective.hpp"
#include "provisioning/profile/kx/lint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using profile::kx::lint;
using profile::kx::lint_phone;
using profile::kx::NamedFile;
using sample::faults;
using sample::faults_of;
using sample::kx_file;
using sample::told;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string signature() {
    return "# Panasonic SIP Phone Standard Format File #";
}

/// A file of exactly `size` bytes, of comments.
std::string filled(std::size_t size) {
    std::string out(sample::kx_first);
    while (out.size() + 102 <= size - 2) {
        out += "#" + std::string(99, 'x') + "\r\n";
    }
    if (const std::size_t left = size - 2 - out.size(); left > 0) {
        out += left == 1 ? "" : "#" + std::string(left - 3, 'x') + "\r\n";
    }
    return out + "\r\n";
}

TEST(KxFile, C01StartsWithTheSignature) {
    EXPECT_THAT(told(lint(signature() + "\r\n\r\n")), IsEmpty());
    EXPECT_THAT(told(lint("# Configuration Setting #\r\n\r\n")), ElementsAre("error F01 at 1:1"));
    EXPECT_THAT(told(lint("")), ElementsAre("error F01 at 1:1"));
}

TEST(KxFile, C02TextMayFollowTheSignature) {
    EXPECT_THAT(told(lint(kx_file(""))), IsEmpty());
    EXPECT_THAT(told(lint("# Panasonic SIP Phone Standard Format File\r\n\r\n")),
                ElementsAre("error F01 at 1:1"));
}

TEST(KxFile, C03NothingStandsBeforeTheSignature) {
    for (const char* before : {"\r\n", " ", "\xEF\xBB\xBF"}) {
        EXPECT_THAT(faults(lint(before + kx_file("NTP_ADDR=\"192.0.2.10\""))),
                    Contains("error F01"))
            << before;
    }
}

TEST(KxFile, WhatAnEditorAddedUnseenIsNamed) {
    const auto marked = lint("\xEF\xBB\xBF" + kx_file(""));
    EXPECT_THAT(told(marked), ElementsAre("error F01 at 1:1"));
    EXPECT_THAT(marked[0].what, HasSubstr("byte-order mark"));
    for (const bool has_mark : {true, false}) {
        for (const bool is_big : {true, false}) {
            std::string wide = !has_mark ? "" : is_big ? "\xFE\xFF" : "\xFF\xFE";
            for (const char c : kx_file("NTP_ADDR=\"192.0.2.1\"")) {
                wide += is_big ? std::string({'\0', c}) : std::string({c, '\0'});
            }
            const auto findings = lint(wide);
            EXPECT_THAT(told(findings), ElementsAre("error F01 at 1:1", "error F02 at 1:1"));
            EXPECT_THAT(findings[1].what, HasSubstr("UTF-16"));
        }
    }
}

TEST(KxFile, AMissingSignatureHidesNoFaultOfTheFirstLine) {
    EXPECT_THAT(told(lint("SYSLOG_PORT=514\r\n\r\n")),
                ElementsAre("error F01 at 1:1", "error L05 at 1:13 SYSLOG_PORT"));
}

TEST(KxFile, C04EveryLineEndsWithCrLf) {
    EXPECT_THAT(told(lint(kx_file("NTP_ADDR=\"192.0.2.10\""))), IsEmpty());
    EXPECT_THAT(told(lint(signature() + "\r\nNTP_ADDR=\"192.0.2.10\"\n\r\n")),
                ElementsAre("error F05 at 2:22"));
    const auto all = lint(signature() + "\nNTP_ADDR=\"192.0.2.10\"\n\n");
    EXPECT_THAT(told(all), ElementsAre("error F05 at 1:45"));
    EXPECT_THAT(all[0].what, HasSubstr("so must 2 others below it"));
    const auto two = lint(signature() + "\nNTP_ADDR=\"192.0.2.10\"\n\r\n");
    EXPECT_THAT(two[0].what, HasSubstr("so must one more below it"));
}

TEST(KxFile, C05EndsWithAnEmptyLine) {
    const std::string start = signature() + "\r\nNTP_ADDR=\"192.0.2.10\"";
    EXPECT_THAT(told(lint(start + "\r\n\r\n")), IsEmpty());
    EXPECT_THAT(told(lint(start)), ElementsAre("error F06 at 2:22"));
    EXPECT_THAT(told(lint(start + "\r\n")), ElementsAre("warning F06 at 2:22"));
}

TEST(KxFile, C06IsAtMost120Kilobytes) {
    EXPECT_EQ(filled(119'000).size(), 119'000U);
    EXPECT_THAT(told(lint(filled(119'000))), IsEmpty());
    EXPECT_THAT(told(lint(filled(120'000))), IsEmpty());
    EXPECT_THAT(told(lint(filled(120'001))), ElementsAre("warning F03 at 0:0"));
    EXPECT_THAT(told(lint(filled(122'880))), ElementsAre("warning F03 at 0:0"));
    EXPECT_THAT(told(lint(filled(122'881))), ElementsAre("error F03 at 0:0"));
    EXPECT_THAT(told(lint(std::string(sample::kx_first) + std::string(2'000'000, '"'))),
                ElementsAre("error F03 at 0:0"));
}

TEST(KxFile, C07FilesOfAPhoneAreTogetherAtMost120Kilobytes) {
    const auto phone = [](std::size_t master, std::size_t product, std::size_t standard) {
        return faults(lint_phone({{"sip.cfg", filled(master)},
                                  {"KX-UT670.cfg", filled(product)},
                                  {"Config0080f0123456.cfg", filled(standard)}}));
    };
    EXPECT_THAT(phone(40'000, 30'000, 40'000), IsEmpty());
    EXPECT_THAT(phone(60'000, 40'000, 30'000), ElementsAre("error F04"));
    EXPECT_THAT(phone(60'000, 40'000, 22'000), ElementsAre("warning F04"));
    const auto both = lint_phone({{"sip.cfg", filled(70'000)}, {"KX-UT670.cfg", filled(60'000)}});
    EXPECT_EQ(both[0].file, "sip.cfg, KX-UT670.cfg") << "none of them is to blame alone";
}

TEST(KxFile, C08ALineHasAtMost537Bytes) {
    const std::string name = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_90123"; // 32 characters
    EXPECT_THAT(faults_of(name + "=\"" + std::string(500, 'x') + "\""), ElementsAre("warning V01"));
    EXPECT_THAT(faults_of(name + "=\"" + std::string(501, 'x') + "\""),
                ElementsAre("error L01", "warning V01", "error V06"));
    EXPECT_THAT(told(lint(kx_file("#" + std::string(535, 'x')))), ElementsAre("info L01 at 2:1"));
    EXPECT_THAT(told(lint(kx_file("#" + std::string(534, 'x')))), IsEmpty());
}

TEST(KxFile, ALineThatThePhoneIgnoresSetsNothing) {
    const std::string too_long = "NTP_ADDR=\"" + std::string(530, 'x') + "\"\n";
    const std::string verify = "HTTP_SSL_VERIFY=\"1\"\n"
                               "CFG_ROOT_CERTIFICATE_PATH=\"http://pbx.example.net/root.pem\"\n";
    EXPECT_THAT(faults_of(too_long + verify), Contains("warning R-TLS")) << "there is no clock";
    const std::string twice = too_long + "NTP_ADDR=\"192.0.2.1\"\n" + verify;
    EXPECT_THAT(faults_of(twice), testing::Not(Contains("warning L07")));
    EXPECT_THAT(faults_of(twice), testing::Not(Contains("warning R-TLS")));
    EXPECT_EQ(
        profile::kx::effective({{"a.cfg", kx_file(too_long + "NTP_ADDR=\"192.0.2.1\"")}})[0].value,
        "192.0.2.1");
}

TEST(KxFile, ASettingBehindTheSignatureIsLost) {
    EXPECT_THAT(told(lint(signature() + "NTP_ADDR=\"192.0.2.1\"\r\n\r\n")),
                ElementsAre("warning L02 at 1:45 NTP_ADDR"));
    EXPECT_THAT(told(lint(signature() + " x SIP_PASS_1=\"hush\"\r\n\r\n")),
                ElementsAre("warning L02 at 1:48 SIP_PASS_1"));
    EXPECT_THAT(told(lint(signature() + " a=\"b\" =\"\r\n\r\n")), IsEmpty());
}

TEST(KxFile, C09IsUtf8) {
    EXPECT_THAT(faults_of("DISPLAY_NAME_1=\"Jos\xC3\xA9\""), IsEmpty());
    EXPECT_THAT(told(lint(kx_file("DISPLAY_NAME_1=\"Jos\xE9\""))),
                ElementsAre("error F02 at 2:20"));
}

TEST(KxLine, C10ACommentHasALineOfItsOwn) {
    EXPECT_THAT(faults_of("# registrar\nSIP_RGSTR_ADDR_1=\"pbx.example.net\""), IsEmpty());
    EXPECT_THAT(told(lint(kx_file("SIP_RGSTR_ADDR_1=\"pbx.example.net\" # registrar"))),
                ElementsAre("error L04 at 2:36 SIP_RGSTR_ADDR_1"));
    EXPECT_THAT(faults_of("SIP_RGSTR_ADDR_1=\"pbx.example.net\" # say \"b\""),
                ElementsAre("error L04"));
    EXPECT_THAT(faults_of("SIP_RGSTR_ADDR_1=\"pbx.example.net\"x"), ElementsAre("error L04"));
    EXPECT_THAT(told(lint(kx_file(" # registrar"))), ElementsAre("error L03 at 2:1"));
    EXPECT_THAT(faults_of("DISPLAY_NAME_1=\"a # b\""), IsEmpty());
}

TEST(KxLine, C11NoSpaceAroundTheEqualsSign) {
    EXPECT_THAT(faults_of("SIP_AUTHID_1=\"201\""), IsEmpty());
    EXPECT_THAT(told(lint(kx_file("SIP_AUTHID_1 = \"201\""))),
                ElementsAre("error L03 at 2:13 SIP_AUTHID_1"));
    for (const char* line :
         {"SIP_AUTHID_1= \"201\"", "SIP_AUTHID_1 =\"201\"", "\tSIP_AUTHID_1=\"201\"",
          "SIP_AUTHID_1=\"201\" ", "SIP AUTHID_1=\"201\"", "  "}) {
        EXPECT_THAT(faults_of(line), ElementsAre("error L03")) << line;
    }
}

TEST(KxLine, C12SpacesInsideTheQuotesAreOfTheValue) {
    EXPECT_THAT(faults_of("DISPLAY_NAME_1=\"John Smith\""), IsEmpty());
    EXPECT_THAT(told(lint(kx_file("DISPLAY_NAME_1=John Smith"))),
                ElementsAre("error L05 at 2:16 DISPLAY_NAME_1"));
}

TEST(KxLine, C13NumbersAreQuotedToo) {
    EXPECT_THAT(faults_of("SYSLOG_PORT=\"514\""), IsEmpty());
    EXPECT_THAT(faults_of("SYSLOG_PORT=514"), ElementsAre("error L05"));
    EXPECT_THAT(faults_of("SYSLOG_PORT="), ElementsAre("error L05"));
}

TEST(KxLine, AQuoteWithinAValueCannotBeWritten) {
    EXPECT_THAT(told(lint(kx_file("DISPLAY_NAME_1=\"a\"b\""))),
                ElementsAre("error L05 at 2:18 DISPLAY_NAME_1"));
}

TEST(KxLine, C14AValueEndsOnItsLine) {
    EXPECT_THAT(faults_of("DIAL_PLAN_1=\"1xx|2xx\""), IsEmpty());
    EXPECT_THAT(told(lint(kx_file("DIAL_PLAN_1=\"1xx|\n2xx\""))),
                ElementsAre("error L06 at 2:13 DIAL_PLAN_1"));
}

TEST(KxLine, AValueOverThreeLinesIsOneFinding) {
    EXPECT_THAT(told(lint(kx_file("DIAL_PLAN_1=\"1xx|\n2xx|\n3xx\"\nhello"))),
                ElementsAre("error L06 at 2:13 DIAL_PLAN_1", "error L02 at 5:1"));
    EXPECT_THAT(told(lint(kx_file("DIAL_PLAN_1=\"1xx|\n2xx|\nSYSLOG_PORT=\"0\""))),
                ElementsAre("error L06 at 2:13 DIAL_PLAN_1", "error V04 at 4:14 SYSLOG_PORT"));
}

TEST(KxLine, C15TheFirstOfEqualNamesCounts) {
    const std::string file = kx_file("NTP_ADDR=\"192.0.2.1\"\nNTP_ADDR=\"192.0.2.2\"");
    EXPECT_THAT(faults_of("NTP_ADDR=\"192.0.2.1\""), IsEmpty());
    EXPECT_THAT(told(lint(file)), ElementsAre("warning L07 at 3:1 NTP_ADDR"));
    const auto merged = profile::kx::effective({{"a.cfg", file}});
    ASSERT_EQ(merged.size(), 1U);
    EXPECT_EQ(merged[0].value, "192.0.2.1");
}

TEST(KxLine, C16OrderDoesNotMatter) {
    EXPECT_THAT(told(lint(kx_file("SIP_PASS_1=\"x\"\nLINE_ENABLE_1=\"Enabled\""))), IsEmpty());
}

TEST(KxLine, C17ANameHasAtMost32Characters) {
    EXPECT_THAT(faults_of("TONE_LEN_DISCONNECT_HANDSFREE=\"3\""), IsEmpty());
    EXPECT_THAT(faults_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_901234=\"3\""),
                ElementsAre("error L08", "warning V01"));
}

TEST(KxLine, AnythingElseIsNoLine) {
    EXPECT_THAT(told(lint(kx_file("hello"))), ElementsAre("error L02 at 2:1"));
    EXPECT_THAT(faults_of("=\"x\""), ElementsAre("error L02"));
    EXPECT_THAT(faults_of("NTP-ADDR=\"x\""), ElementsAre("error L02"));
}

// The guide's own example of what is wrong (§5.3.2), its underscores put back.
TEST(KxFile, TheGuidesIncorrectExample) {
    const std::string example =
        "# Configuration Setting #\r\n"
        "CFG_STANDARD_FILE_PATH=\"http://config.example.com/0123456789AB.cfg\" "
        "# URL of this configuration file\r\n"
        "# SIP Settings #\r\n"
        "# Suffix \"_1\" indicates this parameter is for \"line 1\". #\r\n"
        "SIP_RGSTR_ADDR_1=\"registrar.example.com\" # IP Address or FQDN of "
        "SIP registrar server\r\n"
        "SIP_PRXY_ADDR_1=\"proxy.example.com\" # IP Address or FQDN of proxy "
        "server\r\n"
        "# Enables DNS SRV lookup\r\n"
        "SIP_DNSSRV_ENA_1=\"Y\"\r\n"
        "# ID, password for SIP authentication\r\n"
        "SIP_AUTHID_1 = \"SIP_User\"\r\n"
        "SIP_PASS_1 = \"SIP_Password\"\r\n"
        "# Some Timer Settings #\r\n"
        "# Expiration time of SIP registration; \"1 hour\"\r\n"
        "REG_EXPIRE_TIME_1=\"3600\"\r\n"
        "# Disables SIP Session Timer (RFC 4028)\r\n"
        "SIP_SESSION_TIME_1=\"0\"\r\n"
        "# DTMF will be sent through SDP, according to RFC 2833\r\n"
        "OUTBANDDTMF_1=\"Y\"\r\n"
        "# Call Control Settings #\r\n"
        "# Enables subscription to the Voice Mail server\r\n"
        "VM_SUBSCRIBE_ENABLE=\"y\"\r\n"
        "# Shared Call Settings\r\n"
        "SHARED_CALL_ENABLE_1=\"Y\"\r\n"
        "# Disables Do Not Disturb, Call Forward synchronization\r\n"
        "FWD_DND_SYNCHRO_ENABLE_1=\"N\"\r\n"
        "\r\n";
    const auto findings = lint(example);
    EXPECT_THAT(told(findings),
                ElementsAre("error F01 at 1:1", //
                            "error L04 at 2:69 CFG_STANDARD_FILE_PATH",
                            "error L04 at 5:42 SIP_RGSTR_ADDR_1",
                            "error L04 at 6:37 SIP_PRXY_ADDR_1", "error L03 at 10:13 SIP_AUTHID_1",
                            "error L03 at 11:11 SIP_PASS_1",
                            "error V05 at 21:22 VM_SUBSCRIBE_ENABLE"));
    EXPECT_EQ(findings[5].value, "********");
}

std::string text_of(const profile::kx::Finding& finding) {
    return finding.name + finding.value + finding.what;
}

TEST(KxFile, NoFindingHoldsASecret) {
    for (const char* line :
         {"ADMIN_PASS=\"hush:hush\"", "SIP_PASS_1 = \"hush:hush\"", "SIP_PASS_9=\"hush:hush\"",
          "SIP PASS 1=\"hush:hush\"", "sip_pass_1=\"hush:hush\"", "SIP_PASS1=\"hush:hush\"",
          "SIP_PASWORD_1=\"hush:hush\"", "SIP_PASS_1=hush:hush", "SIP_PASS_1=\"hush:hush",
          "SIP_PASS_1: hush:hush", "ADMIN_PWRD=\"hush:hush\"", "MY_WORD=\"hush:hush\"",
          "CFG_FILE_KEY2=\"hush:hush\"", "FIRM_FILE_PATH=\"tftp://me:hush:hush@pbx/f\""}) {
        const auto findings = lint(kx_file(line));
        EXPECT_FALSE(findings.empty()) << line;
        for (const auto& finding : findings) {
            EXPECT_THAT(text_of(finding), testing::Not(HasSubstr("hush"))) << line;
        }
    }
}

TEST(KxFile, ManyFindingsAreCounted) {
    std::string lines;
    for (int i = 0; i < 3000; ++i) {
        lines += "x\n";
    }
    const auto findings = lint(kx_file(lines));
    ASSERT_EQ(findings.size(), profile::kx::most_findings + 1);
    EXPECT_THAT(findings.back().what, HasSubstr("2000 more"));
    EXPECT_EQ(findings.back().severity, profile::kx::Severity::error);
}

// Each of these took seconds; that they end is not timed, only what is looked at is counted.
TEST(KxFile, WhatIsRepeatedIsNotLookedAtWithoutEnd) {
    std::string lines;
    for (int i = 0; i < 1900; ++i) {
        lines += "DIAL_PLAN_1=\"1xx|1xxxx\"\n";
    }
    const auto of = [](const std::vector<profile::kx::Finding>& findings, std::string_view code) {
        return std::count_if(findings.begin(), findings.end(),
                             [&](const auto& finding) { return finding.code == code; });
    };
    EXPECT_EQ(of(lint(kx_file(lines.substr(0, lines.size() / 4))), "R-DIALPLAN"), 26);
    std::string seventh;
    for (int i = 0; i < 70'000; ++i) {
        seventh += "SIP_URI_7=\"x\"\n";
    }
    const auto findings = lint(kx_file(seventh.substr(0, 900'000)));
    EXPECT_THAT(findings.back().what, HasSubstr("more findings"));
    EXPECT_EQ(findings.back().severity, profile::kx::Severity::error);
}

TEST(KxFile, AnEncryptedOneIsToldFromText) {
    const std::string body("\x01\x02\x00\xFF secret", 12);
    EXPECT_THAT(faults(lint_phone({{"Config0080f0123456.e2c", body}})), IsEmpty());
    EXPECT_THAT(faults(lint_phone({{"Config0080f0123456.cfg", body}})),
                ElementsAre("error F01", "error R-KEY"));
    EXPECT_THAT(faults(lint_phone({{"Config0080f0123456.E2C", kx_file("")}})),
                ElementsAre("error R-KEY"));
}

TEST(KxPhone, FindingsNameTheirFile) {
    const auto findings = lint_phone(
        {{"sip.cfg", kx_file("SYSLOG_PORT=\"0\"")}, {"Config0080f0123456.cfg", kx_file("hello")}});
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].file, "sip.cfg");
    EXPECT_EQ(findings[1].file, "Config0080f0123456.cfg");
}

TEST(KxPhone, RulesAreJudgedOnWhatThePhoneEndsUpWith) {
    const std::string master = kx_file("MIN_DELAY_1=\"1\"\nMAX_DELAY_1=\"3\"");
    EXPECT_THAT(faults_of("NOM_DELAY_1=\"1\""), ElementsAre("error R-JITTER"));
    EXPECT_THAT(faults(lint_phone({{"sip.cfg", master},
                                   {"Config0080f0123456.cfg", kx_file("NOM_DELAY_1=\"1\"")}})),
                IsEmpty());
    const auto findings = lint_phone(
        {{"sip.cfg", master}, {"Config0080f0123456.cfg", kx_file("\nNOM_DELAY_1=\"4\"")}});
    EXPECT_THAT(told(findings), ElementsAre("error R-JITTER at 3:14 NOM_DELAY_1"));
    EXPECT_EQ(findings[0].file, "Config0080f0123456.cfg");
}

TEST(KxPhone, C54StandardBeatsProductBeatsMasterBeatsPreProvisioning) {
    const auto merged = profile::kx::effective(
        {{"boot", kx_file("DEFAULT_LANGUAGE=\"ja\"\nNTP_ADDR=\"192.0.2.1\"\nUSER_ID=\"b\"")},
         {"master", kx_file("DEFAULT_LANGUAGE=\"de\"\nNTP_ADDR=\"192.0.2.2\"")},
         {"product", kx_file("NTP_ADDR=\"192.0.2.3\"")},
         {"standard", kx_file("# x\nDEFAULT_LANGUAGE=\"fr\"\nADMIN_PASS=\"secret7\"\nZZZ=\"1\"")}});
    std::vector<std::string> seen;
    for (const auto& one : merged) {
        seen.push_back(one.name + "=" + one.value + " " + one.file + ":" +
                       std::to_string(one.line) + (one.is_secret ? " secret" : "") +
                       (one.yields_to_phone ? " yields" : ""));
    }
    EXPECT_THAT(seen,
                ElementsAre("ADMIN_PASS=secret7 standard:4 secret", "USER_ID=b boot:4",
                            "NTP_ADDR=192.0.2.3 product:2 yields",
                            "DEFAULT_LANGUAGE=fr standard:3 yields", "ZZZ=1 standard:5 secret"));
}

TEST(KxShown, HidesSecretsAndLogins) {
    EXPECT_EQ(profile::kx::shown("SIP_PASS_1", "x"), "********");
    EXPECT_EQ(profile::kx::shown("SIP_PASS_1", ""), "");
    EXPECT_EQ(profile::kx::shown("ADMIN_PWRD", "x"), "********") << "any unknown name may be one";
    EXPECT_EQ(profile::kx::shown("CFG_MASTER_FILE_PATH", "http://me:p@w@192.0.2.1/a@b"),
              "http://********@192.0.2.1/a@b");
    EXPECT_EQ(profile::kx::shown("NTP_ADDR", "192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(profile::kx::shown("SIP_URI_1", "sip:201@pbx"), "sip:201@pbx");
}

TEST(KxShown, HidesTheLoginOfAMistypedUrlToo) {
    for (const char* url :
         {"me:hush@pbx/a", "http:/me:hush@pbx/a", "http//me:hush@pbx/a", "http:\\\\me:hush@pbx/a",
          "http://me:hu/sh@pbx/a", "http://me:hush/@pbx/a", "http://me:hu@sh@pbx/a"}) {
        const std::string shown = profile::kx::shown("CFG_MASTER_FILE_PATH", url);
        EXPECT_THAT(shown, HasSubstr("********@pbx/a")) << url;
        EXPECT_THAT(shown, testing::Not(HasSubstr("hu"))) << url;
    }
    EXPECT_EQ(profile::kx::shown("FIRM_FILE_PATH", "http://pbx:80/a@b"), "http://pbx:80/a@b");
    EXPECT_EQ(profile::kx::shown("LOGO_URI_PHONE", "b,http://me:hush@pbx/a"),
              "b,http://********@pbx/a");
}

} // namespace
