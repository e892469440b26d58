// SPDX-License-Identifier: MIT
#include "module/phone/sdp.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace phone {

namespace {

using base::Errc;

constexpr std::array<Codec, 2> codecs{Codec::pcmu, Codec::pcma};
constexpr std::array<Flow, 4> flows{Flow::sendrecv, Flow::sendonly, Flow::recvonly, Flow::inactive};

/// "IN IP4 192.0.2.1" of a c= line.
std::optional<base::Ipv4> connection(std::string_view value) {
    const auto words = base::split(value, ' ');
    return words.size() == 3 && words[1] == "IP4" ? base::Ipv4::parse(words[2]) : std::nullopt;
}

/// The first of ours in the order of the m= line, which is the far end's wish.
std::optional<Codec> common_codec(const std::vector<std::string_view>& media) {
    for (std::size_t at = 3; at < media.size(); ++at) {
        for (const auto codec : codecs) {
            if (media[at] == std::to_string(static_cast<int>(codec))) {
                return codec;
            }
        }
    }
    return std::nullopt;
}

std::optional<Flow> flow_of(std::string_view attribute) {
    const auto* const found = std::find_if(flows.begin(), flows.end(),
                                           [&](Flow flow) { return flow_name(flow) == attribute; });
    return found == flows.end() ? std::nullopt : std::optional(*found);
}

Flow mirrored(Flow flow) noexcept {
    switch (flow) {
    case Flow::sendonly:
        return Flow::recvonly;
    case Flow::recvonly:
        return Flow::sendonly;
    default:
        return flow;
    }
}

std::string head(const OwnSdp& own) {
    const auto address = own.rtp.address.str();
    return fmt::format("v=0\r\no=- {} {} IN IP4 {}\r\ns=-\r\nc=IN IP4 {}\r\nt=0 0\r\n", own.id,
                       own.version, address, address);
}

std::string map_line(Codec codec) {
    return fmt::format("a=rtpmap:{} {}/8000\r\n", static_cast<int>(codec), codec_name(codec));
}

std::string tail(Flow flow) {
    return fmt::format("a=ptime:{}\r\na={}\r\n", packet_time.count(), flow_name(flow));
}

} // namespace

std::string_view flow_name(Flow flow) noexcept {
    switch (flow) {
    case Flow::sendrecv:
        return "sendrecv";
    case Flow::sendonly:
        return "sendonly";
    case Flow::recvonly:
        return "recvonly";
    case Flow::inactive:
        return "inactive";
    }
    return "";
}

base::Result<Sdp> read_sdp(std::string_view body) {
    Sdp sdp;
    std::optional<Codec> codec;
    std::optional<base::Ipv4> address;
    bool in_audio = false;
    for (const auto line : base::split(body, '\n')) {
        const auto whole = line.substr(0, line.find_last_not_of('\r') + 1);
        if (whole.size() < 2 || whole[1] != '=') {
            continue;
        }
        const auto value = whole.substr(2);
        const bool for_audio = in_audio || sdp.streams.empty();
        if (whole.front() == 'm') {
            const auto media = base::split(value, ' ');
            in_audio = !codec && media.size() > 3 && media[0] == "audio" && media[2] == "RTP/AVP";
            if (in_audio) {
                codec = common_codec(media);
                sdp.audio = sdp.streams.size();
                const auto port = base::parse_number(media[1]);
                sdp.rtp.port = port && *port <= 65535 ? static_cast<std::uint16_t>(*port) : 0;
            }
            sdp.streams.emplace_back(value);
        } else if (whole.front() == 'c' && for_audio) {
            address = connection(value);
        } else if (whole.front() == 'a' && for_audio) {
            sdp.flow = flow_of(value).value_or(sdp.flow);
        }
    }
    if (!codec) {
        return base::fail(Errc::refused, "its SDP has no audio in PCMU or PCMA");
    }
    if (!address || sdp.rtp.port == 0) {
        return base::fail(Errc::refused, "its SDP has no IPv4 address and port for the audio");
    }
    sdp.codec = *codec;
    sdp.rtp.address = *address;
    if (address->value == 0 && sdp.flow == Flow::sendrecv) {
        sdp.flow = Flow::sendonly; // RFC 3264 8.4: how RFC 2543 put a call on hold
    }
    return sdp;
}

std::string write_offer(const OwnSdp& own) {
    return head(own) + fmt::format("m=audio {} RTP/AVP 0 8\r\n", own.rtp.port) +
           map_line(Codec::pcmu) + map_line(Codec::pcma) + tail(Flow::sendrecv);
}

std::string write_sdp_answer(const OwnSdp& own, const Sdp& offer) {
    auto text = head(own);
    for (std::size_t at = 0; at < offer.streams.size(); ++at) {
        if (at == offer.audio) {
            text += fmt::format("m=audio {} RTP/AVP {}\r\n", own.rtp.port,
                                static_cast<int>(offer.codec));
            text += map_line(offer.codec) + tail(mirrored(offer.flow));
            continue;
        }
        // RFC 3264 6: refused with port 0, the rest as it was offered.
        const auto& stream = offer.streams[at];
        const auto kind = std::min(stream.find(' '), stream.size());
        const auto port = std::min(stream.find(' ', kind + 1), stream.size());
        text += fmt::format("m={} 0{}\r\n", stream.substr(0, kind), stream.substr(port));
    }
    return text;
}

} // namespace phone
