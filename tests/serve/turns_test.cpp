// SPDX-License-Identifier: MIT
// The order of turns, and how many of them are with the workers.
#include "provisioning/serve/turns.hpp"

#include "tests/no_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using serve::Turns;
using testing::ElementsAre;
using testing::SizeIs;

class TurnsTest : public testing::Test {
  protected:
    void add(std::uint32_t source, const std::string& name, std::weak_ptr<const void> whose) {
        turns->add(base::Ipv4{source}, {std::move(whose), [this, name] { worked.push_back(name); },
                                        [this, name] { done.push_back(name); }});
    }

    void add(std::uint32_t source, const std::string& name) { add(source, name, alive); }

    /// So many that whoever comes next has to wait.
    void fill(std::uint32_t source) {
        for (std::size_t i = 0; i < Turns::at_once; ++i) {
            add(source, "first");
        }
    }

    void run() {
        while (loop.step()) {
        }
        std::erase(worked, "first");
        std::erase(done, "first");
    }

    base::Loop loop;
    std::shared_ptr<Turns> turns = std::make_shared<Turns>(loop);
    std::shared_ptr<const void> alive = std::make_shared<int>();
    std::vector<std::string> worked;
    std::vector<std::string> done;
};

TEST_F(TurnsTest, OfOneAddressTheyComeInTheirOrder) {
    fill(1);
    for (const char* name : {"a", "b", "c"}) {
        add(1, name);
    }
    EXPECT_EQ(turns->size(), Turns::at_once + 3);
    run();
    EXPECT_THAT(worked, ElementsAre("a", "b", "c"));
    EXPECT_EQ(done, worked);
    EXPECT_EQ(turns->size(), 0U);
}

TEST_F(TurnsTest, AnAddressThatWantsManyWaitsForItself) {
    fill(1);
    for (const char* name : {"greedy 1", "greedy 2", "greedy 3", "greedy 4"}) {
        add(1, name);
    }
    add(2, "other 1");
    add(3, "third 1");
    add(2, "other 2");
    run();
    EXPECT_THAT(worked, ElementsAre("greedy 1", "other 1", "third 1", "greedy 2", "other 2",
                                    "greedy 3", "greedy 4"));
}

TEST_F(TurnsTest, WhoElseHasWorkWaitsForFewOfThem) {
    for (int i = 0; i < 1000; ++i) {
        add(1, "turn");
    }
    std::size_t before = 0;
    loop.work([&] { before = worked.size(); });
    run();
    EXPECT_EQ(before, Turns::at_once);
    EXPECT_THAT(worked, SizeIs(1000));
}

TEST_F(TurnsTest, WhoIsGoneIsPassedOver) {
    fill(1);
    auto gone = std::make_shared<int>();
    add(1, "gone", gone);
    add(1, "here");
    gone.reset();
    run();
    EXPECT_THAT(worked, ElementsAre("here"));
    EXPECT_THAT(done, ElementsAre("gone", "here")) << "what it held is given back";
    EXPECT_EQ(turns->size(), 0U);
}

TEST_F(TurnsTest, WhatIsThrownTakesNoTurnFromOthers) {
    for (std::size_t i = 0; i < 2 * Turns::at_once; ++i) {
        turns->add(base::Ipv4{1}, {alive, [] { throw std::runtime_error("out of order"); },
                                   [this] { done.emplace_back("all the same"); }});
    }
    add(1, "next");
    run();
    EXPECT_THAT(done, SizeIs(2 * Turns::at_once + 1));
    EXPECT_THAT(worked, ElementsAre("next"));
}

TEST_F(TurnsTest, AMomentWithoutMemoryCostsNobodyElseATurn) {
    bool was_met = true;
    for (int others = 0; was_met; ++others) {
        std::size_t taken = 0;
        std::size_t answered = 0;
        {
            const NoMemoryAfter moment(others);
            for (std::uint32_t i = 0; i < 40; ++i) {
                try {
                    turns->add(base::Ipv4{i / 2}, {alive, [] {}, [&] { ++answered; }});
                    ++taken;
                } catch (const std::bad_alloc&) { // its connection is closed
                }
                if (i % 4 == 0) {
                    loop.step();
                }
            }
            while (loop.step()) {
            }
            was_met = moment.was_met();
        }
        add(9, "next"); // whatever waited for memory goes with it
        run();
        ASSERT_GE(taken, 39U) << others;
        ASSERT_EQ(answered, taken) << others;
        ASSERT_THAT(done, ElementsAre("next")) << others;
        ASSERT_EQ(turns->size(), 0U) << others;
        worked.clear();
        done.clear();
    }
}

TEST_F(TurnsTest, WhoCannotEvenBeToldHasItsTurnOnce) {
    bool was_met = true;
    for (int others = 0; was_met; ++others) {
        int ends = 0; // its connection gives back what it holds where it was not taken
        {
            const NoMemoryAfter moment(others);
            try {
                turns->add(base::Ipv4{1}, {alive, [] {},
                                           [&ends] {
                                               ++ends;
                                               throw std::bad_alloc();
                                           }});
            } catch (const std::bad_alloc&) {
                ++ends;
            }
            was_met = moment.was_met();
        }
        run();
        ASSERT_EQ(ends, 1) << others;
    }
}

TEST_F(TurnsTest, ThoseThatWaitCanBeDropped) {
    fill(1);
    auto holder = std::make_shared<std::string>("held");
    const std::weak_ptr<std::string> held = holder;
    turns->add(base::Ipv4{1}, {alive, [holder] {}, [] {}});
    add(1, "never");
    holder.reset();
    turns->clear();
    EXPECT_TRUE(held.expired());
    run();
    EXPECT_TRUE(worked.empty());
    EXPECT_EQ(turns->size(), 0U);
    add(1, "again");
    run();
    EXPECT_THAT(worked, ElementsAre("again"));
}

} // namespace
