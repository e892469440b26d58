// SPDX-License-Identifier: MIT
// The TFTP server on sockets of loopback: who is answered, from where, and how many at a time.
#include "provisioning/serve/tftp.hpp"

#include "client.hpp"
#include "provisioning/base/log.hpp"
#include "provisioning/serve/tftp_socket.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::string_literals;
using base::Endpoint;
using base::Ipv4;
using serve::Tftp;
using serve::TftpRequest;
using serve_test::until;

constexpr Ipv4 loopback{INADDR_LOOPBACK};
constexpr Ipv4 neighbour{INADDR_LOOPBACK + 1};
const std::string secret = "S3cret-token-of-a-phone";

const std::string not_found = "\0\5\0\1File not found\0"s;
const std::string access_violation = "\0\5\0\2Access violation\0"s;
const std::string illegal_operation = "\0\5\0\4Illegal TFTP operation\0"s;
const std::string unknown_transfer_id = "\0\5\0\5Unknown transfer ID\0"s;

std::string rrq(const std::string& name, const std::string& behind = "octet\0"s) {
    return "\0\1"s + name + '\0' + behind;
}

std::string ack(unsigned block) {
    return {'\0', '\4', static_cast<char>(block >> 8U & 0xFFU), static_cast<char>(block & 0xFFU)};
}

struct Heard {
    std::string bytes;
    Endpoint from;
};

/// A client's socket; the loop runs while it waits.
class Udp {
  public:
    Udp(base::Loop& loop, Ipv4 source) : loop_(loop) {
        auto socket = base::udp_socket({source, 0});
        if (!socket) {
            throw std::runtime_error(socket.error().what);
        }
        socket_ = std::move(*socket);
    }

    void send(Endpoint to, const std::string& bytes) {
        EXPECT_TRUE(serve::send_tftp(socket_.get(), to, bytes));
    }

    /// What comes next; nothing in it when nothing came.
    Heard read() {
        Heard heard;
        until(loop_, [&] {
            heard = waiting();
            return !heard.bytes.empty();
        });
        return heard;
    }

    /// What waits by now.
    Heard waiting() {
        std::array<char, 70000> room{};
        sockaddr_in from{};
        socklen_t length = sizeof from;
        const auto size = ::recvfrom(socket_.get(), room.data(), room.size(), MSG_DONTWAIT,
                                     reinterpret_cast<sockaddr*>(&from), &length);
        return size < 0
                   ? Heard{}
                   : Heard{{room.data(), static_cast<std::size_t>(size)}, Endpoint::from(from)};
    }

    Endpoint local() const {
        sockaddr_in address{};
        socklen_t length = sizeof address;
        ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length);
        return Endpoint::from(address);
    }

    void close() { socket_.close(); }

  private:
    base::Loop& loop_;
    base::Fd socket_;
};

class TftpServer : public testing::Test {
  protected:
    TftpServer() {
        base::log::set_sink([this](auto, auto, std::string_view text) { log.emplace_back(text); });
        base::log::set_level("", base::log::Level::debug);
    }

    ~TftpServer() override {
        tftp.reset();
        base::log::set_level("", base::log::Level::info);
        base::log::set_sink({});
    }

    void start() {
        tftp = std::make_unique<Tftp>(loop, limits, [this](const TftpRequest& request) {
            asked.push_back(request);
            if (request.name == "broken") {
                throw std::runtime_error("no disk");
            }
            if (request.name == "odd") {
                throw 7; // NOLINT(hicpp-exception-baseclass): what no library promises not to do
            }
            const auto found = files.find(request.name);
            return found == files.end() ? nullptr
                                        : std::make_shared<const std::string>(found->second);
        });
        const auto errors = tftp->listen({{loopback, 0}}, served);
        ASSERT_TRUE(errors.empty()) << errors[0].what;
        server = tftp->listening().at(0);
    }

    Udp client(Ipv4 source = loopback) { return {loop, source}; }

    /// A client that has sent this; the answer waits for it.
    Udp asking(const std::string& request, Ipv4 source = loopback) {
        auto made = client(source);
        made.send(server, request);
        return made;
    }

    std::string answer_to(const std::string& request) { return asking(request).read().bytes; }

    void until_open(std::uint64_t transfers) {
        EXPECT_TRUE(until(loop, [&] { return tftp->counters().open == transfers; }))
            << tftp->counters().open << " are";
    }

    /// Lets everything come that is under way: what was sent before is read in its order.
    void settle() {
        auto last = asking("\0\2last\0octet\0"s);
        EXPECT_EQ(last.read().bytes, access_violation);
    }

    /// The whole file, in blocks of that size.
    std::string fetch(const std::string& request, std::size_t block_size = 512) {
        auto phone = asking(request);
        std::string file;
        unsigned block = 0;
        while (true) {
            const auto heard = phone.read();
            if (heard.bytes.substr(0, 2) == "\0\6"s) {
                phone.send(heard.from, ack(0));
                continue;
            }
            EXPECT_EQ(heard.bytes.substr(0, 4), "\0\3"s + ack(++block).substr(2));
            if (heard.bytes.size() < 4) {
                return file;
            }
            file += heard.bytes.substr(4);
            phone.send(heard.from, ack(block));
            if (heard.bytes.size() < block_size + 4) {
                until_open(0);
                return file;
            }
        }
    }

    base::Loop loop;
    serve::TftpLimits limits;
    std::vector<base::Network> served = {{Ipv4{0x7F000000}, 8}};
    std::map<std::string, std::string> files = {
        {"KX-UT670.cfg", "# PCC\nCFG=\"Y\"\n"}, {"big", std::string(70'000, 'x')}, {"empty", ""}};
    std::vector<TftpRequest> asked;
    std::vector<std::string> log;
    std::unique_ptr<Tftp> tftp;
    Endpoint server;
};

TEST_F(TftpServer, GivesAFileFromASocketOfItsOwn) {
    start();
    auto phone = asking(rrq("/KX-UT670.cfg"));
    const auto data = phone.read();
    EXPECT_EQ(data.bytes, "\0\3\0\1"s + files["KX-UT670.cfg"]);
    EXPECT_EQ(data.from.address, server.address);
    EXPECT_NE(data.from.port, server.port);
    phone.send(data.from, ack(1));
    until_open(0);
    EXPECT_EQ(tftp->counters().complete, 1U);
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].name, "KX-UT670.cfg");
    EXPECT_EQ(asked[0].peer, phone.local());
    EXPECT_EQ(asked[0].local, server);
}

TEST_F(TftpServer, GivesFilesOfManyBlocksAndOfNone) {
    start();
    EXPECT_EQ(fetch(rrq("big")), files["big"]);
    EXPECT_EQ(fetch(rrq("big", "octet\0blksize\0"
                               "1000\0"s),
                    1000),
              files["big"]);
    EXPECT_EQ(fetch(rrq("empty")), "");
    EXPECT_EQ(fetch(rrq("KX-UT670.cfg", "netascii\0"s)), "# PCC\r\nCFG=\"Y\"\r\n");
    EXPECT_EQ(tftp->counters().complete, 4U);
    EXPECT_EQ(tftp->counters().timeouts, 0U);
}

TEST_F(TftpServer, AgreesToOptionsBeforeItSendsData) {
    start();
    auto phone = asking(rrq("big", "octet\0tsize\0"
                                   "0\0blksize\0"
                                   "65464\0multicast\0\0"s));
    const auto oack = phone.read();
    EXPECT_EQ(oack.bytes, "\0\6blksize\0"
                          "1468\0tsize\0"
                          "70000\0"s);
    phone.send(oack.from, ack(0));
    EXPECT_EQ(phone.read().bytes.size(), 4U + 1468U);
}

TEST_F(TftpServer, AnswersEveryNameThatItDoesNotGiveWithTheSameBytes) {
    start();
    for (const auto& name :
         {"KX-UT670"s, "../etc/passwd"s, "a\\b"s, "..\\KX-UT670.cfg"s, ""s, "/"s, "a\nb"s,
          std::string(129, 'a'), "p/" + secret + "/KX-UT670.cfg", "broken"s}) {
        EXPECT_EQ(answer_to(rrq(name)), not_found) << name;
    }
    EXPECT_EQ(tftp->counters().not_found, 10U);
    EXPECT_EQ(asked.size(), 3U) << "names that no file has are not looked for";
    until_open(0);
}

TEST_F(TftpServer, RefusedRequestsNameNoSecret) {
    start();
    for (const auto& request :
         {rrq("p/" + secret + "/a.cfg"), rrq(secret, "mail\0"s), "\0\2"s + secret + "\0octet\0"s,
          rrq(secret, secret + '\0'), rrq("broken" + secret), rrq("../" + secret)}) {
        EXPECT_EQ(answer_to(request).find(secret), std::string::npos);
    }
    EXPECT_GT(log.size(), 5U);
    for (const auto& line : log) {
        EXPECT_EQ(line.find(secret), std::string::npos) << line;
    }
}

TEST_F(TftpServer, TakesNothing) {
    start();
    EXPECT_EQ(answer_to("\0\2KX-UT670.cfg\0octet\0"s), access_violation);
    EXPECT_EQ(answer_to("\0\2"s), access_violation);
    EXPECT_EQ(tftp->counters().writes, 2U);
    EXPECT_TRUE(asked.empty());
}

TEST_F(TftpServer, RefusesWhatIsNoRequestAndAnswersNothingElse) {
    start();
    EXPECT_EQ(answer_to("\0\1KX-UT670.cfg"s), illegal_operation);
    EXPECT_EQ(answer_to(rrq("KX-UT670.cfg", "mail\0"s)), illegal_operation);
    EXPECT_EQ(answer_to(rrq("a") + std::string(600, 'a')), illegal_operation);
    auto other = client();
    for (const auto& datagram : {"\0"s, "\0\3\0\1data"s, "\0\4\0\1"s, "\0\6blksize\0"s, "\0\7a"s,
                                 "\0\5\0\1File not found\0"s, "GET / HTTP/1.1\r\n\r\n"s}) {
        other.send(server, datagram);
    }
    settle();
    EXPECT_EQ(other.waiting().bytes, "") << "two servers would go on for ever";
    EXPECT_EQ(tftp->counters().malformed, 10U);
}

TEST_F(TftpServer, ASourceOutsideOfTheServedNetworksGetsNothing) {
    served = {{loopback, 32}};
    start();
    auto stranger = asking(rrq("KX-UT670.cfg"), neighbour);
    stranger.send(server, "\0\2a\0octet\0"s);
    stranger.send(server, "\0\1"s);
    settle();
    EXPECT_EQ(stranger.waiting().bytes, "");
    EXPECT_EQ(tftp->counters().outside, 3U);
    EXPECT_TRUE(asked.empty());
}

TEST_F(TftpServer, NobodyIsServedWhereNoNetworkIs) {
    served = {};
    start();
    auto stranger = asking(rrq("KX-UT670.cfg"));
    EXPECT_TRUE(until(loop, [&] { return tftp->counters().outside == 1; }));
    EXPECT_EQ(stranger.waiting().bytes, "");
}

TEST_F(TftpServer, ARepeatedRequestOpensNoSecondTransfer) {
    start();
    auto phone = asking(rrq("big"));
    const auto first = phone.read();
    for (int i = 0; i < 3; ++i) {
        phone.send(server, rrq("big"));
    }
    settle();
    EXPECT_EQ(phone.waiting().bytes, "");
    EXPECT_EQ(tftp->counters().repeated, 3U);
    EXPECT_EQ(tftp->counters().requests, 1U);
    phone.send(first.from, ack(1));
    EXPECT_EQ(phone.read().bytes.substr(0, 4), "\0\3\0\2"s);
    EXPECT_EQ(asked.size(), 1U);
}

TEST_F(TftpServer, AnotherRequestFromTheSamePortEndsTheOneBefore) {
    start();
    auto phone = asking(rrq("big"));
    const auto first = phone.read();
    phone.send(server, rrq("KX-UT670.cfg"));
    const auto second = phone.read();
    EXPECT_EQ(second.bytes, "\0\3\0\1"s + files["KX-UT670.cfg"]);
    EXPECT_EQ(tftp->counters().open, 1U);
    EXPECT_EQ(tftp->counters().aborted, 1U);
}

TEST_F(TftpServer, AForeignPacketGetsAnErrorAndDisturbsNothing) {
    start();
    auto phone = asking(rrq("big"));
    const auto first = phone.read();
    auto stranger = client(neighbour);
    stranger.send(first.from, ack(1));
    EXPECT_EQ(stranger.read().bytes, unknown_transfer_id);
    stranger.send(first.from, "\0\5\0\0stop\0"s);
    EXPECT_TRUE(until(loop, [&] { return tftp->counters().foreign == 2; }));
    EXPECT_EQ(stranger.waiting().bytes, "") << "no error for an error";
    EXPECT_EQ(phone.waiting().bytes, "");
    phone.send(first.from, ack(1));
    EXPECT_EQ(phone.read().bytes.substr(0, 4), "\0\3\0\2"s);
}

TEST_F(TftpServer, AForeignFloodIsAnsweredAtABoundedRate) {
    start();
    auto phone = asking(rrq("big"));
    const auto first = phone.read();
    auto stranger = client(neighbour);
    for (int i = 0; i < 100; ++i) {
        stranger.send(first.from, "\0\4\0\1"s);
    }
    EXPECT_TRUE(until(loop, [&] { return tftp->counters().foreign == 100; }));
    int answers = 0;
    while (!stranger.waiting().bytes.empty()) {
        ++answers;
    }
    EXPECT_GE(answers, 20);
    EXPECT_LT(answers, 90);
}

TEST_F(TftpServer, SendsAgainAndGivesUp) {
    limits.patience.timeout = std::chrono::milliseconds(5);
    limits.patience.repeats = 2;
    start();
    auto phone = asking(rrq("big"));
    const auto first = phone.read();
    phone.send(first.from, ack(1));
    std::map<std::string, int> blocks;
    until(loop, [&] { return tftp->counters().timeouts == 1; });
    for (auto heard = phone.waiting(); !heard.bytes.empty(); heard = phone.waiting()) {
        ++blocks[heard.bytes.substr(0, 4)];
    }
    EXPECT_EQ(blocks["\0\3\0\2"s], 3);
    EXPECT_EQ(tftp->counters().open, 0U);
}

TEST_F(TftpServer, AnAddressThatNeverSaysAWordGetsFewPackets) {
    limits.patience.timeout = std::chrono::milliseconds(1);
    limits.patience.unproven_repeats = 3;
    start();
    auto victim = client(neighbour);
    for (int i = 0; i < 50; ++i) {
        victim.send(server, rrq("file" + std::to_string(i % 2) + ".cfg"));
        files["file" + std::to_string(i % 2) + ".cfg"] = std::string(512, 'x');
        EXPECT_TRUE(until(loop, [&] {
            const auto now = tftp->counters();
            return now.timeouts == static_cast<unsigned>(i) + 1;
        }));
    }
    int packets = 0;
    while (!victim.waiting().bytes.empty()) {
        ++packets;
    }
    EXPECT_GE(packets, 50 + 30);
    EXPECT_LE(packets, 50 + 40) << "fifty answers, and what the bucket lets be sent again";
}

TEST_F(TftpServer, AMachineThatRefusesOurPacketsEndsTheTransfer) {
    limits.patience.timeout = std::chrono::seconds(100);
    start();
    auto phone = asking(rrq("big"));
    phone.close();
    EXPECT_TRUE(until(loop, [&] { return tftp->counters().aborted == 1; }));
    until_open(0);
}

TEST_F(TftpServer, AClientEndsItsTransferByAnError) {
    start();
    auto phone = asking(rrq("big"));
    const auto first = phone.read();
    phone.send(first.from, "\0\5\0\3Disk full\0"s);
    until_open(0);
    EXPECT_EQ(tftp->counters().aborted, 1U);
}

TEST_F(TftpServer, OfASourceThatHasItsShareTheSlowestMakesRoom) {
    limits.transfers_per_source = 3;
    start();
    std::vector<Udp> phones;
    for (int i = 0; i < 3; ++i) {
        phones.push_back(asking(rrq("big")));
        const auto first = phones.back().read();
        phones.back().send(first.from, ack(1));
        EXPECT_EQ(phones.back().read().bytes.substr(0, 4), "\0\3\0\2"s);
    }
    auto fourth = asking(rrq("big"));
    EXPECT_EQ(fourth.read().bytes.substr(0, 4), "\0\3\0\1"s);
    EXPECT_EQ(tftp->counters().evicted, 1U);
    EXPECT_EQ(tftp->counters().open, 3U);
}

/// The head of what comes after block `had`, which comes again while this machine is busy.
std::string head_after(Udp& phone, const std::string& had) {
    auto head = phone.read().bytes.substr(0, 4);
    while (head == had) {
        head = phone.read().bytes.substr(0, 4);
    }
    return head;
}

TEST_F(TftpServer, TwoAddressesThatStallDoNotShutItForEverybody) {
    limits.transfers = 6;
    limits.transfers_per_source = 3;
    start();
    auto slow = asking(rrq("big"), Ipv4{INADDR_LOOPBACK + 5});
    const auto first = slow.read();
    slow.send(first.from, ack(1));
    EXPECT_EQ(slow.read().bytes.substr(0, 4), "\0\3\0\2"s);
    std::vector<Udp> stalled;
    for (unsigned i = 0; i < 6; ++i) {
        stalled.push_back(
            asking(rrq("big", "octet\0blksize\0008\0"s), Ipv4{INADDR_LOOPBACK + 2 + i % 2}));
        const auto oack = stalled.back().read();
        EXPECT_EQ(oack.bytes.substr(0, 2), "\0\6"s);
        stalled.back().send(oack.from, ack(0));
        EXPECT_EQ(stalled.back().read().bytes.substr(0, 4), "\0\3\0\1"s);
    }
    auto phone = asking(rrq("KX-UT670.cfg"));
    EXPECT_EQ(phone.read().bytes.substr(0, 4), "\0\3\0\1"s);
    slow.send(first.from, ack(2));
    EXPECT_EQ(head_after(slow, "\0\3\0\2"s), "\0\3\0\3"s) << "it has one transfer, they have many";
}

TEST_F(TftpServer, WhoeverNeverSaidAWordMakesRoom) {
    limits.transfers = 3;
    start();
    auto real = asking(rrq("big"));
    const auto first = real.read();
    real.send(first.from, ack(1));
    EXPECT_EQ(real.read().bytes.substr(0, 4), "\0\3\0\2"s);
    std::vector<Udp> forged;
    for (unsigned i = 0; i < 10; ++i) {
        forged.push_back(asking(rrq("big"), Ipv4{INADDR_LOOPBACK + 10 + i}));
        EXPECT_EQ(forged.back().read().bytes.substr(0, 4), "\0\3\0\1"s);
    }
    EXPECT_EQ(tftp->counters().evicted, 8U);
    EXPECT_EQ(tftp->counters().open, 3U);
    real.send(first.from, ack(2));
    EXPECT_EQ(head_after(real, "\0\3\0\2"s), "\0\3\0\3"s);
}

TEST_F(TftpServer, ASourceThatAsksTooOftenIsNotAnswered) {
    limits.rates = {1, 1000};
    start();
    auto busy = client(neighbour);
    for (int i = 0; i < 60; ++i) {
        busy.send(server, rrq("nothing"));
        loop.step();
    }
    settle();
    int answers = 0;
    while (!busy.waiting().bytes.empty()) {
        ++answers;
    }
    EXPECT_GE(answers, 1);
    EXPECT_LE(answers, 32);
    const auto now = tftp->counters();
    EXPECT_EQ(now.limited + now.requests + now.repeated, 60U);
    EXPECT_GT(now.limited + now.repeated, 0U);
}

TEST_F(TftpServer, AFloodWritesFewLines) {
    start();
    auto busy = client(neighbour);
    for (int i = 0; i < 500; ++i) {
        busy.send(server, "\0\2a\0octet\0"s);
        busy.send(server, rrq("../a"));
        loop.step();
    }
    settle();
    EXPECT_LT(log.size(), 40U);
}

TEST_F(TftpServer, EndsWhatCameToAnAddressThatIsNoLongerServed) {
    start();
    auto phone = asking(rrq("big"));
    const auto first = phone.read();
    EXPECT_TRUE(tftp->listen({{neighbour, 0}}, served).empty());
    EXPECT_EQ(tftp->counters().open, 0U);
    ASSERT_EQ(tftp->listening().size(), 1U);
    EXPECT_EQ(tftp->listening()[0].address, neighbour);
    server = tftp->listening()[0];
    EXPECT_EQ(asking(rrq("big")).read().from.address, neighbour);
    EXPECT_TRUE(tftp->listen({}, served).empty());
    EXPECT_TRUE(tftp->listening().empty());
}

TEST_F(TftpServer, MayEndWhileAWorkerLooks) {
    start();
    auto phone = asking(rrq("big"));
    until_open(1);
    phone.waiting();
    // If a worker still looks, its answer comes when there is nobody left to take it.
    tftp->listen({}, served);
    tftp.reset();
    while (loop.step()) {
    }
    EXPECT_EQ(phone.waiting().bytes, "");
}

TEST_F(TftpServer, NoRequestStaysOpenWhateverIsThrown) {
    start();
    EXPECT_EQ(answer_to(rrq("broken")), not_found);
    EXPECT_EQ(answer_to(rrq("odd")), not_found);
    until_open(0);
}

TEST_F(TftpServer, AClientThatChangesItsMindFillsNoQueue) {
    limits.waiting_requests = 4;
    start();
    auto busy = client();
    for (int i = 0; i < 40; ++i) { // all are read at once, before any worker has a turn
        busy.send(server, rrq(std::string(1U + static_cast<unsigned>(i), 'a')));
    }
    EXPECT_TRUE(until(loop, [&] { return tftp->counters().limited + asked.size() >= 40; }));
    EXPECT_GT(tftp->counters().limited, 0U);
    EXPECT_EQ(answer_to(rrq("KX-UT670.cfg")).substr(0, 4), "\0\3\0\1"s) << "later it answers";
}

TEST_F(TftpServer, SaysWhoHasThePortAndWhatElseThereIs) {
    start();
    Tftp second(loop, limits, [](const TftpRequest&) { return nullptr; });
    const auto errors = second.listen({server}, served);
    ASSERT_EQ(errors.size(), 1U);
    for (const auto* words : {"TFTP: UDP 127.0.0.1:", "is taken by serve_test (pid ", "tftp = off",
                              "pnp export tftp DIR"}) {
        EXPECT_NE(errors[0].what.find(words), std::string::npos) << errors[0].what;
    }
}

TEST(TftpRoom, IsWhatEthernetTakes) {
    EXPECT_EQ(serve::tftp_room_for_block(loopback, {loopback, 9}), 1468U);
    EXPECT_EQ(serve::tftp_room_for_block(Ipv4{0x08080808}, {loopback, 9}), 512U)
        << "not an address of ours";
}

} // namespace
