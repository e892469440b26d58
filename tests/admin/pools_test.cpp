// SPDX-License-Identifier: MIT
// Pools on a console: what is left of each, and numbers given from them.
#include "office.hpp"

#include <gmock/gmock.h>

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr auto week = std::chrono::hours(24 * 7);

struct Pools : testing::Test {
    Pools() {
        auto reach = office.reach();
        reach.pools = [this] { return pools; };
        office.commands = std::make_shared<admin::Commands>(std::move(reach));
        for (const char* number : {"201", "202", "310"}) {
            office.shelf.has_extension(number,
                                       number[0] == '3' ? "" : "Desk " + std::string(number));
        }
    }

    std::vector<std::string> lines(const char* mac) {
        const auto now = office.shelf->now();
        const auto* device = now.device(mac_of(mac));
        return device == nullptr ? std::vector<std::string>() : device->lines;
    }

    Office office;
    std::vector<inventory::Pool> pools{
        {"sales", {{"200", "299"}, {"310", "310"}}, week},
        {"guests", {{"0400", "0499"}}, week},
    };
};

TEST_F(Pools, AreListedWithWhatIsLeft) {
    office.directory.host(
        [](const std::string& number) -> base::Result<profile::Account> {
            if (number == "251") {
                return base::fail(base::Errc::refused, "no password that a phone could use");
            }
            return profile::Account{number, "", base::Secret("x")};
        },
        {},
        [](const dialplan::Directory::Visit& visit) {
            visit("250", "Kitchen");
            visit("251", "a trunk, which no phone gets");
            visit("2O5", "no number");
            visit("0400", "");
        });
    office.run("assign 001fc1000001 201");
    office.run("assign 001fc1000002 202");
    office.run("unassign 001fc1000002");
    const auto reply = office.run("show pools");
    EXPECT_EQ(reply.text,
              "POOL    NUMBERS       EXTENSIONS  ON PHONES  QUARANTINE  FREE  NEXT\n"
              "sales   200-299, 310  4           1          1           2     250\n"
              "guests  0400-0499     1           0          0           1     0400\n"
              "A number that no phone has any more is kept from others for 7d (pool_quarantine).\n"
              "To give a phone the next one: pnp assign MAC @sales\n");
    const auto rows = reply.json.get("pools").items();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].get("next").text(), "250");
    EXPECT_EQ(rows[0].get("quarantine").number(), 1);
}

TEST_F(Pools, ThatAreUsedUpSaySoAndWhatToDo) {
    office.run("assign 001fc1000001 201,202,310");
    office.run("assign 001fc1000001 201");
    EXPECT_THAT(office.run("show pools").text,
                AllOf(HasSubstr("sales: none of sales (200-299, 310) is free: add extensions "
                                "there"),
                      HasSubstr("2 numbers are in quarantine, the first until ")));
    EXPECT_TRUE(office.run("show pools").json.get("pools").items()[0].get("next").is_null());
}

TEST_F(Pools, WithoutOneSaysHowToHaveOne) {
    EXPECT_EQ(office.run("assign 001fc1000001 @marketing").text,
              "pnp.conf has no pool marketing; it has sales, guests\n");
    pools.clear();
    EXPECT_THAT(office.run("show pools").text, HasSubstr("pool sales = 200-299"));
    const auto reply = office.run("assign 001fc1000001 @sales");
    EXPECT_EQ(reply.status, 1);
    EXPECT_THAT(reply.text, StartsWith("pnp.conf has no pool sales; write it into [general]"));
}

TEST_F(Pools, GiveTheNextFreeNumber) {
    office.phone_asked(phone_a, inventory::Step::held);
    const auto reply = office.run("assign 001fc1000001 @sales");
    EXPECT_EQ(reply.status, 0);
    EXPECT_EQ(reply.text, "001fc1000001 has 201 (Desk 201) on line 1, from the pool sales "
                          "(200-299, 310).\nThe phone waits: it gets its URL now.\n");
    EXPECT_EQ(reply.json.get("pool").text(), "sales");
    EXPECT_EQ(reply.json.get("lines").items()[0].text(), "201");
    EXPECT_THAT(office.run("assign 001fc1000002 @sales").text, HasSubstr("has 202 (Desk 202)"));
    EXPECT_THAT(office.run("assign 001fc1000003 @sales").text, HasSubstr("has 310 on line 1"));
    const auto none = office.run("assign 001fc1000004 @sales");
    EXPECT_EQ(none.status, 1);
    EXPECT_THAT(none.text, HasSubstr("none of sales (200-299, 310) is free; add extensions"));
    EXPECT_THAT(lines("001fc1000004"), IsEmpty());
}

TEST_F(Pools, ThePhoneThatHasOneOfItsNumbersKeepsIt) {
    office.run("assign 001fc1000001 202");
    const auto reply = office.run("assign 001fc1000001 @sales");
    EXPECT_EQ(reply.status, 0);
    EXPECT_THAT(reply.text, StartsWith("001fc1000001 has 202, of the pool sales"));
    EXPECT_THAT(lines(phone_a), ElementsAre("202"));
}

TEST_F(Pools, WhatIsNoPoolIsRefusedWithTheNearest) {
    const auto slip = office.run("assign 001fc1000001 @sale");
    EXPECT_EQ(slip.status, 1);
    EXPECT_THAT(slip.text, HasSubstr("no pool sale; did you mean 'sales'?"));
    const auto two = office.run("assign 001fc1000001 @sales,201");
    EXPECT_EQ(two.status, 2);
    EXPECT_THAT(two.text, HasSubstr("stands alone"));
    EXPECT_THAT(lines(phone_a), IsEmpty());
}

TEST_F(Pools, TabOffersThem) {
    EXPECT_THAT(office.commands->complete({"assign", phone_a, "@"}),
                ElementsAre("@guests", "@sales"));
    EXPECT_THAT(office.commands->complete({"assign", phone_a, "201,"}),
                ElementsAre("201,202", "201,310"));
}

} // namespace
