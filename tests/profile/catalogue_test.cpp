// SPDX-License-Identifier: MIT
// The shipped Htek files and what a site may make of them.
#include "provisioning/profile/catalogue.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/profile/model.hpp"
#include "provisioning/profile/vendor_file.hpp"
#include "tests/profile/sample.hpp"

#include <gmock/gmock.h>

#include <map>
#include <thread>

namespace {

using profile::Signature;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const std::string own_file = "cfg001fc11b4e1c.xml";

TEST(Htek, AsksForTheFiveNamesInTheOrderOfTheMakersPage) {
    const auto all = catalogue();
    const auto& htek = *all->named("htek");
    EXPECT_THAT(htek.names_for(phone_mac, ""),
                ElementsAre("factory0000.xml", "cfg0000.xml", "001fc11b4e1c.cfg", "cfg001fc11b4e1c",
                            "cfg001fc11b4e1c.xml"));
    EXPECT_THAT(htek.names_for(phone_mac, "uc924e"),
                ElementsAre("factory0000.xml", "factory0012.xml", "cfg0000.xml", "cfg0012.xml",
                            "001fc11b4e1c.cfg", "cfg001fc11b4e1c", "cfg001fc11b4e1c.xml"));
}

TEST(Htek, ServesTheLastFileOnlyAndSaysWhyNotTheOthers) {
    const auto all = catalogue();
    const auto& htek = *all->named("htek");
    for (const auto& name : htek.names_for(phone_mac, "UC924")) {
        const auto* step = htek.step_for(name, phone_mac, "UC924");
        ASSERT_NE(step, nullptr) << name;
        EXPECT_EQ(step->template_name.empty(), name != own_file) << name;
        EXPECT_THAT(step->reason, Not(IsEmpty())) << name;
        EXPECT_EQ(render(*all, name, facts_for(1, "UC924")).has_value(), name == own_file) << name;
    }
}

TEST(Htek, KnowsItsChainAndNoOtherName) {
    const auto all = catalogue();
    const auto& htek = *all->named("htek");
    const auto knows = [&](const std::string& file, const std::string& model) {
        return htek.step_for(file, phone_mac, model) != nullptr;
    };
    EXPECT_TRUE(knows("cfg0010.xml", "UC926"));
    EXPECT_FALSE(knows("cfg0012.xml", "UC926")) << "the code of another model";
    EXPECT_TRUE(knows("cfg0042.xml", "UC999")) << "a model whose code nobody knows";
    EXPECT_FALSE(knows("cfg00a2.xml", "UC999"));
    EXPECT_FALSE(knows("cfg00100.xml", "UC926"));
    EXPECT_FALSE(knows("cfg001fc11b4e1d.xml", "UC926")) << "another phone's file";
    EXPECT_FALSE(knows("CFG001FC11B4E1C.XML", "UC926"));
    EXPECT_FALSE(knows("cfg001FC11B4E1C.xml", "UC926"));
    EXPECT_FALSE(knows("fw920M.rom", "UC926"));
    EXPECT_FALSE(knows("", "UC926"));
}

TEST(Htek, IsRecognisedByEventThenUserAgentThenAddress) {
    const auto all = catalogue();
    const auto* htek = all->named("htek");
    const base::Mac other = *base::Mac::parse("0004132e08b4");
    EXPECT_EQ(all->recognise({other, "hTeK", ""}), htek);
    EXPECT_EQ(all->recognise({other, "OEM", "Htek UC903 2.0.4.2 00:1f:c1:1c:22:a9"}), htek);
    EXPECT_EQ(all->recognise({other, "", "IPPHONE    V2.23.3.29.488 001fc11f34be"}), htek);
    EXPECT_EQ(all->recognise({other, "", "Hteknique 1"}), nullptr);
    EXPECT_EQ(all->recognise({phone_mac, "oem", "curl"}), htek);
    EXPECT_EQ(all->recognise({other, "snom", "snom370/8.7.5.48"}), nullptr);
}

TEST(Htek, GetsASettingForEachAccountAndForTheServer) {
    const auto file = render(*catalogue(), own_file, facts_for(2));
    ASSERT_TRUE(file) << file.error().what;
    EXPECT_THAT(*file, StartsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                  "<hl_provision version=\"1\">\n  <config version=\"1\">\n"));
    EXPECT_THAT(*file, HasSubstr("<P735 para=\"Account2_SipUserId\">202</P735>"));
    auto settings = settings_in(*file);
    EXPECT_EQ(settings["Account1_Active"], "1");
    EXPECT_EQ(settings["Account1_Profile"], "0");
    EXPECT_EQ(settings["Account2_Profile"], "1");
    EXPECT_EQ(settings["Account1_Label"], "201");
    EXPECT_EQ(settings["Account1_Extension"], "201");
    EXPECT_EQ(settings["Account1_AuthenticateID"], "201");
    EXPECT_EQ(settings["Account1_AuthenticatePassword"], "s3cret-201");
    EXPECT_EQ(settings["Account2_AuthenticatePassword"], "s3cret-202");
    EXPECT_EQ(settings["Account1_DispalyName"], "Desk 201");
    EXPECT_EQ(settings["Account2_LocalSipPort"], "5160");
    EXPECT_EQ(settings["Account2_UseRandomPort"], "0");
    EXPECT_EQ(settings["Profile2_Sipserver"], "192.0.2.10:5060");
    EXPECT_EQ(settings["Profile1_SipTransport"], "0");
    EXPECT_EQ(settings["Profile1_SipRegistration"], "1");
    EXPECT_EQ(settings["Profile1_RegisterExpiration"], "15");
    EXPECT_EQ(settings["NW_Adv_UrlOrIpAddress"], "192.0.2.10");
    EXPECT_EQ(settings["Preference_TimeZone"], "50");
    EXPECT_EQ(settings["Preference_DHCPTime"], "0");
    EXPECT_EQ(settings["FirmwareUpGrade_UrgrateMode"], "1");
    EXPECT_EQ(settings["FirmwareUpGrade_ConfigServerPath"],
              "http://192.0.2.10:5480/p/AbCdEfGhIjKlMnOpQrStUv/");
    EXPECT_EQ(settings["FirmwareUpGrade_PnPActive"], "1");
    EXPECT_EQ(settings["AutoUpgrade_PowerOnStart"], "1");
    EXPECT_EQ(settings["Preference_CheckSyncWithAuth"], "0");
}

TEST(Htek, HasTheKeysOfTheSiteAndWhatTheyDial) {
    auto facts = facts_for(2);
    EXPECT_EQ(settings_in(*render(*catalogue(), own_file, facts)).count("LineKey1_Type"), 0U);
    facts.site.keys = *profile::parse_keys(
        "line 2, blf 203 Anna, pickup 203 Bob, voicemail, none, dial 0123 Taxi");
    facts.site.voicemail = "*97";
    facts.site.pickup = "**";
    auto settings = settings_in(*render(*catalogue(), own_file, facts));
    EXPECT_EQ(settings["LineKey1_Type"], "1");
    EXPECT_EQ(settings["LineKey1_Account"], "1");
    EXPECT_EQ(settings["LineKey2_Type"], "3");
    EXPECT_EQ(settings["LineKey2_Value"], "203");
    EXPECT_EQ(settings["LineKey2_Label"], "Anna");
    EXPECT_EQ(settings["LineKey2_Account"], "255");
    EXPECT_EQ(settings["LineKey3_Type"], "2");
    EXPECT_EQ(settings["LineKey3_Value"], "**203");
    EXPECT_EQ(settings["LineKey4_Value"], "*97");
    EXPECT_EQ(settings["LineKey5_Type"], "0");
    EXPECT_EQ(settings["LineKey6_Value"], "0123");
    EXPECT_EQ(settings["LineKey12_Type"], "0") << "nothing else stays behind";
    EXPECT_EQ(settings["Account1_VoiceMailId"], "*97");
    EXPECT_EQ(settings["Account2_DirectPickupCode"], "**");
    EXPECT_THAT(*render(*catalogue(), own_file, facts),
                testing::HasSubstr("<P20206 para=\"LineKey6_Value\">0123</P20206>"));
}

TEST(Htek, SwitchesOffAndEmptiesTheAccountsBeyondItsLines) {
    auto settings = settings_in(*render(*catalogue(), own_file, facts_for(1)));
    for (const std::string account : {"Account2_", "Account3_", "Account4_"}) {
        EXPECT_EQ(settings.at(account + "Active"), "0");
        for (const std::string key : {"SipUserId", "AuthenticateID", "AuthenticatePassword",
                                      "DispalyName", "Label", "Extension"}) {
            EXPECT_EQ(settings.at(account + key), "");
        }
    }
    EXPECT_EQ(settings_in(*render(*catalogue(), own_file, facts_for(0))).at("Account1_Active"),
              "0");
    EXPECT_EQ(settings_in(*render(*catalogue(), own_file, facts_for(4))).at("Account4_Active"),
              "1");
}

TEST(Htek, CarriesTheSameSettingsInBothSpellings) {
    const auto all = catalogue();
    for (const std::size_t lines : {std::size_t{0}, std::size_t{2}, std::size_t{4}}) {
        for (const std::string transport : {"udp", "tls"}) {
            auto facts = facts_for(lines, "UC926");
            facts.site.sip_transport = transport;
            const auto codes = render(*all, own_file, facts);
            facts.model = "UC926U";
            const auto names = render(*all, own_file, facts);
            ASSERT_TRUE(codes && names);
            EXPECT_THAT(*codes, HasSubstr("<P271 para="));
            EXPECT_THAT(*names, Not(HasSubstr("para=")));
            EXPECT_EQ(settings_in(*codes), settings_in(*names));
        }
    }
}

TEST(Htek, IsSpeltByModelUnlessARuleSaysOtherwise) {
    const auto all = catalogue();
    auto facts = facts_for(1, "uc924u");
    EXPECT_THAT(*render(*all, own_file, facts), HasSubstr("<Account1_Active>"));
    facts.site.spelling = "p-code";
    EXPECT_THAT(*render(*all, own_file, facts), HasSubstr("<P271 "));
    facts.site.spelling = "runes";
    EXPECT_THAT(render(*all, own_file, facts).error().what, HasSubstr("spelling 'runes'"));
}

TEST(Htek, RegistersAtThePortOfItsTransport) {
    const auto all = catalogue();
    for (const auto& [transport, server] : std::map<std::string, std::string>{
             {"udp", "192.0.2.10:5060"}, {"tcp", "192.0.2.10:5060"}, {"tls", "192.0.2.10:5061"}}) {
        auto facts = facts_for(1);
        facts.site.sip_transport = transport;
        const auto file = render(*all, own_file, facts);
        ASSERT_TRUE(file) << file.error().what;
        EXPECT_EQ(settings_in(*file)["Profile1_Sipserver"], server) << transport;
    }
}

TEST(Htek, GetsWhatTheRulesOfTheSiteSay) {
    const auto all = catalogue();
    auto facts = facts_for(1);
    facts.site.sip_server = "pbx.example.com";
    facts.site.sip_transport = "tls";
    facts.site.register_expires = std::chrono::seconds(90);
    facts.site.ntp_server = "none";
    facts.site.time_zone = "Mars/Olympus";
    facts.site.pnp_after = "off";
    facts.provisioning_url = "https://192.0.2.10:5481/p/x/";
    const auto file = render(*all, own_file, facts);
    ASSERT_TRUE(file) << file.error().what;
    auto settings = settings_in(*file);
    EXPECT_EQ(settings["Profile1_Sipserver"], "pbx.example.com:5061");
    EXPECT_EQ(settings["Profile1_SipTransport"], "2");
    EXPECT_EQ(settings["Profile1_RegisterExpiration"], "2") << "minutes, rounded up";
    EXPECT_EQ(settings["FirmwareUpGrade_UrgrateMode"], "3");
    EXPECT_EQ(settings["FirmwareUpGrade_PnPActive"], "0");
    EXPECT_EQ(settings.count("NW_Adv_UrlOrIpAddress"), 0U);
    EXPECT_EQ(settings.count("Preference_TimeZone"), 0U);
    facts.site.sip_transport = "tcp";
    facts.site.time_zone = "77";
    facts.site.ntp_server = "ntp.example.com";
    settings = settings_in(*render(*all, own_file, facts));
    EXPECT_EQ(settings["Profile1_SipTransport"], "1");
    EXPECT_EQ(settings["Preference_TimeZone"], "77");
    EXPECT_EQ(settings["NW_Adv_UrlOrIpAddress"], "ntp.example.com");
}

TEST(Htek, GetsAwkwardCharactersAsTheyAre) {
    auto facts = facts_for(1);
    facts.accounts[0].name = "J\xC3\xBCrgen <&\">' {{number}} ]]>";
    facts.accounts[0].password = base::Secret("a&b<c>\"d'\xE2\x82\xAC{{x}}");
    const auto all = catalogue();
    for (const std::string model : {"UC926", "UC926U"}) {
        facts.model = model;
        const auto file = render(*all, own_file, facts);
        ASSERT_TRUE(file) << file.error().what;
        auto settings = settings_in(*file);
        EXPECT_EQ(settings["Account1_DispalyName"], facts.accounts[0].name);
        EXPECT_EQ(settings["Account1_AuthenticatePassword"], facts.accounts[0].password.reveal());
    }
}

TEST(Htek, GetsNoFileWithAPasswordThatWouldBeChangedOnTheWay) {
    const auto all = catalogue();
    for (const std::string password : {"new\nline", "bell\x07", "latin1 \xFC"}) {
        auto facts = facts_for(1);
        facts.accounts[0].password = base::Secret(password);
        const auto file = render(*all, own_file, facts);
        ASSERT_FALSE(file);
        EXPECT_THAT(file.error().what, HasSubstr("the password of 201"));
        EXPECT_THAT(file.error().what, Not(HasSubstr(password.substr(0, 4))));
    }
}

TEST(Htek, TakesNoMoreAccountsThanItHasLines) {
    const auto file = render(*catalogue(), own_file, facts_for(5));
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().what, "5 lines are assigned, Htek phones take 4; unassign some");
}

TEST(Htek, FallsBackToTheNumberWhereAnExtensionHasNoName) {
    auto facts = facts_for(1);
    facts.accounts[0].name.clear();
    EXPECT_EQ(settings_in(*render(*catalogue(), own_file, facts)).at("Account1_DispalyName"),
              "201");
}

TEST(Catalogue, GivesByteIdenticalFilesForEqualFactsOnAnyThread) {
    const auto all = catalogue();
    const auto expected = *render(*catalogue(), own_file, facts_for(3));
    std::vector<std::thread> threads;
    std::atomic<int> different{0};
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            for (int round = 0; round < 20; ++round) {
                auto facts = facts_for(3);
                facts.firmware = fmt::format("{}.{}", i, round); // in no file: each is made anew
                different += *render(*all, own_file, facts) == expected ? 0 : 1;
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(different, 0);
}

TEST(Catalogue, LoadsWithoutASiteFolder) {
    EXPECT_TRUE(profile::Catalogue::load("/nowhere/at/all"));
    SiteFolder empty;
    empty.write("README", "nothing here yet");
    EXPECT_TRUE(profile::Catalogue::load(empty.path()));
    EXPECT_THAT(catalogue()->vendors(), testing::SizeIs(3));
    EXPECT_EQ(catalogue()->named("HTEK")->title, "Htek");
    EXPECT_EQ(catalogue()->named("nobody"), nullptr);
}

TEST(Catalogue, LetsASiteServeOtherStepsAndAddToOurFile) {
    const auto all = catalogue(site_data("good"));
    ASSERT_TRUE(all);
    const auto facts = facts_for(1);
    const auto common = render(*all, "cfg0010.xml", facts);
    ASSERT_TRUE(common) << common.error().what;
    EXPECT_THAT(*common, HasSubstr("<P237>" + facts.provisioning_url + "</P237>"));
    EXPECT_THAT(*common, Not(HasSubstr("s3cret")));
    const auto third = render(*all, "001fc11b4e1c.cfg", facts);
    ASSERT_TRUE(third) << third.error().what;
    EXPECT_EQ(*third, *render(*all, own_file, facts));
    auto settings = settings_in(*third);
    EXPECT_EQ(settings["Site"], "UC926");
    EXPECT_EQ(settings["Account1_Active"], "1") << "{{>htek/base}} is the shipped one";
    const auto& htek = *all->named("htek");
    EXPECT_NE(htek.step_for("cfg0011.xml", phone_mac, "UC921"), nullptr);
    EXPECT_EQ(htek.chain.size(), 5U);
    EXPECT_EQ(all->recognise({base::Mac(), "", "Sangoma S500"}), &htek);
    EXPECT_EQ(all->recognise({base::Mac(), "", "Htek UC926"}), &htek);
}

TEST(Catalogue, LetsASiteStopServingAStep) {
    SiteFolder site;
    site.write("htek/profile.conf", "[step cfg{mac}.xml]\ntemplate = none\nreason = by another\n");
    const auto all = catalogue(site.path());
    EXPECT_EQ(render(*all, own_file, facts_for(1)).error().what,
              "cfg{mac}.xml is not served: by another");
}

TEST(Catalogue, KeepsASitesPlainFileAwayFromSpellingsThatHaveTheirOwn) {
    SiteFolder site;
    site.write("htek/system.mustache", "<P1 para=\"only\">here</P1>\n");
    const auto all = catalogue(site.path());
    EXPECT_THAT(*render(*all, own_file, facts_for(1, "UC926")), HasSubstr("only"));
    EXPECT_THAT(*render(*all, own_file, facts_for(1, "UC926U")), Not(HasSubstr("only")));
}

TEST(Catalogue, TakesAVendorThatIsNotShipped) {
    SiteFolder site;
    site.write("acme/profile.conf", "[vendor]\ntitle = Acme\nmax_lines = 1\noui = 00A0B0\n"
                                    "resync_event = check-sync\nreboot_event = check-sync\n"
                                    "[step {mac}.cfg]\ntemplate = phone\nformat = text\n"
                                    "content_type = text/plain\n");
    site.write("acme/phone.mustache", "{{#lines}}\nuser = {{number}}\npass = {{password}}\n"
                                      "{{/lines}}\n");
    const auto all = catalogue(site.path());
    ASSERT_TRUE(all);
    const auto* acme = all->recognise({*base::Mac::parse("00a0b0000001"), "", ""});
    ASSERT_NE(acme, nullptr);
    auto facts = facts_for(1);
    facts.accounts[0].password = base::Secret("<&\"> as it is");
    EXPECT_EQ(*all->render(*acme, acme->chain[0], facts), "user = 201\npass = <&\"> as it is\n");
    facts.accounts[0].name = "a\nb = c";
    EXPECT_FALSE(all->render(*acme, acme->chain[0], facts)) << "a line of its own in the file";
}

TEST(BootAndGuest, CarryAUrlAndNothingOfAnAccountInBothSpellings) {
    const auto all = catalogue();
    const auto& htek = *all->named("htek");
    for (const std::string model : {"UC926", "UC926U"}) {
        auto facts = facts_for(2, model);
        const auto boot = all->render_boot(htek, facts);
        ASSERT_TRUE(boot) << boot.error().what;
        EXPECT_THAT(*boot, Not(HasSubstr("s3cret")));
        auto settings = settings_in(*boot);
        EXPECT_EQ(settings["FirmwareUpGrade_ConfigServerPath"], facts.provisioning_url);
        EXPECT_EQ(settings["FirmwareUpGrade_UrgrateMode"], "1");
        EXPECT_EQ(settings["FirmwareUpGrade_CheckUpgradeTimes"], "15");
        EXPECT_EQ(settings["FirmwareUpGrade_PnPActive"], "1");
        EXPECT_EQ(settings.size(), 7U);
        facts.provisioning_url = "http://192.0.2.10:5480/boot/htek/";
        const auto guest = all->render_guest(htek, facts);
        ASSERT_TRUE(guest) << guest.error().what;
        EXPECT_EQ(settings_in(*guest)["FirmwareUpGrade_ConfigServerPath"], facts.provisioning_url);
        facts.provisioning_url = "https://192.0.2.10:5481/p/x/";
        EXPECT_EQ(settings_in(*all->render_boot(htek, facts))["FirmwareUpGrade_UrgrateMode"], "3");
    }
}

TEST(BootAndGuest, LeaveTheFactorysIntervalToTheRealFile) {
    EXPECT_EQ(settings_in(*render(*catalogue(), own_file,
                                  facts_for(1)))["FirmwareUpGrade_CheckUpgradeTimes"],
              "10080");
}

TEST(BootAndGuest, MayNotNameAPassword) {
    for (const std::string kind : {"boot", "guest"}) {
        SiteFolder site;
        site.write("htek/" + kind + ".mustache",
                   "<hl_provision><config>\n<P34>{{password}}</P34>\n</config></hl_provision>\n");
        EXPECT_THAT(complaint(site.path()), HasSubstr(kind + ".mustache:2:6: there is no "
                                                             "'password' here"));
        site.write("htek/" + kind + ".mustache", "<hl_provision><config>{{#lines}}\n"
                                                 "<P34>{{password}}</P34>\n{{/lines}}"
                                                 "</config></hl_provision>\n");
        EXPECT_THAT(complaint(site.path()), HasSubstr("there is no 'lines' here"));
        site.write("htek/" + kind + ".mustache", "{{>accounts}}\n");
        EXPECT_THAT(complaint(site.path()), HasSubstr("there is no 'lines' here"));
    }
}

TEST(BootAndGuest, AreCheckedLikeEveryOtherFile) {
    SiteFolder site;
    site.write("htek/boot.mustache", "<other/>\n");
    EXPECT_THAT(complaint(site.path()), HasSubstr("a sample phone would get a bad boot_template"));
    site.write("htek/boot.mustache", "<hl_provision><config>{{retry}}</config></hl_provision>\n");
    EXPECT_THAT(complaint(site.path()), HasSubstr("there is no 'retry' here"));
    SiteFolder missing;
    missing.write("htek/profile.conf", "[vendor]\nboot_template = nowhere\n");
    EXPECT_THAT(complaint(missing.path()),
                HasSubstr("boot_template of htek: there is no file nowhere.mustache"));
}

TEST(BootAndGuest, CanBeSwitchedOff) {
    SiteFolder site;
    site.write("htek/profile.conf", "[vendor]\nboot_template = none\nguest_template = none\n");
    const auto all = catalogue(site.path());
    ASSERT_TRUE(all);
    EXPECT_FALSE(all->render_boot(*all->named("htek"), facts_for(0)));
    EXPECT_FALSE(all->render_guest(*all->named("htek"), facts_for(0)));
}

TEST(Login, StandsInTheUrlAndInItsFields) {
    auto facts = facts_for(1);
    facts.url_user = "001fc11b4e1c";
    facts.url_password = "AbCdEfGhIjKlMnOpQrStUv";
    auto settings = settings_in(*render(*catalogue(), own_file, facts));
    EXPECT_EQ(settings["FirmwareUpGrade_UserName"], facts.url_user);
    EXPECT_EQ(settings["FirmwareUpGrade_Password"], facts.url_password);
    const auto without = settings_in(*render(*catalogue(), own_file, facts_for(1)));
    EXPECT_EQ(without.count("FirmwareUpGrade_UserName"), 0U);
}

/// The README of conf/vendors is embedded, and read by administrators: it must name what there is.
TEST(Templates, HaveAllTheirNamesInTheReadme) {
    std::ifstream file(std::string(TEST_DATA) + "/../../conf/vendors/README.md");
    const std::string readme{std::istreambuf_iterator<char>(file), {}};
    const auto model = profile::example_model(profile::Vendor());
    const auto expect_all = [&](const auto& names) {
        for (const auto& [name, unused] : names) {
            EXPECT_THAT(readme, HasSubstr("`" + name + "`"));
        }
    };
    expect_all(model.values);
    expect_all(model.flags);
    expect_all(model.lists);
    ASSERT_EQ(model.lists.size(), 3U);
    for (const auto& [name, entries] : model.lists) {
        expect_all(entries.at(0).values);
        expect_all(entries.at(0).flags);
    }
}

struct Bad {
    std::string folder;
    std::string complaint;
};

/// So that a failing row names itself.
void PrintTo(const Bad& bad, std::ostream* out) {
    *out << bad.folder;
}

class BadSite : public testing::TestWithParam<Bad> {};

TEST_P(BadSite, IsRefusedWithFileLineAndColumn) {
    const auto said = complaint(site_data(GetParam().folder));
    EXPECT_THAT(said, StartsWith(site_data(GetParam().folder) + "/htek/" + GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    Catalogue,
    BadSite,
    testing::Values(
        Bad{"undefined_name", "base.mustache:2:9: there is no 'zzzzzzzzzzzzz' here"},
        Bad{"typo", "base.mustache:3:9: there is no 'pasword' here; did you mean 'password'?"},
        Bad{"cycle", "extra.mustache:2:1: 'base' includes itself: "},
        Bad{"self_include", "base.mustache:1:5: 'base' includes itself: "},
        Bad{"triple", "base.mustache:2:9: three braces"},
        Bad{"ampersand", "base.mustache:1:9: {{&...}}"},
        Bad{"delimiters", "base.mustache:1:1: the delimiters"},
        Bad{"unclosed", "base.mustache:1:1: {{#has_ntp}} is never closed"},
        Bad{"untaken_branch", "base.mustache:3:5: there is no 'nothing' here"},
        Bad{"no_partial", "base.mustache:1:1: there is no template 'htek/acounts.mustache'; did "
                          "you mean 'htek/accounts'?"},
        Bad{"not_well_formed", "base.mustache:3:"},
        Bad{"wrong_root", "cfg-mac.xml.mustache:2:1: a sample phone would get a bad cfg{mac}.xml: "
                          "line 2 column 1: found <gs_provision> where these phones expect "
                          "<hl_provision>"},
        Bad{"wrong_child", "cfg-mac.xml.mustache:3:1: a sample phone would get"},
        Bad{"too_deep", "p15.mustache:1:1: partials nest deeper than 16"},
        Bad{"unknown_setting", "profile.conf:2: resync_evnt: there is no such setting; did you "
                               "mean resync_event?"},
        Bad{"bad_pattern", "profile.conf:1: [step {mca}.cfg]: the {...} at character 1 is none of "
                           "{mac}, {MAC}, {model}, {code}; did you mean {mac}?"}),
    [](const auto& row) {
        std::string name;
        bool word = true;
        for (const char c : row.param.folder) {
            if (c != '_') {
                name += word ? static_cast<char>(std::toupper(c)) : c;
            }
            word = c == '_';
        }
        return name;
    });

TEST(Catalogue, RefusesAStepWhoseTemplateIsMissing) {
    EXPECT_THAT(complaint(site_data("missing_template")),
                testing::AllOf(HasSubstr("profile.conf:2: [step {mac}.cfg]"),
                               HasSubstr("there is no file nowhere.mustache")));
}

TEST(Catalogue, RefusesAStepThatAnotherOneHides) {
    SiteFolder site;
    site.write("htek/profile.conf", "[step cfg0000.xml]\ntemplate = base\n");
    EXPECT_THAT(complaint(site.path()),
                testing::AllOf(HasSubstr("profile.conf:1: [step cfg0000.xml]"),
                               HasSubstr("[step cfg{code}.xml] stands for this name already")));
}

TEST(Catalogue, RefusesATemplateThatIsTooLarge) {
    SiteFolder site;
    site.write("htek/base.mustache", std::string(256 * 1024, ' ') + "<P1/>");
    EXPECT_THAT(complaint(site.path()), HasSubstr("base.mustache: larger than 262144 bytes"));
    site.write("htek/base.mustache", std::string(255 * 1024, ' ') + "{{>htek/base}}");
    EXPECT_THAT(complaint(site.path()), HasSubstr("larger than 256 kB with its partials"));
}

TEST(Catalogue, PointsAtThePlaceThatMakesABadFile) {
    SiteFolder site;
    site.write("htek/base.mustache",
               "{{>htek/base}}\n{{! note }}\n{{#lines}}\n"
               "    <P1>{{name}}</P1>\n    <P2 a=b>{{index}}</P2>\n{{/lines}}\n");
    EXPECT_THAT(complaint(site.path()), HasSubstr("/htek/base.mustache:5:"));
    // An element name that a value makes bad.
    site.write("htek/base.mustache", "<P1/>\n{{#lines}}\n<P1/> <{{name}}/>\n{{/lines}}\n");
    EXPECT_THAT(complaint(site.path()), HasSubstr("/htek/base.mustache:3:"));
}

TEST(Catalogue, WarnsOfAFileThatNothingUses) {
    std::string warned;
    base::log::set_sink([&](base::log::Level, std::string_view, std::string_view text) {
        warned += std::string(text) + "\n";
    });
    SiteFolder site;
    site.write("htek/bsae.mustache", "<P1/>");
    site.write("htek/base.mustache~", "an editor's copy");
    const auto said = complaint(site.path());
    base::log::set_sink({});
    EXPECT_EQ(said, "");
    EXPECT_THAT(warned, HasSubstr("/htek/bsae.mustache is used by no step of htek"));
    EXPECT_THAT(warned, Not(HasSubstr("base.mustache~")));
}

TEST(Catalogue, RefusesFoldersThatAreNoVendors) {
    SiteFolder site;
    site.write("Htek/base.mustache", "");
    EXPECT_THAT(complaint(site.path()), HasSubstr("small letters"));
    SiteFolder other;
    other.write("acme/base.mustache", "");
    EXPECT_THAT(complaint(other.path()), HasSubstr("needs a profile.conf"));
}

std::string said_of(const std::string& conf) {
    profile::Vendor vendor;
    const auto done = profile::read_vendor(vendor, conf, "p.conf");
    if (!done) {
        return done.error().what;
    }
    const auto good = profile::check_vendor(vendor, "p.conf");
    return good ? std::string() : good.error().what;
}

TEST(VendorFile, SaysWhatIsWrongAndWhere) {
    EXPECT_THAT(said_of("[vendor]\noui = 12345\n"), StartsWith("p.conf:2: oui: expected six hex"));
    EXPECT_THAT(said_of("[vendor]\nmax_lines = 0\n"), HasSubstr("from 1 to 64"));
    EXPECT_THAT(said_of("[vendor]\nkeeps_pnp_url = perhaps\n"), HasSubstr("expected yes or no"));
    EXPECT_THAT(said_of("[vendor]\nfolder_url = http://{host}/\n"), HasSubstr("expected {token}"));
    EXPECT_THAT(said_of("[vendor]\nfolder_url = http://{hots}/{token}\n"), HasSubstr("{host}"));
    EXPECT_THAT(said_of("[vendor]\ndialect = klingon\n"), HasSubstr("standard or echo"));
    EXPECT_THAT(said_of("[step a]\nformat = json\n"), HasSubstr("expected xml, text, kx or items"));
    EXPECT_THAT(said_of("[step a]\ntemplate = ../x\n"), HasSubstr("beside profile.conf"));
    EXPECT_THAT(said_of("[step {code}{code}]\n"), HasSubstr("{code} once at most"));
    EXPECT_THAT(said_of("[models]\nUC1 = 12\n"), HasSubstr("four digits"));
    EXPECT_THAT(said_of("[modles]\n"), HasSubstr("p.conf:1: no such section"));
    EXPECT_THAT(said_of("[vendor]\n"), HasSubstr("needs a title"));
    EXPECT_THAT(said_of("[vendor]\ntitle = A\n"), HasSubstr("at least one [step FILENAME]"));
    EXPECT_THAT(said_of("[vendor]\ntitle = A\nmax_lines = 2\nresync_event = r\nreboot_event = r\n"
                        "[step a]\n[lines]\nx = 1\n"),
                HasSubstr("x has 1 columns for 2 lines"));
}

TEST(VendorFile, LetsNoColumnHideANameOfEveryLine) {
    const auto line = profile::example_model(profile::Vendor()).lists.at("lines").at(0);
    std::vector<std::string> names;
    for (const auto& [name, value] : line.values) {
        names.push_back(name);
    }
    for (const auto& [name, value] : line.flags) {
        names.push_back(name);
    }
    ASSERT_THAT(names, testing::Contains("password"));
    for (const auto& name : names) {
        EXPECT_THAT(said_of("[lines]\n" + name + " = a\n"), HasSubstr("expected a new name"));
    }
}

} // namespace
