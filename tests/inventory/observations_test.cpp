// SPDX-License-Identifier: MIT
// Tests of observations: what is learnt, how many strangers are kept, what reaches the disk.
#include "tests/inventory/fixture.hpp"
#include "tests/no_memory.hpp"

#include "provisioning/inventory/sql/connection.hpp"

#include <fstream>
#include <random>

#include <unistd.h>

namespace inventory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::int64_t rows(const std::string& path, const char* table) {
    auto connection = sql::Connection::open(path);
    EXPECT_TRUE(connection);
    auto count = connection->prepare(std::string("select count(*) from ") + table);
    EXPECT_TRUE(count && count->step().value_or(false));
    return count->integer(0);
}

class Observations : public InventoryTest {
  protected:
    /// Writes what the phone of this number did, without memory for `times` allocations behind so
    /// many others; false where that came too late.
    bool flush_without_memory(std::uint64_t number, int times = 1) {
        inventory().saw(mac(number), at(0x0a000001));
        inventory().note(mac(number), Step::heard, "10.0.0.1", "");
        inventory().reached(mac(number), Stage::offered);
        const NoMemoryAfter moment(static_cast<int>(number) - 1, times);
        try {
            static_cast<void>(inventory().flush());
        } catch (const std::bad_alloc&) { // the loop tells
        }
        return moment.was_met();
    }
};

TEST_F(Observations, AnUnknownPhoneBecomesPending) {
    inventory().saw(mac(1), at(0x0a000001));
    ASSERT_NE(device(mac(1)), nullptr);
    const auto& seen = device(mac(1))->seen;
    EXPECT_EQ(device(mac(1))->state(), "pending");
    EXPECT_EQ(seen.first, clock_.unix_ms());
    EXPECT_EQ(seen.last, clock_.unix_ms());
    EXPECT_EQ(seen.address.str(), "10.0.0.1");
    EXPECT_EQ(seen.model, "UC862");
    EXPECT_EQ(seen.stage, Stage::heard);
}

TEST_F(Observations, EmptyFieldsLeaveWhatIsKnown) {
    inventory().saw(mac(1), at(0x0a000001));
    inventory().reached(mac(1), Stage::fetching);
    const auto first = clock_.unix_ms();
    clock_.advance(std::chrono::seconds(3));
    Sighting bare;
    bare.version = "2.43";
    inventory().saw(mac(1), bare);
    const auto seen = device(mac(1))->seen;
    EXPECT_EQ(seen.first, first);
    EXPECT_EQ(seen.last, first + 3000);
    EXPECT_EQ(seen.address.value, 0x0a000001U);
    EXPECT_EQ(seen.interface, "eth0");
    EXPECT_EQ(seen.vendor, "Htek");
    EXPECT_EQ(seen.model, "UC862");
    EXPECT_EQ(seen.version, "2.43");
    EXPECT_EQ(seen.user_agent, "Htek UC862");
    EXPECT_EQ(seen.stage, Stage::fetching); // reached() moves it, in both directions
    inventory().reached(mac(1), Stage::heard);
    EXPECT_EQ(device(mac(1))->seen.stage, Stage::heard);
}

TEST_F(Observations, AreThereAfterFlushAndReopening) {
    inventory().saw(mac(1), at(0x0a000001));
    inventory().reached(mac(1), Stage::offered);
    const auto before = device(mac(1))->seen;
    flush_and_reopen();
    ASSERT_NE(device(mac(1)), nullptr);
    const auto after = device(mac(1))->seen;
    EXPECT_EQ(after.first, before.first);
    EXPECT_EQ(after.last, before.last);
    EXPECT_EQ(after.address, before.address);
    EXPECT_EQ(after.interface, before.interface);
    EXPECT_EQ(after.vendor, before.vendor);
    EXPECT_EQ(after.model, before.model);
    EXPECT_EQ(after.version, before.version);
    EXPECT_EQ(after.user_agent, before.user_agent);
    EXPECT_EQ(after.stage, Stage::offered);
}

TEST_F(Observations, AreNotLostWhereThereWasNoMemoryToWriteThem) {
    std::uint64_t phones = 0;
    while (flush_without_memory(++phones)) {
    }
    EXPECT_GT(phones, 5U);
    flush_and_reopen();
    for (std::uint64_t number = 1; number <= phones; ++number) {
        ASSERT_NE(device(mac(number)), nullptr) << number;
        EXPECT_EQ(device(mac(number))->seen.stage, Stage::offered) << number;
        EXPECT_EQ(inventory().timeline(mac(number)).value().size(), 1U) << number;
    }
}

TEST_F(Observations, AreNotLostWhereThereWasNoMemoryToKeepThemForLaterEither) {
    constexpr int for_long = 1'000'000;
    bool was_met = true;
    std::uint64_t phones = 0;
    while (was_met) {
        was_met = flush_without_memory(++phones, for_long);
        inventory().note(mac(phones), Step::offered, "10.0.0.1", "");
    }
    EXPECT_GT(phones, 5U);
    flush_and_reopen();
    for (std::uint64_t number = 1; number <= phones; ++number) {
        ASSERT_NE(device(mac(number)), nullptr) << number;
        EXPECT_EQ(device(mac(number))->seen.stage, Stage::offered) << number;
        const auto steps = inventory().timeline(mac(number)).value();
        ASSERT_EQ(steps.size(), 2U) << number;
        EXPECT_EQ(steps.front().step, Step::heard) << number;
    }
}

TEST_F(Observations, NobodyIsHeardByReachedNoteOrTheZeroMac) {
    inventory().reached(mac(1), Stage::offered);
    inventory().note(mac(1), Step::heard, "", "");
    inventory().saw(base::Mac(), at(1));
    EXPECT_EQ(inventory().now().device_count(), 0U);
    EXPECT_THAT(story(mac(1)), IsEmpty());
}

TEST_F(Observations, TextOfStrangersIsCutBetweenCharacters) {
    auto sighting = at(1, std::string(255, 'a') + "\u00e9\u00e9");
    sighting.user_agent = std::string(70'000, 'u');
    inventory().saw(mac(1), sighting);
    EXPECT_EQ(device(mac(1))->seen.model, std::string(255, 'a'));
    EXPECT_EQ(device(mac(1))->seen.user_agent.size(), 256U);
    inventory().saw(mac(2), at(1, std::string("a\0b", 3)));
    flush_and_reopen();
    EXPECT_EQ(device(mac(2))->seen.model, std::string("a\0b", 3));
}

TEST_F(Observations, TheLeastRecentlyHeardStrangerGoes) {
    limits_.max_heard = 3;
    apply({Approve{mac(100)}, Block{mac(101)}});
    for (const std::uint64_t number : {1U, 2U, 3U}) {
        inventory().saw(mac(number), at(1));
    }
    inventory().note(mac(2), Step::heard, "", "");
    inventory().saw(mac(1), at(1)); // 2 is the oldest now
    flush();
    inventory().saw(mac(4), at(1));
    EXPECT_EQ(device(mac(2)), nullptr);
    EXPECT_THAT(story(mac(2)), IsEmpty());
    EXPECT_NE(device(mac(1)), nullptr);
    EXPECT_NE(device(mac(100)), nullptr);
    EXPECT_NE(device(mac(101)), nullptr);
    EXPECT_EQ(inventory().counters().strangers_dropped, 1U);
    EXPECT_EQ(inventory().now().device_count(), 5U);
    flush_and_reopen();
    EXPECT_EQ(device(mac(2)), nullptr);
    EXPECT_EQ(inventory().now().device_count(), 5U);
}

TEST_F(Observations, TheOrderOfStrangersSurvivesReopening) {
    limits_.max_heard = 3;
    for (const std::uint64_t number : {3U, 1U, 2U}) {
        inventory().saw(mac(number), at(1));
        clock_.advance(std::chrono::seconds(1));
    }
    flush_and_reopen();
    inventory().saw(mac(4), at(1));
    EXPECT_EQ(device(mac(3)), nullptr);
    limits_.max_heard = 1;
    flush_and_reopen();
    EXPECT_EQ(inventory().now().device_count(), 1U);
    EXPECT_NE(device(mac(4)), nullptr);
    flush();
    inventory_.reset();
    EXPECT_EQ(rows(path(), "device"), 1);
}

TEST_F(Observations, AStrangerThatComesAgainStartsAnew) {
    limits_.max_heard = 1;
    inventory().saw(mac(1), at(1));
    inventory().note(mac(1), Step::heard, "", "old");
    flush();
    inventory().saw(mac(2), at(1)); // drops 1
    clock_.advance(std::chrono::seconds(9));
    inventory().saw(mac(1), at(1)); // before its row was deleted
    inventory().note(mac(1), Step::heard, "", "new");
    EXPECT_THAT(story(mac(1)), ElementsAre("heard new"));
    flush_and_reopen();
    EXPECT_THAT(story(mac(1)), ElementsAre("heard new"));
    EXPECT_EQ(device(mac(1))->seen.first, clock_.unix_ms());
}

TEST_F(Observations, AStrangerDroppedAndThenApprovedStays) {
    limits_.max_heard = 1;
    inventory().saw(mac(1), at(1));
    inventory().note(mac(1), Step::heard, "", "old");
    flush();
    inventory().saw(mac(2), at(1)); // drops 1, whose row waits for deletion
    apply({Approve{mac(1)}});
    flush_and_reopen();
    ASSERT_NE(device(mac(1)), nullptr);
    EXPECT_TRUE(device(mac(1))->is_approved());
    EXPECT_THAT(story(mac(1)), ElementsAre("approved by uid 0"));
}

TEST_F(Observations, NoRoomForStrangersMeansNone) {
    limits_.max_heard = 0;
    inventory().saw(mac(1), at(1));
    EXPECT_EQ(inventory().now().device_count(), 0U);
    apply({Approve{mac(1)}});
    inventory().saw(mac(1), at(1));
    EXPECT_TRUE(device(mac(1))->was_heard());
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_tells = false;
constexpr int strangers = 30'000; // ten times slower, and the bounds are the same
#else
constexpr bool memory_tells = true;
constexpr int strangers = 100'000;
#endif

std::size_t resident_pages() {
    std::ifstream file("/proc/self/statm");
    std::size_t size = 0;
    std::size_t resident = 0;
    file >> size >> resident;
    return resident;
}

TEST_F(Observations, AHundredThousandStrangersLeaveMemoryAndDiskFlat) {
    limits_.max_heard = 500;
    apply({Approve{mac(1)}});
    std::mt19937_64 random(1);
    std::size_t pages = 0;
    for (int count = 1; count <= strangers; ++count) {
        const auto stranger = base::Mac::from_number(random() >> 16U | 0x020000000000U);
        inventory().saw(stranger, at(static_cast<std::uint32_t>(random())));
        inventory().note(stranger, Step::heard, "10.0.0.1", "");
        if (count % 1'000 == 0) {
            flush();
        }
        if (count == 20'000) {
            pages = resident_pages();
        }
    }
    EXPECT_EQ(inventory().now().device_count(), 501U);
    EXPECT_EQ(inventory().counters().strangers_dropped,
              static_cast<std::uint64_t>(strangers) - 500U);
    EXPECT_EQ(inventory().counters().events_dropped, 0U);
    EXPECT_LE(std::filesystem::file_size(path()), 1U << 20U);
    EXPECT_LE(std::filesystem::file_size(path() + "-wal"), 6U << 20U);
    if (memory_tells) {
        const auto four_mib = (4U << 20U) / static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        EXPECT_LE(resident_pages(), pages + four_mib);
    }
    flush();
    inventory_.reset();
    EXPECT_EQ(rows(path(), "device"), 501);
    EXPECT_EQ(rows(path(), "event"), 501);
}

} // namespace
} // namespace inventory
