// SPDX-License-Identifier: MIT
// Tests of decisions: what they change, what they refuse, whom they tell.
#include "tests/inventory/fixture.hpp"

namespace inventory {
namespace {

using base::Errc;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Decisions : public InventoryTest {
  protected:
    base::Error refusal(const std::vector<Change>& changes) {
        const auto applied = inventory().apply(changes, "uid 0");
        EXPECT_FALSE(applied);
        return applied ? base::Error{} : applied.error();
    }
};

TEST_F(Decisions, ApproveCreatesADeviceThatWasNeverHeard) {
    apply({Approve{mac(1)}});
    ASSERT_NE(device(mac(1)), nullptr);
    EXPECT_TRUE(device(mac(1))->is_approved());
    EXPECT_FALSE(device(mac(1))->was_heard());
    EXPECT_EQ(device(mac(1))->decided, clock_.unix_ms());
    EXPECT_EQ(device(mac(1))->state(), "approved");
}

TEST_F(Decisions, AreThereAfterReopeningWithoutAnyFlush) {
    apply({extension("201"), extension("202"), Assign{mac(1), {"202", "201"}}, Block{mac(2)}});
    const auto decided = clock_.unix_ms();
    clock_.advance(std::chrono::hours(1));
    reopen();
    ASSERT_NE(device(mac(1)), nullptr);
    EXPECT_THAT(device(mac(1))->lines, ElementsAre("202", "201"));
    EXPECT_TRUE(device(mac(1))->is_approved());
    EXPECT_EQ(device(mac(1))->decided, decided);
    EXPECT_EQ(device(mac(2))->approval, Approval::blocked);
    ASSERT_NE(inventory().now().extension("201"), nullptr);
    EXPECT_EQ(inventory().now().extension("201")->name, "Name of 201");
    EXPECT_EQ(inventory().now().extension("201")->password.reveal(), "pw-201");
    EXPECT_THAT(inventory().now().holders("201"), ElementsAre(mac(1)));
    EXPECT_THAT(story(mac(1)), ElementsAre("assigned 202, 201 by uid 0"));
}

TEST_F(Decisions, SnapshotsListInOrderAndStayAsTheyWere) {
    apply({extension("202"), extension("201"), Approve{mac(2)}, Approve{mac(1)}});
    const auto before = inventory().now();
    apply({Block{mac(1)}, Approve{mac(3)}, RemoveExtension{"201"}});
    ASSERT_EQ(before.devices().size(), 2U);
    EXPECT_EQ(before.devices()[0]->mac, mac(1));
    EXPECT_TRUE(before.devices()[0]->is_approved());
    EXPECT_EQ(before.devices()[1]->mac, mac(2));
    ASSERT_EQ(before.extensions().size(), 2U);
    EXPECT_EQ(before.extensions()[0]->number, "201");
    EXPECT_EQ(inventory().now().device_count(), 3U);
    EXPECT_EQ(inventory().now().extensions().size(), 1U);
}

TEST_F(Decisions, AllOfAListOrNone) {
    const auto error = refusal(
        {extension("201"), Approve{mac(1)}, Assign{mac(2), {"201"}}, Assign{mac(3), {"999"}}});
    EXPECT_EQ(error.code, Errc::not_found);
    EXPECT_THAT(error.what, HasSubstr("change 4 of 4"));
    EXPECT_THAT(error.what, HasSubstr("assign 001fc1000003"));
    EXPECT_THAT(error.what, HasSubstr("999"));
    EXPECT_EQ(inventory().now().device_count(), 0U);
    EXPECT_EQ(inventory().now().extension("201"), nullptr);
    EXPECT_THAT(*inventory().audit(10), IsEmpty());
    reopen();
    EXPECT_EQ(inventory().now().device_count(), 0U);
    EXPECT_EQ(inventory().now().extension("201"), nullptr);
}

TEST_F(Decisions, AssignTakesNumbersOfTheStoreOfThePbxAndOfTheSameList) {
    inventory().host_numbers([](const std::string& number) { return number == "300"; });
    apply({extension("201")});
    apply({extension("202"), Assign{mac(1), {"201", "300", "202"}}});
    EXPECT_THAT(device(mac(1))->lines, ElementsAre("201", "300", "202"));
    EXPECT_EQ(refusal({Assign{mac(2), {"203"}}, extension("203")}).code, Errc::not_found);
    EXPECT_EQ(refusal({extension("204"), RemoveExtension{"204"}, Assign{mac(2), {"204"}}}).code,
              Errc::not_found);
}

TEST_F(Decisions, AssignRefusesNoLinesTwiceTheSameAndTooMany) {
    apply({extension("201")});
    EXPECT_THAT(refusal({Assign{mac(1), {}}}).what, HasSubstr("unassign"));
    const auto twice = refusal({Assign{mac(1), {"201", "201"}}});
    EXPECT_EQ(twice.code, Errc::conflict);
    EXPECT_THAT(twice.what, HasSubstr("named twice"));
    EXPECT_THAT(refusal({Assign{mac(1), std::vector<std::string>(65, "201")}}).what,
                HasSubstr("at most 64"));
    EXPECT_EQ(device(mac(1)), nullptr);
}

TEST_F(Decisions, NoPhoneHasTheZeroMac) {
    apply({extension("201")});
    EXPECT_EQ(refusal({Approve{base::Mac()}}).code, Errc::malformed);
    EXPECT_EQ(refusal({Block{base::Mac()}}).code, Errc::malformed);
    EXPECT_EQ(refusal({Assign{base::Mac(), {"201"}}}).code, Errc::malformed);
}

TEST_F(Decisions, AssignReplacesTheLinesAndKeepsTheGeneration) {
    apply({extension("201"), extension("202"), Assign{mac(1), {"201", "202"}}});
    const auto token = inventory().steady_token(*device(mac(1)));
    apply({Unassign{mac(1)}});
    apply({Assign{mac(1), {"202"}}});
    EXPECT_THAT(device(mac(1))->lines, ElementsAre("202"));
    EXPECT_TRUE(device(mac(1))->is_approved());
    EXPECT_EQ(inventory().steady_token(*device(mac(1))), token);
    EXPECT_THAT(inventory().now().holders("201"), IsEmpty());
    reopen();
    EXPECT_THAT(device(mac(1))->lines, ElementsAre("202"));
}

TEST_F(Decisions, BlockKeepsTheLinesAndUnassignKeepsTheApproval) {
    apply({extension("201"), Assign{mac(1), {"201"}}, Assign{mac(2), {"201"}}});
    apply({Block{mac(1)}, Unassign{mac(2)}});
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(device(mac(1))->approval, Approval::blocked);
        EXPECT_THAT(device(mac(1))->lines, ElementsAre("201"));
        EXPECT_TRUE(device(mac(2))->is_approved());
        EXPECT_THAT(device(mac(2))->lines, IsEmpty());
        reopen();
    }
}

TEST_F(Decisions, WhatIsDecidedAlreadyIsDoneAgainWithoutAnEvent) {
    apply({extension("201"), Assign{mac(1), {"201"}}, Block{mac(2)}});
    const auto decided = device(mac(1))->decided;
    clock_.advance(std::chrono::minutes(1));
    apply({Assign{mac(1), {"201"}}, Block{mac(2)}, Unassign{mac(2)}});
    EXPECT_EQ(device(mac(1))->decided, decided);
    EXPECT_THAT(story(mac(1)), ElementsAre("assigned 201 by uid 0"));
    EXPECT_THAT(story(mac(2)), ElementsAre("blocked by uid 0"));
    EXPECT_EQ(inventory().audit(100)->size(), 6U);
}

TEST_F(Decisions, UnassignNamesAPhoneThatIsNotKnown) {
    const auto error = refusal({Unassign{mac(9)}});
    EXPECT_EQ(error.code, Errc::not_found);
    EXPECT_THAT(error.what, HasSubstr("001fc1000009"));
}

TEST_F(Decisions, AddExtensionRefusesOneThatIsThere) {
    apply({extension("201")});
    const auto error = refusal({extension("201")});
    EXPECT_EQ(error.code, Errc::conflict);
    EXPECT_THAT(error.what, HasSubstr("201"));
    EXPECT_THAT(error.what, HasSubstr("remove it first"));
    EXPECT_EQ(refusal({extension("202"), extension("202")}).code, Errc::conflict);
}

TEST_F(Decisions, AddExtensionRefusesWhatNoConfigurationFileCouldHold) {
    const base::Secret good("secret");
    const std::vector<Extension> wrong = {
        {"", "n", good},
        {"20 1", "n", good},
        {"201\n", "n", good},
        {std::string("201\0", 4), "n", good},
        {std::string(65, '1'), "n", good},
        {"201", "two\nlines", good},
        {"201", std::string(201, 'n'), good},
        {"201", "n", base::Secret()},
        {"201", "n", base::Secret("a\r\nb")},
        {"201", "n", base::Secret(std::string(201, 'p'))},
        {"201", "M\xfcller", good}, // Latin-1
        {"201", "n", base::Secret("p\xfcss1234")},
        {"201", "n", base::Secret("a\xc2\x9b")},
    };
    for (const auto& each : wrong) {
        const auto error = refusal({AddExtension{each}});
        EXPECT_EQ(error.code, Errc::malformed) << each.number;
    }
    apply({AddExtension{{"alice.b-c_*#+", "Zoë", good}}});
    EXPECT_EQ(inventory().now().extension("alice.b-c_*#+")->name, "Zoë");
}

TEST_F(Decisions, RemoveExtensionNamesThePhonesThatHaveIt) {
    apply({extension("201"), Assign{mac(1), {"201"}}, Assign{mac(2), {"201"}}});
    const auto error = refusal({RemoveExtension{"201"}});
    EXPECT_EQ(error.code, Errc::conflict);
    EXPECT_THAT(error.what, HasSubstr("001fc1000001, 001fc1000002"));
    EXPECT_EQ(refusal({Unassign{mac(1)}, RemoveExtension{"201"}}).code, Errc::conflict);
    apply({Unassign{mac(1)}, Unassign{mac(2)}, RemoveExtension{"201"}});
    EXPECT_EQ(inventory().now().extension("201"), nullptr);
    EXPECT_EQ(refusal({RemoveExtension{"201"}}).code, Errc::not_found);
    reopen();
    EXPECT_EQ(inventory().now().extension("201"), nullptr);
}

TEST_F(Decisions, RemoveAndAddInOneListGivesTheNewOne) {
    apply({extension("201")});
    apply({RemoveExtension{"201"}, AddExtension{{"201", "New", base::Secret("other")}}});
    reopen();
    EXPECT_EQ(inventory().now().extension("201")->name, "New");
    EXPECT_EQ(inventory().now().extension("201")->password.reveal(), "other");
}

TEST_F(Decisions, TellWhomTheyTouchOnceAndOutsideTheLocks) {
    inventory().host_numbers([](const std::string& number) { return number == "201"; });
    std::vector<std::vector<base::Mac>> told;
    inventory().on_change([&](const std::vector<base::Mac>& macs) {
        told.push_back(macs);
        EXPECT_EQ(inventory().now().device_count(), macs.size()); // published before
        EXPECT_TRUE(inventory().timeline(mac(1)));                // would hang on the lock
    });
    apply({Approve{mac(1)}, Assign{mac(1), {"201"}}});
    apply({extension("201")}); // the holders of the number
    EXPECT_THAT(told, ElementsAre(ElementsAre(mac(1)), ElementsAre(mac(1))));
    refusal({Assign{mac(5), {"nobody"}}});
    EXPECT_EQ(told.size(), 2U);
}

TEST_F(Decisions, AreAuditedAndLoggedWithTheActorAndWithoutThePassword) {
    apply({extension("201"), Assign{mac(1), {"201"}}, Unassign{mac(1)}, Block{mac(1)}});
    clock_.advance(std::chrono::seconds(1));
    ASSERT_TRUE(inventory().apply({RemoveExtension{"201"}}, "web anna"));
    const auto lines = inventory().audit(100);
    ASSERT_TRUE(lines);
    std::vector<std::string> what;
    for (const auto& line : *lines) {
        what.push_back(line.actor + ": " + line.what);
        EXPECT_THAT(line.what, Not(HasSubstr("pw-")));
    }
    EXPECT_THAT(what, ElementsAre("uid 0: add extension 201", "uid 0: assign 001fc1000001 to 201",
                                  "uid 0: unassign 001fc1000001", "uid 0: block 001fc1000001",
                                  "web anna: remove extension 201"));
    EXPECT_EQ(lines->back().at, clock_.unix_ms());
    const auto newest = inventory().audit(2);
    ASSERT_EQ(newest->size(), 2U);
    EXPECT_EQ(newest->back().what, "remove extension 201");
    EXPECT_THAT(logged_, Contains("assign 001fc1000001 to 201 (by uid 0)"));
    for (const auto& line : logged_) {
        EXPECT_THAT(line, Not(HasSubstr("pw-")));
    }
}

TEST_F(Decisions, AndObservationsDoNotOverwriteEachOther) {
    inventory().saw(mac(1), at(0x0a000001));
    flush();
    apply({extension("201"), Assign{mac(1), {"201"}}});
    clock_.advance(std::chrono::seconds(5));
    inventory().saw(mac(1), at(0x0a000002));
    inventory().reached(mac(1), Stage::fetching);
    flush_and_reopen();
    EXPECT_TRUE(device(mac(1))->is_approved());
    EXPECT_THAT(device(mac(1))->lines, ElementsAre("201"));
    EXPECT_EQ(device(mac(1))->seen.address.value, 0x0a000002U);
    apply({Block{mac(1)}});
    reopen();
    EXPECT_EQ(device(mac(1))->seen.address.value, 0x0a000002U);
    EXPECT_EQ(device(mac(1))->seen.stage, Stage::fetching);
    EXPECT_EQ(device(mac(1))->seen.first + 5000, device(mac(1))->seen.last);
}

TEST_F(Decisions, StandBehindWhatWasNotedBeforeThem) {
    inventory().saw(mac(1), at(0x0a000001));
    inventory().note(mac(1), Step::heard, "10.0.0.1", "");
    inventory().note(mac(1), Step::held, "10.0.0.1", "not approved");
    apply({Approve{mac(1)}});
    inventory().note(mac(1), Step::offered, "10.0.0.1", "");
    EXPECT_THAT(story(mac(1)),
                ElementsAre("heard", "held not approved", "approved by uid 0", "offered"));
    flush_and_reopen();
    EXPECT_THAT(story(mac(1)),
                ElementsAre("heard", "held not approved", "approved by uid 0", "offered"));
}

TEST_F(Decisions, AThousandAtOnceAreOneCommit) {
    std::vector<Change> changes;
    for (std::uint64_t number = 1; number <= 1000; ++number) {
        const auto text = std::to_string(1000 + number);
        changes.emplace_back(extension(text));
        changes.emplace_back(Assign{mac(number), {text}});
    }
    apply(changes);
    reopen();
    EXPECT_EQ(inventory().now().device_count(), 1000U);
    EXPECT_THAT(device(mac(777))->lines, ElementsAre("1777"));
}

TEST_F(Decisions, TenThousandAtOnceTakeSecondsAndTellWhomTheyTouch) {
    std::vector<Change> changes;
    for (std::uint64_t number = 1; number <= 10'000; ++number) {
        const auto text = std::to_string(10'000 + number);
        changes.emplace_back(extension(text));
        changes.emplace_back(Assign{mac(number), {text}});
    }
    std::size_t touched = 0;
    inventory().on_change([&](const std::vector<base::Mac>& macs) { touched = macs.size(); });
    const auto begun = std::chrono::steady_clock::now();
    apply(changes);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
    EXPECT_EQ(touched, 10'000U);
}

} // namespace
} // namespace inventory
