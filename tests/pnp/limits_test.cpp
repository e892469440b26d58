// SPDX-License-Identifier: MIT
// Whoever asks too often gets silence; the phone beside it does not notice.
#include "desk.hpp"

#include <algorithm>
#include <set>

namespace pnp {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::IsEmpty;
using testing::SizeIs;

class Flooded : public ResponderDesk {
  protected:
    explicit Flooded(std::size_t transactions = 20'000) : ResponderDesk(transactions) {
        decision = {Verdict::hold, "not approved"};
        approved_at.reset();
    }

    /// What is asked with another MAC from another source each time; returns how many answers came.
    std::size_t flood(int count, bool one_source, bool one_mac = false) {
        std::size_t answered = 0;
        for (int i = 0; i < count; ++i) {
            const int number = next_++;
            const std::string mac = one_mac ? "001fc1000001" : fmt::format("02{:010x}", number);
            const std::string source =
                one_source ? "192.0.2.66" : fmt::format("192.0.2.{}", 90 + number % 150);
            hears(with_all(with_all(data("htek.sip"), "001fc1000001", mac), "z9hG4bK70411250",
                           fmt::format("z9hG4bK{}", number)),
                  (source + ":60000").c_str());
            answered += sent().size();
            notes();
        }
        return answered;
    }

    int next_ = 0;
};

TEST_F(Flooded, OneSourceGetsTenAnswersAndThenOneASecondHoweverManyMacsItMakesUp) {
    EXPECT_EQ(flood(1000, true), 10U);
    EXPECT_EQ(counters().limited, 990U);
    pass(5s);
    EXPECT_EQ(flood(1000, true), 5U);
    EXPECT_EQ(flood(20, false), 20U) << "the others are not held back for it";
}

TEST_F(Flooded, ManySourcesTogetherGetNoMoreThanTheKernelsNeighbourTableCanTake) {
    EXPECT_EQ(flood(2000, false), 400U);
    pass(1s);
    EXPECT_EQ(flood(2000, false), 100U);
}

TEST_F(Flooded, AKnownPhoneWhereItAlwaysWasIsAnsweredAllTheSame) {
    flood(5000, false);
    approved_at = base::Ipv4::parse("192.0.2.89");
    decision = {Verdict::offer, ""};
    hears(data("htek.sip"));
    pass(10ms);
    EXPECT_THAT(sent(), SizeIs(2));
}

TEST_F(Flooded, ANewPhoneThatTheNetworkShowsIsAnsweredAllTheSame) {
    flood(5000, false);
    neighbour = base::Neighbour{*base::Mac::parse("001fc1000001"), false};
    hears(data("htek.sip"));
    EXPECT_THAT(sent(), SizeIs(1));
}

TEST_F(Flooded, AForgerOfItsMacFromAllOverTheNetworkTakesNothingFromThePhone) {
    approved_at = base::Ipv4::parse("192.0.2.89");
    decision = {Verdict::offer, ""};
    EXPECT_LE(flood(2000, false, true), 20U) << "a 200 and a NOTIFY each";
    hears(data("htek.sip"));
    pass(10ms);
    EXPECT_THAT(sent(), SizeIs(testing::Ge(2U)));
}

TEST_F(Flooded, AForgerWhoHitsThePhonesAddressToosTakesNothingEither) {
    approved_at = base::Ipv4::parse("192.0.2.89");
    decision = {Verdict::offer, ""};
    for (int second = 0; second < 10; ++second) {
        for (int i = 0; i < 5; ++i) {
            const int number = next_++;
            hears(with_all(data("htek.sip"), "z9hG4bK70411250", fmt::format("z9hG4bK{}", number)),
                  fmt::format("192.0.2.89:{}", 1000 + number).c_str());
        }
        pass(1s);
    }
    sent();
    hears(data("htek.sip"));
    pass(10ms);
    std::set<std::string> to;
    for (const auto& each : sent()) {
        to.insert(each.path.to.str() + " " + each.bytes.substr(0, 6));
    }
    EXPECT_THAT(to, Contains("192.0.2.89:60000 NOTIFY"));
}

/// Somebody asks in the name of phones that are known, from one port after the other.
class Forged : public Flooded {
  protected:
    Forged() : Flooded(1000) {
        approved_at = base::Ipv4::parse("192.0.2.89");
        decision = {Verdict::offer, ""};
    }

    void forge(int count, base::Duration pause, const char* mac = "001fc1000001") {
        for (int i = 0; i < count; ++i) {
            const int number = next_++;
            hears(with_all(with_all(data("htek.sip"), "001fc1000001", mac), "704112",
                           fmt::format("8{}", number)),
                  fmt::format("192.0.2.89:{}", 1000 + number % 50'000).c_str());
            pass(pause);
        }
    }

    /// Whether the phone gets a NOTIFY for the question that it asked itself.
    bool is_served(const char* mac = "001fc1000001") {
        sent();
        const std::string own = fmt::format("7{}", next_++);
        hears(with_all(with_all(data("htek.sip"), "001fc1000001", mac), "704112", own));
        pass(10ms);
        const auto all = sent();
        return std::any_of(all.begin(), all.end(), [&](const Sent& each) {
            return each.bytes.rfind("NOTIFY ", 0) == 0 &&
                   each.bytes.find("Call-ID: " + own) != std::string::npos;
        });
    }
};

TEST_F(Forged, APhoneIsOfferedItsUrlAlthoughSomeoneForgesItsQuestions) {
    for (int i = 0; i < 30; ++i) {
        forge(1, 10ms);
        for (const auto& each : sent()) {
            if (each.bytes.rfind("NOTIFY ", 0) == 0) { // the phone answers all that comes
                hears(answer_to(each.bytes), "192.0.2.89:60000", 2, Channel::unicast);
            }
        }
    }
    EXPECT_TRUE(is_served());
}

TEST_F(Forged, APhoneIsOfferedItsUrlBesideAFloodOfForgedQuestions) {
    for (int second = 0; second < 3; ++second) {
        forge(1900, 526us);
        EXPECT_TRUE(is_served()) << second;
        forge(400, 1us);
        pass(6s);
    }
    EXPECT_EQ(counters().limited, 0U);
}

TEST_F(Forged, QuestionsOfAFewPhonesLeaveRoomForAllTheOthers) {
    for (int i = 0; i < 400; ++i) {
        for (const char* mac : {"001fc1000001", "001fc1000002", "001fc1000003", "001fc1000004"}) {
            forge(1, 0ms, mac);
        }
        pass(5ms);
        sent();
        notes();
    }
    EXPECT_TRUE(is_served("001fc1000005"));
    EXPECT_TRUE(is_served());
    EXPECT_EQ(counters().table_full, 0U);
}

TEST_F(Flooded, PhonesThatWaitAreStillThereAfterwards) {
    neighbour = base::Neighbour{*base::Mac::parse("001fc1000001"), true};
    settings.neighbour_check = base::NeighbourCheck::enforce;
    settings.most_held = 3;
    responder.settings(settings);
    hears(data("htek.sip"));
    ASSERT_EQ(counters().held, 1U);
    neighbour.reset();
    for (int i = 0; i < 20; ++i) {
        flood(500, false);
        pass(2s);
    }
    EXPECT_EQ(counters().held, 1U);
    neighbour = base::Neighbour{*base::Mac::parse("001fc1000001"), true};
    decision = {Verdict::offer, ""};
    responder.decided({*base::Mac::parse("001fc1000001")});
    pass(10ms);
    EXPECT_THAT(sent(), SizeIs(1));
}

TEST_F(Flooded, WhoAsksTooOftenIsListedForAMinute) {
    EXPECT_THAT(responder.limited(), IsEmpty());
    flood(50, true);
    const auto rows = responder.limited();
    ASSERT_THAT(rows, SizeIs(1));
    EXPECT_EQ(rows[0].address.str(), "192.0.2.66");
    EXPECT_EQ(rows[0].refused, 40U);
    pass(61s);
    EXPECT_THAT(responder.limited(), IsEmpty());
}

TEST_F(Flooded, TheTimelineOfAKnownPhoneSaysOnceAMinuteThatItsMacAsksTooOften) {
    approved_at = base::Ipv4::parse("192.0.2.89");
    for (int i = 0; i < 3000; ++i) {
        hears(with_all(data("htek.sip"), "z9hG4bK70411250", fmt::format("z9hG4bK{}", i)));
    }
    std::size_t said = 0;
    for (const auto& each : notes()) {
        said += each.rfind("limited", 0) == 0 ? 1U : 0U;
    }
    EXPECT_EQ(said, 1U);
}

} // namespace
} // namespace pnp
