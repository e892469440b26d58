// SPDX-License-Identifier: MIT
// Every command of `pnp` through FreeSWITCH's API, with words that do something, and what it says.
#include "freeswitch/site.hpp"

#include <algorithm>

#include <gmock/gmock.h>

namespace {

using fake::Files;
using fake::Loaded;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// A line of the console, DIR standing for the site's folder, and a part of the answer. What is
/// refused begins with "-ERR ".
struct Line {
    const char* words;
    const char* answer;
};

const std::vector<Line> decisions = {
    {"approve 001fc1000001", "is approved"},
    {"extension add 201 --name 'Front desk' --password Secret-1234", "Extension 201 (Front desk)"},
    {"extension add 202", "password of 20 characters"},
    {"extension add 210", "Extension 210 is there"},
    {"extension add 211", "Extension 211 is there"},
    {"extension pin 202 1234", "202 has this PIN now"},
    {"extension remove 211", "Extension 211 is gone"},
    {"assign 001fc1000001 201", "has 201 (Front desk) on line 1"},
    {"assign 001fc1000002 202", "has 202 on line 1"},
    {"assign 001fc1000003 @desk", "has 210 on line 1, from the pool desk"},
    {"show pools", "desk  210-219"},
    {"unassign 001fc1000003", "no extension any more (it had 210)"},
    {"swap 001fc1000001 001fc1000002", "001fc1000001 has 202 now"},
    {"swap 001fc1000001 001fc1000002", "001fc1000001 has 201 now"},
    {"import DIR/phones.csv --dry-run", "1 extension to create, 1 phone to assign"},
    {"import DIR/phones.csv", "1 extension created, 1 phone assigned"},
    {"export", "001fc1000005,205,Anna"},
    {"export audit", "console,assign 001fc1000005 to 205"},
    {"show audit", "assign 001fc1000005 to 205"},
    {"show devices", "001fc1000001  approved  201"},
    {"show devices pending", "No phone is pending."},
    {"show device 001fc1000001", "201 (Front desk)"},
    {"show extensions", "201     Front desk  001fc1000001  PBX PnP"},
    {"explain 001fc1000001", "It is prepared with 201, and was never heard."},
    {"render 001fc1000001 cfg001fc1000001.xml", R"(Password">********<)"},
    {"render 001fc1000001 cfg001fc1000001.xml --reveal", R"(Password">Secret-1234<)"},
    {"extension add 206", "Extension 206 is there"},
    {"assign 0080f0000001 206", "has 206 on line 1"},
    {"export tftp DIR --host 127.0.0.1", "/KX-UT670.cfg"},
    {"export sdcard 0080f0000001 DIR --host 127.0.0.1", "/Config0080F0000001.cfg"},
    {"lint 0080f0000001", R"(-ERR ConfigCommon.cfg:3:11: warning V04: NTP_ADDR="127.0.0.1")"},
    {"show settings 0080f0000001", "Config0080f0000001.cfg"},
    {"enrol start 1h --rule lobby", "is treated as rule lobby says"},
    {"show enrolments", "as rule lobby"},
    {"enrol stop", "1 enrolment is closed"},
    {"enrol 001fc1000009 1h", "is approved when it asks until"},
    {"show rules", "lobby  MAC 001fc1*"},
    {"unlock 202", "-ERR no wrong PIN was dialled for extension 202"},
    {"guest 001fc1000001", "-ERR phones are claimed by dialling inside Asterisk only"},
    {"rotate 001fc1000001", "1 phone has a new token"},
    {"show tokens", "001fc1000001  2"},
    {"show penalties", "Nobody is slowed or shut out."},
    {"show firmware", "pnp.conf has no section [firmware NAME]"},
    {"dialplan default", "-ERR no dial plan is known here"},
    {"dhcp dnsmasq --host 10.0.0.10", R"(66,"10.0.0.10")"},
    {"dhcp-event add 001fc1000001 10.0.0.2", "has the address 10.0.0.2"},
    {"show certificate", "CN="},
    {"show ca", "-----BEGIN CERTIFICATE-----"},
    {"probe", "Nobody else answers phones here."},
    {"reload", "were read again"},
    {"help assign", "assign MAC EXT"},
    {"version", "PBX PnP "},
    {"status", "in FreeSWITCH"},
};

/// Once 001fc1000001 is registered with 201 and 001fc1000002 with 202.
const std::vector<Line> resyncs = {
    {"resync 001fc1000001", "goes out by the PBX"},
    {"resync all --dry-run", "001fc1000002  202"},
    {"resync all --rate 1", "2 phones"},
    {"show resync", "001fc1000002"},
    {"resync stop", "Stopped: "},
    {"resync resume", "goes on"},
};

const std::vector<Line> jobs = {
    {"extension add 207", "Extension 207 is there"},
    {"assign 001ae8000001 207", "has 207 on line 1"},
    {"job read 001ae8000001 e164", "Job 1 for 001ae8000001: read e164."},
    {"job write 001ae8000001 key-label.3=Door", "Job 2 for 001ae8000001: write key-label 3."},
    {"job deploy 001ae8000001 ring.mp3 RINGTONE", "Job 3 for 001ae8000001: deploy ring.mp3."},
    {"job restart 001ae8000001", "Job 4 for 001ae8000001: restart."},
    {"job reset 001ae8000001", "Job 5 for 001ae8000001: factory reset."},
    {"show jobs 001ae8000001", "read e164"},
    {"job cancel 1", "ob 1"},
    {"show jobs", "001ae8000001"},
    {"show items 001ae8000001", "-ERR 001ae8000001 has not called since it was approved"},
};

/// The phones that the table decided about go.
const std::vector<Line> ends = {
    {"block 001fc1000002", "is blocked"},
    {"replace 001fc1000001 001fc100000a", "001fc100000a has 201 now, in place of 001fc1000001"},
};

void expect(Loaded& loaded, const std::vector<Line>& lines) {
    for (const auto& [text, answer] : lines) {
        std::string words = text;
        if (const auto at = words.find("DIR"); at != std::string::npos) {
            words.replace(at, 3, loaded.site.folder);
        }
        const auto said = loaded.host.pnp(words);
        EXPECT_THAT(said, HasSubstr(answer)) << words;
        EXPECT_EQ(said.rfind("-ERR ", 0) == 0, std::string(answer).rfind("-ERR ", 0) == 0)
            << words << ": " << said;
    }
}

TEST(ModPnpCommands, EachDoesWhatItsWordsSay) {
    fake::served({}, [](Loaded& loaded) {
        const auto& site = loaded.site;
        std::ofstream(site.folder + "/phones.csv")
            << "mac,extensions,name\n001fc1000005,205,Anna\n";
        std::filesystem::create_directory(site.folder + "/firmware");
        std::ofstream(site.folder + "/firmware/ring.mp3") << "x";
        site.write("pool desk = 210-219\nwpi = on\nwpi_factory_reset = yes\n"
                   "[rule lobby]\noui = 00:1F:C1\n");
        ASSERT_THAT(loaded.host.pnp("reload"), Not(StartsWith("-ERR")));
        ASSERT_TRUE(fake::becomes_so(
            [&] { return loaded.host.pnp("show certificate").find("CN=") != std::string::npos; }));
        expect(loaded, decisions);
        EXPECT_THAT(loaded.host.user("202", fake::domain).value_or(""), HasSubstr("001fc1000002"));
        loaded.registers("201", "call-1");
        loaded.registers("202", "call-2", "5060", "pbx.example", "10.0.0.3",
                         "Htek UC924 2.0.4.2 00:1f:c1:00:00:02");
        expect(loaded, resyncs);
        expect(loaded, jobs);
        expect(loaded, ends);
        EXPECT_THAT(loaded.host.user("201", fake::domain).value_or(""), HasSubstr("001fc100000a"));
    });
}

TEST(ModPnpCommands, EachIsCompletedHasHelpIsTriedAndIsForgotten) {
    Loaded loaded;
    const auto all = loaded.host.completions();
    EXPECT_GT(all.size(), 50U);
    for (const auto& one : all) {
        ASSERT_THAT(one, StartsWith("add pnp "));
        const auto words = one.substr(8);
        EXPECT_THAT(loaded.host.pnp("help " + words),
                    AllOf(Not(StartsWith("-ERR")), HasSubstr(words)));
        bool is_tried = false;
        for (const auto* lines : {&decisions, &resyncs, &jobs, &ends}) {
            is_tried = is_tried || std::any_of(lines->begin(), lines->end(), [&](const Line& line) {
                           return (std::string(line.words) + ' ').rfind(words + ' ', 0) == 0;
                       });
        }
        EXPECT_TRUE(is_tried) << words;
    }
    loaded.host.unload();
    EXPECT_EQ(loaded.host.completions().back(), "del pnp");
}

} // namespace
