// SPDX-License-Identifier: MIT
// IPv4 values and the sockets made of them, on loopback ports that the kernel picks.
#include "provisioning/base/net.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace base;
using testing::AllOf;
using testing::HasSubstr;

namespace {

Ipv4 ip(const char* text) {
    const auto address = Ipv4::parse(text);
    EXPECT_TRUE(address) << text;
    return address.value_or(Ipv4{});
}

Network net(const char* text) {
    const auto network = Network::parse(text);
    EXPECT_TRUE(network) << text;
    return network.value_or(Network{});
}

std::uint16_t port_of(const Fd& fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return Endpoint::from(address).port;
}

std::string own_name() {
    std::ifstream in("/proc/self/comm");
    std::string name;
    std::getline(in, name);
    return name + " (pid " + std::to_string(::getpid()) + ")";
}

} // namespace

TEST(Ipv4, ReadsOnlyAStrictDottedQuad) {
    EXPECT_EQ(ip("192.168.1.9").value, 0xC0A80109U);
    EXPECT_EQ(ip("0.0.0.0").value, 0U);
    EXPECT_EQ(ip("255.255.255.255").str(), "255.255.255.255");
    for (const char* text :
         {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "01.2.3.4", "1.2.3.4 ", "1..3.4",
          "1.2.3.", ".1.2.3", "0x1.2.3.4", "1.2.3.4444444444", "16909060"}) {
        EXPECT_FALSE(Ipv4::parse(text)) << text;
    }
}

TEST(Ipv4, KnowsThePrivateRangesToTheirEdges) {
    for (const char* text : {"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255",
                             "192.168.0.0", "192.168.255.255", "169.254.0.1"}) {
        EXPECT_TRUE(ip(text).is_private()) << text;
    }
    for (const char* text : {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0",
                             "192.167.255.255", "192.169.0.0", "169.253.0.1", "127.0.0.1"}) {
        EXPECT_FALSE(ip(text).is_private()) << text;
    }
}

TEST(Ipv4, KnowsLoopbackAndMulticast) {
    EXPECT_TRUE(ip("127.255.0.1").is_loopback());
    EXPECT_FALSE(ip("128.0.0.1").is_loopback());
    EXPECT_TRUE(ip("224.0.1.75").is_multicast());
    EXPECT_TRUE(ip("239.255.255.255").is_multicast());
    EXPECT_FALSE(ip("240.0.0.0").is_multicast());
    EXPECT_FALSE(ip("223.255.255.255").is_multicast());
}

TEST(Network, ContainsItsAddressesAndNoOthers) {
    EXPECT_TRUE(net("10.0.0.0/8").contains(ip("10.255.1.2")));
    EXPECT_FALSE(net("10.0.0.0/8").contains(ip("11.0.0.0")));
    EXPECT_TRUE(net("0.0.0.0/0").contains(ip("8.8.8.8")));
    EXPECT_TRUE(net("192.168.1.7").contains(ip("192.168.1.7")));
    EXPECT_FALSE(net("192.168.1.7").contains(ip("192.168.1.6")));
    const Network of_interface{ip("192.168.1.77"), 24};
    EXPECT_TRUE(of_interface.contains(ip("192.168.1.1")));
    EXPECT_FALSE(of_interface.contains(ip("192.168.2.1")));
}

TEST(Network, SpellsTheNetworkNotTheHost) {
    EXPECT_EQ(net("10.1.2.3/8").str(), "10.0.0.0/8");
    EXPECT_EQ(net("10.1.2.3/8"), net("10.0.0.0/8"));
    EXPECT_EQ((Network{ip("192.168.1.77"), 24}.str()), "192.168.1.0/24");
    EXPECT_EQ(net("192.168.1.77").str(), "192.168.1.77");
    EXPECT_EQ(net("0.0.0.0/0").str(), "0.0.0.0/0");
}

TEST(Network, HasABroadcastAddress) {
    EXPECT_EQ(net("192.168.1.0/24").broadcast().str(), "192.168.1.255");
    EXPECT_EQ((Network{ip("10.1.2.3"), 22}.broadcast().str()), "10.1.3.255");
    EXPECT_EQ(net("10.1.2.3").broadcast().str(), "10.1.2.3");
    EXPECT_EQ(net("0.0.0.0/0").broadcast().str(), "255.255.255.255");
}

TEST(Network, RefusesWhatIsNone) {
    for (const char* text :
         {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0/8", "a/8"}) {
        EXPECT_FALSE(Network::parse(text)) << text;
    }
}

TEST(Endpoint, GoesThroughTextAndSockaddrUnchanged) {
    const auto endpoint = Endpoint::parse("224.0.1.75:5060");
    ASSERT_TRUE(endpoint);
    EXPECT_EQ(endpoint->str(), "224.0.1.75:5060");
    const sockaddr_in address = endpoint->sockaddr();
    EXPECT_EQ(address.sin_family, AF_INET);
    EXPECT_EQ(ntohs(address.sin_port), 5060);
    EXPECT_EQ(ntohl(address.sin_addr.s_addr), 0xE000014BU);
    EXPECT_EQ(Endpoint::from(address), *endpoint);
    for (const char* text : {"", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:05", ":5060"}) {
        EXPECT_FALSE(Endpoint::parse(text)) << text;
    }
}

TEST(Fd, ClosesWhatItOwnsOnce) {
    const int number = ::dup(STDERR_FILENO);
    ASSERT_GE(number, 0);
    {
        Fd first(number);
        Fd second(std::move(first));
        EXPECT_FALSE(first); // NOLINT(bugprone-use-after-move): that is the question
        EXPECT_EQ(second.get(), number);
        Fd third;
        third = std::move(second);
        Fd& same = third;
        third = std::move(same);
        EXPECT_EQ(third.get(), number);
        EXPECT_NE(::fcntl(number, F_GETFD), -1);
    }
    EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST(UdpSocket, IsNonBlockingAndCloseOnExec) {
    const auto fd = udp_socket({ip("127.0.0.1"), 0});
    ASSERT_TRUE(fd) << fd.error().what;
    EXPECT_NE(port_of(*fd), 0);
    EXPECT_NE(::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(::fcntl(fd->get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(UdpSocket, NamesTheProcessThatHoldsThePort) {
    const auto held = udp_socket({ip("127.0.0.1"), 0});
    ASSERT_TRUE(held);
    const Endpoint taken{ip("127.0.0.1"), port_of(*held)};
    const auto second = udp_socket(taken);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::conflict);
    EXPECT_THAT(second.error().what,
                HasSubstr("UDP " + taken.str() + " is taken by " + own_name()));
}

TEST(UdpSocket, TellsTheWayOutWhenAWildcardSocketKeepsUsOffTheGroup) {
    const auto held = udp_socket({Ipv4{}, 0});
    ASSERT_TRUE(held);
    const auto group = udp_socket({ip("224.0.1.75"), port_of(*held)}, true);
    ASSERT_FALSE(group);
    EXPECT_EQ(group.error().code, Errc::conflict);
    EXPECT_THAT(group.error().what, AllOf(HasSubstr(own_name()), HasSubstr("instead of 0.0.0.0")));
}

TEST(UdpSocket, SharesAPortOnlyWhenAskedTo) {
    const auto first = udp_socket({ip("127.0.0.1"), 0}, true);
    ASSERT_TRUE(first);
    const Endpoint same{ip("127.0.0.1"), port_of(*first)};
    EXPECT_TRUE(udp_socket(same, true));
    EXPECT_FALSE(udp_socket(same, false));
}

TEST(UdpSocket, SaysThatTheAddressIsNotOurs) {
    const auto fd = udp_socket({ip("192.0.2.1"), 0}); // RFC 5737: nobody has it
    ASSERT_FALSE(fd);
    EXPECT_THAT(fd.error().what, HasSubstr("192.0.2.1:0 is not an address of this machine"));
}

TEST(UdpSocket, SaysWhatALowPortNeeds) {
    std::ifstream setting("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    int first = 0;
    if (::geteuid() != 0 || !(setting >> first) || first <= 69) {
        GTEST_SKIP() << "needs root to give up, and a kernel that guards low ports";
    }
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        if (::setuid(65534) != 0) {
            std::_Exit(2);
        }
        const auto fd = udp_socket({Ipv4{0x7F000001}, 69});
        const bool told = !fd && fd.error().code == Errc::refused &&
                          fd.error().what.find("CAP_NET_BIND_SERVICE") != std::string::npos;
        std::_Exit(told ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(PortHolder, FindsListenersAndIsSilentAboutTheRest) {
    const Fd tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in any = Endpoint{ip("127.0.0.1"), 0}.sockaddr();
    ASSERT_EQ(::bind(tcp.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
    const std::uint16_t port = port_of(tcp);
    const Endpoint here{ip("127.0.0.1"), port};
    EXPECT_EQ(port_holder("tcp", here), "") << "bound is not yet listening";
    ASSERT_EQ(::listen(tcp.get(), 1), 0);
    EXPECT_EQ(port_holder("tcp", here), own_name());
    EXPECT_EQ(port_holder("sctp", here), "");
    EXPECT_EQ(port_holder("../../etc/passwd", here), "");
}

TEST(PortHolder, IsNotWhoHoldsThePortAtAnotherAddress) {
    const Fd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in any = Endpoint{ip("127.0.0.1"), 0}.sockaddr();
    ASSERT_EQ(::bind(udp.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
    const std::uint16_t port = port_of(udp);
    EXPECT_EQ(port_holder("udp", {ip("127.0.0.1"), port}), own_name());
    EXPECT_EQ(port_holder("udp", {ip("127.0.0.2"), port}), "");
    EXPECT_EQ(port_holder("udp", {ip("224.0.1.75"), port}), "") << "beside it a group can be bound";

    const Fd all(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    any = Endpoint{ip("0.0.0.0"), 0}.sockaddr();
    ASSERT_EQ(::bind(all.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(port_holder("udp", {ip("224.0.1.75"), port_of(all)}), own_name());
}

TEST(PortHolder, SeesADualStackSocketToo) {
    const Fd udp(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    if (!udp || ::bind(udp.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) {
        GTEST_SKIP() << "no IPv6 here";
    }
    socklen_t size = sizeof any;
    ASSERT_EQ(::getsockname(udp.get(), reinterpret_cast<sockaddr*>(&any), &size), 0);
    EXPECT_EQ(port_holder("udp", {ip("127.0.0.1"), ntohs(any.sin6_port)}), own_name());
}
