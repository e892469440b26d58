// SPDX-License-Identifier: MIT
// What approves phones by itself, how far it came, and what it waits for.
#include "office.hpp"

#include <gmock/gmock.h>

namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct ShowRules : testing::Test {
    Office office;
    std::vector<admin::Reach::Rule> rules;

    /// "lobby" gives away 200-219, and has approved two phones.
    admin::Reach::Rule& lobby() {
        admin::Reach::Rule rule;
        rule.name = "lobby";
        rule.phones = "vendor htek, in 10.1.2.0/24";
        rule.action = "assign";
        rule.approves = true;
        rule.pool = inventory::Pool{"", {{"200", "219"}}, {}};
        rule.most = 20;
        rule.approved = 2;
        return rules.emplace_back(rule);
    }

    admin::Reach::Rule& block_all() {
        admin::Reach::Rule rule;
        rule.name = "rest";
        rule.phones = "any phone";
        rule.action = "block";
        rule.most = 300;
        return rules.emplace_back(rule);
    }

    admin::Reply shown() {
        auto reach = office.reach();
        reach.rules = [this] { return base::Result<std::vector<admin::Reach::Rule>>(rules); };
        admin::Commands commands(std::move(reach));
        return commands.run({"show", "rules"}, {});
    }
};

TEST_F(ShowRules, SaysThatPnpConfHasNone) {
    const auto reply = shown();
    EXPECT_EQ(reply.status, 0);
    EXPECT_THAT(reply.text, AllOf(StartsWith("pnp.conf has no section [rule NAME]"),
                                  HasSubstr("`unknown_phone`")));
}

TEST_F(ShowRules, ListsThemInTheirOrderWithWhatTheyApprovedSoFar) {
    for (const char* number : {"199", "200", "2000", "219", "220"}) {
        office.shelf.has_extension(number);
    }
    lobby();
    block_all();
    const auto reply = shown();
    EXPECT_EQ(reply.text,
              "RULE   PHONES                       ACTION  POOL             APPROVED  NOW\n"
              "lobby  vendor htek, in 10.1.2.0/24  assign  200-219, 2 free  2 of 20   acts\n"
              "rest   any phone                    block   -                -         acts\n"
              "The first rule that matches a phone wins.\n");
    const auto rows = reply.json.get("rules").items();
    ASSERT_EQ(rows.size(), 2U);
    const auto& row = rows[0];
    EXPECT_EQ(row.get("pool").text(), "200-219");
    EXPECT_EQ(row.get("free").number(), 2);
    EXPECT_EQ(row.get("approved").number(), 2);
    EXPECT_EQ(row.get("waits").text(), "");
}

TEST_F(ShowRules, SaysThatTheMostAreApproved) {
    office.shelf.has_extension("200");
    lobby().approved = 20;
    EXPECT_THAT(shown().text,
                AllOf(ContainsRegex("20 of 20 +waits\n"),
                      HasSubstr("lobby waits: it has approved 20 phones, its most: raise `most` "
                                "in pnp.conf, then: pnp reload\n")));
}

TEST_F(ShowRules, SaysThatThePoolIsUsedUp) {
    office.shelf.has_extension("200");
    office.run(std::string("assign ") + phone_a + " 200");
    lobby();
    EXPECT_THAT(shown().text, AllOf(HasSubstr("200-219, 0 free"),
                                    HasSubstr("lobby waits: none of 200-219 is free: add "
                                              "extensions there (pnp extension add NUMBER)")));
}

TEST_F(ShowRules, CountsTheExtensionsOfThePbx) {
    office.directory.host(
        [](const std::string& number) -> base::Result<profile::Account> {
            return profile::Account{number, "", base::Secret("x")};
        },
        {},
        [](const dialplan::Directory::Visit& visit) {
            visit("205", "Kitchen");
            visit("2O6", "no number");
        });
    lobby();
    EXPECT_THAT(shown().text, HasSubstr("200-219, 1 free"));
}

TEST_F(ShowRules, SaysThatARuleForEnrolmentWaitsForOne) {
    office.shelf.has_extension("200");
    office.rules = {"lobby"};
    lobby().only_enrolment = true;
    EXPECT_THAT(shown().text, HasSubstr("lobby waits: no enrolment is open for it: pnp enrol "
                                        "start 1h --rule lobby\n"));
    office.run("enrol start 1h --rule lobby");
    EXPECT_THAT(shown().text,
                AllOf(ContainsRegex("acts until [0-9]+:00:00\n"), Not(HasSubstr("waits"))));
}

TEST_F(ShowRules, NamesTheEnrolmentsThatComeBeforeThem) {
    office.shelf.has_extension("200");
    lobby();
    office.run("enrol start 1h --from 10.1.0.0/16");
    office.run(std::string("enrol ") + phone_a + " 1h");
    office.rules = {"gone"};
    office.run("enrol start 1h --rule gone");
    EXPECT_THAT(shown().text,
                AllOf(ContainsRegex("Until .* an enrolment approves any phone in 10.1.0.0/16, "
                                    "before any rule.\n"),
                      ContainsRegex("an enrolment approves 001fc1000001, before any rule.\n"),
                      HasSubstr("names the rule gone, which pnp.conf does not have: write it, "
                                "or: pnp enrol stop\n")));
    office.run("enrol stop");
    EXPECT_THAT(shown().text, EndsWith("The first rule that matches a phone wins.\n"));
}

TEST_F(ShowRules, TabOffersThem) {
    EXPECT_THAT(office.commands->complete({"show", "ru"}), ElementsAre("rules"));
}

} // namespace
