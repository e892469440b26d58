// SPDX-License-Identifier: MIT
// The responder answers a phone, repeats itself, gives up and keeps silent when it should.
#include "pnp/responder.hpp"

#include "desk.hpp"

#include <stdexcept>

namespace pnp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

using Answering = ResponderDesk;

TEST_F(Answering, AnHtekGets200AtOnceAndItsUrlTenMillisecondsLater) {
    hears(data("htek.sip"));
    const auto first = sent();
    ASSERT_THAT(first, SizeIs(1));
    EXPECT_EQ(first[0].bytes, data("htek.ok.sip"));
    EXPECT_EQ(first[0].path.channel, Channel::group);
    EXPECT_EQ(first[0].path.to, at("192.0.2.89:60000"));
    EXPECT_EQ(first[0].path.local, here);
    EXPECT_EQ(first[0].path.interface_index, 2);
    pass(9ms);
    EXPECT_THAT(sent(), IsEmpty());
    pass(1ms);
    const auto second = sent();
    ASSERT_THAT(second, SizeIs(1));
    EXPECT_EQ(second[0].bytes, data("htek.notify.sip"));
    EXPECT_EQ(second[0].path.channel, Channel::unicast);
    EXPECT_EQ(second[0].path.to, at("192.0.2.89:60000"));
    hears(data("htek.answer.sip"), "192.0.2.89:60000", 2, Channel::unicast);
    pass(60s);
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_THAT(notes(), ElementsAre("heard", "offered: NOTIFY sent", "notify_accepted: 200 OK"));
    EXPECT_EQ(counters().subscribes, 1U);
    EXPECT_EQ(counters().offers, 1U);
    EXPECT_EQ(counters().notify_accepted, 1U);
    EXPECT_EQ(counters().notify_failed, 0U);
    EXPECT_EQ(responder.transactions(), 0U);
    EXPECT_FALSE(responder.next_due());
    ASSERT_THAT(asked, SizeIs(1));
    EXPECT_EQ(asked[0].mac.str(), "001fc1000001");
    EXPECT_FALSE(asked[0].mac_by_neighbour);
    EXPECT_EQ(asked[0].source, at("192.0.2.89:60000"));
    EXPECT_EQ(asked[0].local, here);
    EXPECT_EQ(asked[0].interface, "eth0");
    EXPECT_EQ(asked[0].model, "UC924");
}

TEST_F(Answering, ARepeatedSubscribeGetsTheSame200AndNoSecondNotify) {
    hears(data("htek.sip"));
    pass(10ms);
    const auto before = sent();
    hears(data("htek.sip"));
    hears(data("htek.sip"));
    const auto again = sent();
    ASSERT_THAT(again, SizeIs(2));
    EXPECT_EQ(again[0].bytes, before[0].bytes);
    EXPECT_EQ(again[1].bytes, before[0].bytes);
    EXPECT_EQ(counters().subscribes, 1U);
    EXPECT_EQ(counters().retransmissions, 2U);
    EXPECT_THAT(asked, SizeIs(1));
}

TEST_F(Answering, AnAnsweredTransactionIsRememberedFor32Seconds) {
    hears(data("htek.sip"));
    pass(10ms);
    hears(answer_to(sent()[1].bytes), "192.0.2.89:60000", 2, Channel::unicast);
    pass(31s);
    hears(data("htek.sip"));
    EXPECT_THAT(sent(), SizeIs(1));
    EXPECT_EQ(counters().retransmissions, 1U);
    pass(2s);
    hears(data("htek.sip"));
    EXPECT_EQ(counters().subscribes, 2U);
}

TEST_F(Answering, ACopyThroughASecondInterfaceIsAnsweredOnTheFirst) {
    hears(data("htek.sip"), "192.0.2.89:60000", 2);
    hears(data("htek.sip"), "192.0.2.89:60000", 3);
    const auto both = sent();
    ASSERT_THAT(both, SizeIs(2));
    EXPECT_EQ(both[1].bytes, both[0].bytes);
    EXPECT_EQ(both[1].path.interface_index, 2);
    pass(10ms);
    EXPECT_THAT(sent(), SizeIs(1));
}

TEST_F(Answering, TheNotifyIsRepeatedByTimerEAndGivenUpByTimerF) {
    hears(data("htek.sip"));
    pass(10ms);
    const auto first = sent();
    ASSERT_THAT(first, SizeIs(2));
    for (const auto gap : {500ms, 1000ms, 2000ms}) {
        pass(gap - 1ms);
        EXPECT_THAT(sent(), IsEmpty()) << gap.count();
        pass(1ms);
        const auto repeat = sent();
        ASSERT_THAT(repeat, SizeIs(1)) << gap.count();
        EXPECT_EQ(repeat[0].bytes, first[1].bytes);
    }
    pass(32s - 3500ms - 1ms);
    EXPECT_THAT(sent(), IsEmpty()) << "three repeats are enough";
    EXPECT_EQ(counters().notify_failed, 0U);
    pass(1ms);
    EXPECT_EQ(counters().notify_failed, 1U);
    EXPECT_THAT(notes(), ElementsAre("heard", "offered: NOTIFY sent",
                                     "notify_timeout: no answer within 32 s"));
}

TEST_F(Answering, RepeatsNeverComeMoreThanFourSecondsApart) {
    settings.notify_retries = 5;
    responder.settings(settings);
    hears(data("htek.sip"));
    pass(10ms);
    sent();
    pass(7500ms);
    EXPECT_THAT(sent(), SizeIs(4)); // 0.5, 1.5, 3.5, 7.5
    pass(3999ms);
    EXPECT_THAT(sent(), IsEmpty());
    pass(1ms);
    EXPECT_THAT(sent(), SizeIs(1)); // 11.5
}

TEST_F(Answering, AProvisionalAnswerIsNoAnswer) {
    hears(data("htek.sip"));
    pass(10ms);
    hears(answer_to(sent()[1].bytes, "100 Trying"), "192.0.2.89:60000", 2, Channel::unicast);
    pass(500ms);
    EXPECT_THAT(sent(), SizeIs(1));
}

TEST_F(Answering, OnlyThePhonesOwnAnswerStopsTheNotify) {
    hears(data("htek.sip"));
    pass(10ms);
    const std::string answer = answer_to(sent()[1].bytes);
    hears(answer, "192.0.2.90:60000", 2, Channel::unicast);
    hears(with(answer, "Call-ID: 7", "Call-ID: 8"), "192.0.2.89:60000", 2, Channel::unicast);
    hears(with(answer, "5f1c09d2-1", "5f1c09d2-2"), "192.0.2.89:60000", 2, Channel::unicast);
    hears(with(answer, "1 NOTIFY", "1 OPTIONS"), "192.0.2.89:60000", 2, Channel::unicast);
    pass(500ms);
    EXPECT_THAT(sent(), SizeIs(1));
    EXPECT_EQ(counters().notify_accepted, 0U);
    hears(answer, "192.0.2.89:5060", 2, Channel::unicast); // another port is still the phone
    EXPECT_EQ(counters().notify_accepted, 1U);
}

TEST_F(Answering, ARefusedNotifyIsTriedOnceInEchoForm) {
    hears(data("htek.sip"));
    pass(10ms);
    const std::string notify = sent()[1].bytes;
    hears(answer_to(notify, "481 Subscription Does Not Exist"), "192.0.2.89:60000", 2,
          Channel::unicast);
    const auto echo = sent();
    ASSERT_THAT(echo, SizeIs(1));
    EXPECT_THAT(echo[0].bytes, HasSubstr("\r\nCSeq: 3 NOTIFY\r\n"));
    EXPECT_THAT(echo[0].bytes,
                HasSubstr("\r\nVia: SIP/2.0/UDP 192.0.2.89:60000;branch=z9hG4bK70411250\r\n"));
    EXPECT_THAT(echo[0].bytes, HasSubstr("\r\n\r\nhttp://192.0.2.10:8080/p/9k3v7q/"));
    EXPECT_EQ(echo[0].path.to, at("192.0.2.89:60000"));
    hears(answer_to(notify, "481 Subscription Does Not Exist"), "192.0.2.89:60000", 2,
          Channel::unicast);
    pass(60s);
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_THAT(notes(), ElementsAre("heard", "offered: NOTIFY sent",
                                     "notify_refused: 481 Subscription Does Not Exist",
                                     "offered: NOTIFY sent again in echo form"));
    EXPECT_EQ(counters().notify_failed, 1U);
}

TEST_F(Answering, AVendorOfTheEchoFormGetsItOnceAndAtOnce) {
    offer->dialect = profile::Dialect::echo;
    hears(data("htek.sip"));
    pass(10ms);
    const auto both = sent();
    ASSERT_THAT(both, SizeIs(2));
    EXPECT_THAT(both[1].bytes, StartsWith("NOTIFY sip:192.0.2.89:60000 SIP/2.0\r\n"));
    pass(60s);
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_THAT(notes(), ElementsAre("heard", "offered: NOTIFY sent in echo form"));
}

TEST_F(Answering, ASnomIsAnsweredToTheRport) {
    hears(data("snom_370.sip"), "192.0.2.67:2222");
    const auto first = sent();
    ASSERT_THAT(first, SizeIs(1));
    EXPECT_EQ(first[0].path.to, at("192.0.2.67:2222"));
    EXPECT_THAT(first[0].bytes, HasSubstr(";rport=2222;received=192.0.2.67\r\n"));
}

TEST_F(Answering, WithoutRportTheAnswerGoesToTheSentByPort) {
    hears(data("htek.sip"), "192.0.2.89:1024");
    hears(with(with(data("htek.sip"), "z9hG4bK", "z9hG4bKother"), "UDP 192.0.2.89:60000",
               "UDP 192.0.2.89"),
          "192.0.2.89:1024");
    const auto both = sent();
    ASSERT_THAT(both, SizeIs(2));
    EXPECT_EQ(both[0].path.to, at("192.0.2.89:60000"));
    EXPECT_EQ(both[1].path.to, at("192.0.2.89:5060"));
}

TEST_F(Answering, NothingEverGoesToAThirdHost) {
    const std::string text = data("htek.sip");
    hears(with(text, "@192.0.2.89:60000>", "@198.51.100.7:5060>"));
    hears(with(with(text, "UDP 192.0.2.89:60000;branch=z9hG4bK",
                    "UDP 198.51.100.7:7;maddr=198.51.100.8;received=198.51.100.9;branch=z9hG4bKv"),
               "001fc1000001@224", "001fc1000002@224"));
    hears(with(with(text, "@192.0.2.89:60000>", "@phone.example>"), "z9hG4bK", "z9hG4bKw"));
    pass(60s);
    const auto all = sent();
    EXPECT_GE(all.size(), 6U);
    for (const Sent& each : all) {
        EXPECT_EQ(each.path.to.address, at("192.0.2.89:1").address);
    }
    // A Contact elsewhere: the Request-URI is its own, the way is back to the source.
    EXPECT_THAT(all[1].bytes + all[2].bytes + all[3].bytes,
                HasSubstr("NOTIFY sip:MAC001fc1000001@198.51.100.7:5060 SIP/2.0"));
}

TEST_F(Answering, AContactWithoutPortMeans5060) {
    hears(with(data("htek.sip"), "@192.0.2.89:60000>", "@192.0.2.89>"));
    pass(10ms);
    EXPECT_EQ(sent()[1].path.to, at("192.0.2.89:5060"));
}

TEST_F(Answering, ForeignSourcesAreLeftAloneAndCounted) {
    for (const char* source :
         {"198.51.100.7:5060", "192.0.2.10:5060", "192.0.2.11:5060", "192.0.2.255:5060",
          "0.0.0.0:5060", "224.0.1.75:5060", "192.0.2.89:0", "127.0.0.1:5060"}) {
        hears(data("htek.sip"), source);
    }
    hears(data("htek.sip"), "192.0.2.89:60000", 9); // an interface that is not served
    pass(60s);
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_THAT(asked, IsEmpty());
    EXPECT_EQ(counters().foreign_source, 9U);
    EXPECT_EQ(counters().datagrams, 9U);
}

TEST_F(Answering, APhoneWithAnAddressOfAnotherNetworkIsToldInItsStory) {
    hears(data("htek.sip"), "10.9.9.9:60000");
    EXPECT_THAT(notes(), ElementsAre("heard_outside: the network here is 192.0.2.0/24"));
    hears(data("htek.sip"), "192.0.2.10:60000"); // forged, as it is ours
    hears(data("htek.sip"), "10.9.9.9:60000", 9);
    hears("SIP/2.0 200 OK\r\n\r\n", "10.9.9.9:60000");
    hears("nonsense", "10.9.9.9:60000");
    EXPECT_THAT(notes(), IsEmpty());
    for (int i = 0; i < 1000; ++i) {
        hears(data("htek.sip"), "10.9.9.9:60000");
    }
    EXPECT_THAT(notes().size(), testing::Le(5U)); // a flood from outside is not even read
}

TEST_F(Answering, NoErrorIsEverAnswered) {
    const std::string text = data("htek.sip");
    hears(with(text, "ua-profile", "presence"));
    hears(with_all(text, "SUBSCRIBE", "INVITE"));
    hears(with(text, "To: <sip:MAC001fc1000001@224.0.1.75>", "To: <sip:a@b>;tag=1"));
    hears(text.substr(0, 300));
    hears("");
    hears("\r\n");
    hears(std::string(9000, 'x'));
    hears(with(text, "CSeq: 1", "CSeq: x"));
    hears("SIP/2.0 999 \r\n\r\n", "192.0.2.89:60000", 2, Channel::unicast);
    hears(data("htek.answer.sip"));
    for (const Channel channel : {Channel::group, Channel::unicast}) {
        hears(with(text, "ua-profile", "dialog"), "192.0.2.89:60000", 2, channel);
    }
    pass(60s);
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_EQ(counters().not_ours, 5U);
    EXPECT_EQ(counters().malformed, 6U);
    EXPECT_EQ(counters().subscribes, 0U);
}

TEST_F(Answering, SilenceMeansNotOneDatagramAndEachRepeatIsDecidedAgain) {
    decision = {Verdict::silent, "blocked"};
    hears(data("htek.sip"));
    hears(data("htek.sip"));
    pass(5s);
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_EQ(counters().subscribes, 1U);
    EXPECT_EQ(counters().retransmissions, 0U);
    EXPECT_THAT(notes(), ElementsAre("heard: blocked"));
    decision = {Verdict::offer, ""};
    hears(data("htek.sip"));
    pass(10ms);
    EXPECT_THAT(sent(), SizeIs(2));
    EXPECT_THAT(notes(), ElementsAre("offered: NOTIFY sent"));
}

TEST_F(Answering, APhoneWithoutMacIsKnownByTheNeighbourTable) {
    const auto audiocodes = data("audiocodes_420hd.sip");
    hears(audiocodes, "192.0.2.142:5060");
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_EQ(counters().nameless, 1U);
    neighbour = base::Neighbour{*base::Mac::parse("00908f000420"), true};
    hears(audiocodes, "192.0.2.142:5060"); // repeated: by now the table knows it
    ASSERT_THAT(asked, SizeIs(1));
    EXPECT_EQ(asked[0].mac.str(), "00908f000420");
    EXPECT_TRUE(asked[0].mac_by_neighbour);
    EXPECT_THAT(sent(), SizeIs(1));
}

TEST_F(Answering, ASecondQuestionWhileTheNotifyIsPendingGetsOnlyIts200) {
    const std::string again = with_all(data("htek.sip"), "70411250", "70411999");
    hears(data("htek.sip"));
    pass(10ms);
    sent();
    hears(again);
    EXPECT_THAT(sent(), SizeIs(1));
    pass(20ms);
    EXPECT_THAT(sent(), IsEmpty());
    pass(5s);
    sent(); // repeats of the first NOTIFY
    hears(with_all(data("htek.sip"), "70411250", "70412000"));
    pass(10ms);
    const auto both = sent();
    ASSERT_THAT(both, SizeIs(2)) << "five seconds later it is asked in earnest";
    EXPECT_THAT(both[1].bytes, StartsWith("NOTIFY "));
    pass(31s);
    EXPECT_THAT(sent(), SizeIs(3)) << "the first NOTIFY is not repeated any more";
}

TEST_F(Answering, APhoneThatRestartsWithoutEndIsAnsweredEachTime) {
    for (int i = 10; i < 40; ++i) {
        hears(with_all(data("htek.sip"), "704112", "70411" + std::to_string(i)));
        pass(10ms);
        const auto both = sent();
        ASSERT_THAT(both, SizeIs(2)) << i;
        hears(answer_to(both[1].bytes), "192.0.2.89:60000", 2, Channel::unicast);
    }
    EXPECT_EQ(counters().notify_accepted, 30U);
}

TEST_F(Answering, ASlowPreparationDelaysTheNotifyAndNothingElse) {
    prepare_later = true;
    hears(data("htek.sip"));
    EXPECT_THAT(sent(), SizeIs(1));
    pass(2s);
    EXPECT_THAT(sent(), IsEmpty());
    ASSERT_THAT(waiting, SizeIs(1));
    waiting[0](offer);
    EXPECT_THAT(sent(), SizeIs(1));
    waiting[0](offer); // once is enough
    EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(Answering, AFailedPreparationHoldsThePhone) {
    offer = base::fail(base::Errc::io, "the database is read-only");
    hears(data("htek.sip"));
    pass(10ms);
    EXPECT_THAT(sent(), SizeIs(1));
    EXPECT_THAT(notes(), ElementsAre("heard", "held: the database is read-only"));
    EXPECT_EQ(counters().held, 1U);
}

TEST_F(Answering, APhoneWhoseUrlCouldNotBeMadeGetsItWhenTheDiskHasRoomAgain) {
    const auto good = std::exchange(offer, base::fail(base::Errc::io, "the disk is full"));
    hears(data("htek.sip"));
    pass(60s);
    EXPECT_THAT(sent(), SizeIs(1));
    EXPECT_THAT(notes(), ElementsAre("heard", "held: the disk is full")) << "once is enough";
    EXPECT_EQ(counters().held, 1U);
    offer = good;
    offer->late_allowed = true;
    pass(5s);
    EXPECT_THAT(sent(), testing::Not(IsEmpty()));
    EXPECT_THAT(notes(), ElementsAre(StartsWith("offered: NOTIFY sent, 6")));
    EXPECT_EQ(counters().held, 0U);
}

TEST_F(Answering, APhoneWhoseUrlCannotBeMadeIsLetGoLikeAnyOtherThatWaits) {
    offer = base::fail(base::Errc::io, "the disk is full");
    hears(data("htek.sip"));
    pass(10min - 1s);
    EXPECT_EQ(counters().held, 1U);
    pass(1s);
    EXPECT_EQ(counters().held, 0U);
    EXPECT_THAT(notes(),
                ElementsAre("heard", "held: the disk is full", StartsWith("waited_too_long")));
    EXPECT_THAT(sent(), SizeIs(1));
    EXPECT_FALSE(responder.next_due());
}

TEST_F(Answering, APreparationThatNeverEndsHoldsThePhoneInTheEnd) {
    prepare_later = true;
    hears(data("htek.sip"));
    pass(32s);
    EXPECT_EQ(counters().held, 1U);
    waiting[0](offer);
    EXPECT_THAT(sent(), SizeIs(1)) << "the 200 of the beginning, and no NOTIFY of an old round";
    pass(10min);
    EXPECT_EQ(counters().held, 0U);
    EXPECT_FALSE(responder.next_due());
}

TEST_F(Answering, AUrlThatWouldBreakTheMessageIsNotSent) {
    offer->url = base::Secret("http://192.0.2.10/\r\nEvent: evil");
    hears(data("htek.sip"));
    pass(10ms);
    EXPECT_THAT(sent(), SizeIs(1));
    EXPECT_THAT(notes(), ElementsAre("heard", StartsWith("held: its URL")));
}

TEST_F(Answering, AFullTableMeansSilence) {
    decision = {Verdict::hold, "not approved"}; // open for ten minutes
    for (int i = 1; i <= 5; ++i) {
        hears(with_all(data("htek.sip"), "001fc1000001", "001fc100000" + std::to_string(i)),
              ("192.0.2.9" + std::to_string(i) + ":5060").c_str());
    }
    EXPECT_THAT(sent(), SizeIs(4));
    EXPECT_EQ(counters().table_full, 1U);
    EXPECT_EQ(counters().held, 4U);
    EXPECT_EQ(responder.transactions(), 4U);
}

TEST_F(Answering, FinishedTransactionsMakeRoomForNewOnes) {
    for (int i = 0; i < 9; ++i) {
        hears(with_all(data("htek.sip"), "001fc1000001", "001fc100000" + std::to_string(i)),
              ("192.0.2.9" + std::to_string(i) + ":60000").c_str());
        pass(10ms);
        const auto both = sent();
        ASSERT_THAT(both, SizeIs(2)) << i;
        hears(answer_to(both[1].bytes), ("192.0.2.9" + std::to_string(i) + ":60000").c_str(), 2,
              Channel::unicast);
    }
    EXPECT_EQ(responder.transactions(), 4U);
    EXPECT_EQ(counters().table_full, 0U);
}

TEST_F(Answering, WhatCannotBeSentIsCountedAndTriedAgain) {
    sending_works = false;
    hears(data("htek.sip"));
    pass(10ms);
    EXPECT_EQ(counters().send_failures, 2U);
    sending_works = true;
    sent();
    pass(500ms);
    EXPECT_THAT(sent(), SizeIs(1));
}

TEST_F(Answering, DialogsOfAGoneInterfaceEnd) {
    decision = {Verdict::hold, "not approved"};
    hears(data("htek.sip"));
    sent();
    responder.serve({});
    EXPECT_EQ(counters().held, 0U);
    decision = {Verdict::offer, ""};
    responder.decided({*base::Mac::parse("001fc1000001")});
    pass(1min);
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_EQ(responder.transactions(), 0U);
}

TEST_F(Answering, ASubscribeByUnicastIsAnsweredFromWhereItWasHeard) {
    hears(data("htek.sip"), "192.0.2.89:60000", 2, Channel::unicast);
    pass(10ms);
    const auto both = sent();
    ASSERT_THAT(both, SizeIs(2));
    EXPECT_EQ(both[0].path.channel, Channel::unicast);
}

TEST(Responder, OutlivesAPolicyThatThrows) {
    const base::FakeClock clock;
    Tally tally{};
    int sends = 0;
    Policy policy;
    policy.decide = [](const Asked&) -> Decision { throw std::runtime_error("no database"); };
    policy.prepare = [](const Asked&, const auto&) { throw std::runtime_error("no worker"); };
    policy.note = [](auto&&...) { throw std::runtime_error("no timeline"); };
    Responder responder(clock, Settings(), policy,
                        {[&](const Path&, std::string_view) { return ++sends > 0; }, [] {},
                         [] { return base::Result<std::uint32_t>(7); }},
                        tally);
    responder.serve({{{2, "eth0", base::Ipv4{0xC000020A}, 24, false, true}, 5060}});
    responder.on_datagram(data("htek.sip"), *base::Endpoint::parse("192.0.2.89:60000"), 2,
                          Channel::group);
    EXPECT_EQ(sends, 0);
    policy.decide = [](const Asked&) { return Decision{Verdict::offer, ""}; };
    Responder second(clock, Settings(), policy,
                     {[&](const Path&, std::string_view) { return ++sends > 0; }, [] {},
                      [] { return base::Result<std::uint32_t>(7); }},
                     tally);
    second.serve({{{2, "eth0", base::Ipv4{0xC000020A}, 24, false, true}, 5060}});
    second.on_datagram(data("htek.sip"), *base::Endpoint::parse("192.0.2.89:60000"), 2,
                       Channel::group);
    second.tick();
    EXPECT_EQ(sends, 1);
}

TEST(Responder, IgnoresAPreparationThatEndsAfterItself) {
    const base::FakeClock clock;
    Tally tally{};
    std::function<void(base::Result<Offer>)> late;
    {
        Policy policy;
        policy.decide = [](const Asked&) { return Decision{Verdict::offer, ""}; };
        policy.prepare = [&](const Asked&, std::function<void(base::Result<Offer>)> done) {
            late = std::move(done);
        };
        Responder responder(clock, Settings(), policy,
                            {[](const Path&, std::string_view) { return true; }, [] {},
                             [] { return base::Result<std::uint32_t>(7); }},
                            tally);
        responder.serve({{{2, "eth0", base::Ipv4{0xC000020A}, 24, false, true}, 5060}});
        responder.on_datagram(data("htek.sip"), *base::Endpoint::parse("192.0.2.89:60000"), 2,
                              Channel::group);
    }
    ASSERT_TRUE(late);
    late(Offer());
    EXPECT_EQ(tally.read().offers, 0U);
}

} // namespace
} // namespace pnp
