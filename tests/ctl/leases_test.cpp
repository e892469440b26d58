// SPDX-License-Identifier: MIT
// What DHCP servers say to the program that they start, as commands.
#include "module/ctl/leases.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Variables = std::map<std::string, std::string>;

std::vector<std::string> commands(const std::vector<std::string>& words,
                                  const Variables& variables = {}) {
    std::vector<std::string> lines;
    const auto all = ctl::lease_commands(words, [&](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    });
    for (const auto& command : all) {
        std::string line;
        for (const auto& word : command) {
            line += (line.empty() ? "" : " ") + word;
        }
        lines.push_back(line);
    }
    return lines;
}

TEST(Leases, OfDnsmasqAreItsWordsAndItsVendorClass) {
    EXPECT_THAT(commands({"add", "00:80:f0:12:34:56", "10.0.0.7"}),
                ElementsAre("dhcp-event add 00:80:f0:12:34:56 10.0.0.7"));
    EXPECT_THAT(
        commands({"old", "00:80:f0:12:34:56", "10.0.0.7", "phone"},
                 {{"DNSMASQ_VENDOR_CLASS", "KX UT"}}),
        ElementsAre("dhcp-event old 00:80:f0:12:34:56 10.0.0.7 phone --vendor-class=KX UT"));
    EXPECT_THAT(commands({"del", "00:80:f0:12:34:56", "10.0.0.7", "phone"}),
                ElementsAre("dhcp-event del 00:80:f0:12:34:56 10.0.0.7 phone"));
}

TEST(Leases, OtherCallsOfDnsmasqAreNone) {
    EXPECT_THAT(commands({}), IsEmpty());
    EXPECT_THAT(commands({"init"}), IsEmpty());
    EXPECT_THAT(commands({"tftp", "1234", "10.0.0.7", "/srv/tftp/file"}), IsEmpty());
    EXPECT_THAT(commands({"arp-add", "00:80:f0:12:34:56", "10.0.0.7"}), IsEmpty());
    EXPECT_THAT(commands({"add", "00:01:00:01:2b:12", "2001:db8::7"}), IsEmpty()) << "DHCPv6";
    EXPECT_THAT(commands({"add", "20-80:00:02:08:fe:80", "10.0.0.7"}), IsEmpty()) << "InfiniBand";
    EXPECT_THAT(commands({"add", "00:80:f0:12:34:56"}), IsEmpty());
    EXPECT_THAT(commands({"add", "00:80:f0:12:34:56", "10.0.0.7", "--password=x"}),
                ElementsAre("dhcp-event add 00:80:f0:12:34:56 10.0.0.7"));
}

TEST(Leases, OfDhcpdMayHaveBytesOfOneDigit) {
    EXPECT_THAT(commands({"add", "0:80:f0:1:2:3", "10.0.0.7", ""}),
                ElementsAre("dhcp-event add 00:80:f0:01:02:03 10.0.0.7"));
}

TEST(Leases, OfKeaStandInItsEnvironment) {
    EXPECT_THAT(commands({"leases4_committed"}, {{"LEASES4_SIZE", "2"},
                                                 {"LEASES4_AT0_ADDRESS", "10.0.0.7"},
                                                 {"LEASES4_AT0_HWADDR", "00:80:f0:12:34:56"},
                                                 {"LEASES4_AT0_HOSTNAME", "kx-ut670"},
                                                 {"LEASES4_AT1_ADDRESS", "10.0.0.8"},
                                                 {"LEASES4_AT1_HWADDR", "00:80:f0:12:34:57"}}),
                ElementsAre("dhcp-event add 00:80:f0:12:34:56 10.0.0.7 kx-ut670",
                            "dhcp-event add 00:80:f0:12:34:57 10.0.0.8"));
    EXPECT_THAT(commands({"lease4_expire"},
                         {{"LEASE4_ADDRESS", "10.0.0.7"}, {"LEASE4_HWADDR", "00:80:f0:12:34:56"}}),
                ElementsAre("dhcp-event del 00:80:f0:12:34:56 10.0.0.7"));
    EXPECT_THAT(commands({"leases4_committed"}, {{"LEASES4_SIZE", "999999999999"}}), IsEmpty());
    EXPECT_THAT(commands({"leases6_committed"}), IsEmpty());
}

} // namespace
