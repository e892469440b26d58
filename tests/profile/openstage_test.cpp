// SPDX-License-Identifier: MIT
// What OpenStage phones are told, made of the same facts as every other vendor's files.
#include "sample.hpp"

#include <gmock/gmock.h>

namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const base::Mac openstage_mac = *base::Mac::parse("001ae8102030");

profile::Facts openstage_facts(std::size_t lines) {
    auto facts = facts_for(lines, "OpenStage 40");
    facts.mac = openstage_mac;
    facts.service.poll_url = "http://192.0.2.10:18080/dcmp/";
    return facts;
}

const profile::Vendor& openstage(const profile::Catalogue& all) {
    return *all.named("openstage");
}

using Told = std::map<std::string, std::string>;

/// What a phone is told: "name[index]" → value.
Told told(const profile::Facts& facts, const std::string& site = {}) {
    const auto all = catalogue(site);
    const auto items = all->render_items(openstage(*all), facts);
    EXPECT_TRUE(items) << items.error().what;
    Told out;
    for (const auto& item : items.value_or(std::vector<wpi::Item>())) {
        out[wpi::shown(item)] = item.value;
    }
    return out;
}

profile::Facts with_keys(profile::Facts facts, std::string_view keys) {
    facts.site.keys = *profile::parse_keys(keys);
    return facts;
}

} // namespace

TEST(OpenStage, IsRecognisedByWhatItSaysItIs) {
    const auto all = catalogue();
    for (const char* type : {"OpenStage 15", "OpenStage 80", "OpenScape Desk Phone CP210"}) {
        EXPECT_EQ(all->recognise({base::Mac(), "", type}), &openstage(*all)) << type;
        EXPECT_EQ(profile::read_user_agent(type).model, type);
    }
    EXPECT_EQ(all->recognise({openstage_mac, "", ""}), nullptr)
        << "its maker uses the prefix for much else";
}

TEST(OpenStage, HasNoFileThatAnyoneCouldFetch) {
    const auto all = catalogue();
    const auto& vendor = openstage(*all);
    ASSERT_NE(vendor.items_step(), nullptr);
    EXPECT_EQ(vendor.step_for("items", openstage_mac, "OpenStage 40"), nullptr);
    EXPECT_THAT(vendor.names_for(openstage_mac, "OpenStage 40"), IsEmpty());
    const auto& htek = *all->named("htek");
    EXPECT_EQ(htek.items_step(), nullptr);
    EXPECT_THAT(all->render_items(htek, facts_for(1)).error().what, HasSubstr("format = items"));
}

TEST(OpenStage, IsToldItsNumberItsServerAndWhomItCalls) {
    const auto items = told(openstage_facts(1));
    const Told wanted = {{"dls-addr", "192.0.2.10"},
                         {"dls-port", "18443"},
                         {"dls-contact-interval", "60"},
                         {"dcmp-url", "http://192.0.2.10:18080/dcmp/"},
                         {"dcmp-poll-interval", "5"},
                         {"reg-addr", "192.0.2.10"},
                         {"reg-port", "5060"},
                         {"registrar-addr", "192.0.2.10"},
                         {"registrar-port", "5060"},
                         {"sip-transport", "0"},
                         {"reg-ttl", "900"},
                         {"e164", "201"},
                         {"sip-user-id", "201"},
                         {"sip-pwd", "s3cret-201"},
                         {"display-id-unicode", "Desk 201"},
                         {"use-display-id", "true"},
                         {"line-sip-uri[2]", ""},
                         {"line-sip-user-id[2]", ""},
                         {"line-sip-uri[3]", ""},
                         {"line-sip-user-id[3]", ""},
                         {"line-sip-uri[4]", ""},
                         {"line-sip-user-id[4]", ""},
                         {"sntp-addr", "192.0.2.10"},
                         {"sntp-tz-offset", "60"},
                         {"ssh-enable", "false"}};
    EXPECT_EQ(items, wanted);
}

TEST(OpenStage, IsNotToldToPollWhereNothingAnswers) {
    auto facts = openstage_facts(1);
    facts.service.poll_url.clear();
    const auto items = told(facts);
    EXPECT_EQ(items.count("dcmp-url") + items.count("dcmp-poll-interval"), 0U);
    facts.service = {28443, "http://x:1/", std::chrono::minutes(7)};
    const auto others = told(facts);
    EXPECT_EQ(others.at("dls-port"), "28443");
    EXPECT_EQ(others.at("dcmp-poll-interval"), "7");
}

TEST(OpenStage, HasFurtherLinesOnTheirKeys) {
    auto items = told(openstage_facts(2));
    EXPECT_EQ(items["sip-pwd"], "s3cret-201");
    EXPECT_EQ(items["function-key-def[2]"], "31");
    EXPECT_EQ(items["line-sip-uri[2]"], "202");
    EXPECT_EQ(items["line-sip-pwd[2]"], "s3cret-202");
    EXPECT_EQ(items["line-primary[2]"], "false");
    EXPECT_EQ(items["key-label-unicode[2]"], "Desk 202");
    EXPECT_EQ(items["line-sip-uri[3]"], "") << "an earlier assignment leaves nothing behind";
    EXPECT_EQ(items.count("function-key-def[3]"), 0U) << "the key may be the user's own";
    EXPECT_EQ(items.count("function-key-def[1]"), 0U);
    EXPECT_EQ(told(openstage_facts(0)).at("e164"), "");
    EXPECT_FALSE(catalogue()->render_items(openstage(*catalogue()), openstage_facts(5)));
}

TEST(OpenStage, HasTheKeysOfTheSite) {
    auto items = told(with_keys(openstage_facts(2),
                                "line 1, blf 203 Anna, dial 0015551234567 Taxi, none, line 2"));
    EXPECT_EQ(items["function-key-def[1]"], "31");
    EXPECT_EQ(items["line-sip-uri[1]"], "201");
    EXPECT_EQ(items["line-primary[1]"], "true");
    EXPECT_EQ(items["function-key-def[2]"], "59");
    EXPECT_EQ(items["stimulus-led-control-uri[2]"], "203");
    EXPECT_EQ(items["key-label-unicode[2]"], "Anna");
    EXPECT_EQ(items["function-key-def[3]"], "1");
    EXPECT_EQ(items["select-dial[3]"], "0015551234567");
    EXPECT_EQ(items["function-key-def[4]"], "0");
    EXPECT_EQ(items["function-key-def[5]"], "31");
    EXPECT_EQ(items["line-sip-uri[5]"], "202");
    EXPECT_EQ(items["function-key-def[9]"], "0");
    EXPECT_EQ(items.count("line-sip-uri[2]"), 0U);
}

TEST(OpenStage, HasKeysForPickUpAndItsMailbox) {
    auto facts = with_keys(openstage_facts(1), "line 1, pickup 203 Bob, voicemail Mailbox");
    facts.site.voicemail = "*97";
    facts.site.pickup = "**";
    auto items = told(facts);
    EXPECT_EQ(items["blf-code"], "**");
    EXPECT_EQ(items["voice-mail-e164"], "*97");
    EXPECT_EQ(items["function-key-def[2]"], "1");
    EXPECT_EQ(items["select-dial[2]"], "**203");
    EXPECT_EQ(items["select-dial[3]"], "*97");
    EXPECT_EQ(told(openstage_facts(1)).count("blf-code"), 0U);
}

TEST(OpenStage, RegistersByTheTransportOfTheSite) {
    auto facts = openstage_facts(1);
    facts.site.sip_transport = "tls";
    EXPECT_EQ(told(facts).at("sip-transport"), "2");
    EXPECT_EQ(told(facts).at("reg-port"), "5061");
    facts.site.sip_transport = "tcp";
    EXPECT_EQ(told(facts).at("sip-transport"), "1");
}

TEST(OpenStage, TakesValuesOfTheSite) {
    SiteFolder site;
    site.write("openstage/profile.conf", "[values]\nadmin_password = 8642097\nlanguage = de\n"
                                         "country = DE\npoll_item = dcmp-interval\n");
    site.write("openstage/base.mustache",
               "{{>openstage/base}}\n<Item name=\"new-item\" index=\"3\">{{model}}</Item>\n");
    auto items = told(openstage_facts(1), site.path());
    EXPECT_EQ(items["admin-pwd"], "8642097");
    EXPECT_EQ(items["language-iso"], "de");
    EXPECT_EQ(items["country-iso"], "DE");
    EXPECT_EQ(items["dcmp-interval"], "5");
    EXPECT_EQ(items.count("dcmp-poll-interval"), 0U);
    EXPECT_EQ(items["new-item[3]"], "OpenStage 40");
}

TEST(OpenStage, IsToldNothingThatItsTableRefuses) {
    const auto refused = [](const std::string& item) {
        SiteFolder site;
        site.write("openstage/base.mustache", "{{>openstage/base}}\n" + item + "\n");
        return complaint(site.path());
    };
    EXPECT_THAT(refused("<Item name=\"dhcp\">yes</Item>"),
                HasSubstr("openstage/base.mustache:2:1: a sample phone would get a bad items: "));
    EXPECT_THAT(refused("<Item name=\"dhcp\">yes</Item>"),
                HasSubstr("dhcp: 'yes' should be true or false"));
    EXPECT_THAT(refused("<Item name=\"ssh-enable\">true</Item>"),
                HasSubstr("ssh-enable stands there twice"));
    EXPECT_THAT(refused("<Item name=\"mac-addr\">{{mac}}</Item>"), HasSubstr("cannot be written"));
    EXPECT_THAT(refused("<P47>1</P47>"), HasSubstr("found <P47> where <Item> belongs"));
    EXPECT_EQ(refused("<Item name=\"new-item\">{{mac}}</Item>"), "");
}

TEST(OpenStage, SaysWhichExtensionIsTheReasonForNoList) {
    auto facts = openstage_facts(2);
    facts.site.sip_server = "sip:example";
    const auto all = catalogue();
    const auto items = all->render_items(openstage(*all), facts);
    ASSERT_FALSE(items);
    EXPECT_THAT(items.error().what, AllOf(Not(HasSubstr("s3cret")), Not(HasSubstr("line "))));
}
