// SPDX-License-Identifier: MIT
// The service on real sockets, over the loopback: ports, groups, retries and letting go.
#include "pnp/service.hpp"

#include "pnp/sockets.hpp"
#include "sample.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace pnp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr base::Ipv4 loopback{0x7F000001};
constexpr base::Ipv4 group{0xE000014B};

std::uint16_t free_port() {
    const auto fd = base::udp_socket({loopback, 0});
    EXPECT_TRUE(fd) << fd.error().what;
    return bound_port(fd->get());
}

/// A phone: sends to the group through the loopback, receives on its own port.
class Phone {
  public:
    Phone() : fd_(std::move(base::udp_socket({loopback, 0}).value())) {
        ip_mreqn out{};
        out.imr_ifindex = static_cast<int>(::if_nametoindex("lo"));
        EXPECT_EQ(::setsockopt(fd_.get(), IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out), 0);
    }

    base::Endpoint here() const { return {loopback, bound_port(fd_.get())}; }

    std::string subscribe(const std::string& mac = "001fc1000001") const {
        return with_all(with_all(data("htek.sip"), "192.0.2.89:60000", here().str()),
                        "001fc1000001", mac);
    }

    void send(const std::string& bytes, base::Endpoint to) {
        const sockaddr_in address = to.sockaddr();
        EXPECT_EQ(::sendto(fd_.get(), bytes.data(), bytes.size(), 0,
                           reinterpret_cast<const sockaddr*>(&address), sizeof address),
                  static_cast<ssize_t>(bytes.size()));
    }

    struct Got {
        std::string bytes;
        base::Endpoint from;
    };

    std::optional<Got> receive() {
        std::string bytes(9000, '\0');
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const ssize_t count = ::recvfrom(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT,
                                         reinterpret_cast<sockaddr*>(&from), &size);
        if (count < 0) {
            return std::nullopt;
        }
        bytes.resize(static_cast<std::size_t>(count));
        return Got{bytes, base::Endpoint::from(from)};
    }

  private:
    base::Fd fd_;
};

class OnTheLoopback : public testing::Test {
  protected:
    OnTheLoopback() {
        settings.group = {group, free_port()};
        settings.notify_port = 0;
        row = {static_cast<int>(::if_nametoindex("lo")), "lo", loopback, 8, true, false};
    }

    Policy policy() {
        return {[this](const Asked& who) {
                    asked.push_back(who);
                    return decision;
                },
                [this](const Asked&, const std::function<void(base::Result<Offer>)>& done) {
                    loop.work([this, done] { loop.post([done] { done(made()); }); });
                },
                [this](base::Mac, inventory::Step step, base::Endpoint, std::string_view) {
                    steps.push_back(std::string(inventory::name(step)));
                },
                {},
                {},
                [](base::Mac) { return loopback; }};
    }

    static Offer made() {
        Offer offer;
        offer.url = base::Secret("http://127.0.0.1:8080/p/9k3v7q/");
        return offer;
    }

    /// Steps the loop until the phone has something, for so long that only a failure gets there.
    std::optional<Phone::Got> next(Phone& phone) {
        for (const auto end = clock.now() + 20s; clock.now() < end;) {
            if (auto got = phone.receive()) {
                return got;
            }
            loop.step(20ms);
        }
        return std::nullopt;
    }

    template <class F> bool until(F&& done) {
        for (const auto end = clock.now() + 20s; clock.now() < end;) {
            if (done()) {
                return true;
            }
            loop.step(20ms);
        }
        return done();
    }

    base::SystemClock clock;
    base::Loop loop;
    Settings settings;
    base::Interface row;
    Decision decision{Verdict::offer, ""};
    std::vector<Asked> asked;
    std::vector<std::string> steps;
};

TEST_F(OnTheLoopback, APhoneIsTakenFromItsQuestionToItsUrl) {
    Service service(loop, clock, settings, policy());
    EXPECT_FALSE(service.hears_group());
    EXPECT_THAT(service.serve({row}), IsEmpty());
    EXPECT_TRUE(service.hears_group());
    Phone phone;
    phone.send(phone.subscribe(), settings.group);

    const auto ok = next(phone);
    ASSERT_TRUE(ok);
    EXPECT_THAT(ok->bytes, StartsWith("SIP/2.0 200 OK\r\n"));
    EXPECT_EQ(ok->from, (base::Endpoint{loopback, settings.group.port}))
        << "the 200 leaves from the interface's address and the group's port";
    const auto notify = next(phone);
    ASSERT_TRUE(notify);
    EXPECT_THAT(notify->bytes, StartsWith("NOTIFY sip:MAC001fc1000001@" + phone.here().str()));
    EXPECT_THAT(notify->bytes, HasSubstr("\r\n\r\nhttp://127.0.0.1:8080/p/9k3v7q/"));
    EXPECT_EQ(notify->from.address, loopback);
    EXPECT_NE(notify->from.port, settings.group.port);
    EXPECT_THAT(notify->bytes, HasSubstr("Via: SIP/2.0/UDP " + notify->from.str() + ";"))
        << "Via names the socket that sent";
    EXPECT_THAT(ok->bytes, HasSubstr("Contact: <sip:pnp@" + notify->from.str() + ">\r\n"));

    std::string answer = "SIP/2.0 200 OK\r\n";
    for (const char* name : {"Via: ", "Call-ID: ", "CSeq: "}) {
        const auto begin = notify->bytes.find(std::string("\r\n") + name) + 2;
        answer += notify->bytes.substr(begin, notify->bytes.find("\r\n", begin) + 2 - begin);
    }
    phone.send(answer + "\r\n", notify->from);
    EXPECT_TRUE(until([&] { return service.counters().notify_accepted == 1; }));
    EXPECT_THAT(steps, ElementsAre("heard", "offered", "notify_accepted"));
    ASSERT_THAT(asked, SizeIs(1));
    EXPECT_EQ(asked[0].interface, "lo");
    EXPECT_EQ(asked[0].source, phone.here());
}

TEST_F(OnTheLoopback, AnotherServersErrorDoesNotDisturb) {
    Service service(loop, clock, settings, policy());
    ASSERT_THAT(service.serve({row}), IsEmpty());
    Phone phone;
    Phone other;
    phone.send(phone.subscribe(), settings.group);
    const auto ok = next(phone);
    ASSERT_TRUE(ok);
    other.send("SIP/2.0 401 Unauthorized\r\n\r\n", phone.here());
    EXPECT_THAT(next(phone)->bytes, StartsWith("SIP/2.0 401"));
    EXPECT_THAT(next(phone)->bytes, StartsWith("NOTIFY "));
    // A second copy gives only the 200 again.
    phone.send(phone.subscribe(), settings.group);
    EXPECT_EQ(next(phone)->bytes, ok->bytes);
}

TEST_F(OnTheLoopback, AUnicastQuestionIsAnsweredFromTheUnicastSocket) {
    settings.notify_port = free_port();
    Service service(loop, clock, settings, policy());
    ASSERT_THAT(service.serve({row}), IsEmpty());
    Phone phone;
    phone.send(phone.subscribe(), {loopback, settings.notify_port});
    EXPECT_EQ(next(phone)->from, (base::Endpoint{loopback, settings.notify_port}));
    EXPECT_EQ(next(phone)->from, (base::Endpoint{loopback, settings.notify_port}));
}

TEST_F(OnTheLoopback, AHeldPhoneGetsItsNotifyWhenItIsDecidedUpon) {
    decision = {Verdict::hold, "not approved"};
    Service service(loop, clock, settings, policy());
    ASSERT_THAT(service.serve({row}), IsEmpty());
    Phone phone;
    phone.send(phone.subscribe(), settings.group);
    EXPECT_THAT(next(phone)->bytes, StartsWith("SIP/2.0 200 OK"));
    EXPECT_EQ(service.counters().held, 1U);
    decision = {Verdict::offer, ""};
    service.decided({*base::Mac::parse("001fc1000001")});
    const auto notify = next(phone);
    ASSERT_TRUE(notify);
    EXPECT_THAT(notify->bytes, StartsWith("NOTIFY "));
}

TEST_F(OnTheLoopback, AReleasedGroupIsFreeAtOnceAndCanBeTakenAgain) {
    settings.receive = pnp::Receive::socket;
    Service service(loop, clock, settings, policy());
    ASSERT_THAT(service.serve({row}), IsEmpty());
    const base::Endpoint everywhere{base::Ipv4{0}, settings.group.port};
    EXPECT_FALSE(base::udp_socket(everywhere)) << "the group socket keeps others off its port";
    service.release_group();
    EXPECT_FALSE(service.hears_group());
    {
        const auto pbx = base::udp_socket(everywhere); // as a PBX binds: without reuse
        ASSERT_TRUE(pbx) << pbx.error().what;
        const auto errors = service.take_group();
        ASSERT_THAT(errors, SizeIs(1));
        EXPECT_EQ(errors[0].code, base::Errc::conflict);
        EXPECT_THAT(errors[0].what, HasSubstr("bind that SIP server to an address"));
        EXPECT_THAT(errors[0].what, HasSubstr("group_port = 5070"));
        EXPECT_FALSE(service.hears_group());
    }
    EXPECT_THAT(service.take_group(), IsEmpty());
    EXPECT_TRUE(service.hears_group());
    Phone phone;
    phone.send(phone.subscribe(), settings.group);
    EXPECT_TRUE(next(phone));
}

int option(int fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

TEST_F(OnTheLoopback, APbxOnEveryAddressInOurProcessLetsUsInAndHearsNoGroup) {
    const base::Endpoint everywhere{base::Ipv4{0}, settings.group.port};
    const auto pbx = base::udp_socket(everywhere); // as a PBX binds: without reuse
    ASSERT_TRUE(pbx) << pbx.error().what;
    {
        Service service(loop, clock, settings, policy());
        ASSERT_THAT(service.serve({row}), IsEmpty());
        EXPECT_TRUE(service.hears_group());
        EXPECT_EQ(option(pbx->get(), SOL_SOCKET, SO_REUSEADDR), 0) << "or anybody takes its port";
        EXPECT_EQ(option(pbx->get(), IPPROTO_IP, IP_MULTICAST_ALL), 0);
        EXPECT_FALSE(base::udp_socket({loopback, settings.group.port}, true))
            << "another process cannot take the PBX's calls";
        Phone phone;
        phone.send(phone.subscribe(), settings.group);
        EXPECT_THAT(next(phone)->bytes, StartsWith("SIP/2.0 200 OK"));
        char byte = 0;
        EXPECT_EQ(::recv(pbx->get(), &byte, 1, MSG_DONTWAIT), -1) << "the PBX heard the group";
        // What was asked of the PBX itself still arrives there.
        phone.send("OPTIONS", {loopback, settings.group.port});
        EXPECT_EQ(::recv(pbx->get(), &byte, 1, MSG_DONTWAIT), 1);

        service.release_group();
        EXPECT_THAT(service.take_group(), IsEmpty());
        EXPECT_TRUE(service.hears_group());
    }
    EXPECT_EQ(option(pbx->get(), IPPROTO_IP, IP_MULTICAST_ALL), 1) << "as it was";
    EXPECT_EQ(option(pbx->get(), SOL_SOCKET, SO_REUSEADDR), 0);
}

TEST_F(OnTheLoopback, OptionsThatAPbxSetItselfStayAsTheyWere) {
    const auto pbx = base::udp_socket({base::Ipv4{0}, settings.group.port}, true); // as chan_sip
    ASSERT_TRUE(pbx) << pbx.error().what;
    const int off = 0;
    ASSERT_EQ(::setsockopt(pbx->get(), IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off), 0);
    {
        Service service(loop, clock, settings, policy());
        ASSERT_THAT(service.serve({row}), IsEmpty());
        EXPECT_EQ(option(pbx->get(), SOL_SOCKET, SO_REUSEADDR), 1);
    }
    EXPECT_EQ(option(pbx->get(), SOL_SOCKET, SO_REUSEADDR), 1);
    EXPECT_EQ(option(pbx->get(), IPPROTO_IP, IP_MULTICAST_ALL), 0);
}

TEST_F(OnTheLoopback, SwitchedOffItHearsNothingAndTouchesNothing) {
    settings.receive = pnp::Receive::off;
    const auto pbx = base::udp_socket({base::Ipv4{0}, settings.group.port});
    ASSERT_TRUE(pbx) << pbx.error().what;
    Service service(loop, clock, settings, policy());
    EXPECT_THAT(service.serve({row}), IsEmpty());
    EXPECT_FALSE(service.hears_group());
    EXPECT_EQ(option(pbx->get(), IPPROTO_IP, IP_MULTICAST_ALL), 1);
    settings.receive = pnp::Receive::automatic;
    service.settings(settings); // a reload
    EXPECT_TRUE(service.hears_group());
}

TEST_F(OnTheLoopback, AGroupSocketSharesItsPortWithNobody) {
    Service service(loop, clock, settings, policy());
    ASSERT_THAT(service.serve({row}), IsEmpty());
    // Even with SO_REUSEADDR: or any local process could take the PBX's port.
    EXPECT_FALSE(base::udp_socket(settings.group, true));
    EXPECT_FALSE(base::udp_socket({loopback, settings.group.port}, true).has_value() &&
                 base::udp_socket({base::Ipv4{0}, settings.group.port}, true).has_value());
}

TEST_F(OnTheLoopback, ATakenNotifyPortIsNamedAndItsInterfaceNotHalfServed) {
    const auto taken = base::udp_socket({loopback, 0});
    ASSERT_TRUE(taken);
    settings.notify_port = bound_port(taken->get());
    Service service(loop, clock, settings, policy());
    const auto errors = service.serve({row});
    ASSERT_THAT(errors, SizeIs(1));
    EXPECT_THAT(errors[0].what, HasSubstr("notify_port"));
    EXPECT_FALSE(service.hears_group());
}

TEST_F(OnTheLoopback, ServingNothingLetsGoOfEverything) {
    settings.notify_port = free_port();
    Service service(loop, clock, settings, policy());
    ASSERT_THAT(service.serve({row}), IsEmpty());
    EXPECT_FALSE(base::udp_socket({loopback, settings.notify_port}));
    EXPECT_THAT(service.serve({}), IsEmpty());
    EXPECT_FALSE(service.hears_group());
    EXPECT_TRUE(base::udp_socket({loopback, settings.notify_port}));
    EXPECT_TRUE(base::udp_socket(settings.group));
    EXPECT_THAT(service.serve({row}), IsEmpty());
    EXPECT_TRUE(service.hears_group());
}

TEST_F(OnTheLoopback, AChangedGroupPortTakesEffect) {
    Service service(loop, clock, settings, policy());
    ASSERT_THAT(service.serve({row}), IsEmpty());
    settings.group.port = free_port();
    service.settings(settings);
    EXPECT_EQ(service.settings().group.port, settings.group.port);
    Phone phone;
    phone.send(phone.subscribe(), settings.group);
    EXPECT_TRUE(next(phone));
}

TEST_F(OnTheLoopback, AnAddressOutsideTheInterfacesNetworkIsNotAnswered) {
    row.prefix = 32; // only 127.0.0.1 itself
    row.address = base::Ipv4{0x7F000002};
    Service service(loop, clock, settings, policy());
    ASSERT_THAT(service.serve({row}), IsEmpty());
    Phone phone;
    phone.send(phone.subscribe(), settings.group);
    EXPECT_TRUE(until([&] { return service.counters().foreign_source == 1; }));
    EXPECT_FALSE(phone.receive());
    EXPECT_THAT(asked, IsEmpty());
}

TEST_F(OnTheLoopback, ALongDatagramIsMalformedNotCut) {
    Service service(loop, clock, settings, policy());
    ASSERT_THAT(service.serve({row}), IsEmpty());
    Phone phone;
    phone.send(phone.subscribe() + std::string(9000, 'x'), settings.group);
    EXPECT_TRUE(until([&] { return service.counters().malformed == 1; }));
}

TEST_F(OnTheLoopback, ACrowdIsAnsweredToTheLast) {
    decision = {Verdict::hold, "not approved"};
    Service service(loop, clock, settings, policy());
    ASSERT_THAT(service.serve({row}), IsEmpty());
    Phone crowd;
    const std::string one = crowd.subscribe();
    constexpr int many = 1000; // more than one turn of reading takes
    for (int i = 0; i < many; ++i) {
        const std::string mac = fmt::format("001fc1{:06x}", i + 1);
        crowd.send(with_all(with_all(one, "001fc1000001", mac), "70411250", mac), settings.group);
    }
    EXPECT_TRUE(until([&] { return service.counters().held == many; }))
        << service.counters().held << " held, " << service.counters().kernel_drops << " dropped";
}

TEST_F(OnTheLoopback, AResyncIsAnsweredByThePhone) {
    Service service(loop, clock, settings, policy());
    ASSERT_THAT(service.serve({row}), IsEmpty());
    Phone phone;
    std::vector<ResyncResult> results;
    service.resync(*base::Mac::parse("001fc1000001"), phone.here(), loopback,
                   "check-sync;reboot=false",
                   [&](ResyncResult result) { results.push_back(std::move(result)); });
    const auto notify = next(phone);
    ASSERT_TRUE(notify);
    EXPECT_THAT(notify->bytes, HasSubstr("\r\nEvent: check-sync;reboot=false\r\n"));
    phone.send(
        with(notify->bytes, "NOTIFY sip:" + phone.here().str() + " SIP/2.0", "SIP/2.0 200 OK"),
        notify->from);
    EXPECT_TRUE(until([&] { return !results.empty(); }));
    ASSERT_THAT(results, SizeIs(1));
    EXPECT_EQ(results[0].status, 200);
}

TEST_F(OnTheLoopback, ADecisionThatComesAfterTheEndIsHarmless) {
    {
        Service service(loop, clock, settings, policy());
        ASSERT_THAT(service.serve({row}), IsEmpty());
        service.decided({*base::Mac::parse("001fc1000001")});
    }
    while (loop.step()) {
    }
    EXPECT_THAT(asked, IsEmpty());
}

TEST(Sockets, AreClosedOnExecAndDoNotBlock) {
    for (const auto& fd : {open_group({group, free_port()}), open_unicast({loopback, 0})}) {
        ASSERT_TRUE(fd) << fd.error().what;
        EXPECT_NE(::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, 0);
        EXPECT_NE(::fcntl(fd->get(), F_GETFL) & O_NONBLOCK, 0);
    }
}

} // namespace
} // namespace pnp
