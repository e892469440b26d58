// SPDX-License-Identifier: MIT
// One transfer of TFTP against a clock of the test: blocks, numbers that wrap, packets sent again.
#include "provisioning/serve/tftp_transfer.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using serve::TftpRead;
using serve::TftpTransfer;
using Step = TftpTransfer::Step;

std::string ack(unsigned block) {
    return {'\0', '\4', static_cast<char>(block >> 8U & 0xFFU), static_cast<char>(block & 0xFFU)};
}

std::string octets(std::size_t size) {
    std::string made(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        made[i] = static_cast<char>((i * 2654435761U) >> 13U);
    }
    return made;
}

TftpRead with_block_size(std::size_t size) {
    TftpRead asked;
    asked.block_size = size;
    return asked;
}

class Transfer : public testing::Test {
  protected:
    void begin(const std::string& file, const TftpRead& asked = {}, std::size_t most = 1468) {
        transfer.emplace(std::make_shared<const std::string>(file), asked, most, patience,
                         clock.now());
    }

    Step heard(std::string_view datagram) { return transfer->heard(datagram, clock.now()); }

    Step due() { return transfer->due(clock.now()); }

    /// What a client has that acknowledges everything: the file, and the sizes of the blocks.
    std::string received() {
        std::string all;
        unsigned number = 0;
        if (transfer->packet()[1] == '\6') {
            EXPECT_EQ(heard(ack(0)), Step::send);
        }
        while (true) {
            const auto packet = transfer->packet();
            ++number;
            EXPECT_EQ(packet.substr(0, 4), "\0\3"s + ack(number).substr(2));
            all += packet.substr(4);
            sizes.push_back(packet.size() - 4);
            const auto step = heard(ack(number));
            if (step != Step::send) {
                EXPECT_EQ(step, Step::complete);
                return all;
            }
        }
    }

    base::FakeClock clock;
    serve::TftpPatience patience;
    std::optional<TftpTransfer> transfer;
    std::vector<std::size_t> sizes;
};

using Sizes = std::vector<std::size_t>;

TEST_F(Transfer, SendsBlocksOf512OctetsAndAShorterOneAtTheEnd) {
    begin(octets(1025));
    EXPECT_EQ(received(), octets(1025));
    EXPECT_EQ(sizes, (Sizes{512, 512, 1}));
}

TEST_F(Transfer, EndsAFileOfWholeBlocksWithAnEmptyOne) {
    begin(octets(1024));
    EXPECT_EQ(received(), octets(1024));
    EXPECT_EQ(sizes, (Sizes{512, 512, 0}));
}

TEST_F(Transfer, SendsAnEmptyFileAsOneEmptyBlock) {
    begin("");
    EXPECT_EQ(received(), "");
    EXPECT_EQ(sizes, Sizes{0});
}

TEST_F(Transfer, BlockNumbersGoOnAtZero) {
    const auto file = octets(8 * 65'540 + 3);
    begin(file, with_block_size(8));
    EXPECT_EQ(transfer->packet(), "\0\6blksize\0"
                                  "8\0"s);
    EXPECT_EQ(received(), file);
    EXPECT_EQ(sizes.size(), 65'541U);
}

TEST_F(Transfer, AgreesToWhatFitsOnTheWay) {
    auto asked = with_block_size(65464);
    asked.timeout = 3s;
    asked.wants_size = true;
    begin(octets(2000), asked);
    EXPECT_EQ(transfer->packet(), "\0\6blksize\0"
                                  "1468\0timeout\0"
                                  "3\0tsize\0"
                                  "2000\0"s);
    EXPECT_EQ(received(), octets(2000));
    EXPECT_EQ(sizes, (Sizes{1468, 532}));
    begin(octets(2000), with_block_size(1428));
    EXPECT_EQ(received(), octets(2000));
    EXPECT_EQ(sizes, (Sizes{1468, 532, 1428, 572}));
}

TEST_F(Transfer, LeavesOutWhatItDoesNotAgreeTo) {
    TftpRead slow;
    slow.timeout = 11s;
    begin("a", slow);
    EXPECT_EQ(transfer->packet(), "\0\3\0\1a"s) << "no option left, so no OACK";
    TftpRead text;
    text.netascii = true;
    text.wants_size = true;
    begin("a", text);
    EXPECT_EQ(transfer->packet(), "\0\3\0\1a"s);
}

TEST_F(Transfer, NoDuplicateOfAnAckSendsAnything) {
    begin(octets(2000));
    EXPECT_EQ(heard(ack(0)), Step::wait) << "of an OACK that there was not";
    EXPECT_EQ(heard(ack(1)), Step::send);
    EXPECT_EQ(heard(ack(1)), Step::wait);
    EXPECT_EQ(heard(ack(1)), Step::wait);
    EXPECT_EQ(heard(ack(2)), Step::send);
    EXPECT_EQ(heard(ack(1)), Step::wait);
    EXPECT_EQ(heard(ack(4)), Step::wait) << "of a block that was not sent";
    EXPECT_EQ(heard(ack(3)), Step::send);
    EXPECT_EQ(heard(ack(4)), Step::complete);
}

TEST_F(Transfer, WhatIsNoAckChangesNothing) {
    begin(octets(600));
    for (const auto& datagram : {""s, "\0"s, "\0\4"s, "\0\4\0"s, "\0\3\0\1"s, "\0\6"s, "\1\4\0\1"s,
                                 "\0\1a\0octet\0"s, octets(513)}) {
        EXPECT_EQ(heard(datagram), Step::wait);
    }
    EXPECT_EQ(heard(ack(1)), Step::send);
}

TEST_F(Transfer, EndsByAnErrorOfTheClient) {
    begin("a", with_block_size(1000));
    EXPECT_EQ(heard("\0\5\0\10no such option, please\0"s), Step::refused);
}

TEST_F(Transfer, SendsThePacketAgainUntilItIsAcknowledged) {
    begin(octets(1100));
    clock.advance(25ms);
    EXPECT_EQ(heard(ack(1)), Step::send);
    const auto packet = transfer->packet();
    for (const auto wait : {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 8000ms, 8000ms,
                            8000ms, 8000ms, 8000ms}) {
        EXPECT_EQ(transfer->deadline(), clock.now() + wait);
        clock.advance(wait - 1ms);
        EXPECT_EQ(due(), Step::wait);
        clock.advance(1ms);
        EXPECT_EQ(due(), Step::send);
        EXPECT_EQ(transfer->packet(), packet);
    }
    clock.advance(8s);
    EXPECT_EQ(due(), Step::given_up) << "a minute is over";
}

TEST_F(Transfer, AFastPhoneWaitsForNoSecondWhereAPacketIsLost) {
    begin(octets(1100));
    EXPECT_EQ(transfer->deadline(), clock.now() + 250ms) << "nothing is known of it";
    clock.advance(1ms);
    EXPECT_EQ(heard(ack(1)), Step::send);
    EXPECT_EQ(transfer->deadline(), clock.now() + 50ms);
    clock.advance(50ms);
    EXPECT_EQ(due(), Step::send);
}

TEST_F(Transfer, ASlowPhoneGetsNoBlockTwice) {
    begin(octets(512 * 20));
    clock.advance(250ms);
    EXPECT_EQ(due(), Step::send);
    clock.advance(50ms);
    EXPECT_EQ(heard(ack(1)), Step::send);
    for (unsigned block = 2; block < 20; ++block) {
        clock.advance(300ms);
        EXPECT_EQ(due(), Step::wait);
        EXPECT_EQ(heard(ack(block)), Step::send);
    }
}

TEST_F(Transfer, CountsAnewForEachPacket) {
    begin(octets(600));
    for (const unsigned block : {1U, 2U}) {
        for (int repeat = 0; repeat < 3; ++repeat) {
            clock.advance(transfer->deadline() - clock.now());
            EXPECT_EQ(due(), Step::send);
        }
        EXPECT_EQ(heard(ack(block)), block == 1 ? Step::send : Step::complete);
    }
}

TEST_F(Transfer, UsesTheTimeoutOfTheClient) {
    TftpRead asked;
    asked.timeout = 7s;
    begin(octets(600), asked);
    EXPECT_EQ(heard(ack(0)), Step::send);
    clock.advance(6999ms);
    EXPECT_EQ(due(), Step::wait);
    clock.advance(1ms);
    EXPECT_EQ(due(), Step::send);
    EXPECT_EQ(transfer->deadline(), clock.now() + 8s);
}

TEST_F(Transfer, WaitsNoLessThanTheClientWants) {
    TftpRead asked;
    asked.timeout = 10s;
    begin(octets(600), asked);
    clock.advance(10s);
    EXPECT_EQ(due(), Step::send);
    EXPECT_EQ(transfer->deadline(), clock.now() + 10s);
}

TEST_F(Transfer, SendsFewPacketsToAnAddressThatSaysNothing) {
    begin(octets(600));
    for (const auto wait : {250ms, 500ms, 1000ms}) {
        clock.advance(wait - 1ms);
        EXPECT_EQ(due(), Step::wait);
        clock.advance(1ms);
        EXPECT_EQ(due(), Step::send);
    }
    clock.advance(2s);
    EXPECT_EQ(due(), Step::given_up) << "four packets in all";
}

TEST_F(Transfer, KeepsItsPlaceForAMinuteAtMost) {
    begin(octets(512 * 2000));
    unsigned block = 0;
    Step step = Step::send;
    const auto began = clock.now();
    while (step == Step::send) {
        clock.advance(900ms);
        step = heard(ack(++block));
    }
    EXPECT_EQ(step, Step::given_up);
    EXPECT_EQ(clock.now() - began, 60300ms);
}

} // namespace
