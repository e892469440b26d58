// SPDX-License-Identifier: MIT
// Where a Panasonic phone is installed, by what was seen of it.
#include "provisioning/admin/installation.hpp"

#include <gtest/gtest.h>

namespace {

using admin::installation;
using inventory::Event;
using inventory::Step;

Event event(Step step, const std::string& detail = {}) {
    Event made;
    made.step = step;
    made.detail = detail;
    return made;
}

const std::string by_itself =
    "It is installed as in environment 1-1 of the maker's HTS824: all comes by itself.";
const std::string typed_in = "It is installed as in environment 2-1 of the maker's HTS824: by hand "
                             "stays server (web page of the phone).";

TEST(Installation, IsAllByItselfWhereDhcpNamesUs) {
    EXPECT_EQ(installation({event(Step::leased)}), by_itself);
    EXPECT_EQ(installation({event(Step::boot_served, "KX-UT670.cfg, 1 of 3")}), by_itself);
    EXPECT_EQ(installation({event(Step::guest_served, "KX-UT670.cfg by TFTP")}), by_itself);
}

TEST(Installation, LeavesTheServerToBeTypedInWhereNobodyNamesUs) {
    EXPECT_EQ(installation({event(Step::boot_served, "Config0080f0123456.cfg, 1 of 3")}), typed_in);
    EXPECT_EQ(installation({event(Step::configured)}), typed_in);
    EXPECT_EQ(installation({}), typed_in);
}

TEST(Installation, HasNoConfigurationOutside) {
    EXPECT_EQ(installation({event(Step::heard_outside)}),
              "It is installed as in environment 2-2 of the maker's HTS824: by hand stays "
              "registration (SIP, port forwarding in the external router); not to be had: server, "
              "configuration, firmware.");
    EXPECT_EQ(installation({event(Step::heard_outside), event(Step::leased)}), by_itself);
}

} // namespace
