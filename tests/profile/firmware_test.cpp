// SPDX-License-Identifier: MIT
// Versions as numbers, and which section is a phone's.
#include "provisioning/profile/firmware.hpp"

#include <gtest/gtest.h>

namespace {

using profile::Firmware;
using profile::firmware_for;
using profile::is_firmware_file;
using profile::is_older;
using profile::is_same_version;
using profile::is_version;

TEST(FirmwareVersion, IsComparedByItsNumbers) {
    EXPECT_TRUE(is_older("01.070", "01.100"));
    EXPECT_TRUE(is_older("01.9", "01.10")) << "as text it would not be";
    EXPECT_TRUE(is_older("2.0.4.2", "2.0.4.10"));
    EXPECT_TRUE(is_older("1", "1.0.1"));
    EXPECT_TRUE(is_older("09.999", "10.000"));
    EXPECT_FALSE(is_older("01.100", "01.100"));
    EXPECT_FALSE(is_older("1.0", "1"));
    EXPECT_FALSE(is_older("01.200", "01.100"));
    EXPECT_TRUE(is_same_version("01.070", "1.70"));
    EXPECT_TRUE(is_same_version("1.0", "1"));
    EXPECT_FALSE(is_same_version("1.1", "1"));
}

TEST(FirmwareVersion, IsOlderThanNothingWhereItIsNone) {
    for (const std::string_view text :
         {"", ".", "1.", ".1", "1..2", "V1.0", "1.0-rc", " 1.0", "1,0", "99999999999999999999999",
          "1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1"}) {
        EXPECT_FALSE(is_version(text)) << text;
        EXPECT_FALSE(is_older(text, "15.999")) << text;
        EXPECT_FALSE(is_older("0.1", text)) << text;
        EXPECT_FALSE(is_same_version(text, text)) << text;
    }
}

TEST(FirmwareSection, IsTheFirstThatMatches) {
    std::vector<Firmware> all(3);
    all[0].vendor = "panasonic";
    all[0].model = "KX-UT1*";
    all[1].vendor = "panasonic";
    all[1].model = "kx-ut670";
    all[1].network = base::Network{base::Ipv4{0x0A000000}, 24};
    all[2].vendor = "panasonic";
    const base::Ipv4 here{0x0A000063};
    const base::Ipv4 there{0x0A000163};
    EXPECT_EQ(firmware_for(all, "panasonic", "KX-UT123", here), &all[0]);
    EXPECT_EQ(firmware_for(all, "panasonic", "KX-UT670", here), &all[1]);
    EXPECT_EQ(firmware_for(all, "panasonic", "KX-UT670", there), &all[2]);
    EXPECT_EQ(firmware_for(all, "htek", "KX-UT670", here), nullptr);
    EXPECT_EQ(firmware_for({}, "panasonic", "KX-UT670", here), nullptr);
}

TEST(FirmwareFile, HasANameForUrls) {
    EXPECT_TRUE(is_firmware_file("UT670_01.100.bin"));
    for (const std::string_view name : {"", ".hidden", "..", "a/b", "a\\b", "a b", "a?b", "a#b",
                                        "{MODEL}.bin", "a%2fb", "caf\xc3\xa9"}) {
        EXPECT_FALSE(is_firmware_file(name)) << name;
    }
    EXPECT_TRUE(is_firmware_file(std::string(64, 'a')));
    EXPECT_FALSE(is_firmware_file(std::string(65, 'a')));
}

} // namespace
