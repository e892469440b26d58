// SPDX-License-Identifier: MIT
// The spellings of MAC addresses that phones, switches and people use.
#include "provisioning/base/mac.hpp"

#include <gtest/gtest.h>
#include <unordered_set>

using base::Mac;

TEST(Mac, ReadsEveryCommonSpelling) {
    for (const char* text :
         {"001fc1000001", "001FC1000001", "00:1F:C1:00:00:01", "00-1f-c1-00-00-01",
          "001f.c100.0001", "001f-c100-0001", "001fc1-000001"}) {
        const auto mac = Mac::parse(text);
        ASSERT_TRUE(mac) << text;
        EXPECT_EQ(mac->str(), "001fc1000001");
    }
}

TEST(Mac, RefusesWhatIsNoMac) {
    for (const char* text :
         {"", "001fc100000", "001fc10000011", " 001fc1000001", "001fc1000001 ", "001fc100000g",
          "00:1f:c1:00:00-01", "00:1f:c1:00:00:0", "001f.c1000.001", "001f c100 0001",
          "0:1f:c1:00:00:011", ":::::::::::::::::", "+01fc1000001", "0x1fc1000001"}) {
        EXPECT_FALSE(Mac::parse(text)) << text;
    }
    EXPECT_FALSE(Mac::parse(std::string_view("001fc1000001\0", 13)));
}

TEST(Mac, TakesNeitherAllZerosNorAllOnesForAPhone) {
    EXPECT_FALSE(Mac::parse("000000000000"));
    EXPECT_FALSE(Mac::parse("ff:ff:ff:ff:ff:ff"));
    EXPECT_TRUE(Mac::parse("000000000001"));
    EXPECT_TRUE(Mac::parse("fffffffffffe"));
}

TEST(Mac, WritesThreeSpellings) {
    const auto mac = Mac::parse("00-1F-c1-AB-cd-09");
    ASSERT_TRUE(mac);
    EXPECT_EQ(mac->str(), "001fc1abcd09");
    EXPECT_EQ(mac->upper(), "001FC1ABCD09");
    EXPECT_EQ(mac->colons(), "00:1f:c1:ab:cd:09");
}

TEST(Mac, GoesThroughItsNumberUnchanged) {
    const auto mac = Mac::parse("fe1fc1abcd09");
    ASSERT_TRUE(mac);
    EXPECT_EQ(mac->number(), 0xFE1FC1ABCD09U);
    EXPECT_EQ(Mac::from_number(mac->number()), *mac);
    EXPECT_EQ(Mac::from_number(0xFFFF'FE1F'C1AB'CD09U), *mac) << "only 48 bits count";
}

TEST(Mac, OrdersAsItsBytesAndHashesApart) {
    EXPECT_LT(*Mac::parse("001fc1000001"), *Mac::parse("001fc1000100"));
    std::unordered_set<Mac> set;
    for (std::uint64_t n = 1; n <= 1000; ++n) {
        set.insert(Mac::from_number(n));
    }
    EXPECT_EQ(set.size(), 1000U);
    EXPECT_TRUE(set.contains(*Mac::parse("000000000001")));
}
