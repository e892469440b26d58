// SPDX-License-Identifier: MIT
// The neighbour table: from crafted messages, and from the kernel in a network namespace of our
// own.
#include "provisioning/base/neighbours.hpp"

#include "own_network.hpp"
#include "tests/no_memory.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <utility>

using namespace base;
using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

namespace {

Ipv4 ip(const char* text) {
    return *Ipv4::parse(text);
}

Mac mac(const char* text) {
    return *Mac::parse(text);
}

const Mac desk = mac("001fc1000001");
const Mac other = mac("001fc1000002");

/// One message as the kernel writes it.
struct Message {
    std::uint16_t type = RTM_NEWNEIGH;
    std::uint16_t state = NUD_REACHABLE;
    int interface_index = 2;
    Ipv4 address = ip("10.0.0.5");
    std::optional<Mac> lladdr = desk;
    std::uint8_t family = AF_INET;
    std::uint8_t flags = 0;

    std::string bytes() const {
        ndmsg body{};
        body.ndm_family = family;
        body.ndm_ifindex = interface_index;
        body.ndm_state = state;
        body.ndm_flags = flags;
        std::string out(reinterpret_cast<const char*>(&body), sizeof body);
        const std::uint32_t destination = htonl(address.value);
        append(out, NDA_DST, {reinterpret_cast<const char*>(&destination), sizeof destination});
        if (lladdr) {
            append(out, NDA_LLADDR,
                   {reinterpret_cast<const char*>(lladdr->bytes().data()), lladdr->bytes().size()});
        }
        return headed(type, out);
    }

    static void append(std::string& out, std::uint16_t type, std::string_view value) {
        rtattr head{};
        head.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(value.size()));
        head.rta_type = type;
        out.append(reinterpret_cast<const char*>(&head), sizeof head).append(value);
        out.resize(NLMSG_ALIGN(out.size()));
    }

    static std::string headed(std::uint16_t type, const std::string& body) {
        nlmsghdr head{};
        head.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(body.size()));
        head.nlmsg_type = type;
        return std::string(reinterpret_cast<const char*>(&head), sizeof head) + body;
    }

    static std::string done() { return headed(NLMSG_DONE, std::string(4, '\0')); }
};

std::vector<Ipv4> read(NeighbourTable& table, const std::string& messages) {
    NeighbourTable::News news;
    table.read(messages, news);
    return news.changed;
}

bool in_own_network(const std::function<void()>& body) {
    return base::in_own_network(
        "ip link add near type veth peer name far && ip link set near up && "
        "ip link set far up && ip address add 10.0.0.1/16 dev near",
        body);
}

} // namespace

TEST(NeighbourTable, HoldsWhoAnsweredAndWhetherJustNow) {
    NeighbourTable table;
    EXPECT_THAT(read(table, Message{}.bytes()), ElementsAre(ip("10.0.0.5")));
    EXPECT_EQ(table.find(ip("10.0.0.5"), 2), (Neighbour{desk, true}));
    for (const auto state : {NUD_STALE, NUD_DELAY, NUD_PROBE}) {
        Message message;
        message.state = static_cast<std::uint16_t>(state);
        read(table, message.bytes());
        EXPECT_EQ(table.find(ip("10.0.0.5"), 2), (Neighbour{desk, false})) << state;
    }
    EXPECT_FALSE(table.find(ip("10.0.0.6"), 2));
    EXPECT_FALSE(table.find(ip("10.0.0.5"), 3));
}

TEST(NeighbourTable, TellsOfAnotherMacEvenWhereItIsTakenBackAtOnceOrNobodyAnsweredMeanwhile) {
    const auto moved = [](NeighbourTable& table, const std::string& messages) {
        NeighbourTable::News news;
        table.read(messages, news);
        return news.moved.size();
    };
    Message liar;
    liar.lladdr = other;
    Message nobody;
    nobody.state = NUD_FAILED;
    NeighbourTable table;
    EXPECT_EQ(moved(table, Message{}.bytes()), 0U) << "the first";
    EXPECT_EQ(moved(table, liar.bytes() + Message{}.bytes()), 2U);
    EXPECT_EQ(moved(table, nobody.bytes() + Message{}.bytes()), 0U) << "the same is back";
    EXPECT_EQ(moved(table, nobody.bytes() + liar.bytes()), 1U);
    table.begin_dump();
    EXPECT_EQ(moved(table, Message::done() + Message{}.bytes()), 1U) << "missed by the dump";
    liar.interface_index = 3;
    EXPECT_EQ(moved(table, liar.bytes()), 0U) << "on another network";
}

TEST(NeighbourTable, ForgetsAnAddressWhereNobodyAnswersAnyMore) {
    for (const auto state : {NUD_FAILED, NUD_INCOMPLETE, NUD_NONE}) {
        NeighbourTable table;
        read(table, Message{}.bytes());
        Message message;
        message.state = static_cast<std::uint16_t>(state);
        EXPECT_THAT(read(table, message.bytes()), ElementsAre(ip("10.0.0.5")));
        EXPECT_FALSE(table.find(ip("10.0.0.5"), 0));
        EXPECT_EQ(table.size(), 0U);
    }
    NeighbourTable table;
    read(table, Message{}.bytes());
    Message gone;
    gone.type = RTM_DELNEIGH;
    read(table, gone.bytes());
    EXPECT_EQ(table.size(), 0U);
}

TEST(NeighbourTable, TakesNothingThatIsNoPhonesMac) {
    NeighbourTable table;
    Message message;
    message.lladdr.reset();
    EXPECT_THAT(read(table, message.bytes()), IsEmpty());
    message.lladdr = Mac(); // the loopback's
    EXPECT_THAT(read(table, message.bytes()), IsEmpty());
    message = {};
    message.family = AF_INET6;
    EXPECT_THAT(read(table, message.bytes()), IsEmpty());
    message = {};
    message.flags = NTF_PROXY;
    EXPECT_THAT(read(table, message.bytes()), IsEmpty());
}

TEST(NeighbourTable, SaysNothingWhereTwoInterfacesWithOneNetworkDisagree) {
    NeighbourTable table;
    Message second;
    second.interface_index = 3;
    second.lladdr = other;
    read(table, Message{}.bytes() + second.bytes());
    EXPECT_EQ(table.find(ip("10.0.0.5"), 2)->mac, desk);
    EXPECT_EQ(table.find(ip("10.0.0.5"), 3)->mac, other);
    EXPECT_FALSE(table.find(ip("10.0.0.5"), 0));
    second.lladdr = desk;
    read(table, second.bytes());
    EXPECT_EQ(table.find(ip("10.0.0.5"), 0)->mac, desk);
}

TEST(NeighbourTable, ADumpEndsWhatItDoesNotName) {
    NeighbourTable table;
    Message left;
    left.address = ip("10.0.0.6");
    read(table, Message{}.bytes() + left.bytes());
    table.begin_dump();
    EXPECT_THAT(read(table, Message{}.bytes()), IsEmpty());
    EXPECT_TRUE(table.find(ip("10.0.0.6"), 0)) << "not before the dump's end";
    EXPECT_THAT(read(table, Message::done()), ElementsAre(ip("10.0.0.6")));
    EXPECT_TRUE(table.find(ip("10.0.0.5"), 0));
    EXPECT_FALSE(table.find(ip("10.0.0.6"), 0));
}

TEST(NeighbourTable, IsBounded) {
    NeighbourTable table(2);
    for (const auto* address : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) {
        Message message;
        message.address = ip(address);
        read(table, message.bytes());
    }
    EXPECT_EQ(table.size(), 2U);
    EXPECT_FALSE(table.find(ip("10.0.0.3"), 0));
}

TEST(NeighbourTable, ReadsNothingBeyondWhatWasSent) {
    const std::string whole = Message{}.bytes();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        NeighbourTable table;
        const std::string cut(whole, 0, size); // of its own, so that a sanitizer sees its end
        read(table, cut);
        EXPECT_EQ(table.size(), 0U) << size;
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const char value : {'\0', '\1', '\x7f', '\xff'}) {
            std::string bent = whole;
            bent[at] = value;
            NeighbourTable table;
            read(table, bent); // nothing is expected but that it ends well
        }
    }
}

std::optional<base::Mac> mac_at(const base::Neighbours& neighbours, base::Ipv4 address) {
    const auto found = neighbours.find(address);
    return found ? std::optional(found->mac) : std::nullopt;
}

TEST(Neighbours, AreReadOnceAndFollowedByEvents) {
    const bool allowed = in_own_network([] {
        ASSERT_TRUE(run("ip neigh add 10.0.0.5 lladdr 00:1f:c1:00:00:01 dev near"));
        Loop loop;
        std::vector<Ipv4> changed;
        const Neighbours neighbours(loop, [&](const std::vector<Ipv4>& addresses) {
            changed.insert(changed.end(), addresses.begin(), addresses.end());
        });
        ASSERT_TRUE(step_until(loop, [&] { return neighbours.is_followed(); }));
        EXPECT_EQ(neighbours.find(ip("10.0.0.5")), (Neighbour{desk, true}));

        ASSERT_TRUE(run("ip neigh add 10.0.0.6 lladdr 00:1f:c1:00:00:02 nud stale dev near"));
        ASSERT_TRUE(step_until(loop, [&] { return neighbours.find(ip("10.0.0.6")).has_value(); }));
        EXPECT_EQ(mac_at(neighbours, ip("10.0.0.6")), other);
        EXPECT_THAT(changed, Contains(ip("10.0.0.6")));

        ASSERT_TRUE(run("ip neigh del 10.0.0.5 dev near"));
        EXPECT_TRUE(step_until(loop, [&] { return !neighbours.find(ip("10.0.0.5")); }));
        ASSERT_TRUE(run("ip link set near down"));
        EXPECT_TRUE(step_until(loop, [&] { return neighbours.size() == 0; }));
    });
    if (!allowed) {
        GTEST_SKIP() << "needs the right to make a network namespace";
    }
}

TEST(Neighbours, AMomentWithoutMemoryTakesNoPhoneAway) {
    const bool allowed = in_own_network([] {
        const auto add = [](const char* networks) {
            return run(fmt::format("for i in {}; do for j in $(seq 1 250); do echo neigh add "
                                   "10.0.$i.$j lladdr 02:00:00:00:00:01 dev near; done; done | "
                                   "ip -batch -",
                                   networks));
        };
        ASSERT_TRUE(add("1 2 3 4 5 6 7 8"));
        Loop loop;
        std::optional<NoMemoryAfter> moment;
        std::optional<Neighbours> neighbours;
        std::size_t taken_away = 0;
        bool waited = false;
        neighbours.emplace(loop, [&](const std::vector<Ipv4>& addresses) {
            for (const auto address : addresses) {
                taken_away += neighbours->find(address) ? 0U : 1U;
            }
            if (moment && !std::exchange(waited, true)) {
                moment.reset(); // the new look lost a piece, and loses another soon
                std::this_thread::sleep_for(1100ms); // when the next second has begun
                moment.emplace(0);
            }
        });
        ASSERT_TRUE(step_until(loop, [&] { return neighbours->size() == 2000; }));

        ASSERT_TRUE(add("9"));
        {
            const NoMemoryAfter long_moment(0, std::numeric_limits<int>::max());
            loop.step();
        }
        ASSERT_EQ(neighbours->size(), 2000U) << "all of these events are lost";
        moment.emplace(3); // one of them is made known by the new look
        const bool has_all = step_until(loop, [&] { return neighbours->size() == 2250; });
        const bool was_met = moment->was_met();
        moment.reset();
        EXPECT_TRUE(has_all) << neighbours->size();
        EXPECT_TRUE(was_met);
        EXPECT_EQ(taken_away, 0U);
    });
    if (!allowed) {
        GTEST_SKIP() << "needs the right to make a network namespace";
    }
}

TEST(Neighbours, EventsThatWereLostAreMadeUpForByANewLook) {
    const bool allowed = in_own_network([] {
        Loop loop;
        const Neighbours neighbours(loop, {});
        ASSERT_TRUE(step_until(loop, [&] { return neighbours.is_followed(); }));
        ASSERT_TRUE(run("ip neigh add 10.0.0.5 lladdr 00:1f:c1:00:00:01 dev near"));
        // More than the socket holds while nobody reads it; what comes last is lost.
        ASSERT_TRUE(run("for i in 1 2 3 4 5 6 7 8; do for j in $(seq 1 250); do "
                        "echo neigh replace 10.0.$i.$j lladdr 02:00:00:00:00:01 dev near; done; "
                        "done | ip -batch - && "
                        "ip neigh del 10.0.0.5 dev near && "
                        "ip neigh add 10.0.0.6 lladdr 00:1f:c1:00:00:02 dev near"));
        EXPECT_TRUE(step_until(loop, [&] {
            return neighbours.size() == 2001 && mac_at(neighbours, ip("10.0.0.6")) == other;
        })) << neighbours.size();
        EXPECT_FALSE(neighbours.find(ip("10.0.0.5")));
    });
    if (!allowed) {
        GTEST_SKIP() << "needs the right to make a network namespace";
    }
}
