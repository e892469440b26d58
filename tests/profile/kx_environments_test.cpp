// SPDX-License-Identifier: MIT
// The table of the HTS824's manual, cell by cell.
#include "provisioning/profile/kx/environments.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using profile::kx::Environment;
using profile::kx::Maker;
using profile::kx::Way;

/// "A" automatic, "M" manual, "D" depends, "-" not available, in the order of the functions.
std::string ways(Maker maker, Environment environment) {
    std::string all;
    for (const auto& function : functions(maker, environment)) {
        all += function.way == Way::automatic ? "A"
               : function.way == Way::manual  ? "M"
               : function.way == Way::depends ? "D"
                                              : "-";
    }
    return all;
}

TEST(KxEnvironments, PhonesOfTheMakerComeUpByThemselvesOnTheLocalNetwork) {
    EXPECT_EQ(ways(Maker::panasonic, Environment::own_router_inside), "AAAAA");
    EXPECT_EQ(ways(Maker::panasonic, Environment::external_router_inside), "DMAAA");
    EXPECT_EQ(ways(Maker::panasonic, Environment::own_router_outside), "D--M-");
    EXPECT_EQ(ways(Maker::panasonic, Environment::external_router_outside), "D--M-");
}

TEST(KxEnvironments, OtherPhonesAreTypedIn) {
    EXPECT_EQ(ways(Maker::other, Environment::own_router_inside), "A--M-");
    for (const auto environment :
         {Environment::own_router_outside, Environment::external_router_inside,
          Environment::external_router_outside}) {
        EXPECT_EQ(ways(Maker::other, environment), "D--M-") << name(environment);
    }
}

TEST(KxEnvironments, SayByWhatAndWhichRouterForwards) {
    const auto inside = functions(Maker::panasonic, Environment::external_router_inside);
    EXPECT_EQ(inside.at(1).name, "server");
    EXPECT_EQ(inside.at(1).by, "web page of the phone");
    EXPECT_EQ(functions(Maker::other, Environment::own_router_outside).at(3).by,
              "SIP, port forwarding in the router of the PBX");
    EXPECT_EQ(name(Environment::external_router_outside), "2-2");
}

} // namespace
