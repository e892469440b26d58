// SPDX-License-Identifier: MIT
// Tests of the queue of jobs and of windows in which secrets went: what is accepted, and what of it
// survives.
#include "tests/inventory/workpoint_fixture.hpp"

#include <csignal>
#include <set>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace inventory {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class Jobs : public WorkpointTest {
  protected:
    std::vector<std::int64_t> ids(std::uint64_t phone) {
        std::vector<std::int64_t> all;
        for (const auto& job : workpoints().jobs(mac(phone))) {
            all.push_back(job.id);
        }
        return all;
    }

    std::vector<std::string> audited() {
        std::vector<std::string> lines;
        const auto audit = inventory().audit(100);
        EXPECT_TRUE(audit);
        for (const auto& line : *audit) {
            lines.push_back(line.actor + ": " + line.what);
        }
        return lines;
    }
};

TEST_F(Jobs, AreThereAfterAKillAsTheyWereAdded) {
    approve(1);
    const auto deploy =
        Job{0, mac(1), JobKind::deploy, {{{"file"}, "bell.wav"}, {{"type"}, "MOH"}}};
    const auto first = add(write(1, {{{"e164"}, "4210"}, {{"key-label", 3}, "J\xc3\xb6rg"}}));
    add(read(1));
    add(read(1, {{{"reg-addr"}, ""}}));
    add(restart(1));
    add({0, mac(1), JobKind::factory_reset});
    add(deploy);
    EXPECT_TRUE(workpoints().update_job(first, [](Job& job) {
        job.attempts = 2;
        job.result = "the phone is busy";
    }));
    const auto before = workpoints().jobs(mac(1));
    ASSERT_EQ(before.size(), 6U);
    reopen();
    const auto after = workpoints().jobs(mac(1));
    ASSERT_EQ(after.size(), 6U);
    for (std::size_t at = 0; at < after.size(); ++at) {
        EXPECT_EQ(after[at].id, before[at].id);
        EXPECT_EQ(after[at].kind, before[at].kind);
        EXPECT_EQ(after[at].items, before[at].items);
        EXPECT_EQ(after[at].state, JobState::waiting);
        EXPECT_EQ(after[at].created, clock_.unix_ms());
        EXPECT_EQ(after[at].attempts, before[at].attempts);
        EXPECT_EQ(after[at].result, before[at].result);
    }
    EXPECT_EQ(add(restart(1)), before[3].id) << "it waits already";
    EXPECT_EQ(add(write(1, {{{"e164"}, "4211"}})), 7) << "no id is given twice";
}

TEST_F(Jobs, ThatWereSentWaitAgainAfterARestartOfOurs) {
    approve(1);
    const auto id = add(read(1));
    EXPECT_TRUE(workpoints().has_work(mac(1)));
    const auto send = [](Job& job) {
        job.state = JobState::sent;
        ++job.attempts;
    };
    EXPECT_TRUE(workpoints().update_job(id, send));
    EXPECT_TRUE(workpoints().has_work(mac(1))) << "what was not answered is wanted still";
    EXPECT_EQ(workpoints().job(id)->state, JobState::sent);
    EXPECT_NE(add(read(1)), id) << "another one is wanted";
    const auto once = add(restart(1));
    EXPECT_TRUE(workpoints().update_job(once, send));
    approve(2);
    EXPECT_TRUE(workpoints().update_job(add(restart(2)), send));
    EXPECT_FALSE(workpoints().has_work(mac(2))) << "it restarts";
    reopen();
    EXPECT_EQ(state_of(id), JobState::waiting);
    EXPECT_EQ(workpoints().job(id)->attempts, 1U);
    EXPECT_TRUE(workpoints().has_work(mac(1)));
    EXPECT_EQ(state_of(once), JobState::sent) << "a phone that restarts is not told to do it again";
}

TEST_F(Jobs, EqualOnesWaitOnce) {
    approve(1);
    approve(2);
    const auto id = add(write(1, {{{"e164"}, "1"}}));
    EXPECT_EQ(add(write(1, {{{"e164"}, "1"}})), id);
    EXPECT_NE(add(write(1, {{{"e164"}, "2"}})), id);
    EXPECT_NE(add(write(1, {{{"e164", 1}, "1"}})), id);
    EXPECT_NE(add(write(2, {{{"e164"}, "1"}})), id);
    end(id);
    EXPECT_NE(add(write(1, {{{"e164"}, "1"}})), id) << "that one was done";
}

TEST_F(Jobs, AreRefusedForWhoIsNotApproved) {
    inventory().saw(mac(1), at(1));
    apply({Block{mac(2)}});
    for (std::uint64_t phone = 1; phone <= 3; ++phone) {
        EXPECT_THAT(refusal(restart(phone)), HasSubstr("is not approved; approve it first"));
    }
    EXPECT_TRUE(workpoints().jobs().empty());
}

TEST_F(Jobs, AreRefusedBeyondAHundredThatWait) {
    approve(1);
    std::vector<std::int64_t> added;
    for (int number = 0; number < 100; ++number) {
        added.push_back(add(write(1, {{{"e164"}, std::to_string(number)}})));
    }
    EXPECT_THAT(refusal(restart(1)), HasSubstr("100 jobs wait"));
    EXPECT_EQ(add(write(1, {{{"e164"}, "0"}})), added.front()) << "but not what is there already";
    end(added.front());
    add(restart(1));
}

TEST_F(Jobs, NeverHoldASecret) {
    approve(1);
    for (const auto* name : {"sip-pwd", "admin-pwd", "SSH-Password", "dls-client-certificate"}) {
        const auto written = refusal(write(1, {{{"e164"}, "1"}, {{name}, "hush"}}));
        EXPECT_THAT(written, HasSubstr(std::string(name) + " is a secret"));
        EXPECT_THAT(written, testing::Not(HasSubstr("hush")));
        EXPECT_THAT(refusal(read(1, {{{name}, ""}})), HasSubstr("is a secret"));
    }
    workpoints().secret_items([](std::string_view name) { return name == "e164"; });
    EXPECT_THAT(refusal(write(1, {{{"e164"}, "1"}})), HasSubstr("e164 is a secret"));
    add(write(1, {{{"min-admin-passw-length"}, "8"}}));
}

TEST_F(Jobs, WithItemsThatDoNotFitAreRefused) {
    approve(1);
    const auto with = [](JobKind kind, std::map<ItemKey, std::string> items) {
        return Job{0, mac(1), kind, std::move(items)};
    };
    EXPECT_THAT(refusal(with(JobKind::write, {})), HasSubstr("at least one item"));
    EXPECT_THAT(refusal(with(JobKind::read, {{{"e164"}, "1"}})), HasSubstr("has no value"));
    EXPECT_THAT(refusal(with(JobKind::restart, {{{"e164"}, ""}})), HasSubstr("no items"));
    EXPECT_THAT(refusal(with(JobKind::factory_reset, {{{"x"}, ""}})), HasSubstr("no items"));
    EXPECT_THAT(refusal(with(JobKind::deploy, {})), HasSubstr("one file and its type"));
    EXPECT_THAT(refusal(with(JobKind::deploy, {{{"file"}, "a"}})), HasSubstr("its type"));
    EXPECT_THAT(refusal(with(JobKind::deploy, {{{"file"}, "a"}, {{"type"}, "APP"}})),
                HasSubstr("its version"));
    EXPECT_THAT(refusal(with(JobKind::deploy,
                             {{{"file"}, "a"}, {{"type"}, "MOH"}, {{"version"}, "3.5.21.0"}})),
                HasSubstr("its version"));
    EXPECT_THAT(refusal(with(JobKind::write, {{{""}, "1"}})), HasSubstr("characters"));
    EXPECT_THAT(refusal(with(JobKind::write, {{{"e164", -2}, "1"}})), HasSubstr("from 0"));
    EXPECT_THAT(refusal(with(JobKind::write, {{{std::string(129, 'x')}, "1"}})),
                HasSubstr("1 to 128"));
    EXPECT_THAT(refusal(with(JobKind::write, {{{"a"}, std::string(300'000, 'x')}})),
                HasSubstr("262144 bytes"));
    EXPECT_THAT(refusal(with(JobKind::write, {{{"a"}, std::string("\0", 1)}})),
                HasSubstr("zero byte"));
    std::map<ItemKey, std::string> many;
    for (int index = 0; index < 10'001; ++index) {
        many[{"key-label", index}] = "x";
    }
    EXPECT_THAT(refusal(with(JobKind::write, many)), HasSubstr("at most 10000 items"));
    many.clear();
    for (int index = 0; index < 5; ++index) {
        many[{"logo", index}] = std::string(250'000, 'x');
    }
    EXPECT_THAT(refusal(with(JobKind::write, many)), HasSubstr("1048576 bytes"));
    EXPECT_TRUE(workpoints().jobs().empty());
}

TEST_F(Jobs, AreInTheAuditAndTheTimelineWithoutTheirValues) {
    approve(1);
    const auto id = add(write(1, {{{"e164"}, "4210"}, {{"key-label", 3}, "Anna"}}));
    EXPECT_TRUE(workpoints().cancel(id, "uid 7"));
    EXPECT_THAT(
        audited(),
        ElementsAre("uid 0: approve " + mac(1).str(),
                    "uid 0: add job 1 for " + mac(1).str() + ": write e164, key-label 3",
                    "uid 7: cancel job 1 for " + mac(1).str() + ": write e164, key-label 3"));
    EXPECT_THAT(story(mac(1)),
                ElementsAre("approved by uid 0", "job_added 1: write e164, key-label 3 by uid 0",
                            "job_failed 1: write e164, key-label 3: cancelled by uid 7"));
    EXPECT_THAT(logged_, Contains(HasSubstr("add job 1 for")));
}

TEST_F(Jobs, AreToldToWhoMayAskThePhoneToCall) {
    approve(1);
    std::vector<base::Mac> told;
    workpoints().on_job([&](base::Mac mac) {
        told.push_back(mac);
        EXPECT_TRUE(inventory().workpoints().has_work(mac));
        EXPECT_TRUE(inventory().flush()) << "no lock is held";
    });
    add(restart(1));
    add(restart(1));
    EXPECT_THAT(told, ElementsAre(mac(1)));
}

TEST_F(Jobs, CanBeCancelledUntilTheyEnded) {
    approve(1);
    const auto waits = add(restart(1));
    const auto sent = add(read(1));
    const auto over = add(write(1, {{{"e164"}, "1"}}));
    EXPECT_TRUE(workpoints().update_job(sent, [](Job& job) { job.state = JobState::sent; }));
    end(over);
    EXPECT_TRUE(workpoints().cancel(waits, "me"));
    EXPECT_TRUE(workpoints().cancel(sent, "me"));
    EXPECT_THAT(workpoints().cancel(over, "me").error().what, HasSubstr("ended already (done)"));
    EXPECT_THAT(workpoints().cancel(waits, "me").error().what, HasSubstr("(given_up)"));
    EXPECT_THAT(workpoints().cancel(77, "me").error().what, HasSubstr("no job 77"));
    reopen();
    EXPECT_EQ(state_of(waits), JobState::given_up);
    EXPECT_EQ(workpoints().job(waits)->result, "cancelled by me");
}

TEST_F(Jobs, ThatWereCancelledAreNotBegunAgain) {
    approve(1);
    const auto id = add(restart(1));
    EXPECT_TRUE(workpoints().cancel(id, "me"));
    const auto begun = workpoints().update_job(id, [](Job& job) { job.state = JobState::sent; });
    ASSERT_FALSE(begun);
    EXPECT_THAT(begun.error().what, HasSubstr("cancelled by me"));
    EXPECT_EQ(state_of(id), JobState::given_up);
    EXPECT_FALSE(workpoints().update_job(77, [](Job&) {}));
}

TEST_F(Jobs, KeepWhatTheyAreWhateverCameOfThem) {
    approve(1);
    const auto id = add(write(1, {{{"e164"}, "1"}}));
    clock_.advance(std::chrono::seconds(5));
    EXPECT_TRUE(workpoints().update_job(id, [](Job& job) {
        job = {99, mac(2), JobKind::restart, {}, JobState::failed, 1, 1, 9, std::string(300, 'r')};
    }));
    for (int round = 0; round < 2; ++round) {
        const auto job = workpoints().job(id);
        ASSERT_TRUE(job);
        EXPECT_EQ(job->mac, mac(1));
        EXPECT_EQ(job->kind, JobKind::write);
        EXPECT_EQ(job->items.size(), 1U);
        EXPECT_EQ(job->state, JobState::failed);
        EXPECT_EQ(job->changed - job->created, 5000);
        EXPECT_EQ(job->attempts, 9U);
        EXPECT_EQ(job->result.size(), 256U);
        reopen();
    }
}

TEST_F(Jobs, ThatEndedAreKeptFiftyForEachPhone) {
    approve(1);
    approve(2);
    const auto other = add(restart(2));
    end(other);
    const auto waits = add(restart(1));
    for (int number = 0; number < 60; ++number) {
        clock_.advance(std::chrono::seconds(1));
        end(add(write(1, {{{"e164"}, std::to_string(number)}})));
    }
    const auto before = ids(1);
    EXPECT_EQ(before.size(), 51U);
    EXPECT_EQ(before.front(), waits);
    EXPECT_EQ(before[1], waits + 11);
    reopen();
    EXPECT_EQ(ids(1), before);
    EXPECT_EQ(state_of(other), JobState::done);
    EXPECT_EQ(count("job_item"), 50);
}

TEST_F(Jobs, OfABlockedPhoneAreGivenUpInTheSameCommit) {
    approve(1);
    approve(2);
    const auto waits = add(restart(1));
    const auto sent = add(read(1));
    const auto over = add(write(1, {{{"e164"}, "1"}}));
    const auto other = add(restart(2));
    EXPECT_TRUE(workpoints().update_job(sent, [](Job& job) { job.state = JobState::sent; }));
    end(over);
    apply({Block{mac(1)}});
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(state_of(waits), JobState::given_up);
        EXPECT_EQ(state_of(sent), JobState::given_up);
        EXPECT_EQ(workpoints().job(sent)->result, "the phone was blocked");
        EXPECT_EQ(state_of(over), JobState::done);
        EXPECT_EQ(state_of(other), JobState::waiting);
        EXPECT_FALSE(workpoints().has_work(mac(1)));
        reopen();
    }
    approve(1);
    EXPECT_FALSE(workpoints().has_work(mac(1))) << "an approval brings none back";
}

TEST_F(Jobs, OfAPhoneWithoutLinesWait) {
    apply({extension("201"), Assign{mac(1), {"201"}}});
    const auto id = add(restart(1));
    apply({Unassign{mac(1)}});
    EXPECT_EQ(state_of(id), JobState::waiting);
}

TEST_F(Jobs, AreListedByIdForAllPhones) {
    approve(1);
    approve(2);
    add(restart(2));
    add(restart(1));
    add(read(2));
    const auto all = workpoints().jobs();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[1].mac, mac(1));
    EXPECT_THAT(ids(2), ElementsAre(1, 3));
    EXPECT_FALSE(workpoints().job(4));
}

TEST_F(Jobs, DamagedInTheDatabaseAreLeftOutWithOneLine) {
    approve(1);
    const auto good = add(restart(1));
    const auto kind = add(read(1));
    const auto state = add(read(1, {{{"a"}, ""}}));
    const auto empty = add(write(1, {{{"a"}, "1"}}));
    const auto attempts = add(write(1, {{{"b"}, "1"}}));
    run_sql(fmt::format("update job set kind = 'dance' where id = {};"
                        "update job set state = '' where id = {};"
                        "delete from job_item where job = {};"
                        "update job set attempts = -1 where id = {};"
                        "insert into job select 9223372036854775807, mac, kind, state, created, "
                        "changed, attempts, result, busy_since from job where id = {};",
                        kind, state, empty, attempts, good));
    logged_.clear();
    reopen();
    EXPECT_THAT(ids(1), ElementsAre(good));
    EXPECT_THAT(logged_, Contains(HasSubstr("5 jobs in the database are damaged")).Times(1));
    EXPECT_EQ(add(read(1)), attempts + 1);
}

TEST_F(Jobs, AreNotAddedWhenTheDiskFails) {
    approve(1);
    {
        auto other = sql::Connection::open(path());
        ASSERT_TRUE(other);
        ASSERT_TRUE(other->run("alter table audit rename to away"));
        EXPECT_THAT(refusal(restart(1)), HasSubstr("the job was not added"));
        EXPECT_FALSE(workpoints().has_work(mac(1)));
        ASSERT_TRUE(other->run("alter table away rename to audit"));
    }
    EXPECT_EQ(add(restart(1)), 1);
}

TEST(JobWords, AreDistinctAndReadBack) {
    for (int number = 0; number <= static_cast<int>(JobKind::deploy); ++number) {
        const auto kind = static_cast<JobKind>(number);
        EXPECT_EQ(job_kind_named(name(kind)), kind);
    }
    for (int number = 0; number <= static_cast<int>(JobState::given_up); ++number) {
        const auto state = static_cast<JobState>(number);
        EXPECT_EQ(job_state_named(name(state)), state);
    }
    EXPECT_EQ(name(JobKind::factory_reset), "factory_reset");
    EXPECT_EQ(job_kind_named("unknown"), std::nullopt);
}

TEST(JobWords, DescribeAJobWithoutItsValues) {
    EXPECT_EQ(describe(restart(1)), "restart");
    EXPECT_EQ(describe(read(1)), "read all items");
    EXPECT_EQ(describe(read(1, {{{"a"}, ""}})), "read a");
    EXPECT_EQ(describe({0, mac(1), JobKind::deploy, {{{"file"}, "bell.wav"}, {{"type"}, "MOH"}}}),
              "deploy bell.wav");
    const Job firmware{0,
                       mac(1),
                       JobKind::deploy,
                       {{{"file"}, "os40.img"}, {{"type"}, "APP"}, {{"version"}, "3.5.21.0"}}};
    EXPECT_EQ(describe(firmware), "deploy os40.img 3.5.21.0");
    EXPECT_TRUE(is_firmware(firmware));
    EXPECT_FALSE(is_firmware(restart(1)));
    std::map<ItemKey, std::string> many;
    for (int index = 0; index < 12; ++index) {
        many[{"key-label", index}] = "Anna";
    }
    EXPECT_EQ(describe(write(1, many)),
              "write key-label 0, key-label 1, key-label 2, key-label 3, key-label 4, key-label 5, "
              "key-label 6, key-label 7, key-label 8, key-label 9 and 2 more");
}

// --- Windows -------------------------------------------------------------------------------------

class Windows : public WorkpointTest {
  protected:
    std::string refused(std::uint64_t phone, std::int64_t window) {
        const auto spent = workpoints().spend_window(mac(phone), window);
        EXPECT_FALSE(spent);
        return spent ? "" : spent.error().what;
    }
};

TEST_F(Windows, AreSpentOnceForEachPhone) {
    approve(1);
    approve(2);
    const auto one = open_window(1);
    const auto two = open_window(2);
    EXPECT_FALSE(workpoints().is_window_spent(mac(1), one));
    EXPECT_TRUE(workpoints().spend_window(mac(1), one));
    for (int round = 0; round < 2; ++round) {
        EXPECT_TRUE(workpoints().is_window_spent(mac(1), one));
        EXPECT_FALSE(workpoints().is_window_spent(mac(2), two));
        EXPECT_THAT(refused(1, one), HasSubstr("in this enrolment window already; open a new one"));
        reopen();
    }
    EXPECT_TRUE(workpoints().spend_window(mac(2), two));
    EXPECT_TRUE(workpoints().is_window_spent(mac(1), one)) << "the other's window is still open";
}

TEST_F(Windows, OfOthersOpenNothing) {
    approve(1);
    approve(2);
    const auto one = open_window(1);
    apply({OpenEnrolment{{0, clock_.unix_ms() + 60'000, "", {}, {}}}});
    const auto everybodys = inventory().now().enrolments().back().id;
    EXPECT_THAT(refused(2, one), HasSubstr("no enrolment window is open for " + mac(2).str()));
    EXPECT_THAT(refused(2, everybodys), HasSubstr("no enrolment window"));
    EXPECT_THAT(refused(1, one + 7), HasSubstr("no enrolment window"));
}

TEST_F(Windows, EndWithTheirTimeOrByHand) {
    approve(1);
    auto window = open_window(1);
    clock_.advance(std::chrono::minutes(2));
    EXPECT_THAT(refused(1, window), HasSubstr("no enrolment window"));
    window = open_window(1);
    apply({CloseEnrolments{}});
    EXPECT_THAT(refused(1, window), HasSubstr("no enrolment window"));
}

TEST_F(Windows, OpenNothingForWhoIsNotApproved) {
    inventory().saw(mac(1), at(1));
    const auto window = open_window(1);
    EXPECT_THAT(refused(1, window), HasSubstr("not approved"));
    apply({Block{mac(1)}});
    EXPECT_THAT(refused(1, window), HasSubstr("not approved"));
}

TEST_F(Windows, ThatAreOpenedAgainAreNewOnesWhateverHappensBetween) {
    approve(1);
    std::set<std::int64_t> seen;
    const auto spend_new = [&] {
        const auto window = open_window(1);
        EXPECT_TRUE(seen.insert(window).second) << window;
        EXPECT_FALSE(workpoints().is_window_spent(mac(1), window));
        EXPECT_TRUE(workpoints().spend_window(mac(1), window));
    };
    spend_new();
    spend_new(); // the same once more, while it is open
    apply({CloseEnrolments{}});
    spend_new();
    clock_.advance(std::chrono::minutes(2));
    reopen(); // the row of the one that ended is still there
    spend_new();
    clock_.advance(std::chrono::minutes(2));
    flush_and_reopen(); // and now it is not
    spend_new();
    EXPECT_EQ(count("spent_window"), 1) << "marks of closed windows do not pile up";
}

TEST_F(Windows, StaySpentAfterKillNine) {
    approve(1);
    const auto window = open_window(1);
    inventory_.reset();
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        auto opened = Inventory::open(path(), limits_, clock_);
        const bool done = opened && (*opened)->workpoints().spend_window(mac(1), window) &&
                          (*opened)->workpoints().add(restart(1), "me");
        (void)!::write(ends[1], done ? "y" : "n", 1);
        for (;;) {
            ::pause();
        }
    }
    ::close(ends[1]);
    char told = ' ';
    EXPECT_EQ(::read(ends[0], &told, 1), 1);
    ::close(ends[0]);
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    ASSERT_EQ(told, 'y');
    EXPECT_TRUE(workpoints().is_window_spent(mac(1), window));
    EXPECT_THAT(refused(1, window), HasSubstr("already"));
    EXPECT_TRUE(workpoints().has_work(mac(1)));
}

} // namespace
} // namespace inventory
