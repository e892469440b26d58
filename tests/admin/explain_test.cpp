// SPDX-License-Identifier: MIT
// The story of a phone in every situation in which somebody asks for it.
#include "provisioning/admin/explain.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using inventory::Approval;
using inventory::Stage;
using inventory::Step;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr base::UnixMs noon = 1'767'268'800'000; // 2026-01-01 12:00:00 UTC
constexpr base::UnixMs second = 1000;
constexpr base::UnixMs minute = 60 * second;

/// A phone's timeline, written step by step.
class Explain : public testing::Test {
  public:
    Explain() {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
        device.mac = *base::Mac::parse("001fc1000001");
        device.approval = Approval::approved;
        device.lines = {"201"};
        device.seen.address = *base::Ipv4::parse("10.0.0.2");
    }

    void step(Step step, const std::string& detail = {}, base::UnixMs later = second) {
        at += later;
        timeline.push_back({step, "10.0.0.2", detail, at, at, 1});
        if (step == Step::heard) {
            if (device.seen.first == 0) {
                device.seen.first = at;
            }
            device.seen.last = at;
        }
    }

    admin::Story story(base::UnixMs later = 0) {
        return admin::explain(
            device, timeline, elsewhere,
            {std::max(started, at + later - 10 * minute), at + later, pbx_tells, vendor, tftp});
    }

    void expect(base::UnixMs later, const std::string& now, const std::string& next) {
        const admin::Story told = story(later);
        EXPECT_EQ(told.now, now);
        EXPECT_EQ(told.next, next);
    }

    inventory::Device device;
    std::vector<inventory::Event> timeline;
    const profile::Vendor* vendor = nullptr;
    std::optional<std::vector<base::Endpoint>> tftp;
    bool elsewhere = false;
    bool pbx_tells = false;
    base::UnixMs started = 0;
    base::UnixMs at = noon;
};

constexpr const char* replug =
    "Unplug the phone and plug it in again: it asks once when it starts.";

TEST_F(Explain, TellsEveryStepAsASentence) {
    device.seen.stage = Stage::registered;
    step(Step::heard, "Htek UC924 2.0.4.2");
    step(Step::held, "not approved");
    timeline.push_back({Step::assigned, "", "201 by uid 0", at + second, at + second, 1});
    at += second;
    step(Step::offered);
    step(Step::file_missing, "factory0000.xml");
    timeline.back().count = 3;
    timeline.back().last += 20 * second;
    EXPECT_THAT(
        story(minute).lines,
        ElementsAre("12:00:01 10.0.0.2 asked for its configuration (SUBSCRIBE): Htek UC924 2.0.4.2",
                    "12:00:02 10.0.0.2 was answered and got no URL yet: not approved",
                    "12:00:03 it was given its lines: 201 by uid 0",
                    "12:00:04 10.0.0.2 was sent its URL (NOTIFY)",
                    "12:00:05 10.0.0.2 asked for a file that its profile does not have (404 on "
                    "purpose): factory0000.xml (3 times, last 12:00:25)"));
}

TEST_F(Explain, HasASentenceForEachStep) {
    for (int i = 0; i <= static_cast<int>(Step::job_failed); ++i) {
        step(static_cast<Step>(i));
        EXPECT_THAT(story().lines.back(), testing::Not(HasSubstr("did something"))) << i;
    }
}

TEST_F(Explain, NamesTheDayOfWhatIsOlderThanOne) {
    step(Step::heard);
    EXPECT_THAT(story(48 * 60 * minute).lines[0], testing::StartsWith("2026-01-01 12:00:01 "));
}

TEST_F(Explain, MakesStrangersBytesVisible) {
    step(Step::heard, "\x1b[2J\xff");
    EXPECT_THAT(story().lines[0], HasSubstr("\\x1b[2J\\xff"));
}

TEST_F(Explain, KeepsSectionSignsAndNamesReadable) {
    step(Step::heard);
    step(Step::file_refused,
         "Config.cfg cannot be made: DISPLAY_NAME_1=\"Jörg\": see guide §5.2.1");
    EXPECT_THAT(story().lines[1], HasSubstr("Jörg\": see guide §5.2.1"));
    EXPECT_THAT(story().now, HasSubstr("guide §5.2.1"));
    step(Step::heard, "a\u202e\u2028b\u0085c");
    EXPECT_THAT(story().lines[2], HasSubstr("a\\xe2\\x80\\xae\\xe2\\x80\\xa8b\\xc2\\x85c"));
}

TEST_F(Explain, TellsOfAPhoneThatWasNeverHeard) {
    const admin::Story told = story();
    EXPECT_THAT(told.lines, IsEmpty());
    EXPECT_EQ(told.now, "It is prepared with 201, and was never heard.");
    EXPECT_EQ(told.next,
              "Plug it in while `pnp status` shows its network as served. Still silent: is it in "
              "the same VLAN, does a switch filter multicast (IGMP snooping: 224.0.1.75 must reach "
              "this host), and is PnP on in the phone (Htek: Management > Setting > PnP Active = "
              "Yes)? And does the log say that it is not believed, because another MAC answers at "
              "its address?");
}

TEST_F(Explain, APhoneThatStartsByTftpAndWasNeverHeardNeedsOption66AndNoMulticast) {
    profile::Vendor panasonic;
    panasonic.title = "Panasonic";
    panasonic.tftp_file = "KX-UT670.cfg";
    vendor = &panasonic;
    const std::string needs =
        "A Panasonic phone asks a TFTP server for KX-UT670.cfg when it starts, and only while it "
        "has no configuration; one that had any has to be reset to its factory settings. The "
        "server's address is option 66 of DHCP (`pnp dhcp dnsmasq` prints what to configure "
        "there). ";
    expect(0, "It is prepared with 201, and was never heard.",
           needs + "TFTP is off here: write tftp = on into pnp.conf, then: pnp reload; or give "
                   "KX-UT670.cfg to another server (`pnp export tftp DIR`).");
    tftp.emplace();
    EXPECT_EQ(story().next, needs + "TFTP is on here and not served: `pnp status` says why.");
    tftp = {{*base::Ipv4::parse("10.0.0.1"), 69}};
    EXPECT_EQ(story().next, needs + "TFTP is on here (10.0.0.1:69): does a firewall keep that UDP "
                                    "port away from it?");
    step(Step::leased, "Panasonic");
    device.seen.first = at;
    EXPECT_THAT(story().now, HasSubstr("by DHCP"));
    EXPECT_EQ(story().next, needs + "TFTP is on here (10.0.0.1:69): does a firewall keep that UDP "
                                    "port away from it?");
    panasonic.tftp_file.clear();
    EXPECT_THAT(story().next, HasSubstr("one that asks by multicast"));
}

TEST_F(Explain, APhoneThatGotTheFileForEverybodyComesByItselfAfterItsApproval) {
    profile::Vendor panasonic;
    panasonic.guest_interval = std::chrono::minutes(5);
    device.seen.first = at;
    step(Step::guest_served, "KX-UT670.cfg by TFTP");
    step(Step::file_refused, "asked without a token, and is pending");
    step(Step::assigned, "201");
    expect(minute,
           "It is approved, and got a file without secrets 1 min ago that makes it ask again.",
           "Wait: it comes by itself for its URL within a quarter of an hour. Later than that: "
           "restart it.");
    vendor = &panasonic;
    EXPECT_THAT(story().next, HasSubstr("for its URL within 5 minutes. Later"));
}

TEST_F(Explain, TellsWhyAPhoneGotTheFileForEverybodyThoughItIsApproved) {
    device.seen.first = at;
    step(Step::file_refused, "its first file could not be made: boot: line 3: no such tag");
    step(Step::guest_served, "KX-UT670.cfg by TFTP");
    EXPECT_EQ(story().now, "Its last request was refused (its first file could not be made: boot: "
                           "line 3: no such tag).");
    EXPECT_THAT(story().next, HasSubstr("comes by itself"));
}

TEST_F(Explain, TellsOfAPhoneThatIsBlocked) {
    step(Step::heard);
    device.approval = Approval::blocked;
    expect(0, "It is blocked and gets nothing.",
           "pnp approve 001fc1000001, then unplug the phone and plug it in again.");
}

TEST_F(Explain, TellsOfAPhoneThatWaitsForADecision) {
    device.approval = Approval::pending;
    step(Step::heard);
    step(Step::held);
    expect(2 * minute, "It asked 2 min ago and waits for a decision.",
           "pnp assign 001fc1000001 EXT; it gets its URL at once.");
}

TEST_F(Explain, TellsOfAPhoneThatWaitedTooLongForADecision) {
    device.approval = Approval::pending;
    step(Step::heard);
    step(Step::held);
    const char* next = "pnp assign 001fc1000001 EXT, then unplug the phone and plug it in again.";
    expect(11 * minute, "It was last heard 11 min ago, and nobody decided on it.", next);
    step(Step::waited_too_long);
    expect(3 * minute, "It was last heard 3 min ago, and nobody decided on it.", next);
}

TEST_F(Explain, TellsOfAnApprovedPhoneWithoutExtension) {
    device.lines.clear();
    step(Step::heard);
    step(Step::held);
    expect(0, "It is approved and has no extension, so it is held.", "pnp assign 001fc1000001 EXT");
}

TEST_F(Explain, TellsOfAPhoneThatWasApprovedInTime) {
    step(Step::heard);
    step(Step::held);
    step(Step::assigned);
    EXPECT_EQ(story().now, "It waits, and gets its URL now.");
}

TEST_F(Explain, TellsOfAPhoneThatWasApprovedTooLate) {
    step(Step::heard);
    step(Step::held);
    step(Step::assigned, "", 30 * minute);
    expect(0, "It is approved, and asked too long before that.", replug);
}

TEST_F(Explain, TellsWhyAnApprovedPhoneIsHeldAllTheSame) {
    step(Step::assigned);
    step(Step::heard);
    step(Step::held, "its URL was not ready in time");
    expect(0, "It is approved and held all the same (its URL was not ready in time).",
           std::string("Correct that first. Then: ") + replug);
}

TEST_F(Explain, TellsOfAPhoneThatWasHeardAndGotNothing) {
    step(Step::heard);
    expect(2 * minute, "It is approved, was last heard 2 min ago, and got no URL since.",
           std::string(replug) + " If `pnp show device 001fc1000001` knows no profile for it, it "
                                 "gets a URL only by an offer_url.");
}

TEST_F(Explain, TellsOfANotifyThatNobodyAnswered) {
    device.seen.stage = Stage::offered;
    step(Step::heard);
    step(Step::offered);
    expect(0, "Its URL is on the way.", "Wait a moment.");
    step(Step::notify_timeout, "", 32 * second);
    EXPECT_EQ(story().now, "It was sent its URL and did not answer.");
    EXPECT_THAT(story().next,
                testing::AllOf(HasSubstr("second PnP server"), HasSubstr("firewall")));
}

TEST_F(Explain, TellsOfANotifyThatWasRefused) {
    device.seen.stage = Stage::offered;
    step(Step::heard);
    step(Step::offered);
    step(Step::notify_refused, "481 Subscription Does Not Exist");
    EXPECT_EQ(story().now, "It refused the URL (481 Subscription Does Not Exist).");
    EXPECT_THAT(story().next, HasSubstr("dialect = echo"));
}

TEST_F(Explain, GivesAPhoneAMinuteToFetchAndAHtekFive) {
    device.seen.stage = Stage::offered;
    step(Step::heard);
    step(Step::offered);
    step(Step::notify_accepted);
    expect(50 * second, "It has its URL and has not fetched a file yet.",
           "Wait: phones take up to a minute.");
    const char* next = "Unplug it and plug it in again. Still nothing: can the file server's TCP "
                       "port (5480 unless changed) be reached from the phone's network, and does "
                       "the phone get its files from elsewhere (DHCP option 66, a provisioning "
                       "server that was set in it)?";
    expect(70 * second, "It has its URL and never fetched a file.", next);
    device.seen.vendor = "HTEK";
    expect(70 * second, "It has its URL and has not fetched a file yet.",
           "Wait: this vendor's phones may take up to five minutes.");
    expect(6 * minute, "It has its URL and never fetched a file.", next);
}

TEST_F(Explain, TellsOfAPhoneWhoseFilesAreElsewhere) {
    elsewhere = true;
    device.lines.clear();
    device.seen.stage = Stage::offered;
    step(Step::heard);
    step(Step::offered);
    step(Step::notify_accepted);
    expect(60 * minute,
           "It took its URL. Its files come from another server (offer_url), so the rest is not "
           "seen here.",
           "");
}

TEST_F(Explain, TellsOfFilesThatTheProfileDoesNotHave) {
    device.seen.stage = Stage::fetching;
    step(Step::heard);
    step(Step::offered);
    step(Step::file_missing, "001fc1000001.boot");
    EXPECT_EQ(story(10 * second).now, "It fetches its files and restarts with them.");
    expect(2 * minute, "It asked only for files that its profile does not have (404).",
           "Does `pnp show device 001fc1000001` show the right vendor and model? Then its profile "
           "needs a template for one of the names below: vendors/VENDOR/profile.conf, then: pnp "
           "reload");
}

TEST_F(Explain, TellsWhyAFileWasRefused) {
    device.seen.stage = Stage::fetching;
    step(Step::heard);
    step(Step::offered);
    step(Step::file_refused, "the token expired");
    expect(0, "Its last request was refused (the token expired).",
           std::string(replug) + " It then gets a fresh URL.");
    step(Step::file_refused, "extension 201 does not exist");
    EXPECT_EQ(story().next, "Give it an extension that exists: pnp assign 001fc1000001 EXT");
    step(Step::file_refused, "cfg001fc1000001.xml cannot be made: line 3: no such tag");
    expect(0,
           "It was answered with 404, because cfg001fc1000001.xml cannot be made: line 3: no such "
           "tag.",
           "pnp render 001fc1000001 cfg001fc1000001.xml shows the same. Correct the template or "
           "the value it names, then: pnp reload. The phone comes again when it is unplugged and "
           "plugged in.");
    device.lines = {"201"};
    step(Step::file_refused, "cfg001fc1000001.xml cannot be made: line 1 is extension 201: its "
                             "password does not fit");
    EXPECT_THAT(story().next, HasSubstr("pnp extension remove 201, pnp extension add 201"));
    step(Step::file_refused, "no vendor profile matches this phone");
    EXPECT_THAT(story().next, HasSubstr("pnp reload"));
    step(Step::file_refused, "odd");
    EXPECT_THAT(story().next, HasSubstr("pnp render 001fc1000001 cfg001fc1000001.xml"));
}

TEST_F(Explain, TellsWhichFileAPhoneOfSeveralFilesIsMissing) {
    device.seen.stage = Stage::fetching;
    step(Step::heard);
    step(Step::boot_served, "KX-UT670.cfg, 1 of 3 since it was approved");
    step(Step::file_served, "ConfigCommon.cfg by its steady URL");
    EXPECT_EQ(story(10 * second).now, "It fetches its files and restarts with them.");
    expect(2 * minute,
           "It has its URL, and did not come for all of its files: its lines stand in the last "
           "one.",
           "Unplug it and plug it in again. Still so: is the file that it got the one it should "
           "have (pnp render 001fc1000001 ConfigCommon.cfg)?");
    step(Step::file_refused, "Config001fc1000001.cfg cannot be made: the value");
    EXPECT_EQ(
        story().now,
        "It was answered with 404, because Config001fc1000001.cfg cannot be made: the value.");
    device.seen.stage = Stage::registered;
    EXPECT_EQ(story().now, "It is registered with 201, and was answered with 404 when it asked "
                           "again, because Config001fc1000001.cfg cannot be made: the value.");
    EXPECT_THAT(story().next, HasSubstr("pnp render 001fc1000001 Config001fc1000001.cfg"));
}

TEST_F(Explain, DoesNotTakeAStrangersRequestForThePhones) {
    device.seen.stage = Stage::configured;
    step(Step::heard);
    step(Step::configured);
    step(Step::file_refused, "no valid token: wrong, spent or missing");
    EXPECT_THAT(story().now, HasSubstr("was refused"));
    timeline.back().address = "10.0.0.66";
    EXPECT_THAT(story().now, HasSubstr("all is done here"));
}

TEST_F(Explain, TellsOfAPhoneThatFetchedAndNeverCameBack) {
    device.seen.stage = Stage::fetching;
    step(Step::heard);
    step(Step::offered);
    step(Step::file_served, "cfg001fc1000001.xml");
    expect(minute, "It fetches its files and restarts with them.", "Wait a few minutes.");
    EXPECT_THAT(story(11 * minute).now, HasSubstr("never came back with the URL"));
    EXPECT_THAT(story(11 * minute).next, HasSubstr("pnp render 001fc1000001 cfg001fc1000001.xml"));
}

TEST_F(Explain, DoesNotNagAboutRegistrationsThatNobodySees) {
    device.seen.stage = Stage::configured;
    step(Step::heard);
    step(Step::offered);
    step(Step::file_served);
    step(Step::configured);
    expect(24 * 60 * minute,
           "It holds its configuration: all is done here. Whether it registers is for the PBX to "
           "say.",
           "");
}

TEST_F(Explain, TellsOfAPhoneThatDoesNotRegister) {
    device.seen.stage = Stage::configured;
    pbx_tells = true;
    step(Step::registered);
    step(Step::lost);
    step(Step::heard);
    step(Step::offered);
    step(Step::configured);
    EXPECT_EQ(story(minute).now, "It holds its configuration, and has yet to register.");
    EXPECT_EQ(story(11 * minute).now, "It holds its configuration and has not registered since.");
    EXPECT_THAT(story(11 * minute).next, HasSubstr("SIP server, extension, password"));
}

TEST_F(Explain, TellsOfALostRegistration) {
    device.seen.stage = Stage::configured;
    step(Step::heard);
    step(Step::configured);
    step(Step::registered);
    step(Step::lost);
    expect(0, "It holds its configuration, and the PBX lost its registration.",
           "Is it plugged in, and does its network reach the PBX?");
}

TEST_F(Explain, TellsOfAPasswordThatThePbxRefuses) {
    device.seen.stage = Stage::configured;
    step(Step::heard);
    step(Step::configured);
    step(Step::register_refused, "201: wrong user or password");
    expect(
        0,
        "It holds its configuration, and the PBX refuses to register it (201: wrong user or "
        "password).",
        "pnp resync 001fc1000001: if the password was changed in the PBX after the phone got its "
        "file, that brings the new one. If not, compare the account in the phone with the "
        "PBX's: pnp render 001fc1000001 FILENAME --reveal");
    step(Step::registered);
    device.seen.stage = Stage::registered;
    EXPECT_EQ(story().now, "All is well: it is registered with 201.");
}

TEST_F(Explain, SaysThatAllIsWell) {
    device.seen.stage = Stage::registered;
    device.lines = {"201", "202"};
    step(Step::heard);
    step(Step::configured);
    step(Step::registered);
    expect(0, "All is well: it is registered with 201 and 202.", "");
}

TEST_F(Explain, TellsOfAResyncThatThePhoneWantsAPasswordFor) {
    device.seen.stage = Stage::registered;
    step(Step::heard);
    step(Step::registered);
    step(Step::resync_sent);
    step(Step::resync_failed, "401 Unauthorized");
    expect(0, "It wants a password before it follows a resync.",
           "Send the resync from the PBX that it is registered at, or unplug it and plug it in "
           "again.");
}

TEST_F(Explain, TellsOfAResyncWithoutAnswer) {
    device.seen.stage = Stage::registered;
    step(Step::heard);
    step(Step::resync_sent);
    step(Step::resync_failed, "no answer");
    expect(0, "It did not follow the last resync (no answer).", replug);
    step(Step::heard);
    EXPECT_EQ(story().now, "All is well: it is registered with 201.");
}

TEST_F(Explain, TellsOfAPhoneWithAnAddressOfAnotherNetwork) {
    step(Step::heard_outside, "the network here is 192.168.77.0/24");
    timeline.back().address = "10.9.9.9";
    const char* now = "It asked from 10.9.9.9, an address of another network (the network here is "
                      "192.168.77.0/24), so it cannot be answered.";
    EXPECT_EQ(story().now, now);
    EXPECT_THAT(story().next, testing::AllOf(HasSubstr("DHCP"), HasSubstr("pnp status")));
    step(Step::heard);
    EXPECT_NE(story().now, now);
}

TEST_F(Explain, TellsOfAClockThatWasSetBack) {
    step(Step::heard);
    step(Step::offered);
    EXPECT_EQ(story(-24 * 60 * minute).now,
              "The clock of this machine was set back: the newest step of this phone is of "
              "2026-01-01 12:00:02, and now it is 2025-12-31 12:00:02.");
    EXPECT_THAT(story(-24 * 60 * minute).next, HasSubstr("timedatectl"));
    device.seen.stage = Stage::registered;
    EXPECT_THAT(story(-24 * 60 * minute).now, HasSubstr("All is well"));
}

TEST_F(Explain, TellsOfTwoPhonesWithOneMac) {
    device.seen.stage = Stage::registered;
    device.claim = inventory::Claim::contested;
    step(Step::heard);
    step(Step::registered);
    EXPECT_EQ(story().now, "Two phones claim this MAC, so it gets nothing new.");
    step(Step::claim_refused, "registered from 10.0.0.2");
    timeline.back().address = "10.0.0.66";
    expect(0,
           "Two phones claim this MAC, so it gets nothing new: one asked from 10.0.0.66 "
           "(registered from 10.0.0.2).",
           "Find the phone that has this MAC on its label, and unplug the other one. Then: pnp "
           "approve 001fc1000001, and unplug the right one and plug it in again.");
}

TEST_F(Explain, TellsOfAnotherDeviceAtItsAddress) {
    step(Step::heard);
    step(Step::neighbour_mismatch, "the network shows 001fc1000009");
    EXPECT_EQ(story().now, "Another device answers at 10.0.0.2 (the network shows 001fc1000009), "
                           "so it was refused.");
    EXPECT_THAT(story().next, HasSubstr("neighbour_allow = 10.0.0.2"));
    step(Step::offered);
    EXPECT_EQ(story().now, "Its URL is on the way.");
}

TEST_F(Explain, TellsOfAPhoneThatIsSlowedDown) {
    step(Step::heard);
    step(Step::limited, "20 wrong tokens within a minute");
    EXPECT_EQ(story().now, "It is slowed down (20 wrong tokens within a minute).");
    EXPECT_THAT(story().next, HasSubstr("pnp show penalties"));
    device.seen.stage = Stage::registered;
    EXPECT_THAT(story().now, HasSubstr("All is well"));
}

TEST_F(Explain, TellsOfAPhoneThatWentToAnotherServer) {
    step(Step::heard);
    step(Step::offered);
    step(Step::notify_accepted);
    step(Step::rival_heard, "10.0.0.7 sent http://10.0.0.7/");
    EXPECT_EQ(story().now, "Another server answered it too (10.0.0.7 sent http://10.0.0.7/), and "
                           "the first answer wins: it went there.");
    EXPECT_THAT(story().next, HasSubstr("factory settings"));
    step(Step::file_served);
    device.seen.stage = Stage::fetching;
    EXPECT_THAT(story().now, HasSubstr("It fetches its files"));
}

TEST_F(Explain, TellsOfAGuest) {
    device.approval = Approval::pending;
    step(Step::heard);
    step(Step::guest_served);
    expect(2 * minute,
           "It got a file without secrets 2 min ago, asks again by itself, and waits for a "
           "decision.",
           "pnp assign 001fc1000001 EXT; it comes by itself for its file.");
}

TEST_F(Explain, TellsOfAPhoneThatDoesNotTrustTheCertificate) {
    device.seen.stage = Stage::offered;
    step(Step::heard);
    step(Step::offered);
    step(Step::file_refused, "HTTPS: unknown ca");
    EXPECT_EQ(story().now, "It came by HTTPS and went away (HTTPS: unknown ca).");
    EXPECT_THAT(story().next, HasSubstr("pnp show ca"));
}

TEST_F(Explain, TellsOfATokenThatIsNotValid) {
    device.seen.stage = Stage::offered;
    step(Step::heard);
    step(Step::offered);
    step(Step::token_refused, "spent");
    expect(0, "It asks with a URL that is not valid (any more): spent.",
           std::string(replug) + " It then gets a fresh URL.");
    timeline.back().address = "10.0.0.66"; // a stranger's
    EXPECT_EQ(story().now, "Its URL is on the way.");
}

TEST_F(Explain, TellsThatARuleHasNoNumberLeft) {
    device.approval = Approval::pending;
    step(Step::heard);
    step(Step::held, "rule lobby cannot approve it: none of 200-219 is free; add extensions there");
    EXPECT_THAT(story().now, HasSubstr("and waits, because rule lobby cannot approve it: none of "
                                       "200-219 is free."));
    EXPECT_THAT(story().next, HasSubstr("pnp assign 001fc1000001 EXT"));
}

TEST_F(Explain, TellsThatAFourthFileWithoutTokenNeedsAnApproval) {
    device.boots = 3;
    device.seen.stage = Stage::offered;
    step(Step::heard);
    step(Step::boot_served, "cfg001fc1000001.xml");
    step(Step::file_refused, "001fc1000001 was given 3 files without a token since it was "
                             "approved; approve it again");
    EXPECT_THAT(story().now, HasSubstr("used up its 3 files without a token"));
    EXPECT_THAT(story().next, HasSubstr("pnp approve 001fc1000001"));
}

TEST_F(Explain, TellsOfAPhoneThatUsedUpItsFilesWithoutToken) {
    device.boots = 3;
    device.seen.stage = Stage::fetching;
    step(Step::heard);
    step(Step::boot_served, "cfg001fc1000001.xml");
    EXPECT_EQ(story(2 * minute).now,
              "It got a file without secrets that names its own URL (3 of 3 for one approval), and "
              "never came back with that URL.");
    EXPECT_THAT(story(2 * minute).next, HasSubstr("pnp approve 001fc1000001"));
}

} // namespace
