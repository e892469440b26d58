// SPDX-License-Identifier: MIT
// What two phones tell each other about their sound: SDP (RFC 4566) as offer and answer (RFC 3264).
#pragma once

#include "module/phone/rtp.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace phone {

/// Who speaks, seen from the one that writes it.
enum class Flow : std::uint8_t { sendrecv, sendonly, recvonly, inactive };

std::string_view flow_name(Flow flow) noexcept;

/// The far end's audio.
struct Sdp {
    base::Endpoint rtp; ///< where it listens
    Codec codec = Codec::pcmu;
    Flow flow = Flow::sendrecv;
    std::vector<std::string> streams; ///< all m= values in order, since an answer names each
    std::size_t audio = 0;            ///< which of them this is

    /// Whether it wants to hear us.
    bool listens() const noexcept {
        return (flow == Flow::sendrecv || flow == Flow::recvonly) && rtp.port != 0;
    }
};

/// Refuses what has no audio over RTP/AVP in PCMU or PCMA at an IPv4 address.
base::Result<Sdp> read_sdp(std::string_view body);

/// Our side of it: `version` grows with each change (RFC 3264 8).
struct OwnSdp {
    base::Endpoint rtp;
    std::uint64_t id = 0;
    std::uint64_t version = 0;
};

std::string write_offer(const OwnSdp& own);
/// Takes the offer's codec and flow, and refuses all streams but its audio.
std::string write_sdp_answer(const OwnSdp& own, const Sdp& offer);

} // namespace phone
