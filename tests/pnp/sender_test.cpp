// SPDX-License-Identifier: MIT
// What goes out arrives whole and in its order, however much it is and whichever socket sends it.
#include "pnp/sender.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <net/if.h>
#include <sys/socket.h>

namespace pnp {
namespace {

using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::SizeIs;

constexpr base::Ipv4 loopback{0x7F000001};

base::Fd opened() {
    return std::move(open_unicast({loopback, 0}).value());
}

class ASender : public testing::Test {
  protected:
    void add(const base::Fd& from, const std::string& bytes) {
        const auto lo = static_cast<int>(::if_nametoindex("lo"));
        sender.add(from.get(),
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

TEST_F(ASender, SendsWhatWaitsWhenItEnds) {
    {
        Sender other([](const auto&) {});
        for (int i = 0; i < 20; ++i) {
            other.add(group.get(),
                      {Channel::group,
                       static_cast<int>(::if_nametoindex("lo")),
                       loopback,
                       {loopback, bound_port(phone.get())}},
                      "still");
        }
    }
    EXPECT_THAT(received(), SizeIs(20));
}

} // namespace
} // namespace pnp
