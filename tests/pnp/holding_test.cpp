// SPDX-License-Identifier: MIT
// A phone that is not decided upon yet waits, and gets its URL late or learns that it is too late.
#include "desk.hpp"

namespace pnp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class Holding : public ResponderDesk {
  protected:
    Holding() {
        decision = {Verdict::hold, "not approved: assign an extension to it"};
        hears(data("htek.sip"));
    }

    const base::Mac mac = *base::Mac::parse("001fc1000001");
};

TEST_F(Holding, AnUnknownPhoneGetsIts200AndNothingMore) {
    EXPECT_THAT(sent(), SizeIs(1));
    pass(9min);
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_EQ(counters().held, 1U);
    EXPECT_THAT(notes(), ElementsAre("heard", "held: not approved: assign an extension to it"));
}

TEST_F(Holding, AnApprovedPhoneGetsItsNotifyInTheStoredDialog) {
    sent();
    notes();
    pass(95s);
    decision = {Verdict::offer, ""};
    responder.decided({*base::Mac::parse("001fc1000009"), mac});
    const auto late = sent();
    ASSERT_THAT(late, SizeIs(1));
    EXPECT_EQ(late[0].bytes, data("htek.notify.sip"));
    EXPECT_THAT(notes(), ElementsAre("offered: NOTIFY sent, 95 s after the phone asked"));
    EXPECT_EQ(counters().held, 0U);
    hears(answer_to(late[0].bytes), "192.0.2.89:60000", 2, Channel::unicast);
    EXPECT_EQ(counters().notify_accepted, 1U);
    responder.decided({mac});
    EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(Holding, ItsRepeatedSubscribeGetsTheStored200HoweverLate) {
    const auto first = sent();
    pass(5min);
    hears(data("htek.sip"));
    const auto again = sent();
    ASSERT_THAT(again, SizeIs(1));
    EXPECT_EQ(again[0].bytes, first[0].bytes);
    EXPECT_EQ(counters().subscribes, 1U);
}

TEST_F(Holding, ADecisionToWaitOnChangesNothingButTheReason) {
    sent();
    notes();
    responder.decided({mac});
    EXPECT_THAT(notes(), IsEmpty());
    decision.reason = "approved, but it has no extension: assign one";
    responder.decided({mac});
    EXPECT_THAT(notes(), ElementsAre("held: approved, but it has no extension: assign one"));
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_EQ(counters().held, 1U);
}

TEST_F(Holding, ABlockedPhoneIsForgotten) {
    sent();
    decision = {Verdict::silent, "blocked"};
    responder.decided({mac});
    EXPECT_EQ(counters().held, 0U);
    decision = {Verdict::offer, ""};
    responder.decided({mac});
    pass(1min);
    EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(Holding, AfterTenMinutesItIsTooLate) {
    sent();
    notes();
    pass(10min - 1ms);
    EXPECT_EQ(counters().held, 1U);
    pass(1ms);
    EXPECT_EQ(counters().held, 0U);
    EXPECT_THAT(notes(),
                ElementsAre("waited_too_long: approved too late is of no use now: unplug the phone "
                            "and plug it in again"));
    decision = {Verdict::offer, ""};
    responder.decided({mac});
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_EQ(responder.transactions(), 0U);
    EXPECT_FALSE(responder.next_due());
}

TEST_F(Holding, AVendorThatTakesNoLateNotifyIsNotSentOne) {
    sent();
    notes();
    offer->late_allowed = false;
    decision = {Verdict::offer, ""};
    pass(20s);
    responder.decided({mac});
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_THAT(notes(), ElementsAre(HasSubstr("unplug it and plug it in again")));
    EXPECT_EQ(counters().held, 0U);
}

TEST_F(Holding, AVendorThatTakesNoLateNotifyIsSentOneThatARuleApprovedAtOnce) {
    sent();
    notes();
    offer->late_allowed = false;
    decision = {Verdict::offer, ""};
    pass(5s);
    responder.decided({mac});
    EXPECT_THAT(sent(), SizeIs(1));
    EXPECT_THAT(notes(), ElementsAre("offered: NOTIFY sent"));
}

TEST_F(Holding, ANewSubscribeReplacesTheOldHold) {
    sent();
    pass(60s);
    hears(with_all(data("htek.sip"), "704112", "704999"));
    const auto second = sent();
    ASSERT_THAT(second, SizeIs(1));
    EXPECT_EQ(counters().held, 1U);
    decision = {Verdict::offer, ""};
    responder.decided({mac});
    pass(10ms);
    const auto late = sent();
    ASSERT_THAT(late, SizeIs(1));
    EXPECT_THAT(late[0].bytes, HasSubstr("\r\nCall-ID: 70499947@192.0.2.89\r\n"));
    EXPECT_THAT(late[0].bytes, HasSubstr(";tag=pnp-5f1c09d3\r\n"));
}

TEST_F(Holding, ANewSubscribeAfterTheApprovalIsOfferedAtOnce) {
    sent();
    decision = {Verdict::offer, ""};
    hears(with_all(data("htek.sip"), "704112", "704999"));
    pass(10ms);
    const auto both = sent();
    ASSERT_THAT(both, SizeIs(2));
    EXPECT_THAT(both[1].bytes, StartsWith("NOTIFY "));
    EXPECT_EQ(counters().held, 0U);
    pass(10min);
    for (const auto& note : notes()) {
        EXPECT_EQ(note.find("waited_too_long"), std::string::npos);
    }
}

TEST_F(Holding, AShorterHoldTakesEffectAtOnce) {
    settings.hold_for = 1min;
    responder.settings(settings);
    pass(1min);
    EXPECT_EQ(counters().held, 0U);
}

TEST_F(Holding, APhoneWhoseInterfaceWentAwayIsToldToBePluggedInAgain) {
    notes();
    responder.serve({});
    EXPECT_EQ(counters().held, 0U);
    EXPECT_THAT(notes(), ElementsAre(StartsWith("waited_too_long: the interface it asked on")));
}

using Resyncing = ResponderDesk;

TEST_F(Resyncing, TheStatusOfThePhonesAnswerIsReported) {
    std::vector<ResyncResult> results;
    const auto done = [&](ResyncResult result) { results.push_back(std::move(result)); };
    const base::Mac mac = *base::Mac::parse("001fc1000001");
    responder.resync(mac, at("192.0.2.89:5060"), here, "check-sync;reboot=false", done);
    auto out = sent();
    ASSERT_THAT(out, SizeIs(1));
    EXPECT_THAT(out[0].bytes, HasSubstr("\r\nEvent: check-sync;reboot=false\r\n"));
    EXPECT_EQ(out[0].path.channel, Channel::unicast);
    EXPECT_EQ(out[0].path.to, at("192.0.2.89:5060"));
    pass(500ms);
    EXPECT_THAT(sent(), SizeIs(1));
    hears(answer_to(out[0].bytes, "401 Unauthorized"), "192.0.2.89:5060", 2, Channel::unicast);
    ASSERT_THAT(results, SizeIs(1));
    EXPECT_EQ(results[0].status, 401);
    EXPECT_EQ(results[0].reason, "Unauthorized");
    pass(1min);
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_THAT(results, SizeIs(1));
}

TEST_F(Resyncing, SilenceIsStatusZero) {
    std::vector<ResyncResult> results;
    responder.resync(*base::Mac::parse("001fc1000001"), at("192.0.2.89:5060"), here, "resync",
                     [&](ResyncResult result) { results.push_back(std::move(result)); });
    pass(32s);
    EXPECT_THAT(sent(), SizeIs(4));
    ASSERT_THAT(results, SizeIs(1));
    EXPECT_EQ(results[0].status, 0);
    EXPECT_THAT(results[0].reason, HasSubstr("32 s"));
}

TEST_F(Resyncing, WhatCannotBeSentIsReportedAtOnce) {
    std::vector<ResyncResult> results;
    const auto done = [&](ResyncResult result) { results.push_back(std::move(result)); };
    const base::Mac mac = *base::Mac::parse("001fc1000001");
    responder.resync(mac, at("192.0.2.89:5060"), base::Ipv4{1}, "resync", done);
    responder.resync(mac, at("224.0.1.75:5060"), here, "resync", done);
    responder.resync(mac, at("192.0.2.89:0"), here, "resync", done);
    responder.resync(mac, at("192.0.2.89:5060"), here, "resync\r\nX: y", done);
    responder.resync(mac, at("192.0.2.89:5060"), here, "", done);
    EXPECT_THAT(results, SizeIs(5));
    EXPECT_THAT(sent(), IsEmpty());
    responder.resync(mac, at("192.0.2.89:5060"), here, "resync", done);
    responder.serve({});
    ASSERT_THAT(results, SizeIs(6));
    EXPECT_THAT(results[5].reason, HasSubstr("interface"));
    for (const auto& result : results) {
        EXPECT_EQ(result.status, 0);
    }
}

} // namespace
} // namespace pnp
