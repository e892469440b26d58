// SPDX-License-Identifier: MIT
#include "module/phone/stream.hpp"

namespace phone {

base::Result<Stream> Stream::open(base::Ipv4 local) {
    constexpr int most_tries = 20;
    auto port = UdpPort::open({local, 0});
    for (int tries = 0; port && port->local().port % 2 != 0 && tries < most_tries; ++tries) {
        const auto even = static_cast<std::uint16_t>(port->local().port - 1);
        auto neighbour = UdpPort::open({local, even});
        port = neighbour ? std::move(neighbour) : UdpPort::open({local, 0});
    }
    if (!port) {
        return tl::unexpected(port.error());
    }
    return Stream(std::move(*port));
}

void Stream::aim(std::optional<Aim> aim, base::Steady now) {
    if (aim && !aim_) {
        source_.pause();
        due_ = now;
    }
    aim_ = aim;
    last_aim_ = aim ? aim : last_aim_;
}

void Stream::tick(base::Steady now) {
    // What was late follows at once: the clock of the stream is that of the call.
    for (; aim_ && due_ <= now; due_ += packet_time) {
        static_cast<void>(port_.send(source_.packet(aim_->codec), aim_->to));
    }
}

std::optional<base::Steady> Stream::next() const noexcept {
    return aim_ ? std::optional(due_) : std::nullopt;
}

bool Stream::hear() {
    const auto before = sink_.received();
    while (const auto datagram = port_.receive()) {
        if (const auto header = read_rtp(datagram->bytes)) {
            sink_.take(*header);
            from_ = datagram->from;
        }
    }
    return before == 0 && sink_.received() > 0;
}

} // namespace phone
