// SPDX-License-Identifier: MIT
// Resyncs of many phones, as a person orders them and reads what came of them.
#include "office.hpp"

#include <gmock/gmock.h>

namespace {

using inventory::Resynced;
using testing::HasSubstr;
using testing::Not;

struct FleetOffice : testing::Test {
    Office office;
    std::optional<inventory::Fleet> fleet;
    std::optional<bool> talks = false;
    std::string talking;
    bool is_free = true;
    std::unique_ptr<admin::Commands> commands;

    FleetOffice() {
        auto reach = office.reach();
        reach.fleet = {
            [this](inventory::Fleet order) -> base::Status {
                if (!is_free) {
                    return base::fail(base::Errc::refused, "another resync is under way");
                }
                fleet = std::move(order);
                return {};
            },
            [this](bool stopped, std::string_view) -> base::Status {
                if (!fleet) {
                    return base::fail(base::Errc::refused, "no phone waits for a resync");
                }
                fleet->stopped = stopped;
                return {};
            },
            [this] { return fleet; },
            [this](const inventory::Device& device) -> std::optional<bool> {
                return device.mac.str() == talking ? std::optional(true) : talks;
            },
            [this](const inventory::Device& device) -> base::Status {
                return device.was_heard() ? base::Status()
                                          : base::fail(base::Errc::not_found, "never heard");
            },
        };
        commands = std::make_unique<admin::Commands>(std::move(reach));
        office.shelf.has_extension("201");
        office.phone_asked(phone_a, inventory::Step::held);
        office.phone_asked(phone_b, inventory::Step::held);
        office.shelf.apply({inventory::Assign{mac_of(phone_a), {"201"}},
                            inventory::Approve{mac_of(phone_b)},
                            inventory::Approve{mac_of("001fc1000003")}});
        office.phone_asked("001fc1000004", inventory::Step::held); // pending
    }

    admin::Reply run(const std::string& line) {
        std::vector<std::string> words;
        for (const auto word : base::split(line, ' ')) {
            words.emplace_back(word);
        }
        return commands->run(words, {"uid 7", {}});
    }
};

TEST_F(FleetOffice, ResyncAllMeansAllThatAreApproved) {
    const auto reply = run("resync all --rate 12");
    EXPECT_EQ(reply.status, 0) << reply.text;
    EXPECT_EQ(reply.text,
              "2 phones are told, 12 a minute: about 1 minute. pnp show resync says how "
              "far it is, pnp resync stop ends it.\n"
              "1 phone cannot be told; pnp show resync says why.\n");
    ASSERT_TRUE(fleet);
    EXPECT_EQ(fleet->actor, "uid 7");
    EXPECT_EQ(fleet->per_minute, 12U);
    EXPECT_EQ(fleet->phones.size(), 3U);
    EXPECT_FALSE(fleet->forced);
    EXPECT_EQ(fleet->phones[2].state, Resynced::refused);
    EXPECT_EQ(fleet->phones[2].detail, "never heard");
}

TEST_F(FleetOffice, ThatNobodyKnowsOfCallsIsSaidOnlyWhereItIsSoOfAll) {
    talks = std::nullopt;
    EXPECT_THAT(run("resync all").text, HasSubstr("they are told in calls too"));
    talking = phone_b; // the first one has no line that anybody could ask about
    EXPECT_THAT(run("resync all").text, Not(HasSubstr("in calls too")));
}

TEST_F(FleetOffice, ADryRunSaysWhoWouldBeToldAndTellsNobody) {
    talking = phone_b;
    const auto reply = run("resync all --dry-run");
    EXPECT_EQ(reply.status, 0);
    EXPECT_FALSE(fleet);
    EXPECT_THAT(reply.text, HasSubstr("001fc1000001  201    told\n"));
    EXPECT_THAT(reply.text, HasSubstr("001fc1000002  -      later: it is in a call\n"));
    EXPECT_THAT(reply.text, HasSubstr("001fc1000003  -      cannot be told: never heard\n"));
    EXPECT_THAT(reply.text, HasSubstr("2 phones would be told, 30 a minute: about 1 minute, 1 of "
                                      "them after a call. Nothing was done.\n"));
    EXPECT_THAT(run("resync all --dry-run --force").text,
                HasSubstr("told, though it is in a call"));
}

TEST_F(FleetOffice, PicksByVendorModelAndNetwork) {
    EXPECT_EQ(run("resync all --vendor htek --model uc9* --network 10.0.0.0/24").status, 0);
    EXPECT_EQ(fleet->phones.size(), 2U);
    EXPECT_EQ(run("resync all --model UC926").status, 1);
    EXPECT_EQ(run("resync all --network 10.1.0.0/24").status, 1);
    const auto reply = run("resync all --vendor hetk");
    EXPECT_EQ(reply.status, 2);
    EXPECT_THAT(reply.text, HasSubstr("htek"));
}

TEST_F(FleetOffice, SeveralByName) {
    const auto reply = run("resync 001fc1000002 001fc1000001 001fc1000002 --reboot");
    EXPECT_EQ(reply.status, 0) << reply.text;
    ASSERT_EQ(fleet->phones.size(), 2U);
    EXPECT_EQ(fleet->phones[0].mac.str(), phone_b);
    EXPECT_TRUE(fleet->reboots);
    EXPECT_THAT(run("resync 001fc1000001 001fc1000004").text, HasSubstr("is not approved"));
    EXPECT_EQ(run("resync 001fc1000001").text, "Resync sent.\n"); // one goes at once
}

TEST_F(FleetOffice, RefusesARateThatIsNone) {
    for (const auto* rate : {"0", "601", "-1", "fast"}) {
        EXPECT_EQ(run(std::string("resync all --rate ") + rate).status, 2) << rate;
    }
    is_free = false;
    EXPECT_EQ(run("resync all").text, "another resync is under way\n");
}

TEST_F(FleetOffice, SaysWhereNobodyKnowsOfCalls) {
    talks = std::nullopt;
    EXPECT_THAT(run("resync all").text, HasSubstr("so they are told in calls too"));
}

TEST_F(FleetOffice, ShowsWhatBecameOfEach) {
    EXPECT_THAT(run("show resync").text, HasSubstr("pnp resync all"));
    EXPECT_EQ(run("resync stop").status, 1);
    run("resync all");
    fleet->begun = office.shelf.clock.unix_ms();
    fleet->phones[0].state = Resynced::came;
    fleet->phones[0].detail = "fetched cfg001fc1000001.xml";
    fleet->phones[1].state = Resynced::in_call;
    const auto reply = run("show resync");
    EXPECT_THAT(reply.text, HasSubstr("001fc1000001  201    came "));
    EXPECT_THAT(reply.text, HasSubstr("fetched cfg001fc1000001.xml"));
    EXPECT_THAT(reply.text, HasSubstr("001fc1000002  -      in call"));
    EXPECT_THAT(reply.text, HasSubstr("30 a minute: 1 came, 1 in call, 1 refused of 3 phones.\n"
                                      "It goes on for about 1 minute.\n"));
    EXPECT_THAT(reply.json.dump(), HasSubstr("\"state\":\"in_call\""));
    EXPECT_EQ(run("resync stop").text,
              "Stopped: 1 phone is not told any more. pnp resync resume goes on.\n");
    EXPECT_THAT(run("show resync").text, HasSubstr("It is stopped: pnp resync resume goes on."));
    EXPECT_EQ(run("resync resume").text, "It goes on: 1 phone is told.\n");
}

TEST_F(FleetOffice, AGuestThatNobodyCouldClaimIsNotMade) {
    auto reach = office.reach();
    reach.claim_code = [] {
        return base::Result<std::string>(base::fail(base::Errc::refused, "write claim_code"));
    };
    commands = std::make_unique<admin::Commands>(std::move(reach));
    const auto reply = run("guest 001fc1000009");
    EXPECT_NE(reply.status, 0);
    EXPECT_THAT(reply.text, HasSubstr("write claim_code"));
    EXPECT_EQ(office.shelf->now().device(mac_of("001fc1000009")), nullptr);
}

TEST_F(FleetOffice, WhoMakesAPinIsToldWhatIsDialledWithIt) {
    auto reach = office.reach();
    base::Result<std::string> code = std::string("*77");
    reach.claim_code = [&code] { return code; };
    commands = std::make_unique<admin::Commands>(std::move(reach));
    EXPECT_THAT(run("extension pin 201").text, HasSubstr("To dial at a guest: *77*201*PIN#"));
    EXPECT_THAT(run("guest 001fc1000009").text, HasSubstr("dials *77*EXTENSION*PIN# there"));
    code = base::fail(base::Errc::refused, "write claim_code");
    EXPECT_THAT(run("extension pin 201").text, HasSubstr("of no use: write claim_code"));
}

} // namespace
