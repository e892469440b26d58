// SPDX-License-Identifier: MIT
// The shipped Panasonic files: what a KX-UT670 asks for and what stands in it.
#include "provisioning/base/log.hpp"
#include "provisioning/profile/catalogue.hpp"
#include "provisioning/profile/keys.hpp"
#include "provisioning/profile/kx/lint.hpp"
#include "provisioning/profile/rule_check.hpp"
#include "tests/profile/sample.hpp"

#include <gmock/gmock.h>

#include <map>

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const base::Mac kx_mac = *base::Mac::parse("0080f0ab3456");

/// What was logged while this lives.
class Log {
  public:
    Log() {
        base::log::set_sink([this](base::log::Level level, std::string_view, std::string_view s) {
            (level >= base::log::Level::warn ? warnings : infos).emplace_back(s);
        });
    }

    ~Log() { base::log::set_sink({}); }

    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    std::vector<std::string> warnings;
    std::vector<std::string> infos;
};

class Panasonic : public testing::Test {
  protected:
    static profile::Facts facts(std::size_t lines) {
        auto made = facts_for(lines, "KX-UT670");
        made.mac = kx_mac;
        made.firmware = "01.070";
        return made;
    }

    base::Result<std::string> file(const std::string& name, const profile::Facts& of) const {
        const auto* step = vendor.step_for(name, of.mac, of.model);
        EXPECT_NE(step, nullptr) << name;
        return step == nullptr ? base::fail(base::Errc::not_found, "no step")
                               : all->render(vendor, *step, of);
    }

    std::map<std::string, std::string> settings(const std::string& name,
                                                const profile::Facts& of) const {
        const auto text = file(name, of);
        EXPECT_TRUE(text) << text.error().what;
        return text ? settings_of(*text) : std::map<std::string, std::string>();
    }

    /// NAME="value" lines; each name once.
    static std::map<std::string, std::string> settings_of(std::string_view text) {
        std::map<std::string, std::string> found;
        while (!text.empty()) {
            const auto end = text.find("\r\n");
            EXPECT_NE(end, std::string_view::npos) << "a line without CR LF";
            const auto line = text.substr(0, end);
            text.remove_prefix(std::min(end + 2, text.size()));
            const auto equals = line.find("=\"");
            if (line.empty() || line[0] == '#' || equals == std::string_view::npos) {
                continue;
            }
            EXPECT_EQ(line.back(), '"') << line;
            EXPECT_TRUE(found
                            .emplace(line.substr(0, equals),
                                     line.substr(equals + 2, line.size() - equals - 3))
                            .second)
                << line << " stands twice";
        }
        return found;
    }

    std::shared_ptr<const profile::Catalogue> all = catalogue();
    const profile::Vendor& vendor = *all->named("panasonic");
    const std::string own = "Config0080f0ab3456.cfg";
};

TEST_F(Panasonic, IsKnownByItsUserAgentAndItsAddress) {
    const auto stranger = *base::Mac::parse("020000000001");
    EXPECT_EQ(all->recognise({stranger, "", "Panasonic_KX-UT670/01.070 (020000000001)"}), &vendor);
    EXPECT_EQ(all->recognise({kx_mac, "", ""}), &vendor);
    EXPECT_EQ(all->recognise({stranger, "panasonic", ""}), &vendor);
}

TEST_F(Panasonic, IsAskedForMasterProductAndStandardFileInBothCases) {
    const auto step = [&](const std::string& name, const std::string& model = "KX-UT670") {
        const auto* found = vendor.step_for(name, kx_mac, model);
        return found == nullptr ? std::string() : found->template_name;
    };
    EXPECT_EQ(step("ConfigCommon.cfg"), "master");
    EXPECT_EQ(step("sip.cfg"), "master") << "a URL that ends in / (guide 5.4.5)";
    EXPECT_EQ(step("KX-UT670.cfg"), "product");
    EXPECT_EQ(step("KX-UT670.cfg", ""), "product") << "a phone that does not say what it is";
    EXPECT_EQ(step("Config0080f0ab3456.cfg"), "standard");
    EXPECT_EQ(step("Config0080F0AB3456.cfg"), "standard");
    EXPECT_EQ(step("Config0080f0ab3457.cfg"), "") << "another phone's file";
    EXPECT_EQ(step("config0080f0ab3456.cfg"), "");
}

TEST_F(Panasonic, StartsItsFileWithTheSignatureAndEndsItWithAnEmptyLine) {
    const auto text = file(own, facts(1));
    ASSERT_TRUE(text) << text.error().what;
    EXPECT_THAT(*text, StartsWith("# Panasonic SIP Phone Standard Format File #"));
    EXPECT_EQ(text->substr(text->size() - 5), "\"\r\n\r\n");
    EXPECT_EQ(*text, *file(own, facts(1))) << "equal facts, equal bytes";
}

TEST_F(Panasonic, GetsFilesInWhichTheCheckerFindsNothing) {
    for (const std::size_t lines : {1U, 6U}) {
        std::vector<profile::kx::NamedFile> files;
        for (const std::string& name :
             {std::string("ConfigCommon.cfg"), std::string("KX-UT670.cfg"), own}) {
            const auto text = file(name, facts(lines));
            ASSERT_TRUE(text) << text.error().what;
            files.push_back({name, *text});
        }
        for (const auto& finding : profile::kx::lint_phone(files)) {
            EXPECT_EQ(finding.severity, profile::kx::Severity::info)
                << finding.file << " " << finding.code << " " << finding.name << ": "
                << finding.what;
        }
    }
}

TEST_F(Panasonic, GetsAnAccountForEachOfSixLines) {
    auto six = settings(own, facts(6));
    for (const std::string line : {"1", "2", "3", "4", "5", "6"}) {
        EXPECT_EQ(six["PHONE_NUMBER_" + line], "20" + line);
        EXPECT_EQ(six["SIP_AUTHID_" + line], "20" + line);
        EXPECT_EQ(six["SIP_PASS_" + line], "s3cret-20" + line);
        EXPECT_EQ(six["LINE_ENABLE_" + line], "Enabled");
        EXPECT_EQ(six["PROFILE_ENABLE" + line], "Enabled");
        EXPECT_EQ(six["SIP_RGSTR_ADDR_" + line], "192.0.2.10");
        EXPECT_EQ(six["SIP_RGSTR_PORT_" + line], "5060");
        EXPECT_EQ(six["SIP_DNSSRV_ENA_" + line], "N");
        EXPECT_EQ(six["REG_EXPIRE_TIME_" + line], "900");
    }
    auto one = settings(own, facts(1));
    EXPECT_EQ(one["LINE_ENABLE_1"], "Enabled");
    EXPECT_EQ(one["LINE_ENABLE_2"], "Disabled");
    EXPECT_EQ(one.at("SIP_PASS_2"), "") << "an earlier assignment leaves nothing behind";
}

TEST_F(Panasonic, IsPointedAtItsOwnUrlAndAsksAgainAfterAnError) {
    auto set = settings(own, facts(1));
    const std::string url = facts(1).provisioning_url;
    EXPECT_EQ(set["CFG_STANDARD_FILE_PATH"], url + "Config{mac}.cfg");
    EXPECT_EQ(set["CFG_PRODUCT_FILE_PATH"], url + "{MODEL}.cfg");
    EXPECT_EQ(set["CFG_MASTER_FILE_PATH"], url + "ConfigCommon.cfg");
    EXPECT_EQ(set["PROVISION_ENABLE"], "Y");
    EXPECT_EQ(set["CFG_CYCLIC"], "Y");
    EXPECT_EQ(set["CFG_CYCLIC_INTVL"], "10080");
    EXPECT_EQ(set["CFG_RTRY_INTVL"], "30");
}

TEST_F(Panasonic, IsToldTheResyncEventThatTheSitesNotifyCarries) {
    EXPECT_EQ(settings("ConfigCommon.cfg", facts(1))["CFG_RESYNC_FROM_SIP"], "check-sync");
    const SiteFolder site;
    site.write("panasonic/profile.conf", "[vendor]\nresync_event = resync\n");
    all = catalogue(site.path());
    const auto& changed = *all->named("panasonic");
    const auto text =
        all->render(changed, *changed.step_for("ConfigCommon.cfg", kx_mac, ""), facts(1));
    ASSERT_TRUE(text) << text.error().what;
    EXPECT_EQ(settings_of(*text)["CFG_RESYNC_FROM_SIP"], "resync");
}

TEST_F(Panasonic, IsNotSentTheMastersContentTwice) {
    const auto master = settings("ConfigCommon.cfg", facts(1));
    const auto own_file = settings(own, facts(1));
    EXPECT_FALSE(master.empty());
    for (const auto& [name, value] : master) {
        EXPECT_EQ(own_file.count(name), 0U) << name;
    }
}

TEST_F(Panasonic, RegistersAnExtensionThatIsNoNumberByItsSipUri) {
    auto of = facts(2);
    of.accounts[0].number = "alice";
    auto set = settings(own, of);
    EXPECT_EQ(set.at("PHONE_NUMBER_1"), "");
    EXPECT_EQ(set["SIP_URI_1"], "sip:alice@192.0.2.10") << "R-LINE";
    EXPECT_EQ(set["PHONE_NUMBER_2"], "202");
    EXPECT_EQ(set.at("SIP_URI_2"), "");
}

TEST_F(Panasonic, LooksOnceADayWithoutAComplaintOfTheChecker) {
    const SiteFolder site;
    site.write("panasonic/profile.conf", "[values]\nresync_time = 02:30\n");
    all = catalogue(site.path());
    const auto& daily = *all->named("panasonic");
    const auto text = all->render(daily, *daily.step_for(own, kx_mac, ""), facts(1));
    ASSERT_TRUE(text) << text.error().what;
    auto set = settings_of(*text);
    EXPECT_EQ(set["CFG_RESYNC_TIME"], "02:30");
    EXPECT_EQ(set["CFG_CYCLIC"], "N") << "takes back what the first file said";
    EXPECT_EQ(set.count("CFG_CYCLIC_INTVL"), 0U);
    for (const auto& finding : profile::kx::lint(*text)) {
        EXPECT_EQ(finding.severity, profile::kx::Severity::info) << finding.name << finding.what;
    }
}

TEST_F(Panasonic, FindsNoSecretInWhatAllPhonesGet) {
    for (const std::string name : {"ConfigCommon.cfg", "KX-UT670.cfg"}) {
        const auto text = file(name, facts(6));
        ASSERT_TRUE(text) << text.error().what;
        EXPECT_THAT(*text, AllOf(Not(HasSubstr("s3cret")), Not(HasSubstr("20")))) << name;
    }
}

TEST_F(Panasonic, IsToldItsUrlAndToComeAgainByItsFirstFile) {
    const auto text = all->render_boot(vendor, facts(0));
    ASSERT_TRUE(text) << text.error().what;
    auto set = settings_of(*text);
    EXPECT_EQ(set["CFG_STANDARD_FILE_PATH"], facts(0).provisioning_url + "Config{mac}.cfg");
    EXPECT_EQ(set["CFG_CYCLIC"], "Y");
    EXPECT_EQ(set["CFG_CYCLIC_INTVL"], "1");
    EXPECT_EQ(set["CFG_RTRY_INTVL"], "5");
    EXPECT_EQ(set.at("CFG_RESYNC_TIME"), "") << "it would switch the two off";
}

TEST_F(Panasonic, ShowsTheNameThatFitsOnItsDisplay) {
    auto of = facts(1);
    of.accounts[0].name = "J\xC3\xBCrgen of the long corridor behind";
    EXPECT_EQ(settings(own, of)["DISPLAY_NAME_1"], "J\xC3\xBCrgen of the long corri");
}

TEST_F(Panasonic, IsSentNoFileWithAPasswordThatItCannotRead) {
    auto of = facts(1);
    of.accounts[0].password = base::Secret("s3cret\"x");
    const auto text = file(own, of);
    ASSERT_FALSE(text);
    EXPECT_THAT(text.error().what, AllOf(HasSubstr("SIP_PASS_1"), Not(HasSubstr("s3cret"))));
}

TEST_F(Panasonic, HasNoSipOverTls) {
    auto of = facts(1);
    of.site.sip_transport = "tls";
    const auto text = file(own, of);
    ASSERT_FALSE(text);
    EXPECT_THAT(text.error().what, HasSubstr("Panasonic phones have no SIP over tls; set "
                                             "sip_transport = udp or tcp for them"));
    of.site.sip_transport = "tcp";
    EXPECT_EQ(settings(own, of)["SIP_TRANSPORT_1"], "1");
}

TEST_F(Panasonic, DialsByThePlanOfItsRule) {
    auto of = facts(1);
    EXPECT_EQ(settings(own, of).at("DIAL_PLAN_1"), "");
    EXPECT_EQ(settings(own, of)["DIAL_PLAN_NOT_MATCH_ENABLE_1"], "N");
    of.site.dial_plan = "1xx|[2-9]xxxxxx|00x.";
    of.site.dial_unmatched = "block";
    auto set = settings(own, of);
    EXPECT_EQ(set["DIAL_PLAN_1"], "1xx|[2-9]xxxxxx|00x.");
    EXPECT_EQ(set["DIAL_PLAN_NOT_MATCH_ENABLE_1"], "Y") << "Y blocks (guide 5.8.1)";
    of.site.dial_unmatched = "call";
    EXPECT_EQ(settings(own, of)["DIAL_PLAN_NOT_MATCH_ENABLE_1"], "N");
    profile::Rule rule;
    rule.dial_plan = "1xx, 2xx";
    EXPECT_THAT(profile::check_rule(rule, *all).error().what,
                StartsWith("dial_plan: character 4: "));
}

TEST_F(Panasonic, DialsByTheMapOfEachLine) {
    auto of = facts(2);
    of.site.dial_unmatched = "block";
    of.accounts[0].digit_map = "2xx|3!";
    auto set = settings(own, of);
    EXPECT_EQ(set["DIAL_PLAN_1"], "2xx|3!");
    EXPECT_EQ(set["DIAL_PLAN_NOT_MATCH_ENABLE_1"], "N") << "the map says what is refused";
    EXPECT_EQ(set["DIAL_PLAN_2"], "");
}

TEST_F(Panasonic, WithoutAMapCallsWhateverIsDialled) {
    auto of = facts(1);
    of.site.digit_map = "from-pbx";
    of.site.dial_unmatched = "block";
    auto set = settings(own, of);
    EXPECT_EQ(set["DIAL_PLAN_1"], "");
    EXPECT_EQ(set["DIAL_PLAN_NOT_MATCH_ENABLE_1"], "N") << "Y would block every call, 112 too";
}

TEST_F(Panasonic, HasTheKeysOfItsRule) {
    auto of = facts(2);
    EXPECT_EQ(settings(own, of).count("FLEX_BUTTON_FACILITY_ACT1"), 0U) << "its own stay";
    of.site.keys = *profile::parse_keys("line 2, blf 202 Anna, dial 0015551234567 Taxi, headset");
    auto set = settings(own, of);
    EXPECT_EQ(set["FLEX_BUTTON_FACILITY_ACT1"], "X_PANASONIC_IPTEL_DN");
    EXPECT_EQ(set["FLEX_BUTTON_FACILITY_ARG1"], "1,2");
    EXPECT_EQ(set["FLEX_BUTTON_FACILITY_ACT2"], "X_PANASONIC_IPTEL_CONTACT");
    EXPECT_EQ(set["FLEX_BUTTON_FACILITY_ARG2"], "202");
    EXPECT_EQ(set["FLEX_BUTTON_LABEL2"], "Anna");
    EXPECT_EQ(set["FLEX_BUTTON_FACILITY_ACT3"], "X_PANASONIC_IPTEL_ONETOUCH");
    EXPECT_EQ(set["FLEX_BUTTON_FACILITY_ARG3"], "0015551234567");
    EXPECT_EQ(set["FLEX_BUTTON_FACILITY_ACT4"], "X_PANASONIC_IPTEL_HEADSET");
    EXPECT_EQ(set.at("FLEX_BUTTON_FACILITY_ACT24"), "") << "nothing else stays behind";
    of.site.keys.resize(25);
    EXPECT_THAT(file(own, of).error().what,
                HasSubstr("keys: 25 of them, Panasonic phones have 24"));
}

TEST_F(Panasonic, HasKeysForPickUpAndItsMailbox) {
    auto of = facts(2);
    EXPECT_EQ(settings(own, of).count("VM_NUMBER_1"), 0U) << "its own stays";
    of.site.keys = *profile::parse_keys("blf 202, pickup 203 Bob, group-pickup Group, voicemail");
    EXPECT_THAT(file(own, of).error().what, HasSubstr("keys: one of them dials pickup"));
    of.site.voicemail = "*97";
    of.site.pickup = "**";
    of.site.group_pickup = "*8";
    auto set = settings(own, of);
    EXPECT_EQ(set["VM_NUMBER_1"], "*97");
    EXPECT_EQ(set["VM_NUMBER_2"], "*97");
    EXPECT_EQ(set["NUM_PLAN_PICKUP_DIRECT"], "**");
    EXPECT_EQ(set["FLEX_BUTTON_FACILITY_ARG1"], "202");
    EXPECT_EQ(set["FLEX_BUTTON_FACILITY_ACT2"], "X_PANASONIC_IPTEL_ONETOUCH");
    EXPECT_EQ(set["FLEX_BUTTON_FACILITY_ARG2"], "**203");
    EXPECT_EQ(set["FLEX_BUTTON_LABEL2"], "Bob");
    EXPECT_EQ(set["FLEX_BUTTON_FACILITY_ARG3"], "*8");
    EXPECT_EQ(set["FLEX_BUTTON_FACILITY_ARG4"], "*97");
}

TEST_F(Panasonic, ARuleThatLeavesNoPhoneAFileIsRefusedAtLoad) {
    const auto complaint_about = [&](auto set, const std::string& of = "panasonic") {
        profile::Rule rule;
        rule.name = "x";
        rule.vendor = of;
        rule.sip_server = "pbx.example.com";
        set(rule);
        const auto good = profile::check_rule(rule, *all);
        return good ? std::string() : good.error().what;
    };
    const auto keys = [](const std::string& text) {
        return [=](profile::Rule& rule) { rule.keys = *profile::parse_keys(text); };
    };
    EXPECT_EQ(complaint_about(keys("line 1, blf 202 Reception")), "");
    EXPECT_THAT(complaint_about(keys("line 1, blf 202 Receptionist")),
                AllOf(StartsWith("keys: for Panasonic phones: FLEX_BUTTON_LABEL2: has 12 "),
                      HasSubstr("may have 10")));
    EXPECT_EQ(complaint_about(keys("line 1, blf 202 Receptionist"), ""), "")
        << "OpenStage phones take longer labels";
    EXPECT_THAT(complaint_about(keys("line 7")),
                StartsWith("keys: for Panasonic phones: FLEX_BUTTON_FACILITY_ARG1: "));
    EXPECT_THAT(complaint_about(keys("blf 202 \"Anna\"")), StartsWith("keys: "));
    EXPECT_THAT(complaint_about(keys("dial 012345678901234567890123456789012")),
                StartsWith("keys: for Panasonic phones: FLEX_BUTTON_FACILITY_ARG1: has 33 "));
    EXPECT_THAT(complaint_about([](profile::Rule& rule) { rule.keys.emplace().resize(25); }, ""),
                StartsWith("keys: 25 of them"))
        << "no phone has as many";
    EXPECT_THAT(complaint_about([](profile::Rule& rule) { rule.time_zone = "999999"; }),
                StartsWith("time_zone: for Panasonic phones: TIME_ZONE_COUNTRY: no code "));
    EXPECT_THAT(complaint_about([](profile::Rule& rule) {
                    rule.ntp_server = "ntp." + std::string(122, 'a') + ".org";
                }),
                StartsWith("ntp_server: for Panasonic phones: NTP_ADDR: has 130 "));
    EXPECT_THAT(complaint_about([](profile::Rule& rule) { rule.keys.emplace().resize(25); }),
                StartsWith("keys: 25 of them"));
}

TEST_F(Panasonic, ATimeZoneWhoseCodeIsLostIsNoSlipOfTheHand) {
    profile::Rule rule;
    rule.name = "x";
    rule.vendor = "panasonic";
    rule.time_zone = "Europe/London";
    const auto refused = profile::check_rule(rule, *all);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what,
                AllOf(StartsWith("time_zone: Panasonic phones have no code for Europe/London"),
                      HasSubstr("time_zone = NUMBER"), Not(HasSubstr("did you mean"))));
    rule.time_zone = "2";
    EXPECT_TRUE(profile::check_rule(rule, *all)) << "a code that may be the phone's";
    rule.time_zone = "Europe/Berlim";
    EXPECT_THAT(profile::check_rule(rule, *all).error().what, HasSubstr("mean Europe/Berlin?"));
}

TEST_F(Panasonic, AnIndexOfOtherPhonesIsNotSentToIt) {
    profile::Rule rule;
    rule.name = "x";
    rule.time_zone = "50";
    EXPECT_TRUE(profile::check_rule(rule, *all)) << "Berlin, on a Htek phone";
    auto of = facts(1);
    of.site = profile::site_for({rule}, "panasonic", of.model, of.host);
    EXPECT_EQ(settings("ConfigCommon.cfg", of).count("TIME_ZONE_COUNTRY"), 0U);
    rule.vendor = "panasonic";
    of.site = profile::site_for({rule}, "panasonic", of.model, of.host);
    EXPECT_EQ(settings("ConfigCommon.cfg", of)["TIME_ZONE_COUNTRY"], "50");
    rule.vendor = "";
    rule.time_zone = "7777";
    EXPECT_THAT(profile::check_rule(rule, *all).error().what, HasSubstr("needs its vendor"));
}

TEST_F(Panasonic, KeysForEverybodyLeftItWithoutAFileAndNobodyWasWarned) {
    profile::Rule rule;
    rule.name = "x";
    rule.keys = *profile::parse_keys("line 1, blf 202 Receptionist");
    const Log log;
    EXPECT_TRUE(profile::check_rule(rule, *all)) << "OpenStage phones take longer labels";
    EXPECT_THAT(log.warnings,
                ElementsAre(AllOf(
                    HasSubstr("Panasonic phones get no file under [profile x]: keys:"),
                    HasSubstr("FLEX_BUTTON_LABEL2: has 12"), HasSubstr("vendor = panasonic"))));
}

TEST_F(Panasonic, ARuleForEverybodyMayWantATransportThatItHasNot) {
    profile::Rule rule;
    rule.name = "x";
    rule.sip_transport = "tls";
    {
        const Log log;
        EXPECT_TRUE(profile::check_rule(rule, *all)) << "Htek phones have it";
        EXPECT_THAT(log.warnings,
                    ElementsAre(AllOf(HasSubstr("Panasonic phones get no file under [profile x]: "),
                                      HasSubstr("have no SIP over tls"),
                                      HasSubstr("section of their own"))));
    }
    rule.vendor = "panasonic";
    EXPECT_THAT(profile::check_rule(rule, *all).error().what, HasSubstr("have no SIP over tls"));
}

/// Room for comments is not sent; settings are, even those that nobody knows.
std::string padding(const std::string& stem, std::size_t settings) {
    std::string text;
    for (std::size_t i = 0; i < settings; ++i) {
        text += stem + std::to_string(i) + "=\"" + std::string(480, 'x') + "\"\n";
    }
    return text;
}

TEST_F(Panasonic, ALargeMasterFileIsSentOnceAndTwoOfThemAreRefusedAtLoad) {
    const SiteFolder site;
    site.write("panasonic/common.mustache",
               "{{>panasonic/common}}\n" + padding("SITE_COMMON_", 135)); // 67 KB
    EXPECT_EQ(complaint(site.path()), "");
    site.write("panasonic/base.mustache", "{{>panasonic/base}}\n" + padding("SITE_OWN_", 115));
    EXPECT_THAT(complaint(site.path()),
                AllOf(HasSubstr("panasonic/common.mustache:1:1: "),
                      HasSubstr("bytes together, and these phones take 120 KB of them"),
                      HasSubstr("ConfigCommon.cfg alone has 6")));
}

TEST_F(Panasonic, IsRefusedAFileThatMakesTheSumTooLargeForThisPhoneOnly) {
    const SiteFolder site;
    site.write("panasonic/common.mustache",
               "{{>panasonic/common}}\n" + padding("SITE_COMMON_", 229)); // with all lines 119 KB
    all = catalogue(site.path());
    const auto& large = *all->named("panasonic");
    auto of = facts(6);
    const auto* step = large.step_for(own, kx_mac, "");
    EXPECT_TRUE(all->render(large, *step, of));
    of.site.dial_plan = "1x";
    for (int i = 0; i < 39; ++i) {
        of.site.dial_plan += "|00xxxxxxxx";
    }
    of.site.keys = *profile::parse_keys("blf 202 Anna, dial 00123 Taxi");
    const auto text = all->render(large, *step, of);
    ASSERT_FALSE(text);
    EXPECT_THAT(text.error().what, AllOf(HasSubstr("the files of this phone have 12"),
                                         HasSubstr("ConfigCommon.cfg 11")));
}

TEST_F(Panasonic, ItsErrorNamesTheExtensionWhosePasswordItCannotTake) {
    auto of = facts(2);
    of.accounts[1].password = base::Secret("two words");
    EXPECT_THAT(file(own, of).error().what,
                AllOf(HasSubstr("line 2 is extension 202: its password does not fit (SIP_PASS_2: "),
                      Not(HasSubstr("two words")), Not(HasSubstr("column"))));
    of.accounts[1].password = base::Secret(std::string(65, 'x'));
    EXPECT_THAT(file(own, of).error().what, HasSubstr("has 65 characters and may have 64"));
    of = facts(2);
    of.site.dial_plan = "1xx, 2xx";
    EXPECT_THAT(file(own, of).error().what, Not(HasSubstr("is extension")));
}

TEST_F(Panasonic, ShowsAQuoteInANameAsAnApostrophe) {
    auto of = facts(1);
    of.accounts[0].name = "Hans \"Hansi\" M";
    EXPECT_EQ(settings(own, of)["DISPLAY_NAME_1"], "Hans 'Hansi' M");
}

TEST_F(Panasonic, WhatTheCheckerDoubtsInASitesTemplateIsToldOnceWithItsPlace) {
    const SiteFolder site;
    site.write("panasonic/base.mustache", "{{>panasonic/base}}\n{{#lines}}\n"
                                          "SIP_FOO_{{index}}=\"1\"\n{{/lines}}\n"
                                          "  HTTPD_PORTOPEN_AUTO=\"Y\"\n");
    const Log log;
    EXPECT_EQ(complaint(site.path()), "");
    EXPECT_THAT(log.warnings,
                testing::UnorderedElementsAre(
                    AllOf(HasSubstr("panasonic/base.mustache:3:1: SIP_FOO_1: "), HasSubstr("V01")),
                    AllOf(HasSubstr("panasonic/base.mustache:5:3: HTTPD_PORTOPEN_AUTO: "),
                          HasSubstr("R-WEBPORT"))));
}

TEST_F(Panasonic, ShippedTemplatesRaiseNoDoubts) {
    const Log log;
    catalogue();
    EXPECT_THAT(log.warnings, testing::IsEmpty());
}

TEST_F(Panasonic, IsNotKeptFromAllFurtherFilesUnlessThatIsMeant) {
    const SiteFolder site;
    site.write("panasonic/base.mustache", "{{>panasonic/base}}\nPROVISION_ENABLE=\"N\"\n");
    EXPECT_THAT(complaint(site.path()), AllOf(HasSubstr("panasonic/base.mustache:2:1: "),
                                              HasSubstr("write may_end_provisioning = yes")));
    site.write("panasonic/profile.conf", "[values]\nmay_end_provisioning = yes\n");
    EXPECT_EQ(complaint(site.path()), "");
}

TEST(Keys, ReadsKindNumberAndLabel) {
    EXPECT_EQ(profile::parse_keys("group-pickup Group, pickup 203 Bob, voicemail")->at(1).number,
              "203");
    const auto keys = profile::parse_keys("line 1,blf 202  Anna Smith , none, dial *97");
    ASSERT_TRUE(keys) << keys.error().what;
    ASSERT_EQ(keys->size(), 4U);
    EXPECT_EQ(keys->at(1).number, "202");
    EXPECT_EQ(keys->at(1).label, "Anna Smith");
    EXPECT_EQ(keys->at(3).number, "*97");
    EXPECT_THAT(profile::parse_keys("line 1, bfl 202").error().what,
                StartsWith("key 2: expected line NUMBER, blf EXTENSION"));
    EXPECT_EQ(profile::parse_keys("blf Anna").error().what, "key 1: expected a number behind blf");
}

TEST_F(Panasonic, ASitesLineReplacesOurs) {
    const SiteFolder site;
    site.write("panasonic/base.mustache", "{{>panasonic/base}}\nVM_NUMBER_1=\"*97\"\n"
                                          "CFG_RTRY_INTVL=\"7\"\n");
    site.write("panasonic/profile.conf", "[values]\nresync_time = 02:30\n");
    all = catalogue(site.path());
    const auto* step = all->named("panasonic")->step_for(own, kx_mac, "");
    const auto text = all->render(*all->named("panasonic"), *step, facts(1));
    ASSERT_TRUE(text) << text.error().what;
    auto set = settings_of(*text);
    EXPECT_EQ(set["VM_NUMBER_1"], "*97");
    EXPECT_EQ(set["CFG_RTRY_INTVL"], "7");
    EXPECT_EQ(set["CFG_RESYNC_TIME"], "02:30");
}

TEST_F(Panasonic, ASitesMistakeIsRefusedWithItsPlace) {
    const SiteFolder site;
    site.write("panasonic/base.mustache", "{{>panasonic/base}}\nREG_EXPIRE_TIME_1=\"0\"\n");
    EXPECT_THAT(complaint(site.path()),
                AllOf(HasSubstr("panasonic/base.mustache:2:"), HasSubstr("REG_EXPIRE_TIME_1")));
    const SiteFolder other;
    other.write("panasonic/profile.conf", "[values]\nhost = 192.0.2.1\n");
    EXPECT_THAT(complaint(other.path()), HasSubstr("[values] host is a name of every phone"));
}

} // namespace
