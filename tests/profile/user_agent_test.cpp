// SPDX-License-Identifier: MIT
// User-Agents as phones write them over SIP and HTTP, one row per form.
#include "provisioning/profile/catalogue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

struct Row {
    std::string_view text;
    std::string_view model;
    std::string_view version;
    std::string_view mac; ///< empty: none
};

constexpr Row rows[] = {
    // Htek over HTTP and over SIP, with and without version, MAC and brand.
    {"Htek UC903 2.0.4.2 00:1f:c1:1c:22:a9", "UC903", "2.0.4.2", "001fc11c22a9"},
    {"Htek UC912G 001fc1200b41", "UC912G", "", "001fc1200b41"},
    {"Htek UC902S V2.22.5.20.i 001fc120462d", "UC902S", "V2.22.5.20.i", "001fc120462d"},
    {"Htek UC840 V1.0.4.2.11", "UC840", "V1.0.4.2.11", ""},
    {"Htek UC V20 V5.22.10.25.245 f26dcc142f0d", "UC V20", "V5.22.10.25.245", "f26dcc142f0d"},
    {"IPPHONE    V2.23.3.29.488 001fc11f34be", "", "V2.23.3.29.488", "001fc11f34be"},
    // Yealink
    {"Yealink SIP-T46G 28.72.0.1 00:15:65:4a:a9:37", "SIP-T46G", "28.72.0.1", "0015654aa937"},
    {"yealink SIP-T54W 96.86.0.23 805ec0a1b2c3", "SIP-T54W", "96.86.0.23", "805ec0a1b2c3"},
    {"Yealink SIP-T21P 34.72.14.6", "SIP-T21P", "34.72.14.6", ""},
    {"VP530P 23.70.0.40 00:15:65:31:4b:c0", "VP530P", "23.70.0.40", "001565314bc0"},
    // Fanvil: the model may hold a blank
    {"Fanvil X4 2.10.2.6887 0c383e07e16c", "X4", "2.10.2.6887", "0c383e07e16c"},
    {"Fanvil X6U Pro 0.0.10 0c383e07e16c", "X6U Pro", "0.0.10", "0c383e07e16c"},
    // Grandstream
    {"Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b828aa872", "GXP2135", "1.0.7.97",
     "000b828aa872"},
    {"Grandstream Model HW GXP1400 V1.3A SW 1.0.4.9 DevId 000b82445566", "GXP1400", "1.0.4.9",
     "000b82445566"},
    {"Grandstream GXP2000 (gxp2000e.bin:1.2.5.3/boot55e.bin:1.1.6.9) DevId 000b822726c8", "GXP2000",
     "1.2.5.3", "000b822726c8"},
    {"Grandstream GRP2612W 1.0.5.67", "GRP2612W", "1.0.5.67", ""},
    // Snom
    {"Mozilla/4.0 (compatible; snomD785-SIP 10.1.169.16 1.2.3-IFX 00041396D9B4 SXM:0 UXM:0)",
     "snomD785", "10.1.169.16", "00041396d9b4"},
    {"Mozilla/4.0 (compatible; Snom M900 05.20.0001 000413b60680)", "M900", "05.20.0001",
     "000413b60680"},
    {"Mozilla/4.0 (compatible; snom360-SIP 7.3.30; snom360 ramdisk)", "snom360", "7.3.30", ""},
    {"snom370/8.7.5.48", "snom370", "8.7.5.48", ""},
    // Panasonic, AudioCodes, Gigaset
    {"Panasonic_KX-UT113/01.133 (0080f0c8c381)", "KX-UT113", "01.133", "0080f0c8c381"},
    {"AUDC-IPPhone/2.2.8.61 (440HDG-Rev0; 00908F602AAC)", "440HDG", "2.2.8.61", "00908f602aac"},
    {"AUDC-IPPhone/1.2.1_build_6", "", "1.2.1_build_6", ""},
    {"N510 IP PRO/42.258.00.000.000;7C2F806257D7", "N510 IP PRO", "42.258.00.000.000",
     "7c2f806257d7"},
    {"Gigaset N870 IP PRO/83.V2.43.0+build.5f0a106;7C2F80A0B1C2;Handset=50", "N870 IP PRO",
     "83.V2.43.0+build.5f0a106", "7c2f80a0b1c2"},
    // Mitel, Alcatel, Avaya, Cisco, Polycom, others
    {"Aastra6731i MAC:00-08-5D-23-74-29 V:3.2.2.1136-SIP", "Aastra6731i", "3.2.2.1136-SIP",
     "00085d237429"},
    {"ALE 8028s-GE 1.51.52.2204 487a55023075", "8028s-GE", "1.51.52.2204", "487a55023075"},
    {"J100 AVAYA/J179-4.1.3.0.6 (MAC:c81fea83e85a)", "J179", "4.1.3.0.6", "c81fea83e85a"},
    {"Cisco/SPA508G-7.4.8a (0008302ab3cd)(CCQ12345678)", "SPA508G", "7.4.8a", "0008302ab3cd"},
    {"FileTransport PolycomVVX-VVX_400-UA/4.1.4.7430 Type/Application", "VVX_400", "4.1.4.7430",
     ""},
    {"Flyingvoice FIP11C 0.7.45.3 00:21:f2:11:22:33", "FIP11C", "0.7.45.3", "0021f2112233"},
    {"PLANET VIP-2140PT", "VIP-2140PT", "", ""},
    // Nothing to read
    {"", "", "", ""},
    {"   ", "", "", ""},
    {"curl/7.88.1", "curl", "7.88.1", ""},
};

TEST(UserAgent, IsReadAsEachVendorWritesIt) {
    for (const Row& row : rows) {
        const auto found = profile::read_user_agent(row.text);
        EXPECT_EQ(found.model, row.model) << row.text;
        EXPECT_EQ(found.version, row.version) << row.text;
        EXPECT_EQ(found.mac ? found.mac->str() : "", row.mac) << row.text;
    }
}

TEST(UserAgent, StaysShortWhateverAStrangerWrites) {
    const auto found = profile::read_user_agent("Htek " + std::string(100'000, 'x'));
    EXPECT_EQ(found.model, std::string(64, 'x'));
    for (const std::string text :
         {"/", "(", "Mozilla/4.0 (compatible; ", "Grandstream DevId ", "AVAYA/", "Cisco/",
          "Polycom-UA/", "Panasonic_", "AUDC-IPPhone("}) {
        EXPECT_FALSE(profile::read_user_agent(text).mac) << text;
    }
}

} // namespace
