// SPDX-License-Identifier: MIT
// Which phone a registration is told of.
#include "module/registrations.hpp"

#include "tests/dialplan/shelf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace {

using inventory::Step;
using testing::ElementsAre;
using testing::IsEmpty;

const base::Mac alice = *base::Mac::parse("001fc1000001");
const base::Mac bob = *base::Mac::parse("001fc1000002");

base::Endpoint at(const char* address, std::uint16_t port = 5060) {
    return {*base::Ipv4::parse(address), port};
}

struct RegistrationsOf : testing::Test {
    Shelf shelf;
    std::vector<std::function<void()>> tasks;
    engine::Registrations registrations{*shelf, shelf.clock, [this](std::function<void()> task) {
                                            tasks.push_back(std::move(task));
                                        }};

    RegistrationsOf() {
        shelf.has_extension("201");
        shelf.has_extension("202");
        shelf.apply({inventory::Assign{alice, {"201"}},
                     inventory::Assign{bob, {"202", "201"}}}); // 201 rings on both
    }

    void heard(base::Mac mac, const char* address) {
        inventory::Sighting seen;
        seen.address = *base::Ipv4::parse(address);
        shelf->saw(mac, seen);
    }

    /// What the PBX told of, after the decisions.
    std::vector<std::string> told(base::Mac mac) {
        std::vector<std::string> out;
        const auto timeline = shelf->timeline(mac).value();
        for (const auto& event : timeline) {
            if (event.step == Step::registered || event.step == Step::lost ||
                event.step == Step::register_refused) {
                out.push_back(
                    fmt::format("{} {} {}", name(event.step), event.address, event.detail));
            }
        }
        return out;
    }

    std::string state(base::Mac mac) { return std::string(shelf->now().device(mac)->state()); }
};

TEST_F(RegistrationsOf, AreThoseOfTheOnlyPhoneWithTheNumber) {
    registrations.registered("202", at("10.0.0.9"), "");
    EXPECT_THAT(told(bob), ElementsAre("registered 10.0.0.9 202"));
    EXPECT_EQ(state(bob), "registered");
    EXPECT_EQ(shelf->now().device(bob)->seen.address.str(), "10.0.0.9");
    EXPECT_EQ(registrations.contact(bob), at("10.0.0.9"));
}

TEST_F(RegistrationsOf, TellPhonesWithOneNumberApartByTheMacTheySay) {
    registrations.registered("201", at("10.0.0.2"), "Htek UC924 2.0.4.2 00:1f:c1:00:00:02");
    EXPECT_THAT(told(alice), IsEmpty());
    EXPECT_EQ(state(bob), "registered");
}

TEST_F(RegistrationsOf, TellPhonesWithOneNumberApartByTheirAddress) {
    heard(alice, "10.0.0.1");
    heard(bob, "10.0.0.2");
    registrations.registered("201", at("10.0.0.1"), "");
    EXPECT_EQ(state(alice), "registered");
    EXPECT_THAT(told(bob), IsEmpty());
    registrations.registered("201", at("10.0.0.3"), ""); // nobody can say whose
    EXPECT_THAT(told(bob), IsEmpty());
}

struct GuestsRegistrations : RegistrationsOf {
    const base::Mac carol = *base::Mac::parse("001fc1000003");
    const base::Mac dave = *base::Mac::parse("001fc1000004");

    GuestsRegistrations() {
        shelf.apply({inventory::MakeGuest{carol, base::Secret("c")},
                     inventory::MakeGuest{dave, base::Secret("d")}});
    }
};

TEST_F(GuestsRegistrations, AreToldApartByTheirAccountsBehindOneAddress) {
    registrations.registered("guest001fc1000003", at("10.0.0.9", 5060), "");
    registrations.registered("guest001fc1000004", at("10.0.0.9", 1024), "");
    EXPECT_EQ(registrations.behind("guest001fc1000004", at("10.0.0.9", 5060)), dave)
        << "the account counts, not the port";
    EXPECT_THAT(registrations.strayed(), IsEmpty());
    shelf.apply({inventory::ClaimPhone{dave, "201"}});
    EXPECT_THAT(registrations.strayed(), ElementsAre(dave));
    EXPECT_EQ(registrations.account(dave), "guest001fc1000004");
    EXPECT_EQ(registrations.behind("guest001fc1000004", at("10.0.0.9", 1024)), dave)
        << "until it comes";
    registrations.registered("201", at("10.0.0.9", 1025), "Htek UC924 2.0.4.2 001fc1000004");
    EXPECT_THAT(registrations.strayed(), IsEmpty());
    EXPECT_EQ(registrations.account(dave), "201");
    EXPECT_THAT(registrations.accounts(dave), ElementsAre("201", "guest001fc1000004"))
        << "a call with either is its own";
    shelf.apply({inventory::MakeGuest{dave, {}, false, true}});
    EXPECT_THAT(registrations.strayed(), ElementsAre(dave)) << "though the old contact is left";
}

TEST_F(GuestsRegistrations, AreKnownAgainAfterARestart) {
    shelf.has_extension("203");
    shelf.apply({inventory::ClaimPhone{dave, "203"}});
    shelf.apply({inventory::Assign{dave, {"202"}}});
    registrations.registered("203", at("10.0.0.9"), "Htek UC924 2.0.4.2 001fc1000004");
    EXPECT_THAT(registrations.strayed(), ElementsAre(dave));
    EXPECT_EQ(registrations.behind("203", at("10.0.0.9")), std::nullopt) << "it has to come first";
    EXPECT_NE(state(dave), "registered") << "not with what it should be";
}

TEST_F(GuestsRegistrations, AreToldUntilTheyComeThoughAnotherPhoneHasTheNumber) {
    shelf.apply({inventory::ClaimPhone{dave, "202"}});
    for (const auto* user_agent : {"Htek UC924 2.0.4.2 001fc1000004", ""}) {
        registrations.registered("202", at("10.0.0.9"), "Htek UC924 2.0.4.2 001fc1000004");
        shelf.apply({inventory::MakeGuest{dave}});
        registrations.registered("202", at("10.0.0.9"), user_agent); // refreshed
        EXPECT_THAT(registrations.strayed(), ElementsAre(dave));
        EXPECT_EQ(registrations.behind("202", at("10.0.0.9")), std::nullopt) << "and not bob";
        shelf.apply({inventory::ClaimPhone{dave, "202"}});
    }
}

TEST_F(GuestsRegistrations, APhoneThatNamesAnotherInItsUserAgentDialsNothingForIt) {
    shelf.has_extension("205");
    shelf.apply({inventory::ClaimPhone{dave, "201"}, inventory::Assign{carol, {"205"}}});
    registrations.registered("205", at("10.0.0.66"), "Htek UC924 2.0.4.2 001fc1000004");
    EXPECT_EQ(registrations.behind("205", at("10.0.0.66")), std::nullopt);
    EXPECT_FALSE(registrations.contact(dave)) << "nor is dave's resync sent there";
    EXPECT_THAT(registrations.strayed(), IsEmpty());
    EXPECT_THAT(told(dave), IsEmpty());
    registrations.unregistered("205", at("10.0.0.66"));
    EXPECT_EQ(registrations.behind("205", at("10.0.0.66")), carol);
}

TEST_F(GuestsRegistrations, AReleasedPhoneThatNamesNoMacIsFoundAgainAfterARestart) {
    shelf.has_extension("203");
    shelf.apply({inventory::ClaimPhone{dave, "203"}});
    heard(dave, "10.0.0.9");
    shelf.apply({inventory::MakeGuest{dave}});
    registrations.registered("203", at("10.0.0.66"), "");
    EXPECT_THAT(registrations.strayed(), IsEmpty()) << "somebody's softphone";
    registrations.registered("guest001fc1000004", at("10.0.0.9", 1024), ""); // before the claim
    registrations.registered("203", at("10.0.0.9"), "");
    registrations.registered("203", at("10.0.0.9"), ""); // refreshed
    EXPECT_THAT(registrations.strayed(), ElementsAre(dave));
    EXPECT_EQ(registrations.account(dave), "203");
    EXPECT_EQ(registrations.contact(dave), at("10.0.0.9"));
    EXPECT_EQ(registrations.behind("203", at("10.0.0.9")), std::nullopt) << "it has to come first";
    registrations.registered("guest001fc1000004", at("10.0.0.9", 1025), "");
    registrations.registered("203", at("10.0.0.9"), ""); // another one behind its router
    EXPECT_THAT(registrations.strayed(), IsEmpty()) << "it has come";
    EXPECT_EQ(registrations.account(dave), "guest001fc1000004");
}

TEST_F(GuestsRegistrations, APhoneIsNotGuessedForANumberThatAnotherHas) {
    shelf.has_extension("203");
    shelf.apply({inventory::ClaimPhone{dave, "203"}});
    heard(dave, "10.0.0.9");
    shelf.apply({inventory::MakeGuest{dave}});
    shelf.apply({inventory::ClaimPhone{carol, "203"}});
    registrations.registered("203", at("10.0.0.9"), "");
    EXPECT_THAT(registrations.strayed(), IsEmpty());
}

TEST_F(GuestsRegistrations, AProgramWithAPhonesPasswordDialsNothingForIt) {
    shelf.has_extension("203");
    shelf.apply({inventory::ClaimPhone{dave, "203"}});
    EXPECT_EQ(registrations.behind("203", at("10.0.0.66")), dave)
        << "the PBX began anew, and no phone has registered yet";
    registrations.registered("203", at("10.0.0.9"), "");
    EXPECT_EQ(registrations.behind("203", at("10.0.0.66")), std::nullopt);
    EXPECT_EQ(registrations.behind("203", at("10.0.0.9", 49152)), dave) << "by TCP";
    registrations.unregistered("203", at("10.0.0.9"));
    EXPECT_EQ(registrations.behind("203", at("10.0.0.66")), dave);
}

TEST_F(RegistrationsOf, ACallIsAnothersWhereThatOneIsRegistered) {
    registrations.registered("201", at("10.0.0.1"), "Htek UC924 2.0.4.2 00:1f:c1:00:00:01");
    registrations.registered("201", at("10.0.0.2"), "Htek UC924 2.0.4.2 00:1f:c1:00:00:02");
    EXPECT_TRUE(registrations.is_anothers(alice, "201", at("10.0.0.2")));
    EXPECT_FALSE(registrations.is_anothers(alice, "201", at("10.0.0.1")));
    EXPECT_FALSE(registrations.is_anothers(alice, "201", at("10.0.0.3"))) << "nobody knows";
    EXPECT_FALSE(registrations.is_anothers(alice, "202", at("10.0.0.2")));
}

TEST_F(RegistrationsOf, NobodyGuessesWhichOfTwoPhonesBehindOneAddressCalls) {
    heard(alice, "10.0.0.9");
    heard(bob, "10.0.0.9");
    registrations.registered("201", at("10.0.0.9", 5060), "");
    registrations.registered("201", at("10.0.0.9", 1024), "");
    EXPECT_EQ(registrations.behind("201", at("10.0.0.9", 5060)), std::nullopt);
    registrations.registered("201", at("10.0.0.9", 1024), "Htek UC924 2.0.4.2 001fc1000002");
    EXPECT_EQ(registrations.behind("201", at("10.0.0.9", 1024)), bob);
    EXPECT_EQ(registrations.behind("202", at("10.0.0.9", 1024)), bob) << "the only one";
    EXPECT_EQ(registrations.behind("299", at("10.0.0.9", 1024)), std::nullopt);
    EXPECT_THAT(registrations.strayed(), IsEmpty());
}

TEST_F(RegistrationsOf, AnotherPhonesMacIsNoneOfOurs) {
    registrations.registered("202", at("10.0.0.2"), "Htek UC924 2.0.4.2 00:1f:c1:00:00:77");
    EXPECT_THAT(told(bob), IsEmpty());
}

TEST_F(RegistrationsOf, ARefreshIsNoNewStep) {
    registrations.registered("202", at("10.0.0.2"), "");
    registrations.registered("202", at("10.0.0.2"), "");
    EXPECT_THAT(told(bob), ElementsAre("registered 10.0.0.2 202"));
    EXPECT_EQ(shelf->timeline(bob)->back().count, 1U);
}

TEST_F(RegistrationsOf, APhoneThatAskedAgainIsRegisteredAgain) {
    registrations.registered("202", at("10.0.0.2"), "");
    shelf->reached(bob, inventory::Stage::offered); // it was plugged in once more
    registrations.registered("202", at("10.0.0.2"), "");
    EXPECT_EQ(state(bob), "registered");
}

TEST_F(RegistrationsOf, APhoneThatGoesIsLost) {
    registrations.registered("202", at("10.0.0.2"), "");
    registrations.unregistered("202", at("10.0.0.2"));
    EXPECT_THAT(told(bob), ElementsAre("registered 10.0.0.2 202", "lost 10.0.0.2 202"));
    EXPECT_EQ(state(bob), "configured");
    EXPECT_FALSE(registrations.contact(bob));
    registrations.unregistered("202", at("10.0.0.2")); // nobody knows it
    EXPECT_EQ(told(bob).size(), 2U);
}

TEST_F(RegistrationsOf, APhoneThatCameFromAnotherPortIsNotLost) {
    registrations.registered("202", at("10.0.0.2", 5060), "");
    registrations.registered("202", at("10.0.0.2", 5071), "");
    registrations.unregistered("202", at("10.0.0.2", 5060));
    EXPECT_EQ(state(bob), "registered");
    EXPECT_EQ(registrations.contact(bob), at("10.0.0.2", 5071));
}

TEST_F(RegistrationsOf, ARefusalCountsFromThePhonesOwnAddressOnly) {
    heard(alice, "10.0.0.1");
    registrations.refused("201", *base::Ipv4::parse("10.0.0.66"), "wrong password");
    EXPECT_THAT(told(alice), IsEmpty());
    registrations.refused("201", *base::Ipv4::parse("10.0.0.1"), "wrong password");
    EXPECT_THAT(told(alice), ElementsAre("register_refused 10.0.0.1 201: wrong password"));
}

TEST_F(RegistrationsOf, APhoneThatWorksNeedsItsFirstUrlForTenMinutesMore) {
    const auto token = shelf->mint_first_tokens(std::array{bob}).value().front();
    registrations.registered("202", at("10.0.0.2"), "");
    registrations.registered("202", at("10.0.0.2"), ""); // a refresh changes nothing
    ASSERT_EQ(tasks.size(), 1U);
    tasks.front()();
    const auto credential = shelf->now().credential(token);
    ASSERT_TRUE(credential);
    EXPECT_EQ(credential->expires, shelf.clock.unix_ms() + 600'000);
}

TEST_F(RegistrationsOf, EndTheLeaveToGetANewUrl) {
    shelf.apply({inventory::Approve{bob}}); // once more
    ASSERT_EQ(shelf->now().device(bob)->claim, inventory::Claim::granted);
    registrations.registered("202", at("10.0.0.2"), "");
    tasks.front()();
    EXPECT_EQ(shelf->now().device(bob)->claim, inventory::Claim::settled);
}

TEST_F(RegistrationsOf, WhatNoPhoneHasConcernsNobody) {
    registrations.registered("999", at("10.0.0.2"), "");
    registrations.unregistered("999", at("10.0.0.2"));
    registrations.refused("999", *base::Ipv4::parse("10.0.0.2"), "wrong password");
    EXPECT_THAT(told(alice), IsEmpty());
    EXPECT_THAT(told(bob), IsEmpty());
}

} // namespace
