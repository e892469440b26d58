// SPDX-License-Identifier: MIT
// Tests of the map whose copies share what did not change.
#include "provisioning/base/shard_map.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace {

using Map = base::ShardMap<std::uint64_t, std::string>;

/// As in a map of a million: many keys share a shard.
struct OfThree {
    std::size_t operator()(std::uint64_t key) const noexcept { return key % 3; }
};

using Crowded = base::ShardMap<std::uint64_t, std::string, OfThree>;

template <class Any> std::map<std::uint64_t, std::string> contents(const Any& map) {
    std::map<std::uint64_t, std::string> all;
    map.each([&](std::uint64_t key, const std::string& value) { all[key] = value; });
    return all;
}

TEST(ShardMap, FindsWhatWasPutAndNothingElse) {
    Map map;
    EXPECT_EQ(map.find(1), nullptr);
    EXPECT_FALSE(map.erase(1));
    map.put(1, "one");
    map.put(1, "uno");
    ASSERT_NE(map.find(1), nullptr);
    EXPECT_EQ(*map.find(1), "uno");
    EXPECT_EQ(map.find(2), nullptr);
    EXPECT_EQ(map.size(), 1U);
    EXPECT_TRUE(map.erase(1));
    EXPECT_EQ(map.find(1), nullptr);
    EXPECT_EQ(map.size(), 0U);
}

TEST(ShardMap, AgreesWithAnOrdinaryMapOverManyRandomChanges) {
    std::mt19937_64 random(7);
    Crowded map;
    std::map<std::uint64_t, std::string> model;
    std::vector<std::pair<Crowded, std::map<std::uint64_t, std::string>>> copies;
    for (int round = 0; round < 20'000; ++round) {
        const auto key = random() % 500;
        if (random() % 3 == 0) {
            EXPECT_EQ(map.erase(key), model.erase(key) == 1);
        } else {
            const auto value = std::to_string(random());
            map.put(key, value);
            model[key] = value;
        }
        if (round % 1000 == 0) {
            copies.emplace_back(map, model);
        }
        if (round % 3000 == 0) {
            copies.erase(copies.begin()); // the writer may now change that part in place
        }
    }
    EXPECT_EQ(contents(map), model);
    EXPECT_EQ(map.size(), model.size());
    for (const auto& [copy, expected] : copies) {
        EXPECT_EQ(contents(copy), expected);
        EXPECT_EQ(copy.size(), expected.size());
    }
}

TEST(ShardMap, CopyKeepsItsValuesWhenTheWriterChangesThem) {
    Map map;
    map.put(1, "one");
    const Map copy = map;
    map.put(1, "uno");
    map.put(2, "due");
    EXPECT_EQ(*copy.find(1), "one");
    EXPECT_EQ(copy.find(2), nullptr);
    EXPECT_EQ(*map.find(1), "uno");
}

TEST(ShardMap, ChangesInPlaceWhatNoCopyHolds) {
    Map map;
    map.put(1, "one");
    const auto* before = map.find(1);
    map.put(1, "uno");
    EXPECT_EQ(map.find(1), before);
    {
        const Map copy = map;
        map.put(1, "ein");
        EXPECT_NE(map.find(1), before);
    }
    before = map.find(1);
    map.put(1, "un");
    EXPECT_EQ(map.find(1), before);
}

TEST(ShardMap, MoveLeavesTheCopiesAlone) {
    Map map;
    map.put(1, "one");
    const Map copy = map;
    Map moved = std::move(map);
    moved.put(1, "uno");
    EXPECT_EQ(*copy.find(1), "one");
    EXPECT_EQ(*moved.find(1), "uno");
}

TEST(ShardMap, ReadersOfCopiesNeverMeetTheWriter) {
    // For ThreadSanitizer, above all: the writer reuses a part as soon as the last copy is dropped.
    std::mutex mutex;
    Map current;
    for (std::uint64_t key = 0; key < 100; ++key) {
        current.put(key, std::to_string(key));
    }
    std::atomic<bool> done = false;
    std::atomic<int> wrong = 0;
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 3; ++reader) {
        readers.emplace_back([&] {
            while (!done) {
                Map copy;
                {
                    const std::lock_guard lock(mutex);
                    copy = current;
                }
                std::size_t count = 0;
                copy.each([&](std::uint64_t key, const std::string& value) {
                    ++count;
                    wrong += std::stoull(value) % 100 == key ? 0 : 1;
                });
                wrong += count == copy.size() ? 0 : 1;
            }
        });
    }
    for (std::uint64_t round = 0; round < 20'000; ++round) {
        const std::lock_guard lock(mutex);
        const auto key = round * 7 % 100;
        if (round % 5 == 0) {
            current.erase(key);
        } else {
            current.put(key, std::to_string(round * 100 + key));
        }
    }
    done = true;
    for (auto& reader : readers) {
        reader.join();
    }
    EXPECT_EQ(wrong, 0);
}

} // namespace
