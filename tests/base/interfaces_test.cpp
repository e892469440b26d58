// SPDX-License-Identifier: MIT
// Interfaces that come and go, in a network namespace of the test's own.
#include "provisioning/base/interfaces.hpp"

#include "own_network.hpp"

#include <algorithm>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace base;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

Interface row(const char* name, const char* address, bool loopback = false, bool multicast = true) {
    return {1, name, Ipv4::parse(address).value_or(Ipv4{}), 24, loopback, multicast};
}

bool in_own_network(const std::function<void()>& body) {
    return base::in_own_network("ip link show lo", body);
}

std::vector<std::string> spell(const std::vector<Interface>& rows) {
    std::vector<std::string> out;
    for (const Interface& row : rows) {
        out.push_back(row.name + " " + row.address.str() + "/" + std::to_string(row.prefix));
    }
    return out;
}

} // namespace

TEST(InterfaceChoice, TakesPrivateMulticastInterfacesByItself) {
    const InterfaceChoice automatic;
    EXPECT_TRUE(automatic.takes(row("eth0", "192.168.1.1")));
    EXPECT_TRUE(automatic.takes(row("eth0", "169.254.3.4")));
    EXPECT_FALSE(automatic.takes(row("eth0", "198.51.100.1"))) << "public";
    EXPECT_FALSE(automatic.takes(row("lo", "127.0.0.1", true)));
    EXPECT_FALSE(automatic.takes(row("lo", "10.0.0.1", true))) << "loopback, whatever its address";
    EXPECT_FALSE(automatic.takes(row("tun0", "10.8.0.1", false, false))) << "no multicast";
}

TEST(InterfaceChoice, TakesJustWhatIsNamed) {
    const InterfaceChoice named{false, {"eth1", "198.51.100.1", "lo"}};
    EXPECT_TRUE(named.takes(row("eth1", "203.0.113.1"))) << "a public address when named";
    EXPECT_TRUE(named.takes(row("eth2", "198.51.100.1")));
    EXPECT_TRUE(named.takes(row("lo", "127.0.0.1", true)));
    EXPECT_FALSE(named.takes(row("eth0", "192.168.1.1")));
    EXPECT_FALSE(named.takes(row("eth10", "192.168.1.1")));
    EXPECT_FALSE((InterfaceChoice{false, {}}.takes(row("eth0", "192.168.1.1"))));
}

TEST(Interfaces, ListsTheLoopback) {
    const auto rows = Interfaces::list();
    ASSERT_TRUE(rows) << rows.error().what;
    const auto lo = std::find_if(rows->begin(), rows->end(), [](const Interface& row) {
        return row.address == Ipv4{0x7F000001};
    });
    if (lo == rows->end()) {
        GTEST_SKIP() << "no loopback here";
    }
    EXPECT_EQ(lo->name, "lo");
    EXPECT_TRUE(lo->loopback);
    EXPECT_EQ(lo->prefix, 8);
    EXPECT_GT(lo->index, 0);
    EXPECT_EQ(lo->network().str(), "127.0.0.0/8");
}

TEST(Interfaces, ReportsOnceSoonAfterTheConstruction) {
    Loop loop;
    int calls = 0;
    const Interfaces interfaces(loop, [&](const auto&) {
        ++calls;
        EXPECT_TRUE(loop.on_loop_thread());
    });
    EXPECT_EQ(calls, 0) << "never from inside the constructor";
    EXPECT_TRUE(step_until(loop, [&] { return calls > 0; }));
    EXPECT_EQ(calls, 1);
}

TEST(Interfaces, FollowsAddressesAndLinksAsTheyComeAndGo) {
    const bool allowed = in_own_network([] {
        Loop loop;
        std::vector<std::vector<std::string>> calls;
        const Interfaces interfaces(loop, [&](const auto& rows) { calls.push_back(spell(rows)); });
        const auto becomes = [&](const std::vector<std::string>& expected) {
            EXPECT_TRUE(
                step_until(loop, [&] { return !calls.empty() && calls.back() == expected; }))
                << "last: " << testing::PrintToString(calls.empty() ? expected : calls.back());
        };
        becomes({});
        ASSERT_EQ(calls.size(), 1U) << "an empty list is reported too";

        ASSERT_TRUE(run("ip link set lo up"));
        becomes({"lo 127.0.0.1/8"});
        if (!run("ip link add pnp0 type veth peer name pnp1")) {
            return; // a kernel without veth: the loopback has shown the way
        }
        ASSERT_TRUE(run("ip address add 192.168.7.1/24 dev pnp0 label pnp0:x && "
                        "ip address add 10.7.0.1/16 dev pnp0 && ip link set pnp0 up"));
        becomes({"lo 127.0.0.1/8", "pnp0 192.168.7.1/24", "pnp0 10.7.0.1/16"});
        ASSERT_TRUE(run("ip address del 192.168.7.1/24 dev pnp0"));
        becomes({"lo 127.0.0.1/8", "pnp0 10.7.0.1/16"});
        ASSERT_TRUE(run("ip link set pnp0 down"));
        becomes({"lo 127.0.0.1/8"});
        ASSERT_TRUE(run("ip link set pnp0 up"));
        becomes({"lo 127.0.0.1/8", "pnp0 10.7.0.1/16"});
        ASSERT_TRUE(run("ip link del pnp0"));
        becomes({"lo 127.0.0.1/8"});

        for (std::size_t i = 1; i < calls.size(); ++i) {
            EXPECT_NE(calls[i], calls[i - 1]) << "called only when something changed";
        }
    });
    if (!allowed) {
        GTEST_SKIP() << "needs CAP_SYS_ADMIN and the ip command";
    }
}

TEST(Interfaces, ReportsABurstOfChangesAtOnceAndSurvivesLostEvents) {
    const bool allowed = in_own_network([] {
        Loop loop;
        std::vector<std::vector<std::string>> calls;
        const Interfaces interfaces(loop, [&](const auto& rows) { calls.push_back(spell(rows)); });
        ASSERT_TRUE(step_until(loop, [&] { return !calls.empty(); }));
        // Far more events than the socket's buffer holds (ENOBUFS), while the loop does not look.
        ASSERT_TRUE(run("ip link set lo up && for i in 1 2 3 4 5 6 7 8; do "
                        "seq 1 200 | sed 's|.*|address add 10.9.'$i'.&/32 dev lo|' | ip -batch -; "
                        "seq 1 200 | sed 's|.*|address del 10.9.'$i'.&/32 dev lo|' | ip -batch -; "
                        "done; ip address add 10.1.2.3/32 dev lo"));
        const std::vector<std::string> expected = {"lo 127.0.0.1/8", "lo 10.1.2.3/32"};
        EXPECT_TRUE(step_until(loop, [&] { return calls.back() == expected; }));
        EXPECT_EQ(calls.size(), 2U) << "one report for the whole burst";
    });
    if (!allowed) {
        GTEST_SKIP() << "needs CAP_SYS_ADMIN and the ip command";
    }
}

TEST(Interfaces, MayBeDestroyedInsideItsOwnReport) {
    Loop loop;
    std::unique_ptr<Interfaces> interfaces;
    int calls = 0;
    interfaces = std::make_unique<Interfaces>(loop, [&](const auto&) {
        ++calls;
        interfaces.reset();
    });
    EXPECT_TRUE(step_until(loop, [&] { return calls > 0; }));
    loop.step(100ms);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(interfaces, nullptr);
}

TEST(Interfaces, IsSilentWhenDestroyedBeforeItsFirstReport) {
    Loop loop;
    int calls = 0;
    {
        const Interfaces interfaces(loop, [&](const auto&) { ++calls; });
    }
    loop.step(20ms);
    EXPECT_EQ(calls, 0);
}
