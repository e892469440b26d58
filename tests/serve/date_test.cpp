// SPDX-License-Identifier: MIT
// Dates as HTTP spells them.
#include "provisioning/serve/date.hpp"

#include <gtest/gtest.h>

namespace {

using serve::http_date;
using serve::parse_http_date;

constexpr std::int64_t example = 784'111'777; // the date of RFC 9110 5.6.7

TEST(HttpDate, WritesTheOneFormThatMayBeSent) {
    EXPECT_EQ(http_date(example), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(http_date(-5), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(HttpDate, ReadsTheThreeFormsThatMayCome) {
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), example);
    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), example);
    EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), example);
}

TEST(HttpDate, ReadsWhatItWrote) {
    for (const std::int64_t time : {0LL, 951'782'400LL, 1'767'225'599LL, 4'102'444'800LL}) {
        EXPECT_EQ(parse_http_date(http_date(time)), time);
    }
}

TEST(HttpDate, TakesTwoDigitYearsForThoseAround2000) {
    EXPECT_EQ(parse_http_date("Thursday, 01-Jan-26 00:00:00 GMT"), 1'767'225'600);
}

TEST(HttpDate, RefusesOtherText) {
    for (const char* text :
         {"", "yesterday", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Foo 1994 08:49:37 GMT",
          "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
          "Sun, 06 Nov 1994 08-49-37 GMT", "Sun, 06 Nov 19x4 08:49:37 GMT",
          "Sun, 06 Nov 1994 08:49:37  GMT", ", GMT", "Sunday, 06-Nov-94 08:49:37 GMT "}) {
        EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
    }
}

} // namespace
