// SPDX-License-Identifier: MIT
// A phone gets its URL once the network shows that it has the MAC it claims, and not before.
#include "desk.hpp"

namespace pnp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class NeighbourChecked : public ResponderDesk {
  protected:
    NeighbourChecked() { check(base::NeighbourCheck::enforce); }

    void check(base::NeighbourCheck how) {
        settings.neighbour_check = how;
        responder.settings(settings);
    }

    void shows(const char* mac, bool confirmed = true) {
        neighbour = base::Neighbour{*base::Mac::parse(mac), confirmed};
    }

    void changes(const char* address = "192.0.2.89") {
        responder.neighbours_changed({*base::Ipv4::parse(address)});
    }

    static constexpr const char* phone = "001fc1000001";
    static constexpr const char* liar = "001fc1000666";
};

TEST_F(NeighbourChecked, APhoneThatIsWhereItSaysIsOfferedAtOnce) {
    shows(phone, false);
    hears(data("htek.sip"));
    pass(10ms);
    EXPECT_THAT(sent(), SizeIs(2));
    EXPECT_THAT(notes(), ElementsAre("heard", "offered: NOTIFY sent"));
    EXPECT_EQ(counters().mismatches, 0U);
}

TEST_F(NeighbourChecked, ThePhoneIsToldOkAndItsNotifyWaitsForTheEntry) {
    hears(data("htek.sip"));
    pass(300ms);
    ASSERT_THAT(sent(), SizeIs(1)) << "the 200, which makes the kernel ask who is there";
    EXPECT_THAT(asked, IsEmpty()) << "nothing is remembered of a MAC that may be made up";
    EXPECT_THAT(notes(), IsEmpty());
    shows(phone);
    changes("192.0.2.90");
    EXPECT_THAT(sent(), IsEmpty()) << "another address";
    changes();
    ASSERT_THAT(asked, SizeIs(1));
    const auto notify = sent();
    ASSERT_THAT(notify, SizeIs(1));
    EXPECT_EQ(notify[0].bytes, data("htek.notify.sip"));
    EXPECT_THAT(notes(), ElementsAre("heard", "offered: NOTIFY sent"));
}

TEST_F(NeighbourChecked, NobodyAnswersForItsAddressSoItIsToldNothingMore) {
    hears(data("htek.sip"));
    pass(3s);
    EXPECT_THAT(sent(), SizeIs(1));
    EXPECT_THAT(asked, IsEmpty());
    EXPECT_THAT(notes(),
                ElementsAre("neighbour_mismatch: nobody answered for 192.0.2.89 in time, "
                            "so the phone's MAC could not be checked; if a router or proxy stands "
                            "between, write neighbour_allow = 192.0.2.89, or neighbour_check = "
                            "log"));
    EXPECT_EQ(counters().mismatches, 1U);
    shows(phone);
    changes();
    pass(40s);
    EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(NeighbourChecked, APhoneIsBelievedThoughTheKernelHadToAskForItTwice) {
    hears(data("htek.sip"));
    pass(2s);
    shows(phone);
    changes();
    EXPECT_THAT(asked, SizeIs(1));
    EXPECT_THAT(notes(), ElementsAre("heard", "offered: NOTIFY sent"));
}

TEST_F(NeighbourChecked, WhoClaimsAnothersMacHearsNothingAtAll) {
    shows(liar);
    hears(data("htek.sip"));
    pass(40s);
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_THAT(asked, IsEmpty());
    EXPECT_THAT(notes(), ElementsAre(StartsWith("neighbour_mismatch: the neighbour table shows "
                                                "001fc1000666 at 192.0.2.89, not this phone; if")));
}

TEST_F(NeighbourChecked, AnOldEntryOfAnotherPhoneIsGivenAMomentToChange) {
    shows(liar, false);
    hears(data("htek.sip"));
    EXPECT_THAT(sent(), SizeIs(1));
    shows(phone);
    changes();
    EXPECT_THAT(asked, SizeIs(1));
    EXPECT_THAT(notes(), ElementsAre("heard"));
}

TEST_F(NeighbourChecked, AMadeUpMacIsRefusedAsSoonAsTheLiarAnswersForItsAddress) {
    hears(data("htek.sip"));
    sent();
    shows(liar);
    changes();
    EXPECT_THAT(notes(), ElementsAre(HasSubstr("shows 001fc1000666")));
    EXPECT_FALSE(responder.next_due() && *responder.next_due() <= clock.now() + 1s);
    pass(40s);
    EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(NeighbourChecked, APhoneThatWouldHearNothingAnywayIsNotAnsweredForTheSakeOfTheLook) {
    answers = false;
    hears(data("htek.sip"));
    pass(2s);
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_THAT(notes(), ElementsAre("heard")) << "but it is listed";
}

TEST_F(NeighbourChecked, MadeUpPhonesThatAreNotAnsweredDoNotCrowdTheList) {
    answers = false;
    decision = {Verdict::silent, "no profile"};
    for (int i = 0; i < 1000; ++i) {
        hears(with_all(with_all(data("htek.sip"), "001fc1000001", fmt::format("02{:010x}", i)),
                       "z9hG4bK70411250", fmt::format("z9hG4bK{}", i)));
    }
    EXPECT_EQ(asked.size(), 200U);
    EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(NeighbourChecked, InLogModeItIsNotedAndServed) {
    check(base::NeighbourCheck::log);
    shows(liar);
    hears(data("htek.sip"));
    pass(10ms);
    EXPECT_THAT(sent(), SizeIs(2));
    EXPECT_THAT(notes(), ElementsAre("neighbour_mismatch: the neighbour table shows 001fc1000666 "
                                     "at 192.0.2.89, not this phone; served all the same "
                                     "(neighbour_check = log)",
                                     "heard", "offered: NOTIFY sent"));
}

TEST_F(NeighbourChecked, InLogModeAMissingEntryCostsASecondAtMost) {
    check(base::NeighbourCheck::log);
    hears(data("htek.sip"));
    pass(999ms);
    EXPECT_THAT(sent(), SizeIs(1));
    pass(1ms);
    EXPECT_THAT(sent(), SizeIs(1));
    EXPECT_THAT(notes(),
                ElementsAre(StartsWith("neighbour_mismatch"), "heard", "offered: NOTIFY sent"));
}

TEST_F(NeighbourChecked, ListedRoutersAreBelieved) {
    settings.neighbour_allow = {*base::Network::parse("192.0.2.88/31")};
    responder.settings(settings);
    shows(liar);
    hears(data("htek.sip"));
    pass(10ms);
    EXPECT_THAT(sent(), SizeIs(2));
    hears(with_all(data("htek.sip"), "z9hG4bK70411250", "z9hG4bKother"), "192.0.2.90:60000");
    EXPECT_THAT(sent(), IsEmpty()) << "the next address is not listed";
}

TEST_F(NeighbourChecked, AHeldPhoneIsLookedAtAgainBeforeItsUrlGoesOut) {
    shows(phone);
    decision = {Verdict::hold, "not approved"};
    hears(data("htek.sip"));
    const auto ok = sent();
    neighbour.reset(); // silent for long enough to be forgotten
    pass(5min);
    notes();
    decision = {Verdict::offer, ""};
    responder.decided({*base::Mac::parse(phone)});
    const auto again = sent();
    ASSERT_THAT(again, SizeIs(1));
    EXPECT_EQ(again[0].bytes, ok[0].bytes) << "the same 200, for the kernel's sake";
    EXPECT_THAT(notes(), IsEmpty());
    shows(phone);
    changes();
    EXPECT_THAT(sent(), SizeIs(1));
    EXPECT_THAT(notes(), ElementsAre("offered: NOTIFY sent, 300 s after the phone asked"));
    EXPECT_EQ(counters().held, 0U);
}

TEST_F(NeighbourChecked, AHeldPhonesUrlDoesNotGoToWhoeverHasItsAddressNow) {
    shows(phone);
    decision = {Verdict::hold, "not approved"};
    hears(data("htek.sip"));
    sent();
    notes();
    shows(liar);
    decision = {Verdict::offer, ""};
    responder.decided({*base::Mac::parse(phone)});
    pass(3s);
    for (const auto& each : sent()) {
        EXPECT_THAT(each.bytes, StartsWith("SIP/2.0 200")) << each.bytes;
    }
    EXPECT_THAT(notes(), ElementsAre(HasSubstr("shows 001fc1000666")));
    EXPECT_EQ(counters().held, 0U);
}

TEST_F(NeighbourChecked, AForgerFromAnotherAddressDoesNotTakeThePhonesDialogNorItsOffers) {
    shows(phone);
    prepare_later = true;
    hears(data("htek.sip"));
    ASSERT_THAT(waiting, SizeIs(1));
    const auto forged = [&](int number) {
        return with_all(data("htek.sip"), "z9hG4bK70411250", "z9hG4bK" + std::to_string(number));
    };
    neighbour.reset();
    for (int i = 0; i < 3; ++i) {
        hears(forged(i), "192.0.2.90:60000");
    }
    sent();
    waiting[0](offer);
    pass(10ms);
    const auto notify = sent();
    ASSERT_THAT(notify, SizeIs(1));
    EXPECT_EQ(notify[0].path.to.str(), "192.0.2.89:60000");
    pass(1s);
    EXPECT_EQ(counters().offers, 1U);
    EXPECT_THAT(waiting, SizeIs(1));
}

TEST_F(NeighbourChecked, AForgerFromAnotherPortMakesNoSecondUrlAndTakesNotTheNotify) {
    shows(phone);
    hears(with_all(data("htek.sip"), "z9hG4bK70411250", "z9hG4bKforged"), "192.0.2.89:1111");
    hears(data("htek.sip"));
    pass(10ms);
    std::size_t notified = 0;
    for (const auto& each : sent()) {
        notified += each.bytes.rfind("NOTIFY", 0) == 0 ? 1U : 0U;
    }
    EXPECT_EQ(notified, 2U);
}

} // namespace
} // namespace pnp
