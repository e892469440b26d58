// SPDX-License-Identifier: MIT
// The option table: what pnp.conf may say, what is refused, and that the written copies of it are
// true.
#include "module/settings.hpp"

#include "copy.hpp"

#include "provisioning/base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace engine {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::Eq;
using testing::HasSubstr;
using testing::StartsWith;

Settings read(std::string_view text, const std::vector<std::string>& overrides = {}) {
    auto settings = read_settings(text, "pnp.conf", overrides);
    EXPECT_TRUE(settings) << settings.error().what;
    return settings ? *settings : Settings{};
}

std::string refused(std::string_view text, const std::vector<std::string>& overrides = {}) {
    const auto settings = read_settings(text, "pnp.conf", overrides);
    EXPECT_FALSE(settings) << "was accepted: " << text;
    return settings ? "" : settings.error().what;
}

TEST(SampleFile, IsWhatTheTableSays) {
    expect_copy(root + "/conf/pnp.conf.sample", "", sample_file(), "");
}

TEST(SampleFile, IsAcceptedWithEveryLineSwitchedOn) {
    std::string text;
    std::string sample = sample_file();
    std::size_t at = 0;
    while (at < sample.size()) {
        const auto end = sample.find('\n', at);
        auto line = sample.substr(at, end - at);
        at = end + 1;
        if (line == ";[profile NAME]") {
            line = "[profile name]";
        } else if (line == ";[rule NAME]") {
            line = "[rule name]";
        } else if (line == ";[firmware NAME]") {
            break; // what it needs has no default
        } else if (line.size() > 1 && line[0] == ';' && line[1] != ' ' &&
                   line.find("= <") == line.npos) {
            line = line.substr(1);
        }
        // Placeholders in capitals stand for something only a site knows.
        for (const auto* placeholder : {"= HEX", "= FIRST-LAST", "= NAME |", "= FOLDER", "= FILE",
                                        "= WORD", "= NETWORK", "= URL", "= ZONE"}) {
            if (line.find(placeholder) != line.npos) {
                line.insert(0, ";");
            }
        }
        if (line.find("standard | echo") != line.npos) {
            line = "dialect = echo";
        }
        if (line.find("path | userinfo") != line.npos) {
            line = "credential = userinfo";
        }
        text += line + "\n";
    }
    const auto settings = read(text);
    EXPECT_EQ(settings.rules.size(), 1U);
    EXPECT_EQ(settings.http_port, 5480);
}

TEST(Firmware, SectionsAreReadInTheirOrder) {
    const auto settings = read("[general]\nfirmware = /srv/fw\n"
                               "[firmware new]\nvendor = Panasonic\nmodel = KX-UT670\n"
                               "network = 10.0.0.0/24\nversion = 01.100\nfile = a.bin\n"
                               "at_a_time = 0\n"
                               "[firmware rest]\nvendor = panasonic\nversion = 1\nfile = b.bin\n");
    EXPECT_EQ(settings.firmware_folder, "/srv/fw");
    ASSERT_EQ(settings.firmware.size(), 2U);
    EXPECT_EQ(settings.firmware[0].name, "new");
    EXPECT_EQ(settings.firmware[0].vendor, "panasonic");
    EXPECT_EQ(settings.firmware[0].model, "KX-UT670");
    EXPECT_TRUE(settings.firmware[0].network);
    EXPECT_EQ(settings.firmware[0].version, "01.100");
    EXPECT_EQ(settings.firmware[0].file, "a.bin");
    EXPECT_EQ(settings.firmware[0].at_a_time, 0U);
    EXPECT_EQ(settings.firmware[1].at_a_time, 10U);
}

TEST(Firmware, SectionsThatSayTooLittleOrNonsenseAreRefused) {
    const std::string good = "[firmware x]\nvendor = panasonic\nversion = 01.100\nfile = a.bin\n";
    EXPECT_THAT(refused("[firmware x]\nvendor = panasonic\nversion = 1\n"),
                StartsWith("pnp.conf:1: [firmware x] says no file"));
    EXPECT_THAT(refused("[firmware x]\nversion = 1\nfile = a.bin\n"), HasSubstr("says no vendor"));
    EXPECT_THAT(refused("[firmware x]\nvendor = v\nfile = a\nversion = new\n"),
                StartsWith("pnp.conf:4: version: \"new\" is no version"));
    for (const std::string name : {"../a.bin", "/etc/passwd", ".a", "a b", "{MODEL}.bin"}) {
        EXPECT_THAT(refused("[firmware x]\nfile = \"" + name + "\"\n"),
                    StartsWith("pnp.conf:2: file: "))
            << name;
    }
    EXPECT_THAT(refused(good + "at_a_time = 1001\n"), HasSubstr("at_a_time"));
    EXPECT_THAT(refused(good + good), HasSubstr("there is a [firmware x] already"));
}

TEST(Firmware, IsHeldAgainstItsVendor) {
    const auto catalogue = profile::Catalogue::load("");
    ASSERT_TRUE(catalogue) << catalogue.error().what;
    const auto check = [&](const std::string& vendor, const std::string& version) {
        const auto done = check_rules(read("[firmware x]\nvendor = " + vendor +
                                           "\nversion = " + version + "\nfile = a.bin\n"),
                                      **catalogue);
        return done ? std::string() : done.error().what;
    };
    EXPECT_EQ(check("panasonic", "01.100"), "");
    EXPECT_THAT(check("panasonik", "01.100"),
                StartsWith("pnp.conf:2: vendor: there is no 'panasonik'; did you mean panasonic?"));
    EXPECT_THAT(check("htek", "2.0.4.3"), HasSubstr("tell phones nothing of firmware"));
    EXPECT_THAT(check("panasonic", "1.100"), HasSubstr("FIRM_VERSION")) << "NN.NNN, guide 5.4.4";
    EXPECT_THAT(check("panasonic", "16.000"), HasSubstr("FIRM_VERSION"));
}

TEST(Profile, WhoseKeysLeaveNoPhoneAFileIsRefusedWithItsSectionAndOption) {
    const auto catalogue = profile::Catalogue::load("");
    ASSERT_TRUE(catalogue) << catalogue.error().what;
    const auto check = [&](const std::string& vendor) {
        return check_rules(
            read("[profile kx]\n" + vendor + "keys = line 1, blf 202 Receptionist\n"), **catalogue);
    };
    EXPECT_TRUE(check("")) << "OpenStage phones take longer labels";
    EXPECT_THAT(check("vendor = panasonic\n").error().what,
                StartsWith("pnp.conf:3: [profile kx] keys: for Panasonic phones: "));
    EXPECT_TRUE(check("vendor = htek\n")) << "whose files have no keys";
}

TEST(Readme, HasTheTableOfOptions) {
    expect_in_readme("options", markdown_table());
}

TEST(Settings, HaveTheDocumentedDefaults) {
    const auto settings = read("");
    EXPECT_TRUE(settings.interfaces.automatic);
    EXPECT_EQ(settings.http_port, 5480);
    EXPECT_EQ(settings.pnp.group.str(), "224.0.1.75:5060");
    EXPECT_EQ(settings.pnp.notify_port, 5059);
    EXPECT_EQ(settings.pnp.hold_for, minutes(10));
    EXPECT_EQ(settings.limits.max_heard, 2000U);
    EXPECT_EQ(settings.vendors, "/etc/pnp/vendors");
}

TEST(Settings, TheTablesDefaultsAreTheStructsDefaults) {
    std::string text = "[general]\n";
    for (const auto& option : option_table()) {
        if (option.section == "general" && !option.fallback.empty()) {
            text += fmt::format("{} = {}\n", option.name, option.fallback);
        }
    }
    const auto written = read(text);
    const auto silent = read("");
    EXPECT_TRUE(needs_restart(silent, written).empty());
    EXPECT_EQ(written.http_port, silent.http_port);
    EXPECT_EQ(written.pnp.hold_for, silent.pnp.hold_for);
    EXPECT_EQ(written.pnp.notify_retries, silent.pnp.notify_retries);
    EXPECT_EQ(written.unknown_phone, silent.unknown_phone);
    EXPECT_EQ(written.reoffer, silent.reoffer);
    EXPECT_EQ(written.reoffer_quiet, silent.reoffer_quiet);
    EXPECT_EQ(written.neighbour_check, silent.neighbour_check);
    EXPECT_EQ(written.interfaces.automatic, silent.interfaces.automatic);
}

TEST(Settings, KeepTheOrderOfProfilesAndWhatTheyMatch) {
    const auto settings = read("[profile a]\nvendor = Htek\nmodel = UC9*\nnetwork = 10.1.0.0/16\n"
                               "offer_url = http://admin:se#cret@192.168.0.25:88\n"
                               "[profile b]\npnp_after = off\nregister_expires = 1h\n");
    ASSERT_EQ(settings.rules.size(), 2U);
    EXPECT_EQ(settings.rules[0].name, "a");
    EXPECT_EQ(settings.rules[0].vendor, "htek");
    EXPECT_EQ(settings.rules[0].network->str(), "10.1.0.0/16");
    EXPECT_EQ(settings.rules[0].offer_url->reveal(), "http://admin:se#cret@192.168.0.25:88");
    EXPECT_EQ(settings.rules[1].pnp_after, "off");
    EXPECT_EQ(settings.rules[1].register_expires, std::chrono::hours(1));
}

TEST(Settings, TheNeighbourCheckIsEnforcedUnlessToldAndBelievesListedNetworks) {
    EXPECT_EQ(read("").neighbour_check, base::NeighbourCheck::enforce);
    const auto settings = read("[general]\nneighbour_check = log\n"
                               "neighbour_allow = 10.0.0.1, 10.20.0.0/16\n");
    EXPECT_EQ(settings.neighbour_check, base::NeighbourCheck::log);
    EXPECT_THAT(settings.neighbour_allow, ElementsAre(*base::Network::parse("10.0.0.1"),
                                                      *base::Network::parse("10.20.0.0/16")));
}

TEST(Settings, KeepTheOrderOfApprovalRulesAndWhatTheyDo) {
    const auto settings =
        read("[rule lobby]\noui = 00:1F:C1\nvendor = Htek\nmodel = UC9*\nnetwork = 10.1.0.0/16\n"
             "action = assign\npool = 200 - 299\nwhen = enrolment\nmost = 40\n"
             "[rule rest]\naction = block\n[rule plain]\n");
    ASSERT_EQ(settings.approval_rules.size(), 3U);
    const auto& lobby = settings.approval_rules[0];
    EXPECT_EQ(lobby.name, "lobby");
    EXPECT_EQ(lobby.oui, "001fc1");
    EXPECT_EQ(lobby.vendor, "htek");
    EXPECT_EQ(lobby.model, "UC9*");
    EXPECT_EQ(lobby.network->str(), "10.1.0.0/16");
    EXPECT_EQ(lobby.action, Action::assign);
    EXPECT_EQ(lobby.pool, (inventory::Pool{"", {{"200", "299"}}, std::chrono::hours(24 * 7)}));
    EXPECT_TRUE(lobby.only_enrolment);
    EXPECT_EQ(lobby.most, 40U);
    EXPECT_EQ(settings.approval_rules[1].action, Action::block);
    EXPECT_EQ(settings.approval_rules[2].action, Action::hold);
    EXPECT_FALSE(settings.approval_rules[2].only_enrolment);
    EXPECT_EQ(settings.approval_rules[2].most, 300U);
}

TEST(Settings, KeepTheOrderOfPoolsAndGiveThemToRules) {
    const auto settings = read("[rule lobby]\naction = assign\npool = sales\n"
                               "[general]\npool sales = 310, 200 - 299 ; desks\n"
                               "pool_quarantine = 30d\npool  guests=\"0400-0499\"\n");
    ASSERT_EQ(settings.pools.size(), 2U);
    EXPECT_EQ(settings.pools[0].str(), "sales (310, 200-299)");
    EXPECT_EQ(settings.pools[0].quarantine, std::chrono::hours(24 * 30));
    EXPECT_EQ(settings.pools[1].str(), "guests (0400-0499)");
    EXPECT_EQ(settings.approval_rules[0].pool, settings.pools[0]);
    EXPECT_EQ(read("[general]\npool_quarantine = 0s\npool a = 1\n").pools[0].quarantine.count(), 0);
}

TEST(Settings, ABadPoolNamesFileAndLine) {
    EXPECT_THAT(refused("[general]\npool sales = 299-200\n"),
                StartsWith("pnp.conf:2: pool sales: \"299-200\" is no range of numbers"));
    EXPECT_THAT(refused("[general]\npool sales = 200-299, 210\n"), HasSubstr("overlap"));
    EXPECT_THAT(refused("[general]\npool 2nd = 200-299\n"), HasSubstr("is no name for a pool"));
    EXPECT_THAT(refused("[general]\npool a b = 200-299\n"), HasSubstr("is no name for a pool"));
    EXPECT_THAT(refused("[general]\npool a = 1\npool a = 2\n"),
                StartsWith("pnp.conf:3: pool a is set in pnp.conf:2 already"));
    EXPECT_THAT(refused("[general]\npool = 200-299\n"), HasSubstr("such as pool sales"));
    EXPECT_THAT(refused("[general]\npol sales = 200-299\n"), StartsWith("pnp.conf:2: there is no"));
    EXPECT_THAT(refused("[general]\nhttp_port sales = 1\n"), StartsWith("pnp.conf:2: there is no"));
    EXPECT_THAT(refused("[general]\npool_quarantine = 400d\n"), HasSubstr("is not between"));
}

TEST(Settings, ACodeThatMeansTwoThingsIsRefused) {
    const std::string claim = "[general]\nclaim_code = *77\n";
    EXPECT_THAT(refused(claim + "release_code = *77\n"),
                HasSubstr("release_code: *77 is the claim_code too"));
    EXPECT_THAT(refused(claim + "emergency_numbers = 112, 110, 112\n"),
                HasSubstr("emergency_numbers: 112 is there already"));
    EXPECT_THAT(refused(claim + "emergency_numbers = 112, *78\n"), HasSubstr("or a code"));
    EXPECT_THAT(refused(claim + "guests_context = desk\nextensions_context = desk\n"),
                HasSubstr("guests could call everybody"));
    EXPECT_EQ(read(claim + "emergency_numbers = 112, 110\n").claims.emergency.size(), 2U);
}

TEST(Settings, ABadApprovalRuleNamesFileAndLine) {
    EXPECT_THAT(refused("[rule a]\naction = assign\n"),
                StartsWith("pnp.conf:1: [rule a] assigns, but from which numbers?"));
    EXPECT_THAT(refused("[rule a]\npool = 200-299\n"), StartsWith("pnp.conf:2: pool: only action"));
    EXPECT_THAT(refused("[rule a]\npool = 299-200\n"), HasSubstr("such as 200-299"));
    EXPECT_THAT(refused("[rule a]\npool = 99-100\n"), HasSubstr("of one length"));
    EXPECT_THAT(
        refused("[general]\npool desk = 200-299\n[rule a]\naction = assign\npool = desks\n"),
        Eq("pnp.conf:5: pool: there is no pool desks; did you mean desk?"));
    EXPECT_THAT(refused("[rule a]\naction = assign\npool = sales\n"),
                HasSubstr("write into [general]: pool sales = 200-299"));
    EXPECT_THAT(refused("[rule a]\naction = assign\npool = 10000-20000\n"),
                HasSubstr("a pool has at most 10000 numbers"));
    EXPECT_THAT(refused("[rule a]\noui = 001fc\n"),
                StartsWith("pnp.conf:2: oui: \"001fc\" is no OUI"));
    EXPECT_THAT(refused("[rule a]\naction = allow\n"),
                HasSubstr("none of: approve, assign, guest, block, hold"));
    EXPECT_THAT(refused("[rule a]\nvender = htek\n"), HasSubstr("did you mean vendor?"));
    EXPECT_THAT(refused("[rule a]\n[rule a]\n"), StartsWith("pnp.conf:2: there is a [rule a]"));
    const auto slip = read("\n[rule a]\nvendor = htec\n");
    const auto catalogue = profile::Catalogue::load("/nowhere");
    ASSERT_TRUE(catalogue);
    const auto why = check_rules(slip, **catalogue);
    ASSERT_FALSE(why);
    EXPECT_EQ(why.error().what, "pnp.conf:3: vendor: there is no 'htec'; did you mean htek?");
}

TEST(Settings, TheCommandLineWinsOverTheFile) {
    const auto settings = read("[general]\nhttp_port = 8080\ninterfaces = auto\n",
                               {"http_port=9090", "interfaces=eth0,10.0.0.1"});
    EXPECT_EQ(settings.http_port, 9090);
    EXPECT_THAT(settings.interfaces.names, ElementsAre("eth0", "10.0.0.1"));
    EXPECT_FALSE(settings.interfaces.automatic);
}

TEST(Settings, AnUnknownOptionNamesFileLineAndTheNearestOne) {
    const auto why = refused("[general]\nhttp_prot = 80\n");
    EXPECT_THAT(why, StartsWith("pnp.conf:2:"));
    EXPECT_THAT(why, HasSubstr("did you mean http_port?"));
}

TEST(Settings, ABadValueNamesFileLineOptionAndWhatToWrite) {
    EXPECT_THAT(refused("\n[general]\nhttp_port = eighty\n"),
                StartsWith("pnp.conf:3: http_port: \"eighty\" is not a number from 1 to 65535"));
    EXPECT_THAT(refused("[general]\nhold_for = 10 parsecs\n"), StartsWith("pnp.conf:2: hold_for:"));
    EXPECT_THAT(refused("[general]\nunknown_phone = guess\n"), HasSubstr("hold, guest, silent"));
    EXPECT_THAT(refused("[general]\ngroup = 10.0.0.1\n"), HasSubstr("multicast"));
    EXPECT_THAT(refused("[general]\nneighbour_check = yes\n"), HasSubstr("enforce, log, off"));
    EXPECT_THAT(refused("[general]\nneighbour_allow = 10.0.0.1 10.0.0.2\n"),
                HasSubstr("\"10.0.0.1 10.0.0.2\" is not a network"));
    EXPECT_THAT(refused("[general]\ninterfaces = auto, eth0\n"), HasSubstr("not both"));
    EXPECT_THAT(refused("[general]\nlog = kitchen=debug\n"), HasSubstr("no room \"kitchen\""));
    EXPECT_THAT(refused("[profile a]\nnetwork = 10.0.0.0/33\n"), HasSubstr("10.0.0.0/24"));
    EXPECT_THAT(refused("[general]\nhttp_port = 70000\n"), HasSubstr("65535"));
}

TEST(Settings, ARefusedOfferUrlIsNotPrinted) {
    const auto why = refused("[profile a]\noffer_url = admin:hunter2@10.0.0.1\n");
    EXPECT_THAT(why, testing::Not(HasSubstr("hunter2")));
    EXPECT_THAT(why, HasSubstr("http://"));
}

TEST(Settings, WhatIsWrittenTwiceIsRefusedWithBothPlaces) {
    const auto why = refused("[general]\nhttp_port = 1\nhttp_port = 2\n");
    EXPECT_THAT(why, HasSubstr("pnp.conf:3"));
    EXPECT_THAT(why, HasSubstr("pnp.conf:2"));
    EXPECT_THAT(refused("[profile a]\n[profile a]\n"), HasSubstr("already"));
}

TEST(Settings, AnUnknownSectionIsRefused) {
    EXPECT_THAT(refused("[profil a]\n"), HasSubstr("[profile NAME]"));
    EXPECT_THAT(refused("[general x]\n"), HasSubstr("[general x]"));
}

TEST(Settings, WhoeverHasAConnectionMayWaitForAWorker) {
    EXPECT_EQ(Settings().http.waiting_requests, Settings().http.connections);
    EXPECT_EQ(read("[general]\nhttp_connections = 5000\n").http.waiting_requests, 5000U);
}

TEST(Settings, SayWhatWaitsForARestart) {
    const auto before = read("");
    const auto after = read("[general]\nnotify_port = 6000\nhttp_port = 81\n");
    EXPECT_THAT(needs_restart(before, after), ElementsAre("notify_port"));
}

TEST(Reload, LeavesWhatNeedsARestartAsItRunsAndSaysSoEachTime) {
    const auto running = read("[general]\ndata = /srv/a\n");
    auto fresh = read("[general]\ndata = /srv/b\ncontrol = /tmp/x\ngroup_port = 5070\n"
                      "notify_port = 5099\nmax_heard = 7\nhttp_connections = 9\n"
                      "group = 224.0.1.76\ntimeline_events = 20\ntimeline_for = 2h\n"
                      "first_token_life = 2h\nhttp_connections_per_source = 3\nhold_for = 3m\n");
    const auto waiting = needs_restart(running, fresh);
    EXPECT_EQ(waiting.size(), 11U);
    keep_until_restart(fresh, running);
    EXPECT_THAT(needs_restart(running, fresh), testing::IsEmpty());
    EXPECT_EQ(fresh.data, "/srv/a");
    EXPECT_EQ(fresh.pnp.hold_for, minutes(3));
}

} // namespace
} // namespace engine
