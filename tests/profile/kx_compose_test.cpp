// SPDX-License-Identifier: MIT
// The file that a KX-UT670 gets: order, line ends, what wins and what is refused.
#include "provisioning/profile/kx/compose.hpp"
#include "provisioning/profile/kx/lint.hpp"
#include "provisioning/profile/kx/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

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
    EXPECT_EQ(
        composed("SIP_PASS_1=\"b\"\nPHONE_NUMBER_2=\"202\"\r\n\n# note\n  NTP_ADDR=\"192.0.2.10\"\n"
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

TEST(KxCompose, AnErrorIsRefusedWithItsPlaceAndWithoutItsValue) {
    EXPECT_EQ(composed("SYSLOG_PORT=\"70000\"\nNTP_ADDR=\"192.0.2.1\""),
              "refused: line 1 column 14: SYSLOG_PORT: must be 1 to 65535 (V04, guide §5.4.3)");
    EXPECT_THAT(composed("ADMIN_PASS=\"hush:hush\""),
                testing::AllOf(StartsWith("refused: line 1 column 17: ADMIN_PASS: "),
                               testing::Not(HasSubstr("hush"))));
    // What is no setting stands behind those that are.
    EXPECT_THAT(composed("hello\nNTP_ADDR=\"192.0.2.1\""),
                StartsWith("refused: line 1 column 1: "));
    EXPECT_THAT(composed("NTP_ADDR=\"192.0.2.1\" # here"), HasSubstr("L04"));
    EXPECT_THAT(composed("DISPLAY_NAME_1=\"a\"b\""), HasSubstr("L05"));
    EXPECT_THAT(composed("DISPLAY_NAME_1=\"a\rb\""), HasSubstr("V07"));
    EXPECT_THAT(composed("DISPLAY_NAME_1=\"a\x01"
                         "b\""),
                HasSubstr("V07"));
}

TEST(KxCompose, AWarningIsNot) {
    EXPECT_THAT(composed("PROVISION_ENABLE=\"N\"\nUNKNOWN=\"1\""), StartsWith(first));
}

TEST(KxCompose, NoCommentIsHandedOut) {
    EXPECT_THAT(composed("# Panasonic SIP Phone Standard Format File #\n  # x\nNTP_ADDR=\"\""),
                std::string(first) + "NTP_ADDR=\"\"\r\n\r\n");
}

TEST(KxCompose, ALargeFileIsRefused) {
    std::string text;
    for (int i = 0; i < 300; ++i) {
        text += "X" + std::to_string(i) + "=\"" + std::string(400, 'x') + "\"\n";
    }
    EXPECT_THAT(composed(text), HasSubstr("120 KB"));
}

TEST(KxCompose, IsTheSameForTheSameSettings) {
    const std::string a = composed("SIP_URI_2=\"sip:2@pbx\"\nSIP_URI_1=\"sip:1@pbx\"");
    EXPECT_EQ(a, composed("SIP_URI_1=\"sip:1@pbx\"\nSIP_URI_2=\"sip:2@pbx\""));
    EXPECT_EQ(a, composed(a)) << "what was composed is its own source";
}

/// A value that may be right for the row, and often is not.
std::string some_value(const profile::kx::Known& known, std::mt19937& random) {
    const auto& row = *known.row;
    const auto up_to = [&](std::size_t most) { return random() % (most + 1); };
    if (!row.members.empty() && up_to(3) != 0) {
        return std::string(row.members[up_to(row.members.size() - 1)]);
    }
    if (row.range) {
        const auto width = static_cast<std::size_t>(row.range->max - row.range->min);
        return std::to_string(row.range->min + static_cast<std::int64_t>(up_to(width + width / 8)));
    }
    static constexpr std::string_view values[] = {"",
                                                  "201",
                                                  "192.0.2.10",
                                                  "pbx.example.net",
                                                  "sip:201@pbx.example.net",
                                                  "http://pbx/{mac}",
                                                  "02:30",
                                                  "01.070",
                                                  "1xx|2xx",
                                                  "1,1",
                                                  "Enabled",
                                                  "y",
                                                  "a\"b",
                                                  "a b",
                                                  "J\xC3\xB6rg",
                                                  "\xE9",
                                                  "0123456789abcdef0123456789ABCDEF",
                                                  "a\tb",
                                                  "http://u:p@pbx/",
                                                  "tftp://pbx/a.e2c"};
    return std::string(values[up_to(std::size(values) - 1)]);
}

TEST(KxCompose, WhatIsComposedNeverHoldsAnError) {
    const auto& table = profile::kx::Table::shipped();
    std::mt19937 random(670); // the same run every time
    std::size_t accepted = 0;
    for (int run = 0; run < 3000; ++run) {
        std::string text;
        for (std::size_t i = random() % 12; i > 0; --i) {
            const std::string& name = table.names()[random() % table.names().size()];
            text += std::string(random() % 4 == 0 ? "  " : "") + name + "=\"" +
                    some_value(*table.find(name), random) + "\"" + (random() % 40 == 0 ? " " : "") +
                    (random() % 2 == 0 ? "\r\n" : "\n");
        }
        const auto out = compose(text);
        if (!out) {
            EXPECT_THAT(out.error().what, StartsWith("line ")) << text;
            continue;
        }
        ++accepted;
        EXPECT_NE(profile::kx::worst(profile::kx::lint(*out)), profile::kx::Severity::error)
            << text;
        EXPECT_EQ(compose(*out).value(), *out) << text;
    }
    EXPECT_GT(accepted, 300U); // else it shows nothing
    EXPECT_LT(accepted, 2700U);
}

} // namespace
