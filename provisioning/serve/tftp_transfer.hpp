// SPDX-License-Identifier: MIT
// One file on its way by TFTP, without sockets and timers: what is sent next, what is sent again,
// and when it is given up.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/serve/tftp_packet.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace serve {

struct TftpPatience {
    /// Before a packet is sent again, as long as nobody knows how fast the client is; or what it
    /// names.
    std::chrono::milliseconds timeout = std::chrono::milliseconds(250);
    /// Afterwards it is four times what the last block took, and at least this: in a network that
    /// loses packets a phone waits for nothing else.
    std::chrono::milliseconds shortest = std::chrono::milliseconds(50);
    /// Each wait is twice the one before, up to this or to the client's timeout. Clients such as
    /// atftp ask again when they heard nothing for five seconds, and let what came twice pass: a
    /// packet that came each second would keep them from it, and both would wait for ever.
    std::chrono::milliseconds longest = std::chrono::seconds(8);
    /// How often a packet is sent again. Where one of five packets is lost in each direction, more
    /// than a third of all exchanges fail, and ten in a row do so once in 27,000. The last one is
    /// sent after 53 seconds: one more would come after the end of `whole`.
    unsigned repeats = 13;
    /// The same as long as nothing came back: whoever forges an address makes us send there, and a
    /// phone that is there asks again by itself.
    unsigned unproven_repeats = 3;
    /// Whoever is slower than this has a place that others wait for: what is public has a few
    /// hundred bytes.
    std::chrono::milliseconds whole = std::chrono::minutes(1);
};

class TftpTransfer {
  public:
    /// Longer timeouts are left out of the answer: the client then has its own.
    static constexpr std::chrono::seconds most_timeout{10};

    enum class Step : std::uint8_t {
        wait,     ///< there is nothing to do
        send,     ///< packet(), for the first time or again
        complete, ///< all of it is acknowledged
        refused,  ///< by an ERROR of the client
        given_up, ///< the client says nothing
    };

    /// `most_block` is what a block may have at most on the way to this client. packet() is to be
    /// sent at once.
    TftpTransfer(std::shared_ptr<const std::string> octets,
                 const TftpRead& asked,
                 std::size_t most_block,
                 const TftpPatience& patience,
                 base::Steady now);

    /// What was sent last: the OACK, or a block.
    const std::string& packet() const noexcept { return packet_; }

    /// A datagram of the client.
    Step heard(std::string_view datagram, base::Steady now);
    /// Whatever is due when `deadline()` has come.
    Step due(base::Steady now);

    base::Steady deadline() const noexcept { return deadline_; }

    bool is_acknowledged() const noexcept { return acknowledged_; } ///< somebody is there

  private:
    bool agree(const TftpRead& asked, std::size_t most_block);
    void next(base::Steady now);
    void learn(base::Duration took);
    void wait_for_ack(base::Steady now);

    std::shared_ptr<const std::string> octets_;
    TftpPatience patience_;
    base::Steady end_;
    base::Steady deadline_;
    base::Steady sent_;     ///< packet_, for the first time
    base::Duration wait_{}; ///< before packet_ is sent again
    bool learns_ = true;    ///< the client named no timeout
    std::size_t block_size_ = tftp_block;
    std::size_t offset_ = 0;  ///< of what comes after packet_
    std::uint16_t block_ = 0; ///< number of packet_; 0 is the OACK. 0 follows 65535
    bool last_ = false;       ///< packet_ is the short block that ends it
    bool acknowledged_ = false;
    unsigned repeated_ = 0;
    std::string packet_;
};

} // namespace serve
