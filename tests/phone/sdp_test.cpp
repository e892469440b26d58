// SPDX-License-Identifier: MIT
#include "module/phone/sdp.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

using testing::HasSubstr;
using testing::Not;

const OwnSdp own{{{0xC0000259}, 40000}, 17, 3}; // 192.0.2.89

/// As a PBX offers it.
std::string offer(std::string_view more = "",
                  std::string_view media = "m=audio 10066 RTP/AVP 8 0 101") {
    return fmt::format("v=0\r\no=- 1 2 IN IP4 192.0.2.10\r\ns=PBX\r\nc=IN IP4 192.0.2.10\r\n"
                       "t=0 0\r\n{}\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
                       "a=rtpmap:101 telephone-event/8000\r\na=maxptime:150\r\n{}",
                       media, more);
}

TEST(ReadSdp, FindsAddressCodecAndFlow) {
    const auto sdp = read_sdp(offer("a=sendrecv\r\n"));
    ASSERT_TRUE(sdp) << sdp.error().what;
    EXPECT_EQ(sdp->rtp.str(), "192.0.2.10:10066");
    EXPECT_EQ(sdp->codec, Codec::pcma) << "the first one both know";
    EXPECT_TRUE(sdp->listens());
}

TEST(ReadSdp, PrefersTheAddressOfTheAudioToThatOfTheSession) {
    const auto sdp = read_sdp(offer("c=IN IP4 192.0.2.102\r\nm=video 20000 RTP/AVP 99\r\n"
                                    "c=IN IP4 192.0.2.103\r\na=inactive\r\n"));
    ASSERT_TRUE(sdp) << sdp.error().what;
    EXPECT_EQ(sdp->rtp.str(), "192.0.2.102:10066");
    EXPECT_EQ(sdp->flow, Flow::sendrecv) << "the other belongs to the video";
}

TEST(ReadSdp, KnowsBothWaysToHold) {
    EXPECT_FALSE(read_sdp(offer("a=sendonly\r\n"))->listens());
    EXPECT_FALSE(read_sdp(offer("a=inactive\r\n"))->listens());
    const auto old = read_sdp(offer("c=IN IP4 0.0.0.0\r\n"));
    ASSERT_TRUE(old);
    EXPECT_FALSE(old->listens());
}

TEST(ReadSdp, RefusesWhatItCannotSpeakTo) {
    EXPECT_FALSE(read_sdp(""));
    EXPECT_FALSE(read_sdp("v=0\r\nm\r\n=\r\nm=\r\n"));
    EXPECT_FALSE(read_sdp(offer("", "m=audio 10066 RTP/AVP 9 111")));
    EXPECT_FALSE(read_sdp(offer("", "m=audio 10066 RTP/SAVP 0")));
    EXPECT_FALSE(read_sdp(offer("", "m=audio 0 RTP/AVP 0")));
    EXPECT_FALSE(read_sdp(offer("", "m=audio 99999 RTP/AVP 0")));
    EXPECT_FALSE(read_sdp(offer("", "m=video 10066 RTP/AVP 0")));
    EXPECT_FALSE(read_sdp(offer("c=IN IP6 2001:db8::1\r\n")));
}

TEST(WriteSdp, OffersBothCodecs) {
    const auto text = write_offer(own);
    EXPECT_THAT(text, HasSubstr("o=- 17 3 IN IP4 192.0.2.89\r\n"));
    EXPECT_THAT(text, HasSubstr("\r\nm=audio 40000 RTP/AVP 0 8\r\n"));
    const auto read = read_sdp(text);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->rtp, own.rtp);
    EXPECT_EQ(read->codec, Codec::pcmu);
}

TEST(WriteSdp, AnswersWithTheOneCodecAndTheFlowSeenFromHere) {
    const auto text = write_sdp_answer(own, *read_sdp(offer("a=sendonly\r\n")));
    EXPECT_THAT(text, HasSubstr("\r\nm=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"));
    EXPECT_THAT(text, HasSubstr("\r\na=recvonly\r\n"));
    EXPECT_THAT(write_sdp_answer(own, *read_sdp(offer("a=recvonly\r\n"))),
                HasSubstr("\r\na=sendonly\r\n"));
    EXPECT_THAT(write_sdp_answer(own, *read_sdp(offer())), HasSubstr("\r\na=sendrecv\r\n"));
}

TEST(WriteSdp, RefusesTheOtherStreamsInTheirPlaces) {
    const auto text = write_sdp_answer(
        own, *read_sdp("v=0\r\nc=IN IP4 192.0.2.10\r\nm=video 20000 RTP/AVP 99 98\r\n"
                       "m=audio 10066 RTP/AVP 0\r\nm=image 1 udptl t38\r\n"));
    EXPECT_THAT(text, HasSubstr("\r\nm=video 0 RTP/AVP 99 98\r\nm=audio 40000 "));
    EXPECT_THAT(text, testing::EndsWith("\r\nm=image 0 udptl t38\r\n"));
}

} // namespace
} // namespace phone
