// SPDX-License-Identifier: MIT
// The date that a file carries: the same while it is the same, never one that fits two contents.
#include "provisioning/serve/modified.hpp"

#include <gtest/gtest.h>

namespace {

const base::Mac phone = *base::Mac::parse("001fc1000001");

TEST(Modified, StaysWhileTheContentStays) {
    serve::Modified modified;
    EXPECT_EQ(modified.since(phone, "a.xml", base::sha256("one"), 1000), 0)
        << "it may still change this second";
    EXPECT_EQ(modified.since(phone, "a.xml", base::sha256("one"), 1001), 1000);
    EXPECT_EQ(modified.since(phone, "a.xml", base::sha256("one"), 5000), 1000);
    EXPECT_EQ(modified.since(phone, "a.xml", base::sha256("two"), 6000), 0);
    EXPECT_EQ(modified.since(phone, "a.xml", base::sha256("two"), 6001), 6000);
}

TEST(Modified, IsOfOnePhonesOneFile) {
    serve::Modified modified;
    modified.since(phone, "a.xml", base::sha256("one"), 1000);
    modified.since(*base::Mac::parse("001fc1000002"), "a.xml", base::sha256("two"), 2000);
    modified.since(phone, "b.xml", base::sha256("three"), 3000);
    EXPECT_EQ(modified.since(phone, "a.xml", base::sha256("one"), 4000), 1000);
    EXPECT_EQ(modified.since(phone, "b.xml", base::sha256("three"), 4000), 3000);
}

TEST(Modified, NeverGivesAnOldDateToNewContentWhenTheClockIsSetBack) {
    serve::Modified modified;
    modified.since(phone, "a.xml", base::sha256("one"), 1000);
    EXPECT_EQ(modified.since(phone, "a.xml", base::sha256("one"), 1010), 1000);
    EXPECT_EQ(modified.since(phone, "a.xml", base::sha256("two"), 500), 0);
    EXPECT_EQ(modified.since(phone, "a.xml", base::sha256("two"), 1010), 1001);
}

TEST(Modified, IsBounded) {
    serve::Modified modified(2);
    modified.since(phone, "a.xml", base::sha256("one"), 1000);
    modified.since(phone, "b.xml", base::sha256("one"), 1000);
    modified.since(phone, "c.xml", base::sha256("one"), 1000);
    EXPECT_EQ(modified.since(phone, "a.xml", base::sha256("one"), 2000), 0);
}

} // namespace
