// SPDX-License-Identifier: MIT
// The sound of one call: an RTP port that speaks every 20 ms and counts what it hears.
#pragma once

#include "module/phone/rtp.hpp"
#include "module/phone/udp.hpp"
#include "provisioning/base/clock.hpp"

#include <optional>

namespace phone {

class Stream {
  public:
    struct Aim {
        base::Endpoint to;
        Codec codec = Codec::pcmu;
        bool operator==(const Aim&) const = default;
    };

    /// On an even port (RFC 3550 11) that nobody holds.
    static base::Result<Stream> open(base::Ipv4 local);

    /// Speaks to it from now on; to nobody for none.
    void aim(std::optional<Aim> aim, base::Steady now);
    void tick(base::Steady now);
    std::optional<base::Steady> next() const noexcept;
    /// Takes what has arrived; true when the first packet was among it.
    bool hear();

    int fd() const noexcept { return port_.fd(); }

    base::Endpoint local() const noexcept { return port_.local(); }

    const std::optional<Aim>& aimed() const noexcept { return aim_; }

    const std::optional<Aim>& last_aim() const noexcept { return last_aim_; }

    std::optional<base::Endpoint> heard_from() const noexcept { return from_; } ///< the last one

    std::uint64_t sent() const noexcept { return source_.sent(); }

    const RtpSink& sink() const noexcept { return sink_; }

  private:
    explicit Stream(UdpPort port) : port_(std::move(port)) {}

    UdpPort port_;
    RtpSource source_;
    RtpSink sink_;
    std::optional<Aim> aim_;
    std::optional<Aim> last_aim_; ///< kept when it is none any more
    std::optional<base::Endpoint> from_;
    base::Steady due_{};
};

} // namespace phone
