// SPDX-License-Identifier: MIT
// The file that a KX-UT670 gets: order, line ends, what wins and what is refused.
#include "provisioning/profile/kx/compose.hpp"
#include "provisioning/profile/kx/lint.hpp"
#include "provisioning/profile/kx/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using profile::kx::compose;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view first =
    "# Panasonic SIP Phone Standard Format File # DO NOT CHANGE THIS LINE!\r\n";

std::string composed(std::string_view text) {
    const auto out = compose(text);
    return out ? *out : "refused: " + out.error().what;
}

TEST(KxCompose, SortsByTheGuidesListThenByIndex) {
    EXPECT_EQ(composed("SIP_PASS_1=\"b\"\nPHONE_NUMBER_2=\"202\"\r\n\n# note\n  NTP_ADDR=\"192.0.2.10\"\n"
                       "PHONE_NUMBER_1=\"201\"\nZZZ=\"1\"\nAAA=\"2\"\nUSER_ID=\"u\""),
              std::string(first) +
                  "USER_ID=\"u\"\r\nNTP_ADDR=\"192.0.2.10\"\r\nPHONE_NUMBER_1=\"201\"\r\n"
                  "PHONE_NUMBER_2=\"202\"\r\nSIP_PASS_1=\"b\"\r\nZZZ=\"1\"\r\nAAA=\"2\"\r\n\r\n");
}

TEST(KxCompose, ALaterLineReplacesAnEarlierOne) {
    EXPECT_EQ(composed("NTP_ADDR=\"192.0.2.1\"\nNTP_ADDR=\"192.0.2.2\"\n"),
              std::string(first) + "NTP_ADDR=\"192.0.2.2\"\r\n\r\n");
}

TEST(KxCompose, NothingGivesAFileWithoutSettings) {
    EXPECT_EQ(composed(""), std::string(first) + "\r\n");
}

} // namespace
