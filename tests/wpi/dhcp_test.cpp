// SPDX-License-Identifier: MIT
// The bytes of option 43, in both forms that manuals show.
#include "provisioning/wpi/dhcp.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

using wpi::DhcpForm;

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        text += fmt::format("{}{:02X}", text.empty() ? "" : ":", static_cast<unsigned char>(byte));
    }
    return text;
}

TEST(DhcpOption43, TellsWhereTheServiceIs) {
    EXPECT_EQ(hex(wpi::dhcp_option_43({"10.20.30.5"})),
              "01:07:53:69:65:6D:65:6E:73:03:17:73:64:6C:70:3A:2F:2F:31:30:2E:32:30:2E:33:30:2E:35:"
              "3A:31:38:34:34:33:FF");
}

TEST(DhcpOption43, TellsTheVlanAloneInTheEarlyForm) {
    EXPECT_EQ(hex(wpi::dhcp_option_43({"", wpi::default_port, 20}, DhcpForm::early)),
              "01:0A:53:69:65:6D:65:6E:73:00:00:00:02:04:00:00:00:14:00:00:00:00:00:FF");
}

TEST(DhcpOption43, TellsBothInOrder) {
    EXPECT_EQ(hex(wpi::dhcp_option_43({"pbx", 18444, 4094})),
              "01:07:53:69:65:6D:65:6E:73:02:04:00:00:0F:FE:03:10:73:64:6C:70:3A:2F:2F:70:62:78:3A:"
              "31:38:34:34:34:FF");
    EXPECT_EQ(hex(wpi::dhcp_option_43({"pbx"}, DhcpForm::early)),
              "01:0A:53:69:65:6D:65:6E:73:00:00:00:03:10:73:64:6C:70:3A:2F:2F:70:62:78:3A:31:38:34:"
              "34:33:00:00:00:00:00:FF");
}

TEST(DhcpOption43, FitsIntoOneOptionWithTheLongestName) {
    const wpi::DhcpHint longest{std::string(64, 'n'), 65535, 4094};
    EXPECT_LE(wpi::dhcp_option_43(longest, DhcpForm::early).size(), 255U);
}

TEST(DhcpService, HasNeitherPathNorSlashAtItsEnd) {
    EXPECT_EQ(wpi::dhcp_service({"pnp.example.net"}), "sdlp://pnp.example.net:18443");
}

} // namespace
