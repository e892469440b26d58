// SPDX-License-Identifier: MIT
// The shipped table of settings is whole, and reads as it was written.
#include "provisioning/profile/kx/table.hpp"
#include "provisioning/profile/kx/time_zones.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace {

using profile::kx::Empty;
using profile::kx::Table;
using profile::kx::Type;
using testing::ElementsAre;

std::ptrdiff_t count(Type type) {
    const auto& rows = Table::shipped().rows();
    return std::count_if(rows.begin(), rows.end(),
                         [&](const auto& row) { return row.type == type; });
}

TEST(KxTable, HoldsAllOfList51) {
    EXPECT_EQ(Table::shipped().rows().size(), 215U);
    EXPECT_EQ(Table::shipped().names().size(), 770U);
    EXPECT_EQ(count(Type::boolean), 48);
    EXPECT_EQ(count(Type::integer), 94);
    EXPECT_EQ(count(Type::csv_integer), 18);
    EXPECT_EQ(count(Type::string), 55);
    const auto& rows = Table::shipped().rows();
    EXPECT_EQ(
        std::count_if(rows.begin(), rows.end(), [](const auto& row) { return !row.index.empty(); }),
        93);
    EXPECT_EQ(std::count_if(rows.begin(), rows.end(),
                            [](const auto& row) { return !row.xml_element.empty(); }),
              206);
}

TEST(KxTable, NamesAreInTheOrderOfTheList) {
    const auto& names = Table::shipped().names();
    EXPECT_EQ(names.front(), "ADMIN_ID");
    EXPECT_EQ(names.back(), "SIP_RESPONSE_CODE_CALL_REJECT");
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto* known = Table::shipped().find(names[i]);
        ASSERT_NE(known, nullptr) << names[i];
        EXPECT_EQ(known->order, i);
        EXPECT_LE(names[i].size(), 32U); // guide §5.2.1
    }
    EXPECT_EQ(Table::shipped().find("SIP_URI_n"), nullptr);
}

TEST(KxTable, ReadsEveryColumn) {
    const auto* codec = Table::shipped().find("CODEC_PRIORITY3_6");
    ASSERT_NE(codec, nullptr);
    EXPECT_EQ(codec->x, 3U);
    EXPECT_EQ(codec->n, 6U);
    EXPECT_EQ(codec->row->range->max, 255);
    EXPECT_EQ(codec->row->section, "§5.7.1");
    const auto* port = Table::shipped().find("SIP_SRC_PORT_3");
    ASSERT_NE(port, nullptr);
    EXPECT_EQ(port->factory_value(), "5080");
    const auto* pass = Table::shipped().find("ADMIN_PASS");
    ASSERT_NE(pass, nullptr);
    EXPECT_TRUE(pass->row->is_secret);
    EXPECT_EQ(pass->row->min_length, 6U);
    EXPECT_EQ(pass->row->empty, Empty::forbidden);
    const auto* firmware = Table::shipped().find("FIRM_FILE_PATH");
    ASSERT_NE(firmware, nullptr);
    EXPECT_THAT(firmware->row->schemes, ElementsAre("http", "ftp"));
    const auto* tone = Table::shipped().find("DIAL_TONE4_TIMING");
    ASSERT_NE(tone, nullptr);
    EXPECT_EQ(tone->row->items.max, 22);
    EXPECT_EQ(tone->row->least_first, 560);
    EXPECT_EQ(tone->factory_value(), std::nullopt);
    EXPECT_EQ(Table::shipped().find("CFG_STANDARD_FILE_PATH")->row->slash, "Config{mac}.cfg");
}

TEST(KxTimeZones, AreThoseOfTheSetting) {
    std::vector<std::string> codes;
    for (const auto& zone : profile::kx::time_zones()) {
        codes.push_back(std::to_string(zone.code));
    }
    const auto* known = Table::shipped().find("TIME_ZONE_COUNTRY");
    ASSERT_NE(known, nullptr);
    EXPECT_EQ(codes.size(), 59U);
    EXPECT_THAT(codes, testing::ElementsAreArray(known->row->members));
    EXPECT_EQ(profile::kx::find_time_zone(-60003)->place, "Central Time");
    EXPECT_TRUE(profile::kx::find_time_zone(-60003)->is_sure);
    EXPECT_FALSE(profile::kx::find_time_zone(10001)->is_sure);
    EXPECT_EQ(profile::kx::find_time_zone(10003), nullptr);
}

} // namespace
