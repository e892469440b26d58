// SPDX-License-Identifier: MIT
// Tests of one phone in the place of another, and of two that exchange their lines.
#include "provisioning/inventory/guest.hpp"
#include "tests/inventory/workpoint_fixture.hpp"

namespace inventory {
namespace {

using base::Errc;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Exchange : public WorkpointTest {
  protected:
    Exchange() {
        apply(
            {extension("201"), extension("202"), extension("203"), Assign{mac(1), {"201", "202"}}});
    }

    base::Error refused(const Change& change) {
        const auto before = inventory().audit(100).value();
        const auto applied = inventory().apply({change}, "uid 0");
        EXPECT_FALSE(applied);
        EXPECT_EQ(inventory().audit(100)->size(), before.size());
        return applied ? base::Error{} : applied.error();
    }

    std::string mint(base::Mac of) {
        const std::array<base::Mac, 1> macs = {of};
        return inventory().mint_first_tokens(macs).value().front();
    }

    bool opens(const std::string& token) { return inventory().now().credential(token).has_value(); }

    std::vector<std::string> lines(std::uint64_t phone) { return device(mac(phone))->lines; }

    std::vector<std::string> waiting(std::uint64_t phone) {
        std::vector<std::string> words;
        for (const auto& job : workpoints().jobs(mac(phone))) {
            if (!has_ended(job.state)) {
                words.push_back(describe(job));
            }
        }
        return words;
    }
};

TEST_F(Exchange, TheNewPhoneHasTheLinesAndTheOldOneNothing) {
    const auto first = mint(mac(1));
    const auto steady = inventory().steady_token(*device(mac(1)));
    ASSERT_TRUE(opens(first) && opens(steady));
    apply({Replace{mac(1), mac(2)}});
    for (int round = 0; round < 2; ++round) {
        EXPECT_THAT(lines(2), ElementsAre("201", "202"));
        EXPECT_TRUE(device(mac(2))->is_approved());
        EXPECT_THAT(lines(1), IsEmpty());
        EXPECT_EQ(device(mac(1))->approval, Approval::blocked);
        EXPECT_FALSE(opens(first)) << "in round " << round;
        EXPECT_FALSE(opens(steady)) << "in round " << round;
        EXPECT_TRUE(opens(inventory().steady_token(*device(mac(2)))));
        EXPECT_THAT(inventory().now().holders("202"), ElementsAre(mac(2)));
        EXPECT_EQ(inventory().now().release("201"), nullptr) << "a phone has it";
        EXPECT_EQ(inventory().audit(1)->front().what,
                  "replace 001fc1000001 by 001fc1000002: 201, 202");
        EXPECT_EQ(story(mac(1)).back(), "blocked by uid 0: 001fc1000002 takes its place");
        EXPECT_EQ(story(mac(2)).back(), "assigned 201, 202 by uid 0, in place of 001fc1000001");
        reopen();
    }
}

TEST_F(Exchange, BothAreToldOfAtOnce) {
    std::vector<std::vector<base::Mac>> told;
    inventory().on_change([&](const std::vector<base::Mac>& macs) { told.push_back(macs); });
    apply({Replace{mac(1), mac(2)}});
    EXPECT_THAT(told, ElementsAre(ElementsAre(mac(1), mac(2))));
    apply({Assign{mac(3), {"203"}}});
    told.clear();
    apply({Swap{mac(2), mac(3)}});
    EXPECT_THAT(told, ElementsAre(ElementsAre(mac(2), mac(3))));
}

TEST_F(Exchange, ARepairedPhoneTakesItsPlaceAgain) {
    apply({Replace{mac(1), mac(2)}});
    apply({Replace{mac(2), mac(1)}});
    EXPECT_THAT(lines(1), ElementsAre("201", "202"));
    EXPECT_TRUE(device(mac(1))->is_approved());
    EXPECT_EQ(device(mac(2))->approval, Approval::blocked);
}

TEST_F(Exchange, AStolenPhoneThatIsBlockedAlreadyIsReplacedToo) {
    apply({Block{mac(1)}});
    const auto generation = device(mac(1))->generation;
    apply({Replace{mac(1), mac(2)}});
    EXPECT_THAT(lines(2), ElementsAre("201", "202"));
    EXPECT_THAT(lines(1), IsEmpty());
    EXPECT_EQ(device(mac(1))->approval, Approval::blocked);
    EXPECT_EQ(device(mac(1))->generation, generation);
    EXPECT_EQ(story(mac(1)).back(), "unassigned 201, 202 by uid 0: 001fc1000002 takes its place");
}

TEST_F(Exchange, APhoneWithoutLinesHandsOnItsApproval) {
    apply({Approve{mac(4)}, Replace{mac(4), mac(5)}});
    EXPECT_TRUE(device(mac(5))->is_approved());
    EXPECT_EQ(device(mac(4))->approval, Approval::blocked);
    EXPECT_EQ(story(mac(5)).back(), "approved by uid 0, in place of 001fc1000004");
}

TEST_F(Exchange, AReplacementIsRefusedWithWhatToDo) {
    apply({Assign{mac(3), {"203"}}, Block{mac(4)}});
    EXPECT_THAT(refused(Replace{mac(9), mac(2)}).what, HasSubstr("look for a slip"));
    EXPECT_THAT(refused(Replace{mac(1), mac(1)}).what, HasSubstr("by itself?"));
    EXPECT_THAT(refused(Replace{mac(1), base::Mac()}).what, HasSubstr("is no phone"));
    const auto taken = refused(Replace{mac(1), mac(3)});
    EXPECT_EQ(taken.code, Errc::conflict);
    EXPECT_THAT(taken.what, HasSubstr("has 203 already; unassign it first, or swap them"));
    EXPECT_THAT(refused(Replace{mac(4), mac(2)}).what, HasSubstr("nothing to hand over"));
    EXPECT_THAT(lines(1), ElementsAre("201", "202"));
    EXPECT_EQ(device(mac(2)), nullptr);
}

TEST_F(Exchange, AGuestsAccountGoesToNoOtherPhone) {
    apply({Assign{mac(3), {"203"}}, MakeGuest{mac(4), base::Secret("x")}});
    const auto guest = guest_number(mac(4));
    for (const auto& change :
         std::vector<Change>{Assign{mac(3), {guest}}, Assign{mac(3), {"203", guest}},
                             Assign{mac(4), {"203", guest}}, Swap{mac(3), mac(4)},
                             Swap{mac(4), mac(3)}, Replace{mac(4), mac(5)}}) {
        const auto error = refused(change);
        EXPECT_EQ(error.code, Errc::refused);
        EXPECT_THAT(error.what, HasSubstr("is the account of 001fc1000004 as a guest"));
    }
    EXPECT_THAT(lines(3), ElementsAre("203"));
    EXPECT_THAT(lines(4), ElementsAre(guest));
    apply({Assign{mac(4), {guest}}}); // its own
}

TEST_F(Exchange, AGuestTakesThePlaceOfABrokenPhone) {
    apply({MakeGuest{mac(2), base::Secret("x")}, MakeGuest{mac(5), base::Secret("x")},
           Approve{mac(4)}});
    apply({Replace{mac(1), mac(2)}});
    EXPECT_THAT(lines(2), ElementsAre("201", "202"));
    EXPECT_THAT(inventory().now().holders(guest_number(mac(2))), IsEmpty());
    apply({Replace{mac(4), mac(5)}}); // which has nothing to hand over
    EXPECT_THAT(lines(5), ElementsAre(guest_number(mac(5))));
}

TEST_F(Exchange, JobsThatAreAsGoodForTheNewPhoneWaitForIt) {
    const auto restarts = add(restart(1));
    const auto writes = add(write(1, {{{"e164"}, "201"}}));
    const auto sent = add(write(1, {{{"key-label", 3}, "Anna"}}));
    const auto deploys =
        add({0, mac(1), JobKind::deploy, {{{"file"}, "a.wav"}, {{"type"}, "MOH"}}});
    end(sent, JobState::sent);
    std::vector<base::Mac> asked;
    workpoints().on_job([&](base::Mac phone) { asked.push_back(phone); });
    apply({Replace{mac(1), mac(2), true}});
    EXPECT_THAT(asked, ElementsAre(mac(2), mac(2)));
    for (int round = 0; round < 2; ++round) {
        EXPECT_THAT(waiting(2), ElementsAre(HasSubstr("e164"), HasSubstr("a.wav")));
        EXPECT_THAT(waiting(1), IsEmpty());
        for (const auto id : {restarts, writes, sent, deploys}) {
            EXPECT_EQ(state_of(id), JobState::given_up) << id;
            EXPECT_EQ(workpoints().job(id)->mac, mac(1));
        }
        EXPECT_THAT(story(mac(2)).back(), HasSubstr("a.wav"));
        flush_and_reopen();
    }
    EXPECT_GT(add(restart(2)), deploys + 2);
}

TEST_F(Exchange, WithoutItsJobsTheyAreGivenUp) {
    add(write(1, {{{"e164"}, "201"}}));
    apply({Replace{mac(1), mac(2)}});
    EXPECT_THAT(waiting(1), IsEmpty());
    EXPECT_THAT(waiting(2), IsEmpty());
}

TEST_F(Exchange, NoMoreJobsAreTakenOverThanAPhoneMayHave) {
    approve(2);
    for (std::int32_t at = 0; at < 60; ++at) {
        add(write(1, {{{"key-label", at}, "a"}}));
        add(write(2, {{{"key-label", at}, "b"}}));
    }
    apply({Replace{mac(1), mac(2), true}});
    EXPECT_EQ(waiting(2).size(), Workpoints::most_jobs_per_phone);
    EXPECT_THAT(waiting(1), IsEmpty());
}

TEST_F(Exchange, SwappedPhonesHaveEachOthersLinesAndKeepTheRest) {
    apply({Assign{mac(3), {"203"}}});
    const auto token = inventory().steady_token(*device(mac(1)));
    const auto job = add(restart(1));
    apply({Swap{mac(1), mac(3)}});
    for (int round = 0; round < 2; ++round) {
        EXPECT_THAT(lines(1), ElementsAre("203"));
        EXPECT_THAT(lines(3), ElementsAre("201", "202"));
        EXPECT_TRUE(opens(token));
        EXPECT_EQ(state_of(job), JobState::waiting);
        for (const char* number : {"201", "202", "203"}) {
            EXPECT_EQ(inventory().now().release(number), nullptr);
        }
        EXPECT_THAT(inventory().now().holders("203"), ElementsAre(mac(1)));
        EXPECT_EQ(inventory().audit(1)->front().what, "swap 001fc1000001 and 001fc1000003");
        reopen();
    }
    EXPECT_THAT(story(mac(1)), Contains("assigned 203 by uid 0, in exchange with 001fc1000003"));
}

TEST_F(Exchange, ASwapLeavesAPhoneThatIsGivenNothingWithoutLines) {
    approve(3);
    apply({Swap{mac(3), mac(1)}});
    EXPECT_THAT(lines(1), IsEmpty());
    EXPECT_TRUE(device(mac(1))->is_approved());
    EXPECT_THAT(lines(3), ElementsAre("201", "202"));
    EXPECT_EQ(story(mac(1)).back(), "unassigned 201, 202 by uid 0, in exchange with 001fc1000003");
}

TEST_F(Exchange, ASwapOfOneExtensionOnBothChangesNothing) {
    apply({Assign{mac(3), {"201", "202"}}});
    const auto before = story(mac(1));
    apply({Swap{mac(1), mac(3)}});
    EXPECT_EQ(story(mac(1)), before);
    apply({Assign{mac(3), {"202", "203"}}, Swap{mac(1), mac(3)}});
    EXPECT_THAT(inventory().now().holders("202"), ElementsAre(mac(1), mac(3)));
}

TEST_F(Exchange, ASwapIsRefusedWithWhatToDo) {
    approve(3);
    apply({Block{mac(4)}, Approve{mac(5)}});
    EXPECT_THAT(refused(Swap{mac(1), mac(1)}).what, HasSubstr("name two phones"));
    EXPECT_EQ(refused(Swap{mac(1), mac(9)}).code, Errc::not_found);
    EXPECT_THAT(refused(Swap{mac(4), mac(1)}).what, HasSubstr("001fc1000004 is blocked"));
    EXPECT_THAT(refused(Swap{mac(3), mac(5)}).what, HasSubstr("neither has an extension"));
}

TEST_F(Exchange, OneThatCannotBeCommittedLeavesBothAsTheyWere) {
    apply({Assign{mac(3), {"203"}}});
    const auto token = inventory().steady_token(*device(mac(1)));
    const auto job = add(write(1, {{{"e164"}, "201"}}));
    run_sql("create trigger full before insert on audit begin select raise(abort, 'full'); end");
    EXPECT_FALSE(inventory().apply({Swap{mac(1), mac(3)}}, "uid 0"));
    EXPECT_FALSE(inventory().apply({Replace{mac(1), mac(2), true}}, "uid 0"));
    for (int round = 0; round < 2; ++round) {
        EXPECT_THAT(lines(1), ElementsAre("201", "202"));
        EXPECT_THAT(lines(3), ElementsAre("203"));
        EXPECT_EQ(device(mac(2)), nullptr);
        EXPECT_TRUE(opens(token));
        EXPECT_EQ(state_of(job), JobState::waiting);
        EXPECT_THAT(inventory().now().holders("201"), ElementsAre(mac(1)));
        reopen();
    }
}

} // namespace
} // namespace inventory
