// SPDX-License-Identifier: MIT
#include "provisioning/inventory/guest.hpp"
#include "provisioning/inventory/pins.hpp"
#include "tests/inventory/fixture.hpp"

namespace inventory {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using Outcome = Pins::Outcome;

struct PinsTest : InventoryTest {
    PinsTest() {
        apply({extension("201"), extension("202"), guest(1), guest(2)});
        set("201", "4711");
        set("202", "123456");
    }

    static MakeGuest guest(std::uint64_t number) {
        return {mac(number), base::Secret("pw of a guest")};
    }

    void set(const std::string& number, std::string_view pin) {
        const auto done = inventory().pins().set(number, base::Secret(pin), "uid 0");
        ASSERT_TRUE(done) << done.error().what;
    }

    Outcome check(std::uint64_t phone, const std::string& number, std::string_view pin) {
        const auto outcome = inventory().pins().check(mac(phone), number, pin);
        EXPECT_TRUE(outcome) << outcome.error().what;
        return outcome.value_or(Outcome::was_locked);
    }

    void lock(std::uint64_t phone, const std::string& number) {
        for (unsigned i = 1; i < Pins::most_wrong; ++i) {
            EXPECT_EQ(check(phone, number, "0000"), Outcome::wrong);
        }
        EXPECT_EQ(check(phone, number, "0000"), Outcome::locked_now);
    }

    std::string refusal(const Change& change) {
        const auto done = inventory().apply({change}, "uid 0");
        EXPECT_FALSE(done);
        return done ? "" : done.error().what;
    }
};

TEST_F(PinsTest, OnlyTheRightOneFitsItsExtension) {
    EXPECT_EQ(check(1, "201", "4711"), Outcome::right);
    EXPECT_EQ(check(1, "201", "123456"), Outcome::wrong);
    EXPECT_EQ(check(1, "202", "4711"), Outcome::wrong);
    EXPECT_EQ(check(1, "201", ""), Outcome::wrong);
    EXPECT_EQ(check(1, "299", "4711"), Outcome::wrong) << "no such extension";
    EXPECT_EQ(check(1, "201", "4711"), Outcome::right) << "four wrong ones lock nobody";
}

TEST_F(PinsTest, FiveWrongOnesLockThePhoneAndTheExtensionForHalfAnHour) {
    lock(1, "201");
    EXPECT_EQ(check(1, "202", "123456"), Outcome::was_locked) << "that phone";
    EXPECT_EQ(check(2, "201", "4711"), Outcome::was_locked) << "that extension";
    EXPECT_EQ(check(2, "202", "123456"), Outcome::right) << "nobody else";
    EXPECT_EQ(inventory().pins().locked_until(mac(1)), clock_.unix_ms() + Pins::locked_for.count());
    clock_.advance(Pins::locked_for - milliseconds(1));
    EXPECT_EQ(check(2, "201", "4711"), Outcome::was_locked);
    clock_.advance(milliseconds(1));
    EXPECT_EQ(check(2, "201", "4711"), Outcome::right);
    EXPECT_EQ(check(1, "202", "0000"), Outcome::wrong) << "and it counts from one again";
    EXPECT_EQ(inventory().pins().locked_until(mac(1)), std::nullopt);
}

TEST_F(PinsTest, TheWrongOnesOfSeveralPhonesLockTheExtension) {
    for (const std::uint64_t phone : {1U, 2U, 1U, 2U}) {
        EXPECT_EQ(check(phone, "201", "0000"), Outcome::wrong);
    }
    EXPECT_EQ(check(1, "201", "0000"), Outcome::locked_now);
    EXPECT_EQ(check(2, "201", "4711"), Outcome::was_locked);
    EXPECT_EQ(check(2, "202", "123456"), Outcome::right) << "two wrong ones lock no phone";
}

TEST_F(PinsTest, WhoGuessesNumbersIsLockedAsWell) {
    lock(1, "299");
    EXPECT_EQ(check(1, "201", "4711"), Outcome::was_locked);
}

TEST_F(PinsTest, WhoKnowsOnePinDoesNotGuessTheOthersForEver) {
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(check(1, "201", "0000"), Outcome::wrong);
        EXPECT_EQ(check(1, "201", "0001"), Outcome::wrong);
        EXPECT_EQ(check(1, "202", "123456"), Outcome::right) << "its own";
    }
    EXPECT_EQ(check(1, "201", "0004"), Outcome::locked_now);
}

TEST_F(PinsTest, WhoDialsTheRightOneInTheEndTakesBackWhatWasCountedForTheExtension) {
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(check(1, "201", "0000"), Outcome::wrong);
    }
    EXPECT_EQ(check(1, "201", "4711"), Outcome::right);
    EXPECT_EQ(check(2, "201", "0000"), Outcome::wrong) << "one again";
    clock_.advance(Pins::locked_for);
    EXPECT_EQ(check(1, "201", "0000"), Outcome::wrong) << "and the phone's are long ago";
    reopen();
    EXPECT_EQ(check(1, "201", "4711"), Outcome::right);
}

TEST_F(PinsTest, ANumberOfAnotherPersonHasNotThePinOfTheOneBefore) {
    set("203", "1111"); // of an extension of the PBX, which is gone there
    apply({extension("203")});
    EXPECT_FALSE(inventory().pins().has("203"));
    const Pool pool{"desk", {{"201", "202"}}, milliseconds(0)};
    apply({Assign{mac(3), {"201"}}, Unassign{mac(3)}});
    apply({AssignFromPool{mac(3), pool}});
    EXPECT_TRUE(inventory().pins().has("201")) << "the same phone";
    apply({Unassign{mac(3)}});
    apply({AssignFromPool{mac(4), pool}});
    EXPECT_FALSE(inventory().pins().has("201"));
    EXPECT_TRUE(inventory().pins().has("202"));
    reopen();
    EXPECT_FALSE(inventory().pins().has("201"));
}

TEST_F(PinsTest, TheCountSurvivesARestart) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(check(1, "201", "0000"), Outcome::wrong);
    }
    reopen();
    EXPECT_EQ(check(1, "201", "0000"), Outcome::wrong);
    EXPECT_EQ(check(1, "201", "0000"), Outcome::locked_now);
    reopen();
    EXPECT_EQ(check(1, "201", "4711"), Outcome::was_locked);
    EXPECT_EQ(check(2, "201", "4711"), Outcome::was_locked);
    EXPECT_TRUE(inventory().pins().unlock(mac(1), "uid 0"));
    EXPECT_TRUE(inventory().pins().unlock("201", "uid 0"));
    reopen();
    EXPECT_EQ(check(1, "201", "4711"), Outcome::right);
    EXPECT_FALSE(inventory().pins().unlock("201", "uid 0")) << "nothing is counted any more";
}

TEST_F(PinsTest, AClockThatWasAheadLocksNobodyForEver) {
    clock_.advance(std::chrono::hours(24));
    lock(1, "201");
    clock_.advance(-std::chrono::hours(24));
    EXPECT_EQ(check(1, "201", "4711"), Outcome::right);
}

TEST_F(PinsTest, TheLockIsInTheAuditAndNoPinIsAnywhere) {
    lock(1, "201");
    const auto audit = inventory().audit(100);
    ASSERT_TRUE(audit);
    EXPECT_EQ(audit->back().what, "lock 001fc1000001 for claims and extension 201: 5 wrong PINs");
    flush();
    inventory_.reset();
    for (const auto* end : {"", "-wal"}) {
        EXPECT_THAT(bytes_of(path() + end), testing::Not(HasSubstr("123456")));
    }
    for (const auto& line : logged_) {
        EXPECT_THAT(line, testing::Not(HasSubstr("4711")));
    }
}

TEST_F(PinsTest, APinHasDigitsAndGoesWithItsExtension) {
    for (const std::string pin : {"", "123", "12a4", "12345678901234567"}) {
        EXPECT_FALSE(inventory().pins().set("201", base::Secret(pin), "uid 0")) << pin;
    }
    EXPECT_TRUE(inventory().pins().has("201"));
    apply({RemoveExtension{"201"}, extension("201")});
    EXPECT_TRUE(inventory().pins().has("201")) << "the same number, in one step";
    apply({RemoveExtension{"201"}});
    apply({extension("201")});
    EXPECT_FALSE(inventory().pins().has("201"));
    reopen();
    EXPECT_FALSE(inventory().pins().has("201"));
    EXPECT_EQ(check(1, "201", "4711"), Outcome::wrong);
    EXPECT_TRUE(inventory().pins().remove("202", "uid 0"));
    EXPECT_FALSE(inventory().pins().remove("202", "uid 0"));
}

TEST_F(PinsTest, AGuestIsClaimedOnceAndCanBeReleased) {
    const auto own = guest_number(mac(1));
    EXPECT_THAT(device(mac(1))->lines, ElementsAre(own));
    EXPECT_TRUE(device(mac(1))->is_approved());
    apply({ClaimPhone{mac(1), "201"}});
    apply({ClaimPhone{mac(1), "201"}}); // dialled twice
    EXPECT_THAT(refusal(ClaimPhone{mac(1), "202"}), HasSubstr("has 201 and is no guest"));
    EXPECT_THAT(refusal(ClaimPhone{mac(9), "202"}), HasSubstr("no phone of ours"));
    EXPECT_THAT(refusal(ClaimPhone{mac(2), "299"}), HasSubstr("no extension 299"));
    const auto password = inventory().now().extension(own)->password;
    reopen();
    EXPECT_THAT(device(mac(1))->lines, ElementsAre("201"));
    apply({MakeGuest{mac(1), {}, false, true}});
    EXPECT_THAT(device(mac(1))->lines, ElementsAre(own));
    EXPECT_EQ(inventory().now().extension(own)->password, password) << "its account is the same";
    EXPECT_THAT(story(mac(1)).back(), HasSubstr("made_guest by uid 0; it had 201"));
}

TEST_F(PinsTest, APhoneThatAPersonGaveItsLinesIsNotReleasedByDialling) {
    apply({Assign{mac(3), {"202"}}});
    EXPECT_THAT(refusal(MakeGuest{mac(3), {}, false, true}), HasSubstr("never a guest"));
    EXPECT_THAT(refusal(MakeGuest{mac(3), base::Secret("x"), true}), HasSubstr("decide upon it"));
    EXPECT_THAT(refusal(extension("guest001fc1000003")), HasSubstr("001fc1000003 as a guest"));
}

TEST(GuestNumber, IsOfOnePhone) {
    EXPECT_EQ(guest_of("guest001fc1000001"), mac(1));
    EXPECT_EQ(guest_of(guest_number(mac(7))), mac(7));
    for (const auto* other : {"201", "guest", "guest00:1f:c1:00:00:01", "guest001FC1000001",
                              "Guest001fc1000001", "guest001fc10000012"}) {
        EXPECT_EQ(guest_of(other), std::nullopt) << other;
    }
}

} // namespace
} // namespace inventory
