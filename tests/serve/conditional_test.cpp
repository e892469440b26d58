// SPDX-License-Identifier: MIT
// Ranges and preconditions of RFC 9110.
#include "provisioning/serve/conditional.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace serve {

std::ostream& operator<<(std::ostream& out, const Part& part) {
    return out << static_cast<int>(part.kind) << " " << part.offset << "+" << part.length;
}

} // namespace serve

namespace {

using serve::Conditions;
using serve::entity_tag;
using serve::parse_range;
using serve::Part;
using serve::plan;

struct RangeCase {
    const char* header;
    std::uint64_t size;
    Part expected;
};

class Range : public testing::TestWithParam<RangeCase> {};

TEST_P(Range, IsReadAsRfc9110Says) {
    const auto& [header, size, expected] = GetParam();
    EXPECT_EQ(parse_range(header, size), expected) << header << " of " << size;
}

constexpr Part whole10{Part::Kind::whole, 0, 10};
constexpr Part none{Part::Kind::unsatisfiable, 0, 0};

constexpr Part part(std::uint64_t offset, std::uint64_t length) {
    return {Part::Kind::part, offset, length};
}

INSTANTIATE_TEST_SUITE_P(Table,
                         Range,
                         testing::Values(RangeCase{"bytes=0-0", 10, part(0, 1)},
                                         RangeCase{"bytes=2-5", 10, part(2, 4)},
                                         RangeCase{"Bytes= 2-5 ", 10, part(2, 4)},
                                         RangeCase{"bytes=0-9", 10, part(0, 10)},
                                         RangeCase{"bytes=5-99", 10, part(5, 5)},
                                         RangeCase{"bytes=5-", 10, part(5, 5)},
                                         RangeCase{"bytes=9-", 10, part(9, 1)},
                                         RangeCase{"bytes=-3", 10, part(7, 3)},
                                         RangeCase{"bytes=-30", 10, part(0, 10)},
                                         RangeCase{"bytes=3-99999999999999999999999", 10,
                                                   part(3, 7)},
                                         RangeCase{"bytes=10-", 10, none},
                                         RangeCase{"bytes=10-12", 10, none},
                                         RangeCase{"bytes=99999999999999999999999-", 10, none},
                                         RangeCase{"bytes=-0", 10, none},
                                         RangeCase{"bytes=0-", 0, none},
                                         RangeCase{"bytes=-5", 0, {Part::Kind::whole, 0, 0}},
                                         RangeCase{"", 10, whole10},
                                         RangeCase{"bytes", 10, whole10},
                                         RangeCase{"bytes=", 10, whole10},
                                         RangeCase{"bytes=-", 10, whole10},
                                         RangeCase{"bytes=5", 10, whole10},
                                         RangeCase{"bytes=5-2", 10, whole10},
                                         RangeCase{"bytes=a-b", 10, whole10},
                                         RangeCase{"bytes=1-2x", 10, whole10},
                                         RangeCase{"bytes=+1-2", 10, whole10},
                                         RangeCase{"bytes=--2", 10, whole10},
                                         RangeCase{"bytes=0-1,3-4", 10, whole10},
                                         RangeCase{"bytes=0-1, -2", 10, whole10},
                                         RangeCase{"lines=0-1", 10, whole10}));

TEST(EntityTag, IsStrongAndMadeOfTheBytesAlone) {
    EXPECT_EQ(entity_tag("abc"), entity_tag("abc"));
    EXPECT_NE(entity_tag("abc"), entity_tag("abd"));
    // SHA-256 of the empty text begins e3b0c44298fc1c149afbf4c8996fb924
    EXPECT_EQ(entity_tag(""), "\"47DEQpj8HBSa-_TImW-5JA\"");
}

constexpr std::int64_t modified = 784'111'777; // Sun, 06 Nov 1994 08:49:37 GMT
const char* const tag = "\"tag\"";

int status(const Conditions& conditions, std::int64_t last_modified = 0) {
    return plan("GET", conditions, tag, last_modified, 10).status;
}

TEST(Conditions, SaysNotModifiedToWhoHasTheTag) {
    EXPECT_EQ(status({"\"tag\"", {}, {}, {}}), 304);
    EXPECT_EQ(status({"W/\"tag\"", {}, {}, {}}), 304) << "weak comparison, RFC 9110 13.1.2";
    EXPECT_EQ(status({"\"a\", \"tag\"", {}, {}, {}}), 304);
    EXPECT_EQ(status({"*", {}, {}, {}}), 304);
    EXPECT_EQ(status({"\"other\"", {}, {}, {}}), 200);
    EXPECT_EQ(status({"tag", {}, {}, {}}), 200);
    EXPECT_EQ(status({"\"tag", {}, {}, {}}), 200);
}

TEST(Conditions, LooksAtTheDateOnlyWhereOneIsKnown) {
    const Conditions since{{}, "Sun, 06 Nov 1994 08:49:37 GMT", {}, {}};
    EXPECT_EQ(status(since, modified), 304);
    EXPECT_EQ(status(since, modified + 1), 200);
    EXPECT_EQ(status(since, 0), 200);
    EXPECT_EQ(status({{}, "no date", {}, {}}, modified), 200);
}

TEST(Conditions, TrustsTheTagMoreThanTheDate) {
    EXPECT_EQ(status({"\"other\"", "Sun, 06 Nov 1994 08:49:37 GMT", {}, {}}, modified), 200);
}

TEST(Conditions, GivesThePartThatWasAskedFor) {
    const auto given = plan("GET", {{}, {}, "bytes=2-5", {}}, tag, 0, 10);
    EXPECT_EQ(given.status, 206);
    EXPECT_EQ(given.offset, 2U);
    EXPECT_EQ(given.length, 4U);
    EXPECT_EQ(status({{}, {}, "bytes=10-", {}}), 416);
}

TEST(Conditions, IgnoresARangeOfHead) {
    EXPECT_EQ(plan("HEAD", {{}, {}, "bytes=2-5", {}}, tag, 0, 10).status, 200);
    EXPECT_EQ(plan("HEAD", {tag, {}, {}, {}}, tag, 0, 10).status, 304);
}

TEST(Conditions, GivesTheWholeFileWhereTheRangeIsOfAnotherOne) {
    EXPECT_EQ(status({{}, {}, "bytes=2-5", "\"tag\""}), 206);
    EXPECT_EQ(status({{}, {}, "bytes=2-5", "\"other\""}), 200);
    EXPECT_EQ(status({{}, {}, "bytes=2-5", "W/\"tag\""}), 200) << "strong comparison, 13.1.5";
    EXPECT_EQ(status({{}, {}, "bytes=99-", "\"other\""}), 200);
    const Conditions dated{{}, {}, "bytes=2-5", "Sun, 06 Nov 1994 08:49:37 GMT"};
    EXPECT_EQ(status(dated, modified), 206);
    EXPECT_EQ(status(dated, modified + 1), 200);
    EXPECT_EQ(status(dated, 0), 200);
}

TEST(Conditions, AreNoneInAPlainRequest) {
    EXPECT_TRUE(Conditions{}.none());
    EXPECT_FALSE((Conditions{{}, {}, "bytes=0-", {}}.none()));
    EXPECT_FALSE((Conditions{"*", {}, {}, {}}.none()));
}

} // namespace
