// SPDX-License-Identifier: MIT
// What comes of the codes that are dialled, and who is told to come.
#include "module/claims.hpp"

#include "provisioning/inventory/pins.hpp"
#include "tests/dialplan/shelf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const base::Mac alice = *base::Mac::parse("001fc1000001");

struct ClaimsOf : testing::Test {
    Shelf shelf;
    engine::Registrations registrations{*shelf, shelf.clock, [](const auto&) {}};
    std::vector<base::Mac> told;
    bool talks = false;
    engine::Claims claims{*shelf, registrations, shelf.clock,
                          [this](base::Mac mac) { told.push_back(mac); },
                          [this](base::Mac) { return talks; }};
    const std::string guest = "guest001fc1000001";
    const base::Endpoint from{*base::Ipv4::parse("10.0.0.9"), 5060};

    ClaimsOf() {
        shelf.has_extension("201");
        shelf.apply({inventory::MakeGuest{alice, base::Secret("pw")}});
        EXPECT_TRUE(shelf->pins().set("201", base::Secret("4711"), "test"));
        registrations.registered(guest, from, "");
    }

    auto lines() { return shelf->now().device(alice)->lines; }

    std::string last() {
        const auto event = shelf->timeline(alice).value().back();
        return fmt::format("{}: {}", name(event.step), event.detail);
    }

    std::size_t told_after(base::Duration time) {
        shelf.clock.advance(time);
        claims.look();
        return told.size();
    }
};

TEST_F(ClaimsOf, TheRightPinMakeThePhoneTheExtensionAndHaveItCome) {
    claims.look();
    EXPECT_EQ(claims.claim(guest, from, "201", "4711"), PNP_CLAIM_DONE);
    EXPECT_THAT(lines(), ElementsAre("201"));
    EXPECT_EQ(told_after(0s), 0U) << "the call has not ended";
    EXPECT_EQ(told_after(2s), 0U);
    EXPECT_EQ(told_after(1s), 1U);
    EXPECT_EQ(told_after(59s), 1U);
    EXPECT_EQ(told_after(1s), 2U) << "it did not come";
    registrations.registered("201", from, "");
    EXPECT_EQ(told_after(60s), 2U);
    EXPECT_EQ(claims.release("201", from), PNP_CLAIM_DONE);
    EXPECT_THAT(lines(), ElementsAre(guest));
    EXPECT_EQ(told_after(0s), 2U);
    EXPECT_EQ(told_after(3s), 3U);
}

TEST_F(ClaimsOf, AWrongPinIsToldWithoutIt) {
    EXPECT_EQ(claims.claim(guest, from, "201", "9876"), PNP_CLAIM_WRONG);
    EXPECT_EQ(last(), "pin_refused: the PIN for 201 was wrong, or there is none");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(claims.claim(guest, from, "201", "9876"), PNP_CLAIM_WRONG);
    }
    EXPECT_EQ(claims.claim(guest, from, "201", "9876"), PNP_CLAIM_LOCKED);
    EXPECT_THAT(last(), HasSubstr("5 wrong PINs, the last for 201"));
    EXPECT_EQ(claims.claim(guest, from, "201", "4711"), PNP_CLAIM_LOCKED);
    EXPECT_THAT(last(), HasSubstr("pnp unlock"));
    EXPECT_THAT(lines(), ElementsAre(guest));
    EXPECT_EQ(told_after(1h), 0U);
}

TEST_F(ClaimsOf, APhoneInACallIsToldWhenItHasEnded) {
    EXPECT_EQ(claims.claim(guest, from, "201", "4711"), PNP_CLAIM_DONE);
    talks = true;
    EXPECT_EQ(told_after(0s), 0U);
    EXPECT_EQ(told_after(10min), 0U);
    talks = false;
    EXPECT_EQ(told_after(5s), 1U);
}

TEST_F(ClaimsOf, APhoneWhoseCallNeverEndsIsToldAfterFourHours) {
    EXPECT_EQ(claims.claim(guest, from, "201", "4711"), PNP_CLAIM_DONE);
    talks = true;
    EXPECT_EQ(told_after(0s), 0U);
    EXPECT_EQ(told_after(3s), 0U);
    talks = false;
    EXPECT_EQ(told_after(5s), 1U);
    talks = true; // another call
    EXPECT_EQ(told_after(60s), 1U);
    EXPECT_EQ(told_after(4h - 1s), 1U);
    EXPECT_EQ(told_after(5s), 2U);
    EXPECT_EQ(told_after(60s), 3U) << "it is none, so the phone does not wait for it again";
}

TEST_F(ClaimsOf, APhoneThatIsNoGuestDoesNotTellWhichPinIsRight) {
    shelf.has_extension("205");
    shelf.apply({inventory::Assign{alice, {"205"}}});
    registrations.registered("205", from, "");
    for (const auto* pin : {"4711", "0000"}) {
        for (int i = 0; i < 10; ++i) {
            EXPECT_EQ(claims.claim("205", from, "201", pin), PNP_CLAIM_REFUSED) << pin;
        }
    }
    EXPECT_EQ(last(), "pin_refused: it has 205 and is no guest: pnp guest 001fc1000001");
    EXPECT_FALSE(shelf->pins().locked_until("201")) << "none was looked at";
}

TEST_F(ClaimsOf, DialledTwiceItIsThanksAgain) {
    EXPECT_EQ(claims.claim(guest, from, "201", "4711"), PNP_CLAIM_DONE);
    EXPECT_EQ(claims.claim(guest, from, "201", "4711"), PNP_CLAIM_DONE);
    EXPECT_THAT(lines(), ElementsAre("201"));
}

TEST_F(ClaimsOf, APinTypedWhereTheExtensionIsAskedForIsInNoTimeline) {
    EXPECT_EQ(claims.claim(guest, from, "4711", "201"), PNP_CLAIM_WRONG);
    EXPECT_EQ(last(), "pin_refused: the PIN for what is no extension was wrong, or there is none");
}

TEST_F(ClaimsOf, WhoIsNobodysPhoneClaimsNothing) {
    EXPECT_EQ(claims.claim("299", from, "201", "4711"), PNP_CLAIM_REFUSED);
    EXPECT_EQ(claims.claim("guest001fc1000009", from, "201", "4711"), PNP_CLAIM_REFUSED);
    EXPECT_EQ(claims.release("299", from), PNP_CLAIM_REFUSED);
    EXPECT_THAT(told, IsEmpty());
}

} // namespace
