// SPDX-License-Identifier: MIT
// Tests of numbers that come from pools: which is next, and how long one rests in between.
#include "provisioning/inventory/pool.hpp"

#include "provisioning/inventory/sql/connection.hpp"
#include "tests/inventory/fixture.hpp"

namespace inventory {
namespace {

using namespace std::chrono_literals;
using base::Errc;
using testing::ElementsAre;
using testing::HasSubstr;

Pool pool(const std::string& first, const std::string& last) {
    return {"", {{first, last}}, {}};
}

TEST(Ranges, AreReadAsTheyAreWritten) {
    for (const auto& [text, numbers] : std::vector<std::pair<std::string, std::string>>{
             {"200-299", "200-299"},
             {" 200 - 299 , 310,0400-0499", "200-299, 310, 0400-0499"},
             {"7", "7"},
             {"200-200", "200"}}) {
        const auto ranges = parse_ranges(text);
        ASSERT_TRUE(ranges) << text << ": " << ranges.error().what;
        EXPECT_EQ((Pool{"", *ranges, {}}.numbers()), numbers);
    }
    const Pool sales{"sales", parse_ranges("200-299,310").value(), 7 * 24h};
    EXPECT_EQ(sales.str(), "sales (200-299, 310)");
    EXPECT_TRUE(sales.contains("200") && sales.contains("299") && sales.contains("310"));
    for (const char* other : {"199", "300", "309", "2000", "20", "", "2a0", "0200"}) {
        EXPECT_FALSE(sales.contains(other)) << other;
    }
}

TEST(Ranges, AreRefusedWithWhatToWrite) {
    for (const auto& [text, why] : std::vector<std::pair<std::string, std::string>>{
             {"", "no number"},
             {"sales", "such as 200-299"},
             {"299-200", "such as 200-299"},
             {"99-100", "of one length"},
             {"200-", "of one length"},
             {"200-299-300", "such as 200-299"},
             {"200-299, 250", "200-299 and 250 overlap"},
             {"250, 200-299", "250 and 200-299 overlap"},
             {"00000-10000", "at most 10000"},
             {"0000-9999, 5", "at most 10000"},
             {"1000000000000000-1000000000000001", "is no range"}}) {
        const auto ranges = parse_ranges(text);
        ASSERT_FALSE(ranges) << text;
        EXPECT_EQ(ranges.error().code, Errc::malformed) << text;
        EXPECT_THAT(ranges.error().what, HasSubstr(why)) << text;
    }
}

TEST(Ranges, APoolsNameCannotBeTakenForANumber) {
    EXPECT_TRUE(is_pool_name("sales") && is_pool_name("a") && is_pool_name("Sales_2-b"));
    for (const char* other : {"", "2", "2nd", "-a", "a b", "a,b", "@a", "\xC3\xA4"}) {
        EXPECT_FALSE(is_pool_name(other)) << other;
    }
}

class FromPool : public InventoryTest {
  protected:
    base::Error refusal(const std::string& first, const std::string& last) {
        const auto applied =
            inventory().apply({AssignFromPool{mac(9), pool(first, last)}}, "rule x");
        EXPECT_FALSE(applied) << first << "-" << last;
        return applied ? base::Error{} : applied.error();
    }
};

TEST_F(FromPool, TheLowestFreeExtensionIsAssigned) {
    inventory().host_numbers([](const std::string& number) { return number == "203"; });
    apply({extension("201"), extension("202"), extension("0205"), Assign{mac(5), {"201"}}});
    apply({AssignFromPool{mac(1), pool("200", "299")}, AssignFromPool{mac(2), pool("200", "299")}});
    EXPECT_THAT(device(mac(1))->lines, ElementsAre("202"));
    EXPECT_THAT(device(mac(2))->lines, ElementsAre("203"));
    EXPECT_TRUE(device(mac(2))->is_approved());
    EXPECT_EQ(story(mac(2)).back(), "assigned 203 by uid 0");
    const auto error = refusal("200", "299");
    EXPECT_EQ(error.code, Errc::conflict);
    EXPECT_THAT(error.what, HasSubstr("none of 200-299 is free"));
    EXPECT_EQ(device(mac(9)), nullptr);
    apply({Unassign{mac(1)}, AssignFromPool{mac(3), pool("200", "299")}}); // without quarantine
    EXPECT_THAT(device(mac(3))->lines, ElementsAre("202"));
    apply({AssignFromPool{mac(4), pool("0200", "0299")}});
    EXPECT_THAT(device(mac(4))->lines, ElementsAre("0205"));
}

TEST_F(FromPool, AnExhaustedPoolAsksThePbxForNoNumberThatItDoesNotHave) {
    std::vector<std::string> asked;
    inventory().host_numbers(
        [&](const std::string& number) {
            asked.push_back(number);
            return number == "203";
        },
        [] {
            return std::set<std::string>{"203", "250", "300"};
        });
    apply({AssignFromPool{mac(1), pool("200", "299")}});
    EXPECT_THAT(device(mac(1))->lines, ElementsAre("203"));
    EXPECT_THAT(asked, ElementsAre("203"));
    asked.clear();
    EXPECT_THAT(refusal("200", "299").what, HasSubstr("is free"));
    EXPECT_THAT(asked, ElementsAre("250")) << "which no phone can have";
}

TEST_F(FromPool, APhoneWithOneOfItsNumbersKeepsItsLinesAndIsApproved) {
    apply({extension("201"), extension("205"), extension("300"), Assign{mac(1), {"300", "205"}},
           Block{mac(1)}});
    apply({AssignFromPool{mac(1), pool("200", "299")}});
    EXPECT_THAT(device(mac(1))->lines, ElementsAre("300", "205"));
    EXPECT_TRUE(device(mac(1))->is_approved());
    apply({AssignFromPool{mac(1), pool("200", "299")}});
    EXPECT_EQ(device(mac(1))->claim, Claim::settled);
}

TEST_F(FromPool, APhoneWithOtherNumbersGetsOneInTheirPlace) {
    apply({extension("201"), extension("300"), Assign{mac(1), {"300"}}});
    apply({AssignFromPool{mac(1), pool("200", "299")}});
    EXPECT_THAT(device(mac(1))->lines, ElementsAre("201"));
}

TEST_F(FromPool, ARuleThatAPersonOvertookChangesNothing) {
    apply({extension("201"), Block{mac(1)}, Approve{mac(2)}});
    for (const auto& late : std::vector<inventory::Change>{
             Approve{mac(1), true}, AssignFromPool{mac(1), pool("200", "299"), true},
             Approve{mac(2), true}, AssignFromPool{mac(2), pool("200", "299"), true},
             Approve{mac(3), true}, AssignFromPool{mac(3), pool("200", "299"), true}}) {
        const auto done = inventory().apply({late}, "rule x");
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, Errc::conflict);
    }
    EXPECT_EQ(device(mac(1))->approval, inventory::Approval::blocked);
    EXPECT_EQ(device(mac(2))->claim, Claim::settled) << "no new credential";
    EXPECT_EQ(device(mac(3)), nullptr);
    inventory().saw(mac(4), {});
    apply({AssignFromPool{mac(4), pool("200", "299"), true}});
    EXPECT_THAT(device(mac(4))->lines, ElementsAre("201"));
    EXPECT_FALSE(inventory().apply({Block{mac(5)}, Approve{mac(5), true}}, "rule x"));
}

TEST_F(FromPool, OnlyARangeOfNumbersIsOne) {
    apply({extension("201")});
    EXPECT_EQ(refusal("299", "200").code, Errc::malformed);
    EXPECT_EQ(refusal("99", "200").code, Errc::malformed);
    EXPECT_EQ(refusal("", "").code, Errc::malformed);
    EXPECT_EQ(refusal("2a0", "2b0").code, Errc::malformed);
    EXPECT_EQ(refusal("1000000000000000000", "1000000000000000001").code, Errc::malformed);
    EXPECT_THAT(refusal("00000", "10000").what, HasSubstr("at most 10000"));
    EXPECT_EQ(refusal("20000", "29999").code, Errc::conflict);
}

TEST_F(FromPool, RangesAreTakenInTheirOrder) {
    for (const char* number : {"201", "202", "310", "150"}) {
        apply({extension(number)});
    }
    const Pool sales{"sales", parse_ranges("310, 200-299, 150").value(), {}};
    for (std::uint64_t phone = 1; phone <= 4; ++phone) {
        apply({AssignFromPool{mac(phone), sales}});
    }
    EXPECT_THAT(device(mac(1))->lines, ElementsAre("310"));
    EXPECT_THAT(device(mac(2))->lines, ElementsAre("201"));
    EXPECT_THAT(device(mac(3))->lines, ElementsAre("202"));
    EXPECT_THAT(device(mac(4))->lines, ElementsAre("150"));
    const auto none = inventory().apply({AssignFromPool{mac(5), sales}}, "uid 0");
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().what,
                HasSubstr("none of sales (310, 200-299, 150) is free; add extensions there, or "
                          "unassign phones that are gone (4 of these numbers are on phones)"));
}

class Quarantine : public InventoryTest {
  protected:
    Quarantine() {
        apply({extension("201"), extension("202"), extension("203")});
        apply({AssignFromPool{mac(1), sales_}, AssignFromPool{mac(2), sales_}});
    }

    std::string next(std::uint64_t phone) {
        const auto done = inventory().apply({AssignFromPool{mac(phone), sales_}}, "uid 0");
        return done ? device(mac(phone))->lines.front() : done.error().what;
    }

    Pool sales_{"sales", {{"200", "299"}}, 7 * 24h};
};

TEST_F(Quarantine, AHoleIsFilledWhenItIsOverAndNotBefore) {
    apply({Unassign{mac(1)}});
    clock_.advance(7 * 24h - 1ms);
    EXPECT_EQ(next(3), "203");
    EXPECT_THAT(next(4), HasSubstr("(2 of these numbers are on phones, 1 in quarantine, the first "
                                   "until "));
    clock_.advance(1ms);
    EXPECT_EQ(next(4), "201");
}

TEST_F(Quarantine, SurvivesARestart) {
    apply({Unassign{mac(1)}});
    clock_.advance(24h);
    reopen();
    ASSERT_NE(inventory().now().release("201"), nullptr);
    EXPECT_EQ(next(3), "203");
    reopen();
    EXPECT_THAT(next(4), HasSubstr("1 in quarantine"));
    clock_.advance(6 * 24h);
    reopen();
    EXPECT_EQ(next(4), "201");
    reopen();
    EXPECT_EQ(inventory().now().release("201"), nullptr) << "a phone has it";
}

TEST_F(Quarantine, TheFormerPhoneGetsItsNumberBack) {
    apply({Unassign{mac(2)}});
    apply({Unassign{mac(1)}});
    reopen();
    EXPECT_EQ(next(2), "202") << "though 201 is lower, and 203 is free";
    EXPECT_EQ(next(1), "201");
}

TEST_F(Quarantine, HoldsWithinOneListToo) {
    apply({Unassign{mac(1)}, AssignFromPool{mac(3), sales_}});
    EXPECT_THAT(device(mac(3))->lines, ElementsAre("203"));
    apply({Unassign{mac(3)}, AssignFromPool{mac(3), sales_}});
    EXPECT_THAT(device(mac(3))->lines, ElementsAre("203"));
}

TEST_F(Quarantine, BeginsWithTheLastPhoneAndEndsWithTheFirst) {
    apply({Assign{mac(3), {"201"}}});
    apply({Unassign{mac(1)}});
    EXPECT_EQ(inventory().now().release("201"), nullptr) << "another phone has it";
    clock_.advance(5 * 24h);
    apply({Unassign{mac(3)}});
    EXPECT_EQ(inventory().now().release("201")->at, clock_.unix_ms());
    EXPECT_EQ(inventory().now().release("201")->mac, mac(3));
    apply({Assign{mac(4), {"201"}}}); // by its number at any time
    EXPECT_EQ(inventory().now().release("201"), nullptr);
}

TEST_F(Quarantine, ABlockedPhoneKeepsItsNumber) {
    apply({Block{mac(1)}});
    clock_.advance(30 * 24h);
    EXPECT_EQ(next(3), "203");
    EXPECT_EQ(inventory().now().release("201"), nullptr);
}

TEST_F(Quarantine, AnExtensionThatIsMadeAnewIsTheSameNumber) {
    apply({Unassign{mac(1)}});
    apply({RemoveExtension{"201"}});
    apply({extension("201")});
    EXPECT_EQ(next(3), "203");
}

TEST_F(Quarantine, AClockThatWasSetBackDoesNotEndItByHoweverMuch) {
    apply({Unassign{mac(1)}});
    clock_.advance(-1h);
    EXPECT_EQ(next(3), "203");
    clock_.advance(-8 * 24h);
    EXPECT_THAT(next(4), HasSubstr("1 in quarantine"));
    sales_.quarantine = {};
    EXPECT_EQ(next(4), "201") << "where there is no quarantine";
}

TEST_F(Quarantine, ANumberThatCameFreeWhileTheClockWasYearsAheadIsNotKeptForYears) {
    clock_.advance(3 * 366 * 24h);
    apply({Unassign{mac(1)}});
    const auto ahead = clock_.unix_ms();
    clock_.advance(-3 * 366 * 24h);
    reopen();
    flush();
    clock_.advance(59min); // it may be a machine without a battery, which is told the time yet
    flush();
    EXPECT_EQ(inventory().now().release("201")->at, ahead);
    clock_.advance(1min);
    flush();
    EXPECT_EQ(inventory().now().release("201")->at, clock_.unix_ms());
    EXPECT_EQ(std::count_if(logged_.begin(), logged_.end(),
                            [](const std::string& line) {
                                return line.find("the clock was ahead when 201 came free") !=
                                       std::string::npos;
                            }),
              1);
    clock_.advance(6 * 24h);
    reopen();
    EXPECT_EQ(next(3), "203");
    clock_.advance(24h);
    EXPECT_EQ(next(4), "201");
}

TEST_F(Quarantine, ANumberWhosePhoneBecameAGuestRestsAndIsFreeThen) {
    apply({MakeGuest{mac(1), base::Secret("x")}});
    EXPECT_THAT(inventory().now().holders("201"), testing::IsEmpty());
    ASSERT_NE(inventory().now().release("201"), nullptr);
    EXPECT_EQ(inventory().now().release("201")->mac, mac(1));
    EXPECT_EQ(next(3), "203");
    clock_.advance(7 * 24h);
    EXPECT_EQ(next(4), "201");
}

TEST_F(Quarantine, OneThatBecameAGuestInTheSameListLeavesItsNumberToo) {
    apply({MakeGuest{mac(1), base::Secret("x")}, AssignFromPool{mac(1), sales_}});
    EXPECT_THAT(device(mac(1))->lines, ElementsAre("201"));
}

TEST_F(Quarantine, IsForgottenAfterTheLongestThatCanBe) {
    apply({Unassign{mac(1)}});
    clock_.advance(longest_quarantine);
    flush();
    EXPECT_NE(inventory().now().release("201"), nullptr);
    clock_.advance(2h);
    flush();
    EXPECT_EQ(inventory().now().release("201"), nullptr);
    reopen();
    EXPECT_EQ(inventory().now().release("201"), nullptr);
}

TEST_F(Quarantine, NothingOfItStaysWhenTheCommitFails) {
    inventory_.reset();
    {
        auto connection = sql::Connection::open(path());
        ASSERT_TRUE(connection);
        ASSERT_TRUE(connection->run("create trigger full before insert on released_number "
                                    "begin select raise(abort, 'full'); end"));
    }
    EXPECT_FALSE(inventory().apply({Unassign{mac(1)}}, "uid 0"));
    EXPECT_THAT(device(mac(1))->lines, ElementsAre("201"));
    EXPECT_THAT(inventory().now().holders("201"), ElementsAre(mac(1)));
    EXPECT_EQ(inventory().now().release("201"), nullptr);
}

} // namespace
} // namespace inventory
