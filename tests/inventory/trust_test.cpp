// SPDX-License-Identifier: MIT
// Tests of rotation, claims, files without a token, and what is remembered of tokens that ended.
#include "tests/inventory/fixture.hpp"

#include "provisioning/inventory/sql/connection.hpp"

namespace inventory {
namespace {

using base::Errc;
using testing::ElementsAre;
using testing::HasSubstr;

class Trust : public InventoryTest {
  protected:
    std::string mint(base::Mac of) {
        const std::array<base::Mac, 1> macs = {of};
        auto minted = inventory().mint_first_tokens(macs);
        EXPECT_TRUE(minted) << minted.error().what;
        return minted ? minted->front() : std::string();
    }

    std::string steady(base::Mac of) { return inventory().steady_token(*device(of)); }

    bool opens(const std::string& token) { return inventory().now().credential(token).has_value(); }

    void use(base::Mac of, std::uint32_t generation) {
        const auto used = inventory().steady_used(of, generation);
        ASSERT_TRUE(used) << used.error().what;
    }

    /// Says the same before and after a restart.
    void expect(const std::vector<std::string>& alive, const std::vector<std::string>& dead) {
        for (int round = 0; round < 2; ++round) {
            for (std::size_t at = 0; at < alive.size(); ++at) {
                EXPECT_TRUE(opens(alive[at])) << at << " in round " << round;
            }
            for (std::size_t at = 0; at < dead.size(); ++at) {
                EXPECT_FALSE(opens(dead[at])) << at << " in round " << round;
            }
            reopen();
        }
    }
};

TEST_F(Trust, TheTokenBeforeLivesUntilTheNewOneIsUsed) {
    apply({Approve{mac(1)}});
    const auto first = steady(mac(1));
    use(mac(1), 1);
    apply({Rotate{mac(1)}});
    const auto second = steady(mac(1));
    EXPECT_NE(second, first);
    EXPECT_EQ(device(mac(1))->generation, 2U);
    EXPECT_EQ(device(mac(1))->confirmed, 1U);
    EXPECT_EQ(story(mac(1)).back(), "rotated by uid 0");
    expect({first, second}, {});
    EXPECT_EQ(inventory().now().credential(first)->generation, 1U);
    EXPECT_EQ(inventory().now().credential(second)->generation, 2U);
    use(mac(1), 1); // it may be late
    expect({first, second}, {});
    use(mac(1), 2);
    EXPECT_FALSE(device(mac(1))->keeps_previous);
    expect({second}, {first});
    EXPECT_EQ(device(mac(1))->confirmed, 2U);
    EXPECT_EQ(inventory().now().former_holder(first), mac(1));
    EXPECT_EQ(inventory().now().former_holder(second), std::nullopt);
}

TEST_F(Trust, RotatedTwiceUnusedOnlyTheTwoNewestLive) {
    apply({Approve{mac(1)}});
    const auto first = steady(mac(1));
    apply({Rotate{mac(1)}});
    const auto second = steady(mac(1));
    apply({Rotate{mac(1)}});
    const auto third = steady(mac(1));
    expect({second, third}, {first});
    EXPECT_FALSE(inventory().steady_used(mac(1), 1));
    use(mac(1), 2);
    expect({second, third}, {first});
    use(mac(1), 3);
    expect({third}, {first, second});
}

TEST_F(Trust, OnlyAnApprovedPhoneIsRotated) {
    inventory().saw(mac(1), at(1));
    for (const auto who : {mac(1), mac(9)}) {
        const auto applied = inventory().apply({Rotate{who}}, "uid 0");
        ASSERT_FALSE(applied);
        EXPECT_EQ(applied.error().code, Errc::not_found);
        EXPECT_THAT(applied.error().what, HasSubstr("rotate " + who.str()));
    }
}

TEST_F(Trust, NoTokenOfABlockedPhoneComesBackWithALaterApproval) {
    apply({Approve{mac(1)}, Approve{mac(2)}});
    const auto before = steady(mac(1));
    apply({Rotate{mac(1)}});
    const auto newest = steady(mac(1));
    const auto visit = mint(mac(1));
    const auto in_one_list = steady(mac(2));
    apply({Block{mac(1)}, Block{mac(2)}, Approve{mac(2)}});
    expect({steady(mac(2))}, {before, newest, visit, in_one_list});
    EXPECT_EQ(inventory().now().former_holder(newest), mac(1));
    apply({Approve{mac(1)}});
    expect({steady(mac(1))}, {before, newest, visit, in_one_list});
    EXPECT_EQ(device(mac(1))->confirmed, 0U);
    EXPECT_FALSE(device(mac(1))->is_configured());
}

TEST_F(Trust, UnassignKeepsTheTokens) {
    apply({extension("201"), Assign{mac(1), {"201"}}});
    const auto token = steady(mac(1));
    const auto visit = mint(mac(1));
    apply({Unassign{mac(1)}});
    expect({token, visit}, {});
}

TEST_F(Trust, AUseThatChangesNothingWaitsForNoDisk) {
    apply({Approve{mac(1)}});
    use(mac(1), 1);
    auto other = sql::Connection::open(path());
    ASSERT_TRUE(other);
    ASSERT_TRUE(other->run("begin immediate")); // whoever writes now waits for five seconds
    use(mac(1), 1);
}

TEST_F(Trust, TheUseOfATokenThatEndedMeanwhileIsRefused) {
    apply({Approve{mac(1)}, Approve{mac(2)}});
    apply({Block{mac(2)}});
    EXPECT_FALSE(inventory().steady_used(mac(1), 2));
    EXPECT_FALSE(inventory().steady_used(mac(1), 0));
    EXPECT_FALSE(inventory().steady_used(mac(2), 1));
    EXPECT_FALSE(inventory().steady_used(mac(9), 1));
    EXPECT_EQ(device(mac(1))->confirmed, 0U);
}

TEST_F(Trust, ASecondClaimantGetsNothingUntilThePhoneIsApprovedAgain) {
    apply({Approve{mac(1)}});
    use(mac(1), 1);
    const auto contest = [&] {
        ASSERT_TRUE(inventory().contest(mac(1), "10.0.0.66", "its registration is at 10.0.0.7"));
    };
    contest();
    EXPECT_EQ(device(mac(1))->claim, Claim::contested);
    reopen();
    EXPECT_EQ(device(mac(1))->claim, Claim::contested);
    use(mac(1), 1); // the honest one goes on
    EXPECT_EQ(device(mac(1))->claim, Claim::contested);
    contest();
    contest();
    EXPECT_EQ(story(mac(1)).back(), "claim_refused x2 its registration is at 10.0.0.7");
    apply({Approve{mac(1)}});
    EXPECT_EQ(story(mac(1)).back(), "approved again by uid 0");
    EXPECT_EQ(device(mac(1))->claim, Claim::granted);
    reopen();
    EXPECT_EQ(device(mac(1))->claim, Claim::granted);
    use(mac(1), 1);
    EXPECT_EQ(device(mac(1))->claim, Claim::settled);
    reopen();
    EXPECT_EQ(device(mac(1))->claim, Claim::settled);
}

TEST_F(Trust, OnlyTheNewestTokenSettlesAGrant) {
    apply({Approve{mac(1)}});
    apply({Approve{mac(1)}, Rotate{mac(1)}});
    use(mac(1), 1);
    EXPECT_EQ(device(mac(1))->claim, Claim::granted);
    use(mac(1), 2);
    EXPECT_EQ(device(mac(1))->claim, Claim::settled);
}

TEST_F(Trust, WhoIsNotApprovedHasNothingToContest) {
    inventory().saw(mac(1), at(1));
    ASSERT_TRUE(inventory().contest(mac(1), "10.0.0.66", "x"));
    ASSERT_TRUE(inventory().contest(mac(9), "10.0.0.66", "x"));
    EXPECT_EQ(device(mac(1))->claim, Claim::settled);
    EXPECT_EQ(device(mac(9)), nullptr);
}

TEST_F(Trust, FilesWithoutATokenAreCountedPerApproval) {
    apply({Approve{mac(1)}});
    EXPECT_TRUE(inventory().count_boot(mac(1), 2));
    reopen();
    EXPECT_TRUE(inventory().count_boot(mac(1), 2));
    const auto third = inventory().count_boot(mac(1), 2);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, Errc::refused);
    EXPECT_THAT(third.error().what, HasSubstr("approve it again"));
    reopen();
    EXPECT_EQ(device(mac(1))->boots, 2U);
    EXPECT_FALSE(inventory().count_boot(mac(1), 2));
    apply({Approve{mac(1)}});
    EXPECT_TRUE(inventory().count_boot(mac(1), 2));
    apply({Block{mac(1)}});
    EXPECT_FALSE(inventory().count_boot(mac(1), 2));
    EXPECT_FALSE(inventory().count_boot(mac(9), 2));
}

TEST_F(Trust, FirstTokensAreShortenedAndNeverProlonged) {
    apply({Approve{mac(1)}, Approve{mac(2)}});
    const auto token = mint(mac(1));
    const auto other = mint(mac(2));
    const auto soon = clock_.unix_ms() + 600'000;
    ASSERT_TRUE(inventory().shorten_first_tokens(mac(1), soon));
    ASSERT_TRUE(inventory().shorten_first_tokens(mac(1), soon + 600'000));
    ASSERT_TRUE(inventory().shorten_first_tokens(mac(9), soon));
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(inventory().now().credential(token)->expires, soon);
        EXPECT_GT(inventory().now().credential(other)->expires, soon);
        reopen();
    }
    EXPECT_EQ(inventory().now().first_tokens(soon - 1).size(), 2U);
    EXPECT_EQ(inventory().now().first_tokens(soon).count(mac(1)), 0U);
    clock_.advance(std::chrono::minutes(10));
    flush();
    EXPECT_FALSE(opens(token));
    EXPECT_EQ(inventory().now().former_holder(token), mac(1));
    EXPECT_TRUE(opens(other));
}

TEST_F(Trust, WhoseTokensTheyWereIsRememberedOfTheLastEight) {
    apply({Approve{mac(1)}});
    std::vector<std::string> tokens;
    for (std::uint32_t round = 1; round <= 12; ++round) {
        tokens.push_back(mint(mac(1)));
        use(mac(1), 1);
    }
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        EXPECT_FALSE(opens(tokens[at]));
        EXPECT_EQ(inventory().now().former_holder(tokens[at]).has_value(), at >= 4) << at;
    }
}

TEST_F(Trust, WhenAndWhereTheTokenWasUsedIsAnObservation) {
    apply({Approve{mac(1)}});
    base::Ipv4 from;
    from.value = 0x0a000007;
    clock_.advance(std::chrono::seconds(5));
    inventory().used(mac(1), from);
    inventory().used(mac(9), from);
    EXPECT_EQ(device(mac(9)), nullptr);
    flush_and_reopen();
    EXPECT_EQ(device(mac(1))->seen.used, clock_.unix_ms());
    EXPECT_EQ(device(mac(1))->seen.used_from, from);
    EXPECT_FALSE(device(mac(1))->was_heard());
}

TEST_F(Trust, AnApprovalThatFailsOnTheDiskGrantsNothing) {
    apply({Approve{mac(1)}});
    use(mac(1), 1);
    const auto token = steady(mac(1));
    auto other = sql::Connection::open(path());
    ASSERT_TRUE(other);
    ASSERT_TRUE(other->run("drop table line"));
    EXPECT_FALSE(inventory().apply({Approve{mac(1)}, Rotate{mac(1)}}, "uid 0"));
    EXPECT_EQ(device(mac(1))->claim, Claim::settled);
    EXPECT_EQ(steady(mac(1)), token);
}

class Enrolments : public Trust {
  protected:
    base::UnixMs in_hours(int hours) const {
        return clock_.unix_ms() + std::chrono::milliseconds(std::chrono::hours(hours)).count();
    }

    std::vector<Enrolment> open() { return inventory().now().enrolments(); }
};

TEST_F(Enrolments, AreThereAfterReopeningWithTheSameEnd) {
    const auto end = in_hours(2);
    apply({OpenEnrolment{{77, end, "lobby", base::Network::parse("10.1.0.0/16"), {}}},
           OpenEnrolment{{0, end + 1, "", {}, mac(5)}}});
    for (int round = 0; round < 2; ++round) {
        ASSERT_EQ(open().size(), 2U);
        EXPECT_EQ(open()[0].until, end);
        EXPECT_EQ(open()[0].rule, "lobby");
        EXPECT_EQ(open()[0].from, base::Network::parse("10.1.0.0/16"));
        EXPECT_EQ(open()[0].mac, std::nullopt);
        EXPECT_EQ(open()[1].mac, mac(5));
        EXPECT_EQ(open()[1].from, std::nullopt);
        EXPECT_NE(open()[0].id, open()[1].id);
        reopen();
    }
    const auto lines = inventory().audit(10);
    ASSERT_EQ(lines->size(), 2U);
    EXPECT_THAT(lines->front().what, HasSubstr("open enrolment until 2026-01-01"));
    EXPECT_THAT(lines->front().what, HasSubstr("every phone in 10.1.0.0/16, as rule lobby says"));
    EXPECT_THAT(lines->back().what, HasSubstr("for " + mac(5).str()));
}

TEST_F(Enrolments, EndByThemselves) {
    apply({OpenEnrolment{{0, in_hours(1), "", {}, {}}},
           OpenEnrolment{{0, in_hours(5), "a", {}, {}}}});
    flush();
    clock_.advance(std::chrono::hours(2));
    flush();
    ASSERT_EQ(open().size(), 1U);
    EXPECT_EQ(open()[0].rule, "a");
    clock_.advance(std::chrono::hours(4));
    reopen();
    EXPECT_TRUE(open().empty());
}

TEST_F(Enrolments, DoNotOpenAgainWhenTheClockIsSetBack) {
    apply({OpenEnrolment{{0, in_hours(1), "", {}, {}}}});
    flush();
    clock_.advance(std::chrono::minutes(61)); // sooner than old rows are looked for
    flush();
    clock_.advance(-std::chrono::minutes(61));
    EXPECT_TRUE(open().empty());
    reopen();
    EXPECT_TRUE(open().empty());
}

TEST_F(Enrolments, EndWhenTheClockIsSetBackByMoreThanAnyMayLast) {
    apply({OpenEnrolment{{0, in_hours(1), "", {}, {}}}});
    clock_.advance(-std::chrono::hours(24 * 365));
    flush();
    EXPECT_TRUE(open().empty());
    reopen();
    EXPECT_TRUE(open().empty());
}

TEST_F(Enrolments, AreAllClosedAtOnce) {
    int told = 0;
    inventory().on_change([&](const std::vector<base::Mac>& macs) {
        EXPECT_TRUE(macs.empty());
        ++told;
    });
    apply({OpenEnrolment{{0, in_hours(1), "", {}, {}}},
           OpenEnrolment{{0, in_hours(5), "a", {}, {}}}});
    apply({CloseEnrolments{}});
    EXPECT_TRUE(open().empty());
    EXPECT_EQ(told, 2);
    reopen();
    EXPECT_TRUE(open().empty());
    EXPECT_EQ(inventory().audit(10)->back().what, "close enrolment (2 open)");
}

TEST_F(Enrolments, TheSameOnceMoreMovesTheEnd) {
    apply({OpenEnrolment{{0, in_hours(1), "a", {}, {}}}});
    apply({OpenEnrolment{{0, in_hours(9), "a", {}, {}}}});
    ASSERT_EQ(open().size(), 1U);
    EXPECT_EQ(open()[0].until, in_hours(9));
}

TEST_F(Enrolments, OfOnePhoneTheLastWordHolds) {
    const auto network = base::Network::parse("10.1.0.0/16");
    apply({OpenEnrolment{{0, in_hours(9), "", {}, mac(5)}},
           OpenEnrolment{{0, in_hours(9), "", network, {}}},
           OpenEnrolment{{0, in_hours(1), "", network, mac(5)}}});
    ASSERT_EQ(open().size(), 2U);
    EXPECT_EQ(open()[0].mac, std::nullopt);
    EXPECT_EQ(open()[1].mac, mac(5));
    EXPECT_EQ(open()[1].from, network);
    EXPECT_EQ(open()[1].until, in_hours(1));
}

TEST_F(Enrolments, NoMoreThanSixteenForNoMoreThanAWeek) {
    const auto refused = [&](const Enrolment& enrolment) {
        const auto applied = inventory().apply({OpenEnrolment{enrolment}}, "uid 0");
        EXPECT_FALSE(applied);
        return applied ? std::string() : applied.error().what;
    };
    EXPECT_THAT(refused({0, in_hours(24 * 7 + 1), "", {}, {}}), HasSubstr("within 7d"));
    EXPECT_THAT(refused({0, clock_.unix_ms(), "", {}, {}}), HasSubstr("end"));
    EXPECT_THAT(refused({0, in_hours(1), "two\nlines", {}, {}}), HasSubstr("rule"));
    EXPECT_THAT(refused({0, in_hours(1), "", {}, base::Mac()}), HasSubstr("no phone"));
    for (std::uint64_t number = 1; number <= 16; ++number) {
        apply({OpenEnrolment{{0, in_hours(1), "", {}, mac(number)}}});
    }
    EXPECT_THAT(refused({0, in_hours(1), "", {}, mac(17)}), HasSubstr("close them first"));
    clock_.advance(std::chrono::hours(2)); // they have ended, though nobody tidied up
    apply({OpenEnrolment{{0, in_hours(1), "", {}, mac(17)}}});
    EXPECT_EQ(open().size(), 1U);
}

} // namespace
} // namespace inventory
