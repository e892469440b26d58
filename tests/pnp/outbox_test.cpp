// SPDX-License-Identifier: MIT
// What goes out in batches arrives whole and in its order, whichever socket sends it.
#include "pnp/sockets.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <net/if.h>
#include <sys/socket.h>

namespace pnp {
namespace {

using testing::ElementsAreArray;
using testing::IsEmpty;

constexpr base::Ipv4 loopback{0x7F000001};

base::Fd opened() {
    return std::move(open_unicast({loopback, 0}).value());
}

class AnOutbox : public testing::Test {
  protected:
    Path path(Channel channel) const {
        return {channel,
                static_cast<int>(::if_nametoindex("lo")),
                loopback,
                {loopback, bound_port(phone.get())}};
    }

    void send() {
        outbox.send(
            [&](const Path& to) {
                return to.channel == Channel::group ? group.get() : unicast.get();
            },
            [&](const Path& to) { failed.push_back(to.channel); });
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

    base::Fd phone = opened();
    base::Fd group = opened();
    base::Fd unicast = opened();
    Outbox outbox;
    std::vector<Channel> failed;
};

TEST_F(AnOutbox, SendsAllInTheirOrderFromTwoSockets) {
    std::vector<std::string> wanted;
    for (int i = 0; !outbox.is_full(); ++i) {
        wanted.push_back(fmt::format("datagram {}", i));
        outbox.add(path(i % 3 == 0 ? Channel::group : Channel::unicast), wanted.back());
    }
    send();
    EXPECT_THAT(received(), ElementsAreArray(wanted));
    EXPECT_THAT(failed, IsEmpty());
    EXPECT_TRUE(outbox.is_empty());
}

TEST_F(AnOutbox, SaysWhichOnesTheSystemDidNotTake) {
    outbox.add(path(Channel::group), "first");
    outbox.add(path(Channel::unicast), "its socket is gone");
    outbox.add(path(Channel::group), std::string(70'000, 'x')); // no datagram is that long
    outbox.add(path(Channel::group), "last");
    unicast.close();
    send();
    EXPECT_THAT(received(), ElementsAreArray({"first", "last"}));
    EXPECT_THAT(failed, ElementsAreArray({Channel::unicast, Channel::group}));
}

} // namespace
} // namespace pnp
