// SPDX-License-Identifier: MIT
#include "module/phone/rtp.hpp"

#include "provisioning/base/crypto.hpp"

#include <array>
#include <stdexcept>

namespace phone {

namespace {

constexpr std::size_t header_size = 12;
constexpr std::uint32_t samples = 160; ///< of 20 ms at 8 kHz

/// ITU-T G.711 tables 5 and 6: one period of the 1 kHz tone in either law.
constexpr std::string_view tone_pcmu = "\x1e\x0b\x0b\x1e\x9e\x8b\x8b\x9e";
constexpr std::string_view tone_pcma = "\x34\x21\x21\x34\xb4\xa1\xa1\xb4";

std::uint32_t read_number(std::string_view bytes) noexcept {
    std::uint32_t value = 0;
    for (const char c : bytes) {
        value = value << 8U | static_cast<unsigned char>(c);
    }
    return value;
}

void write_number(std::string& text, std::uint32_t value, int bytes) {
    while (bytes-- > 0) {
        text += static_cast<char>(value >> (8U * static_cast<unsigned>(bytes)) & 0xffU);
    }
}

std::string tone(Codec codec) {
    const auto period = codec == Codec::pcma ? tone_pcma : tone_pcmu;
    std::string sound;
    while (sound.size() < samples) {
        sound.append(period);
    }
    return sound;
}

} // namespace

std::string_view codec_name(Codec codec) noexcept {
    return codec == Codec::pcma ? "PCMA" : "PCMU";
}

base::Result<RtpHeader> read_rtp(std::string_view packet) {
    if (packet.size() < header_size) {
        return base::fail(base::Errc::truncated, "{} bytes are no RTP packet", packet.size());
    }
    const auto first = read_number(packet.substr(0, 1));
    const auto second = read_number(packet.substr(1, 1));
    if (first >> 6U != 2) {
        return base::fail(base::Errc::malformed, "not RTP version 2");
    }
    if (packet.size() < header_size + 4 * std::size_t{first & 0x0fU}) {
        return base::fail(base::Errc::truncated, "an RTP packet without all of its sources");
    }
    return RtpHeader{.payload = static_cast<std::uint8_t>(second & 0x7fU),
                     .marker = (second & 0x80U) != 0,
                     .sequence = static_cast<std::uint16_t>(read_number(packet.substr(2, 2))),
                     .timestamp = read_number(packet.substr(4, 4)),
                     .ssrc = read_number(packet.substr(8, 4))};
}

std::string write_rtp(const RtpHeader& header, std::string_view sound) {
    std::string packet;
    write_number(packet, 0x80U, 1);
    write_number(packet, header.payload | (header.marker ? 0x80U : 0U), 1);
    write_number(packet, header.sequence, 2);
    write_number(packet, header.timestamp, 4);
    write_number(packet, header.ssrc, 4);
    return packet.append(sound);
}

RtpSource::RtpSource() {
    // RFC 3550 5.1: all three begin at random.
    std::array<std::uint8_t, 10> bytes{};
    if (auto filled = base::random_bytes(bytes); !filled) {
        throw std::runtime_error(filled.error().what);
    }
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    next_ = {.payload = 0,
             .marker = true,
             .sequence = static_cast<std::uint16_t>(read_number(text.substr(0, 2))),
             .timestamp = read_number(text.substr(2, 4)),
             .ssrc = read_number(text.substr(6, 4))};
}

std::string RtpSource::packet(Codec codec) {
    next_.payload = static_cast<std::uint8_t>(codec);
    auto packet = write_rtp(next_, tone(codec));
    next_.marker = false;
    ++next_.sequence;
    next_.timestamp += samples;
    ++sent_;
    return packet;
}

void RtpSink::take(const RtpHeader& header) {
    // RFC 3550 A.1: so far ahead or behind it is the same stream, further it began anew.
    constexpr std::uint16_t most_ahead = 3000;
    constexpr std::uint16_t most_behind = 100;
    const auto ahead =
        static_cast<std::uint16_t>(header.sequence - static_cast<std::uint16_t>(highest_));
    const bool follows = ssrc_ == header.ssrc && ahead < most_ahead;
    const bool late = ssrc_ == header.ssrc && static_cast<std::uint16_t>(0U - ahead) <= most_behind;
    if (follows) {
        highest_ += ahead;
    } else if (!late) {
        lost_before_ += lost_now();
        ssrc_ = header.ssrc;
        first_ = highest_ = header.sequence;
        since_first_ = 0;
    }
    ++since_first_;
    ++received_;
}

std::uint64_t RtpSink::lost_now() const noexcept {
    const auto expected = ssrc_ ? highest_ - first_ + 1 : 0;
    return expected > since_first_ ? expected - since_first_ : 0; // copies count as received
}

} // namespace phone
