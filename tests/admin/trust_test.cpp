// SPDX-License-Identifier: MIT
// The commands about tokens, enrolments and the audit: what they do, and that no token is shown.
#include "office.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

struct TrustCommands : testing::Test {
    Office office;

    inventory::Device device(const char* mac) {
        const auto now = office.shelf->now();
        const auto* found = now.device(mac_of(mac));
        return found != nullptr ? *found : inventory::Device();
    }

    void use(const char* mac, std::uint32_t generation) {
        ASSERT_TRUE(office.shelf->steady_used(mac_of(mac), generation));
        office.shelf->used(mac_of(mac), *base::Ipv4::parse("10.0.0.2"));
    }

    std::vector<inventory::Enrolment> open() { return office.shelf->now().enrolments(); }
};

TEST_F(TrustCommands, RotateOfAllAsksThosePhonesThatWereHeard) {
    office.phone_asked(phone_a, inventory::Step::held);
    for (const char* each : {phone_a, phone_b, "001fc1000003"}) {
        office.run(std::string("approve ") + each);
    }
    office.run("block 001fc1000003");
    const auto reply = office.run("rotate --all");
    EXPECT_EQ(reply.status, 0);
    EXPECT_THAT(reply.text, StartsWith("2 phones have a new token"));
    EXPECT_THAT(reply.text, HasSubstr("1 phone is asked to fetch its files now"));
    EXPECT_THAT(reply.text, HasSubstr("1 phone was never heard"));
    EXPECT_THAT(office.resynced, ElementsAre(phone_a));
    EXPECT_EQ(device(phone_a).generation, 2U);
    EXPECT_EQ(device(phone_b).generation, 2U);
    EXPECT_EQ(reply.json.get("rotated").number(), 2);
    EXPECT_EQ(office.shelf->audit(1)->back().actor, "uid 7");
}

TEST_F(TrustCommands, RotateOfOnePhoneLeavesTheOthersAlone) {
    office.phone_asked(phone_a, inventory::Step::held);
    office.run(std::string("approve ") + phone_a);
    office.run(std::string("approve ") + phone_b);
    office.deaf = phone_a;
    const auto reply = office.run(std::string("rotate ") + phone_a);
    EXPECT_EQ(reply.status, 0);
    EXPECT_THAT(reply.text, HasSubstr("1 phone could not be asked (the first: 001fc1000001: its "
                                      "vendor is not known)"));
    EXPECT_EQ(device(phone_a).generation, 2U);
    EXPECT_EQ(device(phone_b).generation, 1U);
}

TEST_F(TrustCommands, RotateWantsOnePhoneOrAll) {
    EXPECT_EQ(office.run("rotate").status, 2);
    EXPECT_EQ(office.run(std::string("rotate --all ") + phone_a).status, 2);
    EXPECT_EQ(office.run(std::string("rotate ") + phone_a).status, 1);
    EXPECT_THAT(office.run(std::string("rotate ") + phone_a).text, HasSubstr("not approved"));
    EXPECT_THAT(office.run("rotate --all").text, HasSubstr("No phone is approved"));
}

TEST_F(TrustCommands, ShowTokensSaysWhoStillUsesTheOneBefore) {
    EXPECT_THAT(office.run("show tokens").text, HasSubstr("No phone is approved"));
    office.run(std::string("approve ") + phone_a);
    office.run(std::string("approve ") + phone_b);
    EXPECT_THAT(office.run("show tokens").text, HasSubstr("none yet"));
    use(phone_a, 1);
    use(phone_b, 1);
    office.run("rotate --all");
    use(phone_b, 2);
    const std::array<base::Mac, 1> macs = {mac_of(phone_a)};
    const auto first = office.shelf->mint_first_tokens(macs);
    ASSERT_TRUE(first);
    const auto reply = office.run("show tokens");
    EXPECT_THAT(reply.text, HasSubstr("1 of 2 still use the one before; to make them"));
    EXPECT_THAT(reply.text, testing::ContainsRegex("001fc1000001 +2 +the one before +1 +just now "
                                                   "by 10.0.0.2"));
    EXPECT_THAT(reply.text, testing::ContainsRegex("001fc1000002 +2 +the new one +0"));
    const auto shown = reply.text + reply.json.dump();
    EXPECT_THAT(shown, Not(HasSubstr(first->front())));
    EXPECT_THAT(shown, Not(HasSubstr(office.shelf->steady_token(device(phone_a)))));
    office.run("rotate --all");
    EXPECT_THAT(office.run("show tokens").text,
                AllOf(HasSubstr("1 of 2 still"), HasSubstr("1 phone hold")));
}

TEST_F(TrustCommands, EnrolStartSaysUntilWhenAndForWhom) {
    office.rules = {"lobby", "cellar"};
    const auto reply = office.run("enrol start 2h --rule lobby --from 10.1.2.0/24");
    EXPECT_EQ(reply.status, 0) << reply.text;
    EXPECT_THAT(reply.text, AllOf(StartsWith("Until "), HasSubstr("in 10.1.2.0/24"),
                                  HasSubstr("as rule lobby says"), HasSubstr("pnp enrol stop")));
    ASSERT_EQ(open().size(), 1U);
    EXPECT_EQ(open()[0].until, office.shelf.clock.unix_ms() + 7'200'000);
    EXPECT_EQ(open()[0].rule, "lobby");
    EXPECT_THAT(office.run("show enrolments").text, HasSubstr("as rule lobby"));
    EXPECT_THAT(office.run("enrol start 1d").text, HasSubstr("in every served network"));
    EXPECT_THAT(office.run("show enrolments").text, HasSubstr("approved"));
    EXPECT_THAT(office.run("enrol stop").text, StartsWith("2 enrolments are closed"));
    EXPECT_THAT(open(), IsEmpty());
    EXPECT_THAT(office.run("enrol stop").text, StartsWith("No enrolment was open"));
    EXPECT_THAT(office.run("show enrolments").text, HasSubstr("pnp enrol start DURATION"));
}

TEST_F(TrustCommands, EnrolRefusesWhatItCannotDo) {
    EXPECT_EQ(office.run("enrol start soon").status, 2);
    EXPECT_EQ(office.run("enrol start").status, 2);
    EXPECT_EQ(office.run("enrol start 2h --from nowhere").status, 2);
    EXPECT_THAT(office.run("enrol start 8d").text, HasSubstr("within 7d"));
    EXPECT_THAT(office.run("enrol start 36500d").text, HasSubstr("within 7d"));
    EXPECT_THAT(office.run("enrol start 0s").text, HasSubstr("within 7d"));
    EXPECT_THAT(office.run("enrol start 2h --rule lobby").text,
                HasSubstr("leave --rule away to approve every phone"));
    office.rules = {"lobby"};
    EXPECT_THAT(office.run("enrol start 2h --rule loby").text, HasSubstr("did you mean 'lobby'?"));
    EXPECT_EQ(office.run("enrol start 2h --rule loby").status, 1);
    EXPECT_THAT(open(), IsEmpty());
}

TEST_F(TrustCommands, EnrolOfOnePhoneExpectsIt) {
    const auto reply = office.run(std::string("enrol ") + phone_a + " 30m");
    EXPECT_EQ(reply.status, 0) << reply.text;
    EXPECT_THAT(reply.text, AllOf(HasSubstr("is approved when it asks until"),
                                  HasSubstr("pnp assign 001fc1000001 EXT")));
    ASSERT_EQ(open().size(), 1U);
    EXPECT_EQ(open()[0].mac, mac_of(phone_a));
    EXPECT_THAT(office.run("show enrolments").text, HasSubstr(phone_a));
    office.run(std::string("block ") + phone_b);
    EXPECT_THAT(office.run(std::string("enrol ") + phone_b + " 30m").text, HasSubstr("is blocked"));
    EXPECT_EQ(office.run("enrol nonsense 30m").status, 2);
}

TEST_F(TrustCommands, TheEndOfALongEnrolmentNamesTheDay) {
    EXPECT_THAT(office.run("enrol start 6d").text, testing::ContainsRegex("Until 2026-01-0[678] "));
}

TEST_F(TrustCommands, TabOffersTheWordsAndThePhones) {
    office.run(std::string("approve ") + phone_a);
    EXPECT_THAT(office.commands->complete({"enrol", ""}), ElementsAre(phone_a, "start", "stop"));
    EXPECT_THAT(office.commands->complete({"enrol", "st"}), ElementsAre("start", "stop"));
    EXPECT_THAT(office.commands->complete({"export", ""}), ElementsAre("audit", "sdcard", "tftp"));
    EXPECT_THAT(office.commands->complete({"rotate", "--"}), ElementsAre("--all", "--json"));
    EXPECT_THAT(office.commands->complete({"approve", ""}), ElementsAre(phone_a));
}

TEST_F(TrustCommands, ExportAuditIsATableOfEverything) {
    for (int round = 0; round < 60; ++round) {
        office.run(std::string("approve ") + phone_a);
    }
    office.run("extension add 201");
    office.run("extension add 202");
    office.run(std::string("assign ") + phone_a + " 201,202");
    const auto reply = office.run("export audit");
    EXPECT_EQ(std::count(reply.text.begin(), reply.text.end(), '\n'), 1 + 63);
    EXPECT_THAT(reply.text, StartsWith("time,who,what\n2026-01-01T"));
    EXPECT_THAT(reply.text, HasSubstr(",uid 7,\"assign 001fc1000001 to 201, 202\"\n"));
}

TEST_F(TrustCommands, ApproveAfterAContestWarnsOfTheWrongPhone) {
    office.run(std::string("approve ") + phone_a);
    ASSERT_TRUE(office.shelf->contest(mac_of(phone_a), "10.0.0.66", "its registration"));
    EXPECT_THAT(office.run(std::string("approve ") + phone_a).text,
                HasSubstr("take the wrong one off the network first"));
    EXPECT_EQ(device(phone_a).claim, inventory::Claim::granted);
}

} // namespace
