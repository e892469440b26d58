// SPDX-License-Identifier: MIT
// One phone in the place of another, and two that exchange their lines, as people order it.
#include "office.hpp"

#include "provisioning/inventory/workpoints.hpp"

#include <gmock/gmock.h>

namespace {

using inventory::Stage;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* panasonic = "0080f0010203";

struct Exchange : testing::Test {
    Exchange() {
        office.shelf.has_extension("201", "Alice");
        office.shelf.has_extension("202", "Bob");
        office.run(std::string("assign ") + phone_a + " 201");
    }

    /// It has its configuration.
    void is_configured(const char* mac) {
        office.phone_asked(mac, inventory::Step::offered);
        office.shelf->reached(mac_of(mac), Stage::configured);
    }

    std::vector<std::string> lines(const char* mac) {
        const auto now = office.shelf->now();
        const auto* device = now.device(mac_of(mac));
        return device == nullptr ? std::vector<std::string>() : device->lines;
    }

    Office office;
};

TEST_F(Exchange, ReplaceSaysWhoHasTheLinesAndWhatBecomesOfTheOldPhone) {
    is_configured(phone_a);
    const auto reply = office.run("replace 001fc1000001 001fc1000002");
    EXPECT_EQ(reply.status, 0);
    EXPECT_EQ(reply.text,
              "001fc1000002 has 201 now, in place of 001fc1000001.\n"
              "It was never heard: plug it in.\n"
              "001fc1000001 is blocked and its URLs have ended. What it fetched before it still "
              "holds, the password of 201 too: unplug it. Once it works again: pnp approve "
              "001fc1000001\n");
    EXPECT_THAT(lines(phone_b), ElementsAre("201"));
    EXPECT_EQ(reply.json.get("old").get("state").text(), "blocked");
    EXPECT_EQ(reply.json.get("new").get("lines").items()[0].text(), "201");
}

TEST_F(Exchange, APhoneThatStartsAgainAndAgainHoldsThePasswordAllTheSame) {
    for (const char* order : {"replace 001fc1000001 001fc1000002", "block 001fc1000002"}) {
        const char* mac = order[0] == 'r' ? phone_a : phone_b;
        is_configured(mac);
        office.shelf->used(mac_of(mac), *base::Ipv4::parse("10.0.0.2"));
        office.shelf->reached(mac_of(mac), Stage::offered); // by the offer of its next start
        EXPECT_THAT(office.run(order).text,
                    HasSubstr("What it fetched before it still holds, the password of 201 too"));
    }
}

TEST_F(Exchange, AGuestOnTheShelfTakesThePlaceOfABrokenPhone) {
    office.run("guest 001fc1000002");
    EXPECT_THAT(office.run("replace 001fc1000001 001fc1000002").text,
                StartsWith("001fc1000002 has 201 now, in place of 001fc1000001.\n"));
    EXPECT_THAT(lines(phone_b), ElementsAre("201"));
    EXPECT_THAT(office.run("show extensions").text, HasSubstr("pnp assign MAC 202\n"))
        << "and not the guest's account";
}

TEST_F(Exchange, AGuestsAccountIsSwappedWithNobody) {
    office.run("guest 001fc1000002");
    const auto reply = office.run("swap 001fc1000001 001fc1000002");
    EXPECT_EQ(reply.status, 1);
    EXPECT_THAT(reply.text, HasSubstr("is the account of 001fc1000002 as a guest"));
    EXPECT_EQ(office.run("assign 001fc1000001 guest001fc1000002").status, 1);
    EXPECT_THAT(lines(phone_a), ElementsAre("201"));
}

TEST_F(Exchange, TheNewPhoneThatWaitsGetsItsUrl) {
    office.phone_asked(phone_b, inventory::Step::held);
    EXPECT_THAT(office.run("replace 001fc1000001 001fc1000002").text,
                HasSubstr("The phone waits: it gets its URL now.\n"));
    EXPECT_THAT(office.resynced, IsEmpty());
}

TEST_F(Exchange, ANewPhoneThatIsConfiguredIsToldToFetch) {
    office.run("approve 001fc1000002");
    is_configured(phone_b);
    EXPECT_THAT(office.run("replace 001fc1000001 001fc1000002").text,
                HasSubstr("It is told to fetch its new files. Resync sent.\n"));
    EXPECT_THAT(office.resynced, ElementsAre(phone_b));
}

TEST_F(Exchange, ReplaceIsRefusedWithWhatToDo) {
    office.run("assign 001fc1000002 202");
    EXPECT_THAT(office.run("replace 001fc1000001 001fc1000002").text,
                HasSubstr("that one has 202 already; unassign it first, or swap them"));
    EXPECT_EQ(office.run("replace 001fc1000001 00:1f:c1:00:00:01").status, 2);
    EXPECT_EQ(office.run("replace 001fc1000001").status, 2);
    EXPECT_EQ(office.run("replace 001fc1000001 phone").status, 2);
    EXPECT_EQ(office.run("replace 001fc1000009 001fc1000003").status, 1);
    EXPECT_THAT(lines(phone_a), ElementsAre("201"));
}

TEST_F(Exchange, NoPhoneGetsMoreLinesThanItHas) {
    for (const char* number : {"203", "204", "205", "206"}) {
        office.shelf.has_extension(number);
    }
    office.run(std::string("assign ") + panasonic + " 201,202,203,204,205,206");
    const auto reply = office.run(std::string("replace ") + panasonic + " 001fc1000002");
    EXPECT_EQ(reply.status, 1);
    EXPECT_EQ(reply.text, "0080f0010203 has 6 extensions, and 001fc1000002 has 4 lines at most; "
                          "give it those that matter: pnp assign 001fc1000002 EXT,EXT\n");
    EXPECT_EQ(office.run(std::string("swap 001fc1000001 ") + panasonic).status, 1);
    EXPECT_EQ(office.run(std::string("swap ") + panasonic + " 001fc1000001").status, 1);
    EXPECT_EQ(lines(panasonic).size(), 6U);
}

TEST_F(Exchange, SwapTellsBothPhonesToFetch) {
    office.run("assign 001fc1000002 202");
    is_configured(phone_a);
    is_configured(phone_b);
    const auto reply = office.run("swap 001fc1000001 001fc1000002");
    EXPECT_EQ(reply.status, 0);
    EXPECT_EQ(reply.text,
              "001fc1000001 has 202 now. It is told to fetch its new files. Resync sent.\n"
              "001fc1000002 has 201 now. It is told to fetch its new files. Resync sent.\n");
    EXPECT_THAT(office.resynced, ElementsAre(phone_a, phone_b));
    EXPECT_THAT(lines(phone_a), ElementsAre("202"));
    EXPECT_THAT(lines(phone_b), ElementsAre("201"));
    EXPECT_EQ(reply.json.get("phones").items().size(), 2U);
}

TEST_F(Exchange, SwapSaysWhichPhoneCouldNotBeTold) {
    office.run("assign 001fc1000002 202");
    is_configured(phone_a);
    is_configured(phone_b);
    office.deaf = phone_b;
    EXPECT_THAT(office.run("swap 001fc1000001 001fc1000002").text,
                AllOf(HasSubstr("001fc1000001 has 202 now. It is told"),
                      HasSubstr("001fc1000002 has 201 now. It could not be told to fetch its new "
                                "files (its vendor is not known): unplug it")));
}

TEST_F(Exchange, SwapWithAPhoneWithoutLinesMovesThem) {
    office.run("approve 001fc1000002");
    is_configured(phone_a);
    EXPECT_THAT(office.run("swap 001fc1000001 001fc1000002").text,
                AllOf(HasSubstr("001fc1000001 has no extension any more. What it fetched before it "
                                "still holds, the password of 201 too"),
                      HasSubstr("001fc1000002 has 201 now. It was never heard: plug it in.")));
    EXPECT_THAT(office.resynced, IsEmpty());
}

TEST_F(Exchange, SwapIsRefusedWithWhatToDo) {
    EXPECT_EQ(office.run("swap 001fc1000001 001fc1000001").status, 2);
    const auto unknown = office.run("swap 001fc1000001 001fc1000002");
    EXPECT_EQ(unknown.status, 1);
    EXPECT_THAT(unknown.text, HasSubstr("001fc1000002 is not known; approve it first"));
    office.run("assign 001fc1000002 201");
    EXPECT_THAT(office.run("swap 001fc1000001 001fc1000002").text,
                StartsWith("Both have the same extensions"));
}

TEST_F(Exchange, ReplaceSaysWhatBecameOfTheJobs) {
    constexpr const char* old_one = "001ae8102030";
    constexpr const char* new_one = "001ae8102031";
    inventory::Sighting seen; // which its address alone does not tell
    seen.model = "OpenStage 40";
    office.shelf->saw(mac_of(old_one), seen);
    office.shelf->saw(mac_of(new_one), seen);
    office.run(std::string("assign ") + old_one + " 202");
    auto& jobs = office.shelf->workpoints();
    ASSERT_TRUE(jobs.add({0, mac_of(old_one), inventory::JobKind::restart}, "test"));
    ASSERT_TRUE(
        jobs.add({0, mac_of(old_one), inventory::JobKind::write, {{{"e164"}, "202"}}}, "test"));
    EXPECT_THAT(office.run(std::string("replace ") + old_one + " " + new_one).text,
                HasSubstr("1 job that waited for the old one waits for the new one now. 1 job of "
                          "the old one was given up; `pnp show jobs` lists them.\n"));
    ASSERT_TRUE(
        jobs.add({0, mac_of(new_one), inventory::JobKind::write, {{{"e164"}, "203"}}}, "test"));
    const auto other_vendor = office.run(std::string("replace ") + new_one + " 001fc1000002").text;
    EXPECT_THAT(other_vendor, AllOf(HasSubstr("2 jobs of the old one were given up"),
                                    Not(HasSubstr("new one now"))));
}

} // namespace
