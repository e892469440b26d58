// SPDX-License-Identifier: MIT
// Rules: what they match, and which of them wins.
#include "provisioning/profile/site.hpp"

#include "provisioning/profile/rule_check.hpp"
#include "provisioning/profile/time_zone.hpp"
#include "tests/profile/sample.hpp"

#include <gmock/gmock.h>

namespace {

using profile::Rule;
using profile::site_for;
using testing::HasSubstr;

const base::Ipv4 phone = *base::Ipv4::parse("10.1.2.3");

Rule rule(const std::string& vendor, const std::string& model, const std::string& network) {
    Rule made;
    made.vendor = vendor;
    made.model = model;
    if (!network.empty()) {
        made.network = base::Network::parse(network);
    }
    return made;
}

TEST(Site, HasDefaultsWithoutRules) {
    const auto site = site_for({}, "htek", "UC926", phone);
    EXPECT_EQ(site.sip_server, "{host}");
    EXPECT_EQ(site.sip_transport, "udp");
    EXPECT_EQ(site.register_expires, std::chrono::minutes(15));
    EXPECT_EQ(site.ntp_server, "{host}");
    EXPECT_EQ(site.pnp_after, "keep");
    EXPECT_FALSE(site.offer_url);
    EXPECT_FALSE(site.dialect);
}

TEST(Site, SomeExtensionsHaveKeysOfTheirOwn) {
    Rule boss;
    boss.extension = profile::Numbers{"200", "209"};
    boss.voicemail = "*98";
    Rule all;
    all.voicemail = "*97";
    all.pickup = "**";
    const auto voicemail = [&](std::string_view extension) {
        return site_for({boss, all}, "htek", "", phone, extension).voicemail;
    };
    EXPECT_EQ(voicemail("200"), "*98");
    EXPECT_EQ(voicemail("209"), "*98");
    EXPECT_EQ(voicemail("210"), "*97");
    EXPECT_EQ(voicemail("2001"), "*97");
    EXPECT_EQ(voicemail(""), "*97");
    EXPECT_EQ(site_for({boss, all}, "htek", "", phone, "200").pickup, "**");
}

TEST(Site, ASectionForExtensionsSetsNothingThatComesBeforeThem) {
    const auto all = catalogue();
    Rule boss;
    boss.extension = profile::Numbers{"201", "201"};
    boss.voicemail = "*98";
    EXPECT_TRUE(profile::check_rule(boss, *all));
    boss.sip_server = "pbx2";
    EXPECT_THAT(profile::check_rule(boss, *all).error().what, HasSubstr("extension: such a"));
}

TEST(Site, TakesEachValueFromTheFirstRuleThatSetsIt) {
    Rule first = rule("htek", "", "");
    first.sip_server = "pbx1";
    Rule second;
    second.sip_server = "pbx2";
    second.sip_transport = "tls";
    second.dialect = profile::Dialect::echo;
    const auto htek = site_for({first, second}, "htek", "UC926", phone);
    EXPECT_EQ(htek.sip_server, "pbx1");
    EXPECT_EQ(htek.sip_transport, "tls");
    EXPECT_EQ(htek.dialect, profile::Dialect::echo);
    EXPECT_EQ(site_for({first, second}, "snom", "", phone).sip_server, "pbx2");
}

TEST(Site, MatchesModelsWithoutCaseAndWithAStarForTheRest) {
    const auto matches = [&](const std::string& pattern, const std::string& model) {
        Rule made = rule("", pattern, "");
        made.time_zone = "50";
        return site_for({made}, "htek", model, phone).time_zone == "50";
    };
    EXPECT_TRUE(matches("uc926", "UC926"));
    EXPECT_FALSE(matches("UC92", "UC926"));
    EXPECT_TRUE(matches("UC92*", "uc926"));
    EXPECT_TRUE(matches("UC926*", "UC926"));
    EXPECT_TRUE(matches("*", ""));
    EXPECT_FALSE(matches("UC926*", "UC92"));
}

TEST(Site, MatchesTheNetworkOfThePhone) {
    Rule made = rule("", "", "10.1.2.0/24");
    made.time_zone = "50";
    EXPECT_EQ(site_for({made}, "htek", "", phone).time_zone, "50");
    EXPECT_EQ(site_for({made}, "htek", "", *base::Ipv4::parse("10.1.3.3")).time_zone, "");
}

TEST(TimeZone, IsTheMachinesOwn) {
    using profile::machine_time_zone;
    SiteFolder etc;
    EXPECT_EQ(machine_time_zone("Europe/Berlin", etc.path()), "Europe/Berlin");
    EXPECT_EQ(machine_time_zone(":Europe/Berlin", etc.path()), "Europe/Berlin");
    EXPECT_EQ(machine_time_zone("/usr/share/zoneinfo/Asia/Tokyo", etc.path()), "Asia/Tokyo");
    EXPECT_EQ(machine_time_zone(nullptr, etc.path()), "");
    std::filesystem::create_symlink("../usr/share/zoneinfo/posix/Europe/Paris",
                                    etc.path() + "/localtime");
    EXPECT_EQ(machine_time_zone("", etc.path()), "Europe/Paris");
    etc.write("timezone", "Europe/Rome\n");
    EXPECT_EQ(machine_time_zone(nullptr, etc.path()), "Europe/Rome");
}

TEST(TimeZone, IsLookedUpInTheVendorsTable) {
    const auto all = catalogue();
    const auto& htek = *all->named("htek");
    const auto zone = [&](std::string_view name) {
        return profile::vendor_time_zone(htek, name, false).value_or("none");
    };
    EXPECT_EQ(zone("Europe/Berlin"), "50");
    EXPECT_EQ(zone("europe/berlin"), "50");
    EXPECT_EQ(zone("Asia/Kolkata"), "84");
    EXPECT_EQ(zone("America/New_York"), "18");
    EXPECT_EQ(zone("77"), "77");
    EXPECT_EQ(zone("7777"), "none");
    EXPECT_EQ(profile::vendor_time_zone(htek, "7777", true).value_or("none"), "7777");
    EXPECT_EQ(zone("Mars/Olympus"), "none");
    EXPECT_EQ(zone(""), "none");
}

TEST(Rule, IsCheckedAgainstTheVendorsBeforeAPhoneMeetsIt) {
    const auto all = catalogue();
    const auto complaint_about = [&](auto set) {
        Rule made;
        set(made);
        const auto good = profile::check_rule(made, *all);
        return good ? std::string() : good.error().what;
    };
    EXPECT_EQ(complaint_about([](Rule&) {}), "");
    EXPECT_THAT(complaint_about([](Rule& r) { r.vendor = "htekk"; }),
                HasSubstr("did you mean htek?"));
    EXPECT_THAT(complaint_about([](Rule& r) { r.time_zone = "Europe/Berlim"; }),
                HasSubstr("did you mean Europe/Berlin?"));
    EXPECT_EQ(complaint_about([](Rule& r) { r.time_zone = "50"; }), "");
    EXPECT_THAT(complaint_about([](Rule& r) { r.spelling = "nmaed"; }),
                HasSubstr("did you mean named?"));
    EXPECT_THAT(complaint_about([](Rule& r) { r.pnp_after = "maybe"; }), HasSubstr("pnp_after"));
    EXPECT_THAT(complaint_about([](Rule& r) { r.sip_server = "{hots}:5060"; }),
                HasSubstr("sip_server: the {...} at character 1"));
    EXPECT_THAT(complaint_about([](Rule& r) { r.sip_server = "pbx:sip"; }),
                HasSubstr("HOST or HOST:PORT"));
    EXPECT_THAT(complaint_about([](Rule& r) { r.sip_transport = "sctp"; }),
                HasSubstr("sip_transport"));
    EXPECT_THAT(complaint_about([](Rule& r) { r.offer_url = base::Secret("http://{mca}/"); }),
                HasSubstr("did you mean {mac}?"));
    EXPECT_THAT(complaint_about([](Rule& r) { r.ntp_server = "a\nb"; }), HasSubstr("ntp_server"));
}

TEST(Rule, SendsPhonesOfAVendorWithoutAProfileToAnotherServer) {
    const auto all = catalogue();
    Rule made = rule("snom", "", "");
    const auto without = profile::check_rule(made, *all);
    ASSERT_FALSE(without);
    EXPECT_THAT(without.error().what, HasSubstr("offer_url"));
    made.offer_url = base::Secret("http://{host}/{mac}.xml");
    const auto with = profile::check_rule(made, *all);
    EXPECT_TRUE(with) << with.error().what;
    made.vendor = "htec";
    const auto slip = profile::check_rule(made, *all);
    ASSERT_FALSE(slip);
    EXPECT_THAT(slip.error().what, HasSubstr("did you mean htek?"));
}

} // namespace
