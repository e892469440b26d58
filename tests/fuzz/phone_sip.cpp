// SPDX-License-Identifier: MIT
// Any bytes as a datagram to pnp-phone: SIP, SDP, a challenge, a URL, RTP.
// rooms: phone
#include "module/phone/digest.hpp"
#include "module/phone/rtp.hpp"
#include "module/phone/sdp.hpp"
#include "module/phone/sip.hpp"
#include "module/phone/url.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

void look_at_message(std::string_view bytes) {
    const auto message = phone::read_message(bytes);
    if (!message) {
        return;
    }
    for (const auto& [name, value] : message->headers) {
        (void)phone::parameter(value, "tag");
        (void)phone::read_cseq(value);
        (void)phone::read_challenge(value);
        (void)message->each(name);
    }
    if (!message->is_answer()) {
        const base::Endpoint source{base::Ipv4{0xC000020A}, 5059};
        const auto answer = phone::write_answer(*message, 200, "OK", source, "tag");
        const auto again = phone::read_message(answer);
        if (!again || again->status != 200 ||
            again->header("Call-ID") != message->header("Call-ID")) {
            std::abort();
        }
        (void)phone::answer_target(*message, source);
    }
    if (const auto offer = phone::read_sdp(message->body)) {
        if (!phone::read_sdp(phone::write_sdp_answer({offer->rtp, 1, 1}, *offer))) {
            std::abort();
        }
    }
}

void look_at_rtp(std::string_view packet) {
    if (const auto header = phone::read_rtp(packet)) {
        phone::RtpSink().take(*header);
        const auto again = phone::read_rtp(phone::write_rtp(*header, ""));
        if (!again || again->sequence != header->sequence || again->ssrc != header->ssrc ||
            again->payload != header->payload || again->timestamp != header->timestamp) {
            std::abort();
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    look_at_message(text);
    look_at_rtp(text);
    if (phone::is_fetchable(text)) {
        const auto whole = phone::join_url(text, "x");
        if (!phone::is_fetchable(whole)) {
            std::abort();
        }
    }
    (void)phone::is_tftp(text);
    (void)phone::file_name(text);
    (void)phone::shorten_url(text);
    return 0;
}
