// SPDX-License-Identifier: MIT
// What goes out arrives whole and in its order, however much it is and whichever socket sends it.
#include "pnp/sender.hpp"

#include <array>
#include <chrono>
#include <fmt/format.h>
#include <future>
#include <gmock/gmock.h>
#include <net/if.h>
#include <sys/socket.h>
#include <thread>

namespace pnp {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::SizeIs;

constexpr base::Ipv4 loopback{0x7F000001};

base::Fd opened() {
    return std::move(open_unicast({loopback, 0}).value());
}

class ASender : public testing::Test {
  protected:
    void add(const base::Fd& from, const std::string& bytes) { add_to(sender, from, bytes); }

    void add_to(Sender& which, const base::Fd& from, const std::string& bytes) const {
        const auto lo = static_cast<int>(::if_nametoindex("lo"));
        which.add(from.get(),
                  {from.get() == group.get() ? Channel::group : Channel::unicast,
                   lo,
                   loopback,
                   {loopback, bound_port(phone.get())}},
                  bytes);
    }

    std::vector<std::string> received() const {
        std::vector<std::string> all;
        std::array<char, 100> bytes{};
        ssize_t size = 0;
        while ((size = ::recv(phone.get(), bytes.data(), bytes.size(), MSG_DONTWAIT)) >= 0) {
            all.emplace_back(bytes.data(), static_cast<std::size_t>(size));
        }
        return all;
    }

    /// `count` from two sockets; the sender is told after so many each.
    void sends(int count, int at_once) {
        std::vector<std::string> wanted;
        for (int i = 0; i < count; ++i) {
            wanted.push_back(fmt::format("datagram {}", i));
            add(i % 3 == 0 ? group : unicast, wanted.back());
            if (i % at_once == 0) {
                sender.send();
            }
        }
        sender.flush();
        EXPECT_THAT(received(), ElementsAreArray(wanted));
        EXPECT_THAT(failed, IsEmpty());
    }

    base::Fd phone = opened();
    base::Fd group = opened();
    base::Fd unicast = opened();
    std::vector<Channel> failed;
    Sender sender{[this](std::span<const Path> paths) {
        for (const Path& path : paths) {
            failed.push_back(path.channel);
        }
    }};
};

TEST_F(ASender, SendsOneAfterTheOther) {
    sends(20, 1);
}

TEST_F(ASender, SendsManyInTheirOrder) {
    sends(400, 30);
    sends(3, 1); // after the crowd
    sends(400, 7);
}

TEST_F(ASender, SendsMoreThanItsBoxHoldsWithoutBeingTold) {
    sends(static_cast<int>(3 * Outbox::most), 1000);
}

TEST_F(ASender, SaysWhichOnesTheSystemDidNotTake) {
    for (int i = 0; i < 20; ++i) {
        add(group, "before");
    }
    add(unicast, std::string(70'000, 'x')); // no datagram is that long
    add(group, "last");
    sender.flush();
    const auto all = received();
    ASSERT_THAT(all, SizeIs(21));
    EXPECT_EQ(all.back(), "last");
    EXPECT_THAT(failed, ElementsAreArray({Channel::unicast}));
}

TEST_F(ASender, WaitsForNoOtherThreadWhereNoneIsAtIt) {
    std::vector<std::thread::id> by;
    Sender other([&](const auto&) { by.push_back(std::this_thread::get_id()); });
    for (int round = 0; round < 2; ++round) {
        for (std::size_t i = 0; i <= Outbox::most; ++i) { // the last one finds the box full
            add_to(other, group, std::string(70'000, 'x'));
        }
        EXPECT_THAT(by, SizeIs(2 * round + 1));
        other.flush();
    }
    EXPECT_THAT(by, AllOf(SizeIs(4), Each(std::this_thread::get_id())));
}

TEST_F(ASender, TakesTheNextOnesWhileAFullBoxLeaves) {
    std::array<std::promise<void>, 2> begun;
    std::array<std::promise<void>, 2> gates;
    std::size_t boxes = 0;
    bool was_opened = true;
    Sender other([&](const auto&) {
        const auto box = boxes++;
        begun.at(box).set_value();
        was_opened &= gates.at(box).get_future().wait_for(std::chrono::seconds(20)) ==
                      std::future_status::ready;
        // So that the last one comes while the box behind this one is full; later it finds room.
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    });
    for (int i = 0; i < 20; ++i) {
        add_to(other, group, std::string(70'000, 'x'));
    }
    other.send();
    begun[0].get_future().wait(); // its thread is at it
    for (std::size_t i = 0; i < Outbox::most; ++i) {
        add_to(other, group, std::string(70'000, 'x'));
    }
    gates[0].set_value();
    add_to(other, group, "last");
    begun[1].get_future().wait();
    gates[1].set_value();
    other.flush();
    EXPECT_TRUE(was_opened) << "it waited until both had left";
    EXPECT_THAT(received(), ElementsAre("last"));
}

TEST_F(ASender, SendsWhatWaitsWhenItEnds) {
    {
        Sender other([](const auto&) {});
        for (int i = 0; i < 20; ++i) {
            add_to(other, group, "still");
        }
    }
    EXPECT_THAT(received(), SizeIs(20));
}

} // namespace
} // namespace pnp
