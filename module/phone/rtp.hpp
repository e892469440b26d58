// SPDX-License-Identifier: MIT
// RTP packets (RFC 3550) of one direction each: a source that speaks, a sink that counts.
#pragma once

#include "provisioning/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace phone {

/// RFC 3551 table 4.
enum class Codec : std::uint8_t { pcmu = 0, pcma = 8 };

std::string_view codec_name(Codec codec) noexcept;

/// One packet carries this much sound (RFC 3551 4.2).
constexpr std::chrono::milliseconds packet_time{20};

struct RtpHeader {
    std::uint8_t payload = 0;
    bool marker = false;
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t ssrc = 0;
};

/// Refuses what is no RTP version 2.
base::Result<RtpHeader> read_rtp(std::string_view packet);
std::string write_rtp(const RtpHeader& header, std::string_view sound);

/// Speaks a tone of 1 kHz, with a sequence, a clock and an SSRC of its own.
class RtpSource {
  public:
    RtpSource();

    /// The next 20 ms.
    std::string packet(Codec codec);

    /// The next packet begins to speak again: RFC 3551 4.1 marks it.
    void pause() noexcept { next_.marker = true; }

    std::uint64_t sent() const noexcept { return sent_; }

  private:
    RtpHeader next_;
    std::uint64_t sent_ = 0;
};

/// Counts by sequence number as RFC 3550 A.1 and A.3 do; a new SSRC or a leap begins a new count.
class RtpSink {
  public:
    void take(const RtpHeader& header);

    std::uint64_t received() const noexcept { return received_; }

    std::uint64_t lost() const noexcept { return lost_before_ + lost_now(); }

  private:
    std::uint64_t lost_now() const noexcept;

    std::optional<std::uint32_t> ssrc_;
    std::uint64_t first_ = 0;
    std::uint64_t highest_ = 0; ///< with the rounds of the 16 bit counted
    std::uint64_t since_first_ = 0;
    std::uint64_t lost_before_ = 0;
    std::uint64_t received_ = 0;
};

} // namespace phone
