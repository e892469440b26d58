// SPDX-License-Identifier: MIT
// Tests of timelines: equal steps are one row, queues and tables have ends, old rows go.
#include "tests/inventory/fixture.hpp"

#include "provisioning/base/crypto.hpp"
#include "provisioning/inventory/event_queue.hpp"

#include <cstring>

#include <fmt/format.h>

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Timeline : public InventoryTest {
  protected:
    void served(const std::string& file) {
        inventory().note(mac(1), Step::file_served, "10.0.0.1", file);
    }
};

TEST_F(Timeline, EqualConsecutiveStepsAreOneRow) {
    apply({Approve{mac(1)}});
    const auto first = clock_.unix_ms();
    served("a.cfg");
    clock_.advance(std::chrono::seconds(1));
    served("a.cfg");
    clock_.advance(std::chrono::seconds(1));
    served("b.cfg");
    served("a.cfg");
    const auto events = inventory().timeline(mac(1));
    ASSERT_TRUE(events);
    ASSERT_EQ(events->size(), 4U);
    EXPECT_EQ((*events)[1].count, 2U);
    EXPECT_EQ((*events)[1].first, first);
    EXPECT_EQ((*events)[1].last, first + 1000);
    EXPECT_EQ((*events)[1].address, "10.0.0.1");
    EXPECT_THAT(story(mac(1)), ElementsAre("approved by uid 0", "file_served x2 a.cfg",
                                           "file_served b.cfg", "file_served a.cfg"));
}

TEST_F(Timeline, StepsEqualToTheNewestRowOnDiskAddToIt) {
    apply({Approve{mac(1)}});
    served("a.cfg");
    flush();
    served("a.cfg");
    served("a.cfg");
    EXPECT_THAT(story(mac(1)), ElementsAre("approved by uid 0", "file_served x3 a.cfg"));
    flush();
    EXPECT_THAT(story(mac(1)), ElementsAre("approved by uid 0", "file_served x3 a.cfg"));
    reopen();
    clock_.advance(std::chrono::seconds(5));
    served("a.cfg");
    served("b.cfg");
    flush_and_reopen();
    EXPECT_THAT(story(mac(1)),
                ElementsAre("approved by uid 0", "file_served x4 a.cfg", "file_served b.cfg"));
    EXPECT_EQ((*inventory().timeline(mac(1)))[1].last, clock_.unix_ms());
}

TEST_F(Timeline, KeepsTheNewestRowsOfADevice) {
    limits_.events_per_device = 5;
    apply({Approve{mac(1)}});
    for (int file = 0; file < 4; ++file) {
        served(std::to_string(file));
    }
    flush();
    for (int file = 4; file < 7; ++file) {
        served(std::to_string(file));
    }
    const std::vector<std::string> newest = {"file_served 2", "file_served 3", "file_served 4",
                                             "file_served 5", "file_served 6"};
    EXPECT_EQ(story(mac(1)), newest);
    flush();
    EXPECT_EQ(story(mac(1)), newest);
    reopen();
    EXPECT_EQ(story(mac(1)), newest);
}

TEST_F(Timeline, AStrangerHasTwentyRowsUntilItIsApproved) {
    inventory().saw(mac(1), at(1));
    for (int file = 0; file < 30; ++file) {
        served(std::to_string(file));
    }
    EXPECT_EQ(story(mac(1)).size(), 20U);
    EXPECT_EQ(story(mac(1)).front(), "file_served 10");
    EXPECT_EQ(inventory().counters().events_dropped, 10U);
    flush();
    apply({Approve{mac(1)}});
    for (int file = 30; file < 60; ++file) {
        served(std::to_string(file));
    }
    flush_and_reopen();
    EXPECT_EQ(story(mac(1)).size(), 51U);
}

TEST_F(Timeline, RowsOlderThanNinetyDaysGo) {
    apply({Approve{mac(1)}});
    served("old");
    flush();
    clock_.advance(std::chrono::hours(24 * 45));
    served("young");
    flush();
    clock_.advance(std::chrono::hours(24 * 45 + 1));
    flush();
    EXPECT_THAT(story(mac(1)), ElementsAre("file_served young"));
    clock_.advance(std::chrono::hours(24 * 45));
    flush();
    EXPECT_THAT(story(mac(1)), IsEmpty());
    served("young"); // equal to a row that is gone
    flush_and_reopen();
    EXPECT_THAT(story(mac(1)), ElementsAre("file_served young"));
}

TEST_F(Timeline, LongTextIsCut) {
    apply({Approve{mac(1)}});
    inventory().note(mac(1), Step::file_refused, std::string(5000, '1'), std::string(5000, 'x'));
    const auto events = inventory().timeline(mac(1));
    EXPECT_EQ(events->back().detail.size(), 256U);
    EXPECT_EQ(events->back().address.size(), 256U);
}

Event event(const std::string& detail, base::UnixMs at = 1) {
    return {Step::file_served, "", detail, at, at, 1};
}

TEST(EventRow, IsEqualToAnEventThatSaysTheSameAtTheSamePlace) {
    const EventRow row(7, Step::file_served, "10.0.0.1", "1.cfg");
    EXPECT_TRUE(row.equals({Step::file_served, "10.0.0.1", "1.cfg", 5, 6, 9}));
    EXPECT_FALSE(row.equals({Step::file_missing, "10.0.0.1", "1.cfg"}));
    EXPECT_FALSE(row.equals({Step::file_served, "10.0.0.2", "1.cfg"}));
    EXPECT_FALSE(row.equals({Step::file_served, "10.0.0.1", "2.cfg"}));
    EXPECT_FALSE(row.equals({Step::file_served, "10.0.0.11", ".cfg"}));
    EXPECT_FALSE(row.equals({Step::file_served, "10.0.0.", "11.cfg"}));
}

TEST(EventRow, NoStrangerCanWorkOutWhichTwoTextsAreKeptAsTheSame) {
    const auto whole = base::sha256(fmt::format("{} 8 10.0.0.1{}", 0, "1.cfg"));
    std::uint64_t part = 0;
    std::memcpy(&part, whole.data(), sizeof part);
    EXPECT_NE(EventRow(7, Step{}, "10.0.0.1", "1.cfg").says, part) << "what anybody can make";
    EXPECT_EQ(EventRow(7, Step{}, "10.0.0.1", "1.cfg").says,
              EventRow(8, Step{}, "10.0.0.1", "1.cfg").says);
}

TEST(EventQueue, AFloodOfStrangersLeavesTheRoomToTheOthers) {
    EventQueue queue;
    for (std::uint64_t number = 0; number < 20'000; ++number) {
        queue.add(mac(number), event("x"), 20, true);
    }
    EXPECT_EQ(queue.dropped(), 20'000U - EventQueue::most_of_strangers);
    for (std::uint64_t number = 0; number < EventQueue::most_of_all; ++number) {
        queue.add(mac(100'000 + number), event("x"), 200, false);
    }
    EXPECT_EQ(queue.dropped(), 20'000U);
    EXPECT_EQ(queue.take_all().size(), EventQueue::most_of_all);
    queue.add(mac(1), event("x"), 20, true);
    EXPECT_EQ(queue.take_all().size(), 1U);
}

TEST(EventQueue, WhatComesWhileABatchIsWrittenFollowsIt) {
    EventQueue queue;
    queue.knows(mac(1), {7, Step::file_served, "", "a"});
    queue.add(mac(1), event("b"), 9, false);
    auto batch = queue.take(mac(1));
    queue.add(mac(1), event("a"), 9, false); // equal to row 7, but b is between them
    queue.add(mac(1), event("b"), 9, false);
    EXPECT_EQ(queue.waiting_of(mac(1))->front().row, 0);
    queue.written(batch, EventRow{8, Step::file_served, "", "b"});
    EXPECT_EQ(queue.waiting_of(mac(1))->front().row, 0);
    batch = queue.take(mac(1));
    ASSERT_EQ(batch.events.size(), 2U);
    queue.add(mac(1), event("b"), 9, false);
    queue.written(batch, EventRow{9, Step::file_served, "", "b"});
    EXPECT_EQ(queue.waiting_of(mac(1))->front().row, 9);
}

TEST(EventQueue, AnUnwrittenBatchGoesBackBeforeWhatCameLater) {
    EventQueue queue;
    queue.knows(mac(1), {7, Step::file_served, "", "a"});
    queue.add(mac(1), event("a", 1), 3, false);
    queue.add(mac(1), event("b", 2), 3, false);
    auto batch = queue.take(mac(1));
    queue.add(mac(1), event("b", 3), 3, false);
    queue.add(mac(1), event("c", 4), 3, false);
    queue.restore(std::move(batch), 3);
    const auto* waiting = queue.waiting_of(mac(1));
    ASSERT_EQ(waiting->size(), 3U);
    EXPECT_EQ((*waiting)[0].row, 7);
    EXPECT_EQ((*waiting)[1].event.count, 2U);
    EXPECT_EQ((*waiting)[1].event.first, 2);
    EXPECT_EQ((*waiting)[1].event.last, 3);
    EXPECT_EQ((*waiting)[2].event.detail, "c");
    queue.add(mac(1), event("d"), 3, false);
    EXPECT_EQ(queue.waiting_of(mac(1))->size(), 3U);
    EXPECT_EQ(queue.waiting_of(mac(1))->front().event.detail, "b");
    EXPECT_EQ(queue.dropped(), 1U);
}

TEST(EventQueue, ABatchOfAForgottenDeviceDoesNotComeBack) {
    EventQueue queue;
    queue.add(mac(1), event("a"), 9, true);
    auto batch = queue.take(mac(1));
    queue.forget(mac(1));
    queue.add(mac(1), event("new"), 9, true);
    queue.restore(std::move(batch), 9);
    ASSERT_EQ(queue.waiting_of(mac(1))->size(), 1U);
    EXPECT_EQ(queue.waiting_of(mac(1))->front().event.detail, "new");
    batch = queue.take(mac(2));
    queue.restore(std::move(batch), 9);
    EXPECT_EQ(queue.waiting_of(mac(2)), nullptr);
}

} // namespace
} // namespace inventory
