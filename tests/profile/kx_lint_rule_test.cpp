// SPDX-License-Identifier: MIT
// What the checker says of several settings of a KX-UT670 together.
#include "kx_sample.hpp"
#include "provisioning/profile/kx/compose.hpp"
#include "provisioning/profile/kx/lint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using profile::kx::lint;
using profile::kx::lint_phone;
using sample::faults;
using sample::faults_of;
using sample::kx_file;
using sample::told;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(KxRule, C34JitterBuffer) {
    EXPECT_THAT(faults_of("MIN_DELAY_1=\"2\"\nNOM_DELAY_1=\"3\"\nMAX_DELAY_1=\"20\""), IsEmpty());
    EXPECT_THAT(faults_of("NOM_DELAY_1=\"4\"\nMAX_DELAY_1=\"3\""), ElementsAre("error R-JITTER"));
    EXPECT_THAT(faults_of("NOM_DELAY_1=\"1\""), ElementsAre("error R-JITTER"));
    EXPECT_THAT(faults_of("NOM_DELAY_1=\"1\"\nMIN_DELAY_1=\"1\""), IsEmpty());
    EXPECT_THAT(faults_of("NOM_DELAY_1=\"4\"\nMAX_DELAY_2=\"3\""), IsEmpty());
    EXPECT_THAT(faults_of("NOM_DELAY_1=\"4\"\nMAX_DELAY_1=\"4\""), ElementsAre("error R-JITTER"));
}

TEST(KxRule, C35RtpPortsAre400Apart) {
    EXPECT_THAT(faults_of("RTP_PORT_MIN=\"16000\"\nRTP_PORT_MAX=\"16200\""),
                ElementsAre("error R-RTPPORT"));
    EXPECT_THAT(faults_of("RTP_PORT_MIN=\"16000\"\nRTP_PORT_MAX=\"16400\""), IsEmpty());
    EXPECT_THAT(faults_of("RTP_PORT_MIN=\"19800\""), ElementsAre("error R-RTPPORT"));
}

TEST(KxRule, C36SharedCallAndSynchronisationExcludeEachOther) {
    EXPECT_THAT(faults_of("SHARED_CALL_ENABLE_1=\"Y\"\nFWD_DND_SYNCHRO_ENABLE_2=\"Y\""), IsEmpty());
    EXPECT_THAT(faults_of("SHARED_CALL_ENABLE_1=\"Y\"\nFWD_DND_SYNCHRO_ENABLE_1=\"Y\""),
                ElementsAre("error R-SHARED"));
}

TEST(KxRule, C37BlockingUnmatchedNumbersIsY) {
    EXPECT_THAT(faults_of("DIAL_PLAN_NOT_MATCH_ENABLE_1=\"Y\""), IsEmpty());
    const auto phone = [](std::string_view lines) {
        return faults(lint_phone({{"Config0080f0123456.cfg", kx_file(lines)}}));
    };
    EXPECT_THAT(phone("DIAL_PLAN_NOT_MATCH_ENABLE_1=\"Y\"\nDIAL_PLAN_1=\"1xx\""), IsEmpty());
    EXPECT_THAT(phone("DIAL_PLAN_NOT_MATCH_ENABLE_1=\"Y\""), ElementsAre("warning R-DIALPLAN"));
}

TEST(KxRule, C38ASecondServerNeedsAFirstOneThatIsAnAddress) {
    EXPECT_THAT(faults_of("STUN_SERV_ADDR=\"192.0.2.20\"\nSTUN_2NDSERV_ADDR=\"192.0.2.21\""),
                IsEmpty());
    EXPECT_THAT(faults_of("STUN_SERV_ADDR=\"stun.example.net\"\nSTUN_2NDSERV_ADDR=\"192.0.2.21\""),
                ElementsAre("warning R-2ND"));
    EXPECT_THAT(faults_of("STUN_2NDSERV_ADDR=\"stun\"\nSTUN_SERV_ADDR=\"192.0.2.20\""),
                ElementsAre("error V03"));
    for (const char* what : {"PROXY", "RGSTR", "PRSNC"}) {
        EXPECT_THAT(faults_of("SIP_2ND" + std::string(what) + "_ADDR_6=\"192.0.2.21\""),
                    ElementsAre("warning R-2ND"));
    }
    EXPECT_THAT(faults_of("SIP_PRXY_ADDR_6=\"192.0.2.20\"\nSIP_2NDPROXY_ADDR_6=\"192.0.2.21\""),
                IsEmpty());
}

TEST(KxRule, ResyncAtATimeSwitchesTheIntervalOff) {
    EXPECT_THAT(faults_of("CFG_RESYNC_TIME=\"02:00\"\nCFG_CYCLIC=\"Y\"\nCFG_RTRY_INTVL=\"5\""),
                ElementsAre("warning R-RESYNC", "warning R-RESYNC"));
    EXPECT_THAT(faults_of("CFG_RESYNC_TIME=\"02:00\"\nCFG_CYCLIC=\"N\""), IsEmpty());
    EXPECT_THAT(faults_of("CFG_CYCLIC_INTVL=\"5\""), ElementsAre("warning R-RESYNC"));
}

TEST(KxRule, C42SwitchingProvisioningOffCannotBeUndoneByFile) {
    EXPECT_THAT(faults_of("PROVISION_ENABLE=\"Y\""), IsEmpty());
    EXPECT_THAT(faults_of("PROVISION_ENABLE=\"N\""), ElementsAre("warning R-PROVISION"));
}

TEST(KxRule, AFilesUrlWantsProvisioningOnInTheSameFiles) {
    const std::string url = kx_file("CFG_MASTER_FILE_PATH=\"http://pbx/\"");
    const std::string on = kx_file("PROVISION_ENABLE=\"Y\"");
    EXPECT_THAT(told(lint_phone({{"sip.cfg", url}})),
                ElementsAre("warning R-PROVISION at 2:23 CFG_MASTER_FILE_PATH"));
    EXPECT_THAT(told(lint_phone({{"sip.cfg", url}, {"Config0080f0123456.cfg", on}})), IsEmpty());
    EXPECT_THAT(told(lint(url)), IsEmpty()) << "another file may say so";
}

TEST(KxRule, ASettingWhoseConditionIsNotMetIsToldOnce) {
    EXPECT_THAT(told(lint(kx_file("SIP_TRANSPORT_1=\"1\"\nPORT_PUNCH_INTVL_1=\"30\"\n"
                                  "SIP_TRANSPORT_2=\"1\"\nPORT_PUNCH_INTVL_2=\"30\""))),
                ElementsAre("info R-WHEN at 3:21 PORT_PUNCH_INTVL_1"));
    EXPECT_THAT(told(lint(kx_file("SIP_TRANSPORT_1=\"1\"\nPORT_PUNCH_INTVL_1=\"0\"\n"
                                  "PORT_PUNCH_INTVL_2=\"30\""))),
                IsEmpty());
    const std::string prefix = "SIP_UDP_SRV_PREFIX_3=\"_x._udp.\"";
    EXPECT_THAT(told(lint(kx_file(prefix))), IsEmpty());
    EXPECT_THAT(faults(lint_phone({{"sip.cfg", kx_file("SIP_DNSSRV_ENA_3=\"N\"")},
                                   {"Config0080f0123456.cfg", kx_file(prefix)}})),
                ElementsAre("warning R-WHEN"));
    std::string audio = "TELEVENT_PAYLOAD=\"100\"\n";
    for (const char* n : {"1", "2", "3", "4", "5"}) {
        audio += "OUTBANDDTMF_" + std::string(n) + "=\"N\"\n";
    }
    EXPECT_THAT(told(lint(kx_file(audio))), IsEmpty()) << "line 6 has it by default";
    EXPECT_THAT(told(lint(kx_file(audio + "OUTBANDDTMF_6=\"N\""))),
                ElementsAre("info R-WHEN at 2:19 TELEVENT_PAYLOAD"));
}

TEST(KxRule, C43VlanNeedsNetworkSettingsLocked) {
    EXPECT_THAT(faults_of("NW_SETTING_ENABLE=\"N\"\nVLAN_ENABLE=\"Y\"\nVLAN_ID_IP_PHONE=\"100\""),
                IsEmpty());
    EXPECT_THAT(faults_of("VLAN_ENABLE=\"Y\""), ElementsAre("warning R-VLAN"));
    EXPECT_THAT(
        told(lint(kx_file("NW_SETTING_ENABLE=\"N\"\nVLAN_ENABLE=\"Y\"\nLLDP_ENABLE=\"Y\""))),
        ElementsAre("info R-VLAN at 3:14 VLAN_ENABLE"));
}

TEST(KxRule, C44VerifyingCertificatesNeedsAClockAndARoot) {
    const std::string root = "CFG_ROOT_CERTIFICATE_PATH=\"http://pbx.example.net/root.pem\"\n";
    EXPECT_THAT(faults_of("HTTP_SSL_VERIFY=\"2\"\nNTP_ADDR=\"192.0.2.10\"\n" + root), IsEmpty());
    EXPECT_THAT(faults_of("HTTP_SSL_VERIFY=\"2\"\n" + root), ElementsAre("warning R-TLS"));
    EXPECT_THAT(faults_of("HTTP_SSL_VERIFY=\"1\""), ElementsAre("warning R-TLS", "warning R-TLS"));
    EXPECT_THAT(told(lint(kx_file("CFG_MASTER_FILE_PATH=\"https://pbx/\""))),
                ElementsAre("info R-TLS at 2:23 CFG_MASTER_FILE_PATH"));
}

TEST(KxRule, C51TheEndingOfAUrlNamesItsKey) {
    const std::string url = "CFG_STANDARD_FILE_PATH=\"http://pbx.example.net/{mac}.e2c\"\n";
    const std::string key = "=\"0123456789abcdef0123456789ABCDEF\"\n";
    EXPECT_THAT(faults_of(url + "CFG_FILE_KEY2" + key), IsEmpty());
    EXPECT_THAT(faults_of(url + "CFG_FILE_KEY3" + key), ElementsAre("error R-KEY"));
    EXPECT_THAT(faults_of(url + "CFG_FILE_KEY2=\"\""), ElementsAre("error R-KEY"));
    EXPECT_THAT(faults_of(url), ElementsAre("warning R-KEY"));
    EXPECT_THAT(faults_of("CFG_MASTER_FILE_PATH=\"http://pbx/a.E2c\"\nCFG_FILE_KEY2" + key),
                ElementsAre("warning R-KEY"));
}

TEST(KxRule, FirmwareNeedsAVersionAndAnAddress) {
    EXPECT_THAT(faults_of("FIRM_VERSION=\"01.070\""), ElementsAre("warning R-FIRM"));
    EXPECT_THAT(faults_of("FIRM_FILE_PATH=\"http://pbx/a\""), ElementsAre("warning R-FIRM"));
    EXPECT_THAT(faults_of("FIRM_FILE_PATH=\"http://pbx/a\"\nFIRM_VERSION=\"01.070\"\n"
                          "FIRM_UPGRADE_ENABLE=\"N\""),
                ElementsAre("warning R-FIRM"));
}

TEST(KxRule, AnOpenWebServerIsWarnedOf) {
    EXPECT_THAT(faults_of("HTTPD_PORTOPEN_AUTO=\"Y\""), ElementsAre("warning R-WEBPORT"));
}

TEST(KxRule, TheSourceFilterIsTold) {
    EXPECT_THAT(told(lint(kx_file("SIP_DETECT_SSAF_1=\"Y\""))),
                ElementsAre("info R-NOTIFY at 2:20 SIP_DETECT_SSAF_1"));
}

TEST(KxRule, EveryLineHasItsOwnSourcePort) {
    EXPECT_THAT(faults_of("SIP_SRC_PORT_1=\"5062\""), IsEmpty());
    EXPECT_EQ(lint(kx_file("SIP_SRC_PORT_1=\"5070\""))[0].section, "§4.6.2.5");
    EXPECT_THAT(told(lint(kx_file("SIP_SRC_PORT_1=\"5070\""))), // the default of line 2
                ElementsAre("error R-SRCPORT at 2:17 SIP_SRC_PORT_1"));
    EXPECT_THAT(told(lint(kx_file("SIP_SRC_PORT_1=\"6000\"\nSIP_SRC_PORT_3=\"6000\""))),
                ElementsAre("error R-SRCPORT at 3:17 SIP_SRC_PORT_3"));
    EXPECT_THAT(faults_of("SIP_SRC_PORT_1=\"5070\"\nSIP_SRC_PORT_2=\"5060\""), IsEmpty());
}

TEST(KxRule, CodecsAndPacketTimeMustFit) {
    EXPECT_THAT(faults_of("RTP_PTIME=\"30\""), ElementsAre("warning R-CODEC"));
    std::string off = "RTP_PTIME=\"30\"\n";
    for (const char* n : {"1", "2", "3", "4", "5", "6"}) {
        off += "CODEC_ENABLE0_" + std::string(n) + "=\"N\"\n";
    }
    EXPECT_THAT(faults_of(off), IsEmpty());
    EXPECT_THAT(faults_of("CODEC_ENABLE0_2=\"N\"\nCODEC_ENABLE1_2=\"N\"\nCODEC_ENABLE3_2=\"N\"\n"
                          "CODEC_ENABLE4_2=\"N\""),
                ElementsAre("warning R-CODEC"));
}

TEST(KxRule, ALineWithANumberIsEnabledTwice) {
    EXPECT_THAT(faults_of("PHONE_NUMBER_1=\"201\"\nPROFILE_ENABLE1=\"Disabled\""),
                ElementsAre("warning R-LINE"));
    EXPECT_THAT(faults_of("PHONE_NUMBER_1=\"\"\nLINE_ENABLE_1=\"Disabled\""), IsEmpty());
    EXPECT_THAT(faults(lint_phone({{"a.cfg", kx_file("SIP_AUTHID_1=\"201\"")}})),
                ElementsAre("warning R-LINE"));
}

TEST(KxButton, C66AStateButtonNamesAnExtension) {
    const std::string action = "FLEX_BUTTON_FACILITY_ACT3=\"X_PANASONIC_IPTEL_CONTACT\"\n";
    EXPECT_THAT(faults_of(action + "FLEX_BUTTON_FACILITY_ARG3=\"202\""), IsEmpty());
    EXPECT_THAT(faults_of(action + "FLEX_BUTTON_FACILITY_ARG3=\"sip:202@pbx\""),
                ElementsAre("error R-FLEX"));
    EXPECT_THAT(faults_of(action + "FLEX_BUTTON_FACILITY_ARG3=\"*8\""),
                ElementsAre("warning R-FLEX"));
    EXPECT_THAT(faults_of(action), ElementsAre("warning R-FLEX"));
    EXPECT_THAT(told(lint(kx_file(action + "FLEX_BUTTON_FACILITY_ARG3=\"202\""))),
                ElementsAre("info R-BLF at 2:28 FLEX_BUTTON_FACILITY_ACT3"));
}

TEST(KxButton, C67ALineButtonTakesARingToneAndALine) {
    EXPECT_THAT(faults_of("FLEX_BUTTON_FACILITY_ARG1=\"5,2\""), IsEmpty());
    EXPECT_THAT(faults_of("FLEX_BUTTON_FACILITY_ARG1=\"32,6\""), IsEmpty());
    for (const char* bad :
         {"2,7", "33,1", "0,1", "1,0", "1", "1,", ",1", "1, 1", "1,1,1", "001,1"}) {
        EXPECT_THAT(faults_of("FLEX_BUTTON_FACILITY_ARG1=\"" + std::string(bad) + "\""),
                    ElementsAre("error R-FLEX"))
            << bad;
    }
}

TEST(KxButton, AHeadsetTakesNothingAndAnEmptyActionIsNoButton) {
    const std::string arg = "FLEX_BUTTON_FACILITY_ARG1=\"202\"";
    EXPECT_THAT(faults_of("FLEX_BUTTON_FACILITY_ACT1=\"X_PANASONIC_IPTEL_HEADSET\""), IsEmpty());
    EXPECT_THAT(faults_of("FLEX_BUTTON_FACILITY_ACT1=\"X_PANASONIC_IPTEL_HEADSET\"\n" + arg),
                ElementsAre("warning R-FLEX"));
    EXPECT_THAT(faults_of("FLEX_BUTTON_FACILITY_ACT1=\"\"\n" + arg), IsEmpty());
}

constexpr std::string_view standard_file = // a phone with one extension
    "# extension 201\n"
    "TIME_ZONE_COUNTRY=\"-60003\"\n"
    "PROVISION_ENABLE=\"Y\"\n"
    "CFG_STANDARD_FILE_PATH=\"http://192.0.2.10/prov/Config{mac}.cfg\"\n"
    "CFG_RESYNC_TIME=\"02:30\"\n"
    "CFG_RESYNC_FROM_SIP=\"check-sync\"\n"
    "NTP_ADDR=\"192.0.2.10\"\n"
    "TIME_QUERY_INTVL=\"43200\"\n"
    "DEFAULT_LINE_SELECT=\"1\"\n"
    "DISPLAY_NAME_1=\"Reception\"\n"
    "PHONE_NUMBER_1=\"201\"\n"
    "LINE_ENABLE_1=\"Enabled\"\n"
    "PROFILE_ENABLE1=\"Enabled\"\n"
    "SIP_AUTHID_1=\"201\"\n"
    "SIP_PASS_1=\"k7Qe-Zr3Wm_91\"\n"
    "SIP_PRXY_ADDR_1=\"192.0.2.10\"\n"
    "SIP_PRXY_PORT_1=\"5060\"\n"
    "SIP_RGSTR_ADDR_1=\"192.0.2.10\"\n"
    "SIP_RGSTR_PORT_1=\"5060\"\n"
    "SIP_SVCDOMAIN_1=\"pbx.example.net\"\n"
    "REG_EXPIRE_TIME_1=\"3600\"\n"
    "SIP_DNSSRV_ENA_1=\"N\"\n"
    "SIP_TRANSPORT_1=\"0\"";

constexpr std::string_view additions =
    "# voice mail\n"
    "VM_SUBSCRIBE_ENABLE=\"Y\"\n"
    "VM_NUMBER_1=\"*97\"\n"
    "# buttons: line 1, state of extension 202 with pickup by *8, one-touch\n"
    "FLEX_BUTTON_FACILITY_ACT1=\"X_PANASONIC_IPTEL_DN\"\n"
    "FLEX_BUTTON_FACILITY_ARG1=\"1,1\"\n"
    "FLEX_BUTTON_FACILITY_ACT2=\"X_PANASONIC_IPTEL_CONTACT\"\n"
    "FLEX_BUTTON_FACILITY_ARG2=\"202\"\n"
    "FLEX_BUTTON_LABEL2=\"Anna\"\n"
    "FLEX_BUTTON_FACILITY_ACT3=\"X_PANASONIC_IPTEL_ONETOUCH\"\n"
    "FLEX_BUTTON_FACILITY_ARG3=\"0015551234567\"\n"
    "FLEX_BUTTON_LABEL3=\"Taxi\"\n"
    "NUM_PLAN_PICKUP_DIRECT=\"*8\"\n"
    "RESOURCELIST_URI_1=\"sip:blf-201@pbx.example.net\"\n"
    "# firmware\n"
    "FIRM_UPGRADE_ENABLE=\"Y\"\n"
    "FIRM_VERSION=\"01.070\"\n"
    "FIRM_FILE_PATH=\"http://192.0.2.10/fw/UT670_01.070.bin\"";

TEST(KxPhone, AnOrdinaryStandardFileIsRight) {
    EXPECT_THAT(told(lint(kx_file(standard_file))), IsEmpty());
    EXPECT_THAT(told(lint_phone({{"Config0080f0123456.cfg", kx_file(standard_file)}})), IsEmpty());
}

TEST(KxPhone, StateButtonsVoiceMailAndFirmwareAreRight) {
    EXPECT_THAT(told(lint(kx_file(additions))), IsEmpty());
    EXPECT_THAT(told(lint_phone({{"KX-UT670.cfg", kx_file(additions)},
                                 {"Config0080f0123456.cfg", kx_file(standard_file)}})),
                IsEmpty());
}

TEST(KxPhone, APreProvisioningFileIsRight) {
    EXPECT_THAT(faults_of("PROVISION_ENABLE=\"Y\"\n"
                          "CFG_STANDARD_FILE_PATH=\"http://192.0.2.10/prov/Config{mac}.cfg\"\n"
                          "CFG_PRODUCT_FILE_PATH=\"\"\nCFG_MASTER_FILE_PATH=\"\""),
                IsEmpty());
}

} // namespace
