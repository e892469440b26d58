// SPDX-License-Identifier: MIT
// The story of a phone of the Workpoint Interface in every situation in which somebody asks for it.
#include "provisioning/admin/explain.hpp"

#include <cstdlib>
#include <ctime>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using admin::Calls;
using inventory::Approval;
using inventory::Job;
using inventory::JobKind;
using inventory::JobState;
using inventory::Reached;
using inventory::Stage;
using inventory::Step;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr base::UnixMs noon = 1'767'268'800'000; // 2026-01-01 12:00:00 UTC
constexpr base::UnixMs second = 1000;
constexpr base::UnixMs minute = 60 * second;

class ExplainCalls : public testing::Test {
  public:
    ExplainCalls() {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
        openstage.name = "openstage";
        openstage.title = "OpenStage";
        profile::ChainStep items;
        items.format = profile::Format::items;
        items.template_name = "items";
        openstage.chain = {items};
        vendor = &openstage;
        device.mac = *base::Mac::parse("001ae8102030");
        device.approval = Approval::approved;
        device.lines = {"201"};
        device.seen.address = *base::Ipv4::parse("10.9.0.5");
        calls.is_on = true;
        calls.port = 18443;
        calls.polls = 18080;
    }

    void step(Step step, const std::string& detail = {}) {
        at += second;
        timeline.push_back({step, "10.9.0.5", detail, at, at, 1});
    }

    void called(const std::string& detail = "start-up, OpenStage 40, V3 R5.12.0") {
        step(Step::called, detail);
        device.seen.first = device.seen.first == 0 ? at : device.seen.first;
        device.seen.last = at;
        device.seen.version = "V3 R5.12.0";
        device.seen.stage = std::max(device.seen.stage, Stage::fetching);
        phone.last_contact = at;
    }

    Job& job(JobKind kind, JobState state, const std::string& result = {}) {
        Job one{.id = static_cast<std::int64_t>(calls.jobs.size()) + 1, .mac = device.mac};
        one.kind = kind;
        one.state = state;
        one.created = at;
        one.changed = at;
        one.result = result;
        calls.jobs.push_back(one);
        return calls.jobs.back();
    }

    admin::Story story(base::UnixMs later = 0) {
        auto all = calls;
        if (phone.last_contact != 0) {
            all.phone = std::make_shared<inventory::Workpoint>(phone);
        }
        return admin::explain(device, timeline, false,
                              {0, at + later, pbx_tells, vendor, std::nullopt, all});
    }

    void expect(base::UnixMs later, const std::string& now, const std::string& next) {
        const auto told = story(later);
        EXPECT_EQ(told.now, now);
        EXPECT_EQ(told.next, next);
    }

    profile::Vendor openstage;
    const profile::Vendor* vendor = nullptr;
    inventory::Device device;
    std::vector<inventory::Event> timeline;
    inventory::Workpoint phone;
    Calls calls;
    bool pbx_tells = false;
    base::UnixMs at = noon;
};

constexpr const char* how_to_call =
    "Such a phone calls when it starts, if it knows where: by DHCP (option 43; `pnp dhcp dnsmasq` "
    "prints what to configure there), or from its own web page, where the DLS address and port are "
    "set by hand. We listen at TCP port 18443: does a firewall keep that away from it?";
constexpr const char* resync =
    "pnp resync 001ae8102030 makes it call; so does a restart of the phone.";

TEST_F(ExplainCalls, APhoneThatNeverCalledHasToLearnWhere) {
    expect(0, "It is prepared with 201, and was never heard.", how_to_call);
    device.seen.first = at;
    step(Step::leased, "OptiIpPhone");
    EXPECT_THAT(story().now, HasSubstr("by DHCP"));
    EXPECT_EQ(story().next, how_to_call);
    step(Step::limited);
    step(Step::offered);
    expect(0, "It is approved, and never called.", how_to_call);
    calls.is_on = false;
    EXPECT_THAT(story().next, HasSubstr("wpi = on"));
}

TEST_F(ExplainCalls, APhoneThatCalledBeforeItWasApprovedIsNotSaidToHaveNeverCalled) {
    called("start-up; it is not approved, so it was told nothing");
    phone.last_contact = 0; // nothing is kept of it then
    step(Step::assigned, "201 by uid 0");
    device.seen.stage = Stage::heard;
    expect(minute,
           "It called 1 min ago, and not since it was approved, so it was told nothing yet.",
           "Unplug the phone and plug it in again: it calls when it starts.");
}

TEST_F(ExplainCalls, APhoneBehindARouterThatNothingAllowsIsNotSaidToBeUnheard) {
    device.seen.first = device.seen.last = 0;
    step(Step::file_refused, "it asked from outside of the networks that are served; if phones are "
                             "there, write allow = 10.9.0.5");
    expect(0,
           "It called from 10.9.0.5 (or somebody in its name did), which is in no network that is "
           "served here, so it was told nothing.",
           "Is it behind a router there? Then write allow = 10.9.0.5, or its network, into "
           "pnp.conf, and: pnp reload. Then unplug the phone and plug it in again.");
    called();
    EXPECT_THAT(story().now, HasSubstr("is being told"));
}

TEST_F(ExplainCalls, FirmwareThatKnowsNoNewTlsIsNotSaidToBeUnheard) {
    constexpr const char* told =
        "HTTPS: it speaks no TLS of version 1.2 or newer; set wpi_tls_legacy = on, or give it "
        "newer firmware";
    step(Step::file_refused, told);
    expect(0, "It called, and TLS did not come about: it speaks no TLS of version 1.2 or newer.",
           "set wpi_tls_legacy = on, or give it newer firmware. Then: pnp reload, and unplug the "
           "phone and plug it in again.");
    called();
    EXPECT_THAT(story().now, HasSubstr("is being told"));
    step(Step::file_refused, told); // it was set back to older firmware
    EXPECT_THAT(story().now, HasSubstr("TLS did not come about"));
    device.seen.stage = Stage::registered;
    step(Step::registered);
    EXPECT_THAT(story().now, HasSubstr("All is well"));
}

TEST_F(ExplainCalls, ALeaseWithoutAVendorClassLeavesTheMacOfTheMaker) {
    vendor = nullptr;
    device.seen.last = at;
    step(Step::leased, "host name phone");
    EXPECT_THAT(story().now, HasSubstr("asked for nothing since"));
    EXPECT_EQ(story().next, how_to_call);
}

TEST_F(ExplainCalls, AMacOfTheMakerIsAHint) {
    vendor = nullptr;
    EXPECT_THAT(story().next, StartsWith("Its MAC is of the maker of OpenStage phones, which ask "
                                         "nobody by multicast: they call. Such a phone calls"));
    device.mac = *base::Mac::parse("001fc1000001");
    EXPECT_THAT(story().next, HasSubstr("IGMP"));
}

TEST_F(ExplainCalls, ThatNobodyApprovedWaitForADecision) {
    device.approval = Approval::pending;
    called("start-up; it is not approved, so it was told nothing");
    expect(2 * minute, "It was last heard 2 min ago, and nobody decided on it.",
           "pnp assign 001ae8102030 EXT, then unplug the phone and plug it in again.");
}

TEST_F(ExplainCalls, CannotBeWhereTheInterfaceIsOff) {
    called();
    calls.is_on = false;
    EXPECT_EQ(story().now, "The Workpoint Interface is off here, so it cannot call.");
    EXPECT_THAT(story().next, HasSubstr("Write wpi = on into pnp.conf"));
}

TEST_F(ExplainCalls, OfAnotherDeviceAtTheAddressEndWithACall) {
    called();
    step(Step::neighbour_mismatch, "0080f0000001 answers there");
    EXPECT_THAT(story().now, HasSubstr("Another device answers"));
    called();
    EXPECT_THAT(story().now, HasSubstr("is being told"));
}

TEST_F(ExplainCalls, FindThatItsItemsCannotBeMade) {
    called();
    step(Step::file_refused, "its items cannot be made: items: line 3: no such tag");
    EXPECT_EQ(story(minute).now, "It called 1 min ago, and could not be told what it should have: "
                                 "its items cannot be made: items: line 3: no such tag.");
    EXPECT_THAT(story().next, HasSubstr("pnp reload"));
    called();
    EXPECT_THAT(story().now, Not(HasSubstr("cannot be made")));
}

TEST_F(ExplainCalls, OverARouterNeedAWindowForPasswords) {
    called();
    step(Step::secret_withheld,
         "sip-pwd: it calls from 10.9.0.5, where no neighbour table shows it, and no enrolment "
         "window was open for it when it called; `pnp enrol 001ae8102030 30m`, then let the phone "
         "call again");
    const std::string now = "It called, and was not given its passwords (sip-pwd: it calls from "
                            "10.9.0.5, where no neighbour table shows it, and no enrolment window "
                            "was open for it when it called).";
    expect(0, now,
           "Over a router nothing shows that it is this phone, so somebody has to say when: pnp "
           "enrol 001ae8102030 30m --from NETWORK, with the one that 10.9.0.5 is in. It is asked "
           "to call then; if it does not come, restart it.");
    calls.next_poll = at + 3 * minute;
    EXPECT_THAT(story().next, HasSubstr("It comes after its next poll."));
    calls.window = Calls::Window::open;
    expect(0, now,
           "An enrolment window is open for it now, for one call. Wait: it polls, and comes in 3 "
           "min.");
    calls.window = Calls::Window::spent;
    EXPECT_EQ(story().now, "It called, and was not given its passwords: its enrolment window gave "
                           "them once already.");
    EXPECT_THAT(story().next, HasSubstr("change the password in the PBX first"));
    step(Step::secret_sent, "inside its enrolment window");
    EXPECT_THAT(story().now, Not(HasSubstr("password")));
}

TEST_F(ExplainCalls, OnTheLanAreNotSentToAWindow) {
    called();
    step(Step::secret_withheld, "sip-pwd: 10.9.0.5 is not in the neighbour table");
    EXPECT_EQ(story().next, std::string("Correct that first. Then: ") + resync);
}

TEST_F(ExplainCalls, ThatPollsAndCannotReachUsIsBehindAFirewall) {
    called();
    step(Step::poll_unheeded, "told to call 5 times");
    EXPECT_EQ(story().now, "It polls, is told to call, and does not (since 12:00:02).");
    EXPECT_THAT(story().next, HasSubstr("lets port 18080 pass has to let TCP port 18443 pass"));
    called();
    EXPECT_THAT(story().now, Not(HasSubstr("polls")));
}

TEST_F(ExplainCalls, ThatNeitherComesNorPollsIsToldToPollWhenItStarts) {
    device.seen.stage = Stage::configured;
    called();
    step(Step::contact_asked);
    step(Step::contact_failed, "no answer from 10.9.0.5:8085 in 5 s");
    EXPECT_EQ(story().now, "It does not come when it is asked to call (no answer from "
                           "10.9.0.5:8085 in 5 s), and it does not poll.");
    EXPECT_THAT(story().next,
                AllOf(HasSubstr("TCP port 8085"), HasSubstr("reach TCP port 18080 here")));
    calls.polls = 0;
    EXPECT_THAT(story().next, HasSubstr("wpi_poll_port"));
    calls.next_poll = at + minute;
    EXPECT_THAT(story().now, StartsWith("It holds its configuration"));
    EXPECT_THAT(story(20 * minute).now, HasSubstr("does not poll")) << "overdue";
}

TEST_F(ExplainCalls, OfABusyPhoneSayWhenItComesAgain) {
    called();
    job(JobKind::restart, JobState::waiting, "the phone is busy: in a call");
    expect(0, "It was in a call and took nothing, so job 1 (restart) waits.",
           "Wait: it calls by itself when it is idle.");
    device.seen.version = "V2 R2.37.0";
    EXPECT_EQ(story().next, "Wait: its firmware (V2 R2.37.0) does not say when it is idle, which "
                            "came with V3 R3; it is asked again every five minutes, for a day.");
    calls.next_poll = at + minute;
    EXPECT_THAT(story().next, HasSubstr("V3 R3; it polls, and comes in 1 min."));
    calls.jobs.clear();
    step(Step::items_refused, "all of them: it is busy, in a call");
    EXPECT_EQ(story().now, "It was in a call and took nothing.");
}

TEST_F(ExplainCalls, OfAJobThatWasGivenUpAreNewsForADay) {
    device.seen.stage = Stage::registered;
    called();
    job(JobKind::restart, JobState::done);
    job(JobKind::restart, JobState::given_up, "no confirmation: it did not start in time");
    expect(0, "Its job 2 (restart) was given up: no confirmation: it did not start in time.",
           "Order it again if it is still wanted (pnp help job); pnp show jobs 001ae8102030 lists "
           "all.");
    EXPECT_EQ(story(25 * 60 * minute).now, "All is well: it is registered with 201.");
    calls.jobs.back().result = "cancelled by uid 0";
    EXPECT_EQ(story().now, "All is well: it is registered with 201.");
}

TEST_F(ExplainCalls, APhoneThatWasNotToldYetIsNotSaidToBeDone) {
    called();
    device.seen.stage = Stage::configured;
    step(Step::secret_sent, "inside its enrolment window");
    step(Step::configured, "it has all items that it should have");
    step(Step::assigned, "202 by uid 0");
    calls.not_given = {"display-id-unicode", "e164", "sip-pwd"};
    expect(0,
           "It does not have yet what it should have now: other values of display-id-unicode, e164 "
           "and sip-pwd.",
           "Wait: it is asked to call. Later than some minutes: restart the phone.");
    calls.not_given = {"line-sip-pwd.2", "sip-pwd"};
    expect(0,
           "It does not have yet what it should have now: other values of line-sip-pwd.2 and "
           "sip-pwd.",
           "Over a router it is given passwords only within a window, and is not called for them "
           "before: pnp enrol 001ae8102030 30m --from NETWORK, with the one that 10.9.0.5 is in.");
    calls.window = Calls::Window::open;
    EXPECT_THAT(story().next, StartsWith("Wait: "));
    calls.not_given = {};
    EXPECT_THAT(story().now, StartsWith("It holds its configuration"));
}

TEST_F(ExplainCalls, WaitingJobsAreTold) {
    device.seen.stage = Stage::registered;
    called();
    job(JobKind::write, JobState::waiting).items = {{{"country"}, "DE"}};
    expect(2 * minute, "A job waits for its next call: write country (2 min ago).",
           "Wait: it is asked to call. Later than some minutes: restart the phone.");
    job(JobKind::restart, JobState::waiting);
    EXPECT_THAT(story().now,
                StartsWith("2 jobs wait, the first of them for its next call: write country"));
    calls.next_poll = at + 90 * second;
    EXPECT_EQ(story().next, "Wait: it polls, and comes in 2 min.");
    phone.reached = Reached::by_poll;
    EXPECT_THAT(story(60 * minute).next, HasSubstr("and it never polled. Does a firewall keep "
                                                   "TCP port 18080 here away from it?"));
    phone.last_poll = at;
    EXPECT_THAT(story(60 * minute).next, HasSubstr("it has not polled for long."));
}

TEST_F(ExplainCalls, RefusedItemsAreNamedWithThePhonesWord) {
    device.seen.stage = Stage::registered;
    called();
    phone.refused = {{{"key-label", 3}, "invalid data"}, {{"dcmp-poll-interval"}, "unknown item"}};
    EXPECT_EQ(story().now, "It is registered with 201, and did not take key-label 3 (invalid "
                           "data).");
    EXPECT_THAT(story().next, HasSubstr("pnp show items 001ae8102030"));
    phone.refused.erase({"key-label", 3});
    EXPECT_EQ(story().now, "All is well: it is registered with 201. It does not know "
                           "dcmp-poll-interval (unknown item).");
    EXPECT_THAT(story().next, HasSubstr("poll_item"));
    phone.reached = Reached::by_contact_me;
    EXPECT_EQ(story().next, "");
    for (int i = 1; i <= 7; ++i) {
        phone.refused[{"key-label", i}] = "invalid data";
    }
    EXPECT_THAT(story().now, HasSubstr("key-label 5 (invalid data) and 2 others."));
}

TEST_F(ExplainCalls, OfAPhoneOnItsWayNeverSpeakOfFiles) {
    called();
    expect(0, "It calls, and is being told what it should have.", "Wait a moment.");
    expect(5 * minute, "It called 5 min ago, and does not have all that it should have.",
           std::string("pnp show items 001ae8102030 shows what is missing. ") + resync);
    step(Step::call_failed, "it fell silent before the end of its call");
    EXPECT_EQ(story(5 * minute).now, "It called 5 min ago, and that ended too soon (it fell silent "
                                     "before the end of its call).");
    device.seen.stage = Stage::configured;
    step(Step::configured);
    step(Step::file_refused, "bell.wav: No such file or directory");
    expect(0,
           "It holds its configuration: all is done here. Whether it registers is for the PBX to "
           "say.",
           "");
    step(Step::register_refused, "401");
    EXPECT_EQ(story().now, "It has what it should have, and the PBX refuses to register it (401).");
    EXPECT_THAT(story().next, Not(HasSubstr("pnp render")));
}

TEST_F(ExplainCalls, ThatDoNotRegisterCompareTheAccount) {
    pbx_tells = true;
    called();
    device.seen.stage = Stage::configured;
    step(Step::configured);
    EXPECT_THAT(story(minute).now, HasSubstr("has yet to register"));
    EXPECT_EQ(story(11 * minute).now, "It has what it should have, and has not registered since.");
    EXPECT_THAT(story(11 * minute).next, HasSubstr("pnp show items"));
    device.seen.stage = Stage::registered;
    EXPECT_EQ(story().now, "All is well: it is registered with 201.");
}

} // namespace
