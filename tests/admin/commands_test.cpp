// SPDX-License-Identifier: MIT
// Commands as people type them: what they do, what they say, and what they never say.
#include "office.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using inventory::Step;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

struct Commands : testing::Test {
    Office office;

    const inventory::Device* device(const char* mac) {
        now_ = office.shelf->now();
        return now_.device(mac_of(mac));
    }

    inventory::Snapshot now_;
};

TEST_F(Commands, SkipTheConsolesPrefix) {
    EXPECT_EQ(office.run("pnp version").text, office.run("version").text);
}

TEST_F(Commands, SuggestTheNearestCommand) {
    EXPECT_EQ(office.run("asign").status, 2);
    EXPECT_THAT(office.run("asign").text, HasSubstr("did you mean 'assign'?"));
    EXPECT_THAT(office.run("show devcies").text, HasSubstr("did you mean 'show devices'?"));
    EXPECT_THAT(office.run("show").text,
                HasSubstr("devices, device, extensions, settings, resync, enrolments, rules, "
                          "pools, tokens, penalties, firmware, jobs, items, audit"));
    EXPECT_THAT(office.run("frobnicate").text, HasSubstr("`pnp help` lists them"));
}

TEST_F(Commands, SuggestTheNearestOptionAndState) {
    EXPECT_THAT(office.run("extension add 201 --nmae Bob").text,
                HasSubstr("did you mean '--name'?"));
    EXPECT_THAT(office.run("show devices pendign").text, HasSubstr("did you mean 'pending'?"));
    EXPECT_EQ(office.run("show devices pendign").status, 2);
}

TEST_F(Commands, SayTheirUsageWhenWordsAreMissingOrTooMany) {
    EXPECT_THAT(office.run("assign 001fc1000001").text,
                HasSubstr("usage: pnp assign MAC EXT[,EXT...]"));
    EXPECT_THAT(office.run("block a b").text, HasSubstr("usage: pnp block MAC"));
    EXPECT_EQ(office.run("block a b").status, 2);
}

TEST_F(Commands, ListThemselvesWithoutAWord) {
    const auto reply = office.run("");
    EXPECT_EQ(reply.status, 0);
    for (const auto& line : admin::Commands::table()) {
        EXPECT_THAT(reply.text, HasSubstr(std::string(line.usage)));
    }
}

TEST_F(Commands, ExplainOneOfThemselves) {
    EXPECT_THAT(office.run("help resync").text, AllOf(HasSubstr("--reboot"), HasSubstr("--json")));
    EXPECT_THAT(office.run("help show devices").text, HasSubstr("show devices [STATE]"));
    EXPECT_THAT(office.run("help extension").text,
                AllOf(HasSubstr("extension add"), HasSubstr("extension remove")));
    EXPECT_THAT(office.run("help rsync").text, HasSubstr("did you mean 'resync'?"));
}

TEST_F(Commands, AllStandInTheManual) {
    std::ifstream file(TEST_DATA "/../../module/ctl/pnpctl.1");
    std::string manual{std::istreambuf_iterator<char>(file), {}};
    manual.erase(std::remove(manual.begin(), manual.end(), '\\'), manual.end());
    for (const auto& line : admin::Commands::table()) {
        EXPECT_THAT(manual, HasSubstr(std::string(line.usage)));
    }
}

TEST_F(Commands, TakeAMacInEverySpelling) {
    office.shelf.has_extension("201");
    for (const char* mac : {"001fc1000001", "00:1F:C1:00:00:01", "00-1f-c1-00-00-01",
                            "001f.c100.0001", "001FC1000001"}) {
        EXPECT_EQ(office.run(std::string("approve ") + mac).status, 0) << mac;
    }
    EXPECT_EQ(office.shelf->now().device_count(), 1U);
}

TEST_F(Commands, SayWhatIsWrongWithAMac) {
    EXPECT_THAT(office.run("approve 001fc100001").text, HasSubstr("has 11 hex digits"));
    EXPECT_THAT(office.run("approve 001fc100000O").text, HasSubstr("write 12 hex digits"));
    EXPECT_THAT(office.run("approve 000000000000").text, HasSubstr("no phone's"));
    EXPECT_THAT(office.run("approve 01:00:5e:00:01:4b").text, HasSubstr("address of a group"));
    EXPECT_EQ(office.run("approve 000000000000").status, 2);
}

TEST_F(Commands, PrintJsonWhereverTheOptionStands) {
    for (const char* line : {"--json show devices", "show --json devices", "show devices --json"}) {
        EXPECT_EQ(office.run(line).text, "{\"devices\":[]}\n") << line;
    }
    const auto wrong = office.run("--json frobnicate");
    EXPECT_EQ(wrong.status, 2);
    EXPECT_THAT(base::Json::parse(wrong.text)->get("error").text(), HasSubstr("no command"));
}

TEST_F(Commands, AddAnExtensionAndSayHowToGoOn) {
    const auto reply = office.run("extension add 201 --name Alice");
    EXPECT_EQ(reply.status, 0) << reply.text;
    EXPECT_THAT(reply.text, HasSubstr("Put it on a phone: pnp assign MAC 201"));
    const auto now = office.shelf->now();
    const auto* extension = now.extension("201");
    ASSERT_NE(extension, nullptr);
    EXPECT_EQ(extension->name, "Alice");
    EXPECT_EQ(extension->password.size(), 20U);
    const base::Revealed password = extension->password.reveal();
    EXPECT_THAT(reply.text + reply.json.dump(), Not(HasSubstr(std::string(password))));
}

TEST_F(Commands, TakeAPasswordFromStandardInput) {
    const auto reply = office.run("extension add 201 --password-stdin", "correct horse\r\nrest");
    EXPECT_EQ(reply.status, 0) << reply.text;
    EXPECT_EQ(office.shelf->now().extension("201")->password.reveal(), "correct horse");
    EXPECT_THAT(reply.text, Not(HasSubstr("horse")));
    EXPECT_EQ(office.run("extension add 202 --password-stdin", "\n").status, 2);
}

TEST_F(Commands, WarnAboutAPasswordOnTheCommandLine) {
    const auto reply = office.run("extension add 201 --password=abc");
    EXPECT_EQ(reply.status, 0);
    EXPECT_THAT(reply.text, AllOf(HasSubstr("history"), HasSubstr("short"), Not(HasSubstr("abc"))));
    EXPECT_EQ(office.shelf->now().extension("201")->password.reveal(), "abc");
}

TEST_F(Commands, NeverRepeatAPasswordThatIsOutOfPlace) {
    for (const char* line :
         {"extension add 201 --pasword tr0ub4dor", "extension add 201 --pasword=tr0ub4dor",
          "extension add 201 tr0ub4dor", "extension add 201 --password tr0ub4dor --password-stdin",
          "extension add 201 --password tr0ub4dor --password tr0ub4dor",
          "extension remove 201 --password tr0ub4dor", "extension add 2/1 --password tr0ub4dor",
          "extension add 201 --password tr0ub4dor --json"}) {
        const auto reply = office.run(line);
        EXPECT_THAT(reply.text + reply.json.dump(), Not(HasSubstr("tr0ub4dor"))) << line;
    }
}

TEST_F(Commands, LeaveThePbxItsOwnExtensions) {
    office.directory.host(
        [](const std::string& number) -> base::Result<profile::Account> {
            return profile::Account{number, number, {}};
        },
        {}, {});
    const auto reply = office.run("extension add 201");
    EXPECT_EQ(reply.status, 1);
    EXPECT_THAT(reply.text, HasSubstr("belongs to the PBX"));
}

TEST_F(Commands, RefuseToRemoveAnExtensionThatAPhoneHas) {
    office.shelf.has_extension("201");
    office.run("assign 001fc1000001 201");
    const auto reply = office.run("extension remove 201");
    EXPECT_EQ(reply.status, 1);
    EXPECT_THAT(reply.text, HasSubstr("first: pnp unassign 001fc1000001"));
    office.run("unassign 001fc1000001");
    EXPECT_EQ(office.run("extension remove 201").status, 0);
    EXPECT_EQ(office.run("extension remove 201").status, 1);
}

TEST_F(Commands, AssignAPhoneThatWasNeverHeard) {
    office.shelf.has_extension("201", "Alice");
    office.shelf.has_extension("202");
    const auto reply = office.run("assign 001fc1000001 201,202");
    EXPECT_EQ(reply.status, 0) << reply.text;
    EXPECT_EQ(reply.text, "001fc1000001 has 201 (Alice) on line 1 and 202 on line 2.\n"
                          "It was never heard: plug it in.\n");
    EXPECT_TRUE(device(phone_a)->is_approved());
    EXPECT_THAT(device(phone_a)->lines, ElementsAre("201", "202"));
    EXPECT_EQ(reply.json.get("state").text(), "approved");
}

TEST_F(Commands, SayThatAWaitingPhoneGetsItsUrlNow) {
    office.shelf.has_extension("201");
    office.phone_asked(phone_a, Step::held);
    office.shelf.clock.advance(std::chrono::minutes(9));
    EXPECT_THAT(office.run("assign 001fc1000001 201").text,
                HasSubstr("The phone waits: it gets its URL now."));
}

TEST_F(Commands, SayThatAPhoneThatWaitedTooLongMustBePluggedInAgain) {
    office.shelf.has_extension("201");
    office.phone_asked(phone_a, Step::held);
    office.shelf.clock.advance(std::chrono::minutes(11));
    EXPECT_THAT(office.run("assign 001fc1000001 201").text, HasSubstr("plug it in again"));
}

TEST_F(Commands, SayThatAPhoneThatWaitedWhenPnpdWasRestartedMustBePluggedInAgain) {
    office.shelf.has_extension("201");
    office.phone_asked(phone_a, Step::held);
    office.shelf.clock.advance(std::chrono::minutes(1));
    office.started = office.shelf.clock.unix_ms();
    EXPECT_THAT(office.run("explain 001fc1000001").text, HasSubstr("unplug the phone and plug it"));
    EXPECT_THAT(office.run("assign 001fc1000001 201").text,
                HasSubstr("Unplug the phone and plug it in again"));
    EXPECT_THAT(office.run("explain 001fc1000001").text, HasSubstr("plug it in again"));
}

TEST_F(Commands, SayThatAPhoneThatAsksAgainByItselfNeedNotBeUnplugged) {
    office.shelf.has_extension("201");
    office.phone_asked(phone_a, Step::guest_served);
    office.shelf->note(mac_of(phone_a), Step::file_refused, "10.0.0.2", "pending");
    EXPECT_THAT(office.run("assign 001fc1000001 201").text,
                HasSubstr("It comes by itself for its URL within minutes"));
}

TEST_F(Commands, KnowHowLongAPhoneIsHeldHere) {
    office.shelf.has_extension("201");
    office.hold_for = 60LL * 60 * 1000;
    office.phone_asked(phone_a, Step::held);
    office.shelf.clock.advance(std::chrono::minutes(50));
    EXPECT_THAT(office.run("assign 001fc1000001 201").text,
                HasSubstr("The phone waits: it gets its URL now."));
}

TEST_F(Commands, SayHowAConfiguredPhoneGetsTheChange) {
    office.shelf.has_extension("201");
    office.shelf.has_extension("202");
    office.run("assign 001fc1000001 201");
    office.phone_asked(phone_a, Step::offered);
    office.shelf->reached(mac_of(phone_a), inventory::Stage::configured);
    EXPECT_THAT(office.run("assign 001fc1000001 202").text, HasSubstr("pnp resync 001fc1000001"));
}

TEST_F(Commands, AllowASharedExtensionAndSaySo) {
    office.shelf.has_extension("201");
    office.run("assign 001fc1000001 201");
    const auto reply = office.run("assign 001fc1000002 201");
    EXPECT_EQ(reply.status, 0);
    EXPECT_THAT(reply.text, HasSubstr("201 is also on 001fc1000001"));
}

TEST_F(Commands, RefuseAnExtensionThatDoesNotExist) {
    office.shelf.has_extension("2010");
    const auto reply = office.run("assign 001fc1000001 2001");
    EXPECT_EQ(reply.status, 1);
    EXPECT_THAT(reply.text,
                AllOf(HasSubstr("pnp extension add 2001"), HasSubstr("did you mean '2010'?")));
    EXPECT_EQ(device(phone_a), nullptr);
    EXPECT_EQ(office.run("assign 001fc1000001 2010,2010").status, 2);
    EXPECT_EQ(office.run("assign 001fc1000001 ,").status, 2);
}

TEST_F(Commands, RefuseMoreExtensionsThanAnUnknownPhoneMayHave) {
    std::string list;
    for (int i = 0; i < 17; ++i) {
        office.shelf.has_extension(std::to_string(300 + i));
        list += (i == 0 ? "" : ",") + std::to_string(300 + i);
    }
    // An address of no vendor we know: 16 lines at most.
    EXPECT_THAT(office.run("assign 0200c1000001 " + list).text, HasSubstr("16 lines at most"));
    EXPECT_EQ(office.run("assign 0200c1000001 " + list.substr(0, list.rfind(','))).status, 0);
}

TEST_F(Commands, ApproveSaysWhatIsStillMissing) {
    const auto reply = office.run("approve 001fc1000001");
    EXPECT_EQ(reply.text, "001fc1000001 is approved.\n"
                          "It has no extension yet, so it is still held: pnp assign 001fc1000001 "
                          "EXT\n");
    EXPECT_TRUE(device(phone_a)->is_approved());
}

TEST_F(Commands, ApproveAsksForNoExtensionWhereAnotherServerHasTheFiles) {
    office.elsewhere = true;
    EXPECT_THAT(office.run("approve 001fc1000001").text, Not(HasSubstr("no extension")));
}

TEST_F(Commands, BlockAndUnassignSayHowToTakeItBack) {
    office.shelf.has_extension("201");
    office.run("assign 001fc1000001 201");
    EXPECT_THAT(office.run("unassign 001fc1000001").text,
                AllOf(HasSubstr("it had 201"), HasSubstr("pnp assign 001fc1000001 EXT")));
    EXPECT_THAT(office.run("block 001fc1000001").text, HasSubstr("pnp approve 001fc1000001"));
    EXPECT_EQ(device(phone_a)->state(), "blocked");
    EXPECT_EQ(office.run("unassign 001fc1000002").status, 1);
}

TEST_F(Commands, KeepWhoDecidedWhatInTheAudit) {
    office.run("approve 001fc1000001");
    const auto reply = office.run("show audit");
    EXPECT_THAT(reply.text, AllOf(HasSubstr("uid 7"), HasSubstr("approve 001fc1000001")));
}

TEST_F(Commands, KeepPasswordsOutOfTheAudit) {
    office.run("extension add 201 --password tr0ub4dor");
    EXPECT_THAT(office.run("show audit").text, Not(HasSubstr("tr0ub4dor")));
}

TEST_F(Commands, ShowDevicesInATable) {
    office.shelf.has_extension("201");
    office.run("assign 001fc1000002 201");
    office.phone_asked(phone_a, Step::held);
    office.shelf.clock.advance(std::chrono::minutes(2));
    EXPECT_EQ(office.run("show devices").text,
              "MAC           STATE     LINES  PHONE       ADDRESS   LAST HEARD\n"
              "001fc1000001  pending   -      Htek UC924  10.0.0.2  2 min ago\n"
              "001fc1000002  approved  201    -           -         never\n"
              "2 phones. Put a pending phone to use: pnp assign 001fc1000001 EXT\n");
}

TEST_F(Commands, FilterDevicesByState) {
    office.shelf.has_extension("201");
    office.run("assign 001fc1000002 201");
    office.phone_asked(phone_a, Step::held);
    const auto macs = [&](const char* state) {
        std::vector<std::string> out;
        for (const auto& row :
             office.run(std::string("show devices ") + state).json.get("devices").items()) {
            out.push_back(row.get("mac").text());
        }
        return out;
    };
    EXPECT_THAT(macs("pending"), ElementsAre(phone_a));
    EXPECT_THAT(macs("approved"), ElementsAre(phone_b));
    EXPECT_THAT(macs("heard"), ElementsAre(phone_a));
    EXPECT_THAT(macs("silent"), IsEmpty());
    office.shelf.clock.advance(std::chrono::hours(25));
    EXPECT_THAT(macs("silent"), ElementsAre(phone_a));
}

TEST_F(Commands, ShowStrangersBytesAsTheyCannotHurt) {
    inventory::Sighting seen;
    seen.last = office.shelf.clock.unix_ms();
    seen.vendor = "\x1b[2Jevil";
    seen.model = "<script>\xff";
    office.shelf->saw(mac_of(phone_a), seen);
    office.shelf->note(mac_of(phone_a), Step::heard, "10.0.0.2", "\x1b]0;x\x07");
    for (const char* line : {"show devices", "show device 001fc1000001", "explain 001fc1000001"}) {
        const auto reply = office.run(line);
        EXPECT_THAT(reply.text, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\xff")))) << line;
        EXPECT_THAT(reply.json.dump(), AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\\u001b"))))
            << line;
    }
}

TEST_F(Commands, TellTimesInJsonTwice) {
    office.phone_asked(phone_a, Step::held);
    const auto row = office.run("show device 001fc1000001").json;
    EXPECT_EQ(row.get("last_heard").text(), base::iso_time(office.shelf.clock.unix_ms()));
    EXPECT_EQ(row.get("last_heard_ms").number(), office.shelf.clock.unix_ms());
    EXPECT_TRUE(row.get("decided_ms").is_null());
    EXPECT_EQ(row.get("mac").text(), phone_a);
}

TEST_F(Commands, ShowOneDeviceWithItsFiles) {
    office.shelf.has_extension("201", "Alice");
    office.run("assign 001fc1000001 201");
    office.phone_asked(phone_a, Step::offered);
    const auto text = office.run("show device 001fc1000001").text;
    EXPECT_THAT(text, AllOf(HasSubstr("00:1f:c1:00:00:01"), HasSubstr("201 (Alice)"),
                            HasSubstr("Htek"), HasSubstr("cfg001fc1000001.xml")));
    EXPECT_EQ(office.run("show device 001fc1000002").status, 1);
}

TEST_F(Commands, ExplainAPhone) {
    office.phone_asked(phone_a, Step::held);
    const auto reply = office.run("explain 001fc1000001");
    EXPECT_THAT(
        reply.text,
        AllOf(HasSubstr("and waits for a decision.\nWhat to do: pnp assign 001fc1000001 EXT"),
              HasSubstr("\n\n"),
              HasSubstr("10.0.0.2 asked for its configuration (SUBSCRIBE): Htek "
                        "UC924 2.0.4.2\n")));
    EXPECT_EQ(reply.json.get("events").items().size(), 2U);
    EXPECT_EQ(reply.json.get("events").items()[0].get("step").text(), "heard");
    EXPECT_THAT(office.run("explain 001fc1000002").text, HasSubstr("It was never heard."));
}

TEST_F(Commands, RenderHidesPasswordsUnlessToldNotTo) {
    office.run("approve 001fc1000001");
    EXPECT_EQ(office.run("render 001fc1000001 cfg001fc1000001.xml").text, "<p>********</p>");
    EXPECT_EQ(office.rendered_with, "001fc1000001 cfg001fc1000001.xml false");
    EXPECT_EQ(office.run("render --reveal 001fc1000001 cfg001fc1000001.xml").text,
              "<p>hunter2</p>");
    EXPECT_EQ(office.run("render 001fc1000002 x.xml").status, 1);
}

TEST_F(Commands, RenderHidesThePasswordsOfASitesTemplateToo) {
    office.run("approve 0080f0123456");
    auto reach = office.reach();
    const std::string start = "# Panasonic SIP Phone Standard Format File #\r\n"
                              "CFG_MASTER_FILE_PATH=\"http://192.0.2.1/p/{mac}\"\r\n";
    reach.render = [&](base::Mac, const std::string&, bool) -> base::Result<std::string> {
        return start + "ADMIN_PASS=\"hush\"\r\nFIRM_FILE_PATH=\"http://me:hush@pbx/f\"\r\n\r\n";
    };
    admin::Commands commands(reach);
    const auto render = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"render", "0080f0123456", "ConfigCommon.cfg"});
        return commands.run(words, {"uid 7", {}, false}).text;
    };
    EXPECT_EQ(render({}), start + "ADMIN_PASS=\"********\"\r\n"
                                  "FIRM_FILE_PATH=\"http://********@pbx/f\"\r\n\r\n");
    EXPECT_THAT(render({"--reveal"}), HasSubstr("ADMIN_PASS=\"hush\""));
}

TEST_F(Commands, RenderNamesTheFilesThereAre) {
    office.run("approve 001fc1000001");
    const auto none = office.run("render 001fc1000001");
    EXPECT_EQ(none.status, 2);
    EXPECT_THAT(none.text, HasSubstr("cfg001fc1000001.xml"));
}

TEST_F(Commands, LintJudgesWhatIsSentAndShowsNoPassword) {
    office.run("approve 0080f0123456");
    std::vector<std::string> asked;
    auto reach = office.reach();
    reach.render = [&](base::Mac, const std::string& name,
                       bool reveal) -> base::Result<std::string> {
        asked.push_back(name + (reveal ? " revealed" : ""));
        const bool is_own = name.starts_with("Config0080");
        return "# Panasonic SIP Phone Standard Format File #\r\n" +
               std::string(is_own ? reveal ? "SIP_PASS_1=\"hunter:2\"\r\nNTP_ADDR=\"192.0.2.2\"\r\n"
                                             "CFG_MASTER_FILE_PATH=\"gopher://pbx/hunter\"\r\n"
                                           : "SIP_PASS_1=\"********\"\r\nNTP_ADDR=\"192.0.2.2\"\r\n"
                                             "CFG_MASTER_FILE_PATH=\"gopher://pbx/********\"\r\n"
                                  : "NTP_ADDR=\"192.0.2.1\"\r\n") +
               "\r\n";
    };
    const admin::Commands commands(reach);
    const auto run = [&](std::vector<std::string> words) {
        return const_cast<admin::Commands&>(commands).run(words, {"uid 7", {}, false});
    };
    const auto reply = run({"lint", "00:80:F0:12:34:56"});
    EXPECT_EQ(reply.status, 2) << reply.text;
    EXPECT_THAT(asked, Contains("ConfigCommon.cfg revealed"));
    EXPECT_THAT(asked, Contains("KX-UT670.cfg revealed"));
    EXPECT_THAT(reply.text, HasSubstr(".cfg:2:19: error V07: SIP_PASS_1=\"********\": "));
    EXPECT_THAT(reply.text + reply.json.dump(), Not(HasSubstr("hunter")));
    EXPECT_EQ(reply.json.get("worst").text(), "error");
    EXPECT_EQ(reply.json.get("findings").items()[1].get("value").text(), "gopher://pbx/********");

    const auto settings = run({"show", "settings", "0080f0123456"});
    EXPECT_EQ(settings.status, 0);
    EXPECT_THAT(settings.text + settings.json.dump(), Not(HasSubstr("hunter")));
    const auto list = settings.json.get("settings").items();
    ASSERT_EQ(list.size(), 3U) << settings.text;
    EXPECT_EQ(list[1].get("name").text(), "NTP_ADDR");
    EXPECT_EQ(list[1].get("value").text(), "192.0.2.2");
    EXPECT_THAT(list[1].get("file").text(), StartsWith("Config0080"));
    EXPECT_TRUE(list[2].get("secret").flag());
}

TEST_F(Commands, LintNamesExtensionsThatADialPlanDenies) {
    office.run("extension add 101");
    office.run("extension add 201");
    office.run("approve 0080f0123456");
    auto reach = office.reach();
    reach.render = [&](base::Mac, const std::string& name, bool) -> base::Result<std::string> {
        return "# Panasonic SIP Phone Standard Format File #\r\n" +
               std::string(name.starts_with("Config0080") ? "DIAL_PLAN_1=\"1xx\"\r\n"
                                                            "DIAL_PLAN_NOT_MATCH_ENABLE_1=\"Y\"\r\n"
                                                          : "") +
               "\r\n";
    };
    admin::Commands commands(reach);
    const auto reply = commands.run({"lint", "0080f0123456"}, {"uid 7", {}, false});
    EXPECT_EQ(reply.status, 1) << reply.text;
    EXPECT_THAT(reply.text,
                HasSubstr("warning R-DIALPLAN: DIAL_PLAN_1=\"1xx\": fits no call to 201,"));
    EXPECT_THAT(reply.text, Not(HasSubstr("101")));
}

TEST_F(Commands, AssignWarnsOfAPasswordThatThePhoneCannotTakeAndSaysWhatReallyHelps) {
    auto reach = office.reach();
    std::vector<std::string> asked;
    bool is_bad = true;
    reach.render = [&](base::Mac, const std::string& name, bool) -> base::Result<std::string> {
        asked.push_back(name);
        if (is_bad) {
            return base::fail(base::Errc::malformed,
                              "{} would be a bad file: line 1 is extension "
                              "201: its password does not fit (V07)",
                              name);
        }
        return std::string();
    };
    admin::Commands commands(reach);
    const auto run = [&](std::vector<std::string> words) {
        return commands.run(words, {"uid 7", {}, false});
    };
    run({"extension", "add", "201", "--name", "Receptionist of the long corridor"});
    const auto reply = run({"assign", "0080f0123456", "201"});
    EXPECT_EQ(reply.status, 0) << "it is a warning";
    EXPECT_THAT(asked, ElementsAre(StartsWith("Config0080")));
    EXPECT_THAT(reply.text, HasSubstr("would get no file: "));
    EXPECT_THAT(reply.text, HasSubstr("line 1 is extension 201: its password does not fit"));
    EXPECT_THAT(reply.text, HasSubstr("first 24 characters of the name of 201"));
    EXPECT_THAT(reply.json.get("warning").text(), HasSubstr("would get no file"));
    // What it says works.
    EXPECT_THAT(reply.text, HasSubstr("pnp unassign 0080f0123456, pnp extension remove 201, pnp "
                                      "extension add 201, pnp assign 0080f0123456 201."));
    is_bad = false;
    EXPECT_EQ(run({"unassign", "0080f0123456"}).status, 0);
    EXPECT_EQ(run({"extension", "remove", "201"}).status, 0);
    EXPECT_EQ(run({"extension", "add", "201"}).status, 0);
    const auto good = run({"assign", "0080f0123456", "201"});
    EXPECT_EQ(good.status, 0);
    EXPECT_THAT(good.text, Not(HasSubstr("no file")));
}

TEST_F(Commands, ImportWarnsOfPhonesThatWouldGetNoFile) {
    auto reach = office.reach();
    reach.render = [](base::Mac, const std::string&, bool) -> base::Result<std::string> {
        return base::fail(base::Errc::malformed, "line 1 is extension 301: its password does not "
                                                 "fit");
    };
    admin::Commands commands(reach);
    const auto reply = commands.run({"import", "x"}, {"uid 7",
                                                      base::Secret("mac,extensions,name\n"
                                                                   "0080f0123456,301,Desk\n"),
                                                      true});
    EXPECT_EQ(reply.status, 0) << reply.text;
    EXPECT_THAT(reply.text, HasSubstr("0080f0123456 would get no file: line 1 is extension 301"));
}

TEST_F(Commands, LintSaysWhyAPhoneHasNoSuchFiles) {
    EXPECT_EQ(office.run("lint 0080f0123456").status, 2);
    office.run("approve 001fc1000001");
    const auto htek = office.run("lint 001fc1000001");
    EXPECT_EQ(htek.status, 2);
    EXPECT_THAT(htek.text, HasSubstr("Panasonic"));
    EXPECT_EQ(office.run("show settings 001fc1000001").status, 1);
}

TEST_F(Commands, LintReadsAFileForAConsoleAndNeverForTheSocket) {
    const std::string path = (office.shelf.folder() / "a.cfg").string();
    std::ofstream(path) << "SYSLOG_PORT=\"0\"\n";
    EXPECT_EQ(office.run("lint " + path, {}, true).status, 2);
    EXPECT_THAT(office.run("lint " + path, {}, true).text, Not(HasSubstr("V04")));
    EXPECT_THAT(office.run("lint " + path).text, HasSubstr(path + ":1:14: error V04: SYSLOG_PORT"));
    EXPECT_THAT(office.run("lint x.cfg", "SYSLOG_PORT=\"0\"\n", true).text,
                HasSubstr("x.cfg:1:14: error V04"));
}

TEST_F(Commands, ResyncOnlyWhatWasHeard) {
    EXPECT_EQ(office.run("resync 001fc1000001").status, 1);
    office.phone_asked(phone_a, Step::held);
    EXPECT_EQ(office.run("resync 001fc1000001").text, "Resync sent.\n");
    EXPECT_EQ(office.run("resync 001fc1000001 --reboot").text, "Reboot sent.\n");
    EXPECT_EQ(office.run("reload").text, "Read again.\n");
}

TEST_F(Commands, MarkProblemsInTheStatus) {
    const auto reply = office.run("status");
    EXPECT_THAT(reply.text, AllOf(HasSubstr("! SIP group   224.0.1.75:5060 is NOT heard"),
                                  HasSubstr("  devices     none yet"), HasSubstr("1 problem is")));
    EXPECT_TRUE(reply.json.get("status").items()[1].get("is_problem").flag());
}

TEST_F(Commands, ImportAllOrNothing) {
    office.shelf.has_extension("201");
    const char* good = "mac,extensions,name\n001fc1000001,201,\n001fc1000002,202,Bob\n";
    const auto dry = office.run("import x.csv --dry-run", good);
    EXPECT_EQ(dry.status, 0) << dry.text;
    EXPECT_THAT(dry.text, AllOf(HasSubstr("create extension 202 (Bob)"), HasSubstr("Dry run: 1 "
                                                                                   "extension")));
    EXPECT_EQ(office.shelf->now().device_count(), 0U);

    const auto bad = office.run("import x.csv", std::string(good) + "001fc1000003,999,\n");
    EXPECT_EQ(bad.status, 1);
    EXPECT_THAT(bad.text,
                AllOf(StartsWith("line 4: extension 999"), HasSubstr("nothing was changed")));
    EXPECT_EQ(office.shelf->now().device_count(), 0U);
    EXPECT_EQ(bad.json.get("problems").items()[0].get("line").number(), 4);

    const auto done = office.run("import x.csv", good);
    EXPECT_EQ(done.status, 0) << done.text;
    EXPECT_TRUE(done.json.get("applied").flag());
    EXPECT_EQ(office.shelf->now().device_count(), 2U);
    EXPECT_EQ(office.run("export").text,
              "mac,extensions,name\n001fc1000001,201,201\n001fc1000002,202,Bob\n");
    EXPECT_THAT(office.run("import x.csv", office.run("export").text).text,
                HasSubstr("0 phones assigned; 2 rows held already"));
}

TEST_F(Commands, ImportReadsAFileForAConsoleAndNeverForTheSocket) {
    office.shelf.has_extension("201");
    const std::string path = (office.shelf.folder() / "phones.csv").string();
    std::ofstream(path) << "mac,extensions\n001fc1000001,201\n";
    EXPECT_EQ(office.run("import " + path, {}, true).status, 1);
    EXPECT_EQ(device(phone_a), nullptr);
    EXPECT_EQ(office.run("import " + path).status, 0);
    EXPECT_NE(device(phone_a), nullptr);
}

TEST_F(Commands, OfferWordsToComplete) {
    office.shelf.has_extension("201");
    office.shelf.has_extension("202");
    office.run("assign 001fc1000001 201");
    const auto complete = [&](std::vector<std::string> words) {
        return office.commands->complete(words);
    };
    EXPECT_THAT(complete({"a"}), ElementsAre("approve", "assign"));
    EXPECT_THAT(complete({"pnp", "show", "de"}), ElementsAre("device", "devices"));
    EXPECT_THAT(complete({"show", "devices", "re"}), ElementsAre("registered"));
    EXPECT_THAT(complete({"explain", "001f"}), ElementsAre(phone_a));
    EXPECT_THAT(complete({"assign", phone_a, ""}), ElementsAre("201", "202"));
    EXPECT_THAT(complete({"assign", phone_a, "201,"}), ElementsAre("201,202"));
    EXPECT_THAT(complete({"extension", "remove", "2"}), ElementsAre("201", "202"));
    EXPECT_THAT(complete({"resync", phone_a, "--r"}), ElementsAre("--rate", "--reboot"));
    EXPECT_THAT(complete({"render", phone_a, "cfg"}), Contains("cfg001fc1000001.xml"));
    EXPECT_THAT(complete({"help", "ex"}), ElementsAre("explain", "export", "extension"));
    EXPECT_THAT(complete({"frobnicate", ""}), IsEmpty());
    EXPECT_THAT(complete({}), Contains("status"));
}

} // namespace
