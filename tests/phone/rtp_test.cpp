// SPDX-License-Identifier: MIT
#include "module/phone/rtp.hpp"

#include "module/phone/stream.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

using std::chrono::milliseconds;

RtpHeader packet(int sequence, std::uint32_t ssrc = 7) {
    return {.payload = 0,
            .marker = false,
            .sequence = static_cast<std::uint16_t>(sequence),
            .timestamp = 0,
            .ssrc = ssrc};
}

TEST(Rtp, WritesTheTwelveBytesOfRfc3550) {
    const auto text = write_rtp({.payload = 8,
                                 .marker = true,
                                 .sequence = 0x1234,
                                 .timestamp = 0x01020304,
                                 .ssrc = 0xa1b2c3d4},
                                "xyz");
    EXPECT_EQ(text, std::string("\x80\x88\x12\x34\x01\x02\x03\x04\xa1\xb2\xc3\xd4xyz"));
    const auto header = read_rtp(text);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->payload, 8);
    EXPECT_TRUE(header->marker);
    EXPECT_EQ(header->sequence, 0x1234);
    EXPECT_EQ(header->timestamp, 0x01020304U);
    EXPECT_EQ(header->ssrc, 0xa1b2c3d4U);
}

TEST(Rtp, ReadsNothingElse) {
    EXPECT_FALSE(read_rtp("\x80\x00short"));
    EXPECT_FALSE(read_rtp("INVITE sip:201@192.0.2.1 SIP/2.0"));
    EXPECT_FALSE(read_rtp("\x81\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b"))
        << "its source is cut off";
}

TEST(RtpSource, CountsPacketsAndSamples) {
    RtpSource source;
    const auto first = source.packet(Codec::pcmu);
    const auto second = source.packet(Codec::pcmu);
    EXPECT_EQ(first.size(), 12U + 160U);
    const auto one = read_rtp(first);
    const auto two = read_rtp(second);
    EXPECT_TRUE(one->marker) << "the talk begins";
    EXPECT_FALSE(two->marker);
    EXPECT_EQ(static_cast<std::uint16_t>(one->sequence + 1), two->sequence);
    EXPECT_EQ(one->timestamp + 160, two->timestamp);
    EXPECT_EQ(one->ssrc, two->ssrc);
    EXPECT_EQ(source.sent(), 2U);
    EXPECT_NE(read_rtp(RtpSource().packet(Codec::pcma))->ssrc, one->ssrc);
}

TEST(RtpSink, CountsWhatIsMissing) {
    RtpSink sink;
    for (const int sequence : {65533, 65534, 0, 1, 3}) { // 65535 and 2 never come
        sink.take(packet(sequence));
    }
    EXPECT_EQ(sink.received(), 5U);
    EXPECT_EQ(sink.lost(), 2U);
    sink.take(packet(2));
    EXPECT_EQ(sink.lost(), 1U) << "it was only late";
}

TEST(RtpSink, BeginsAnewWithAnotherSource) {
    RtpSink sink;
    EXPECT_EQ(sink.lost(), 0U);
    sink.take(packet(10));
    sink.take(packet(12));
    sink.take(packet(40000, 8));
    sink.take(packet(40001, 8));
    sink.take(packet(20000, 8)); // a leap of the same source
    EXPECT_EQ(sink.received(), 5U);
    EXPECT_EQ(sink.lost(), 1U);
}

TEST(Stream, SpeaksEachTwentyMillisecondsAndHearsTheOther) {
    const base::Ipv4 loopback{0x7F000001};
    auto one = Stream::open(loopback);
    auto two = Stream::open(loopback);
    ASSERT_TRUE(one && two);
    EXPECT_EQ(one->local().port % 2, 0);
    const auto start = base::Steady{} + std::chrono::hours(1);
    one->tick(start);
    EXPECT_EQ(one->next(), std::nullopt) << "nobody listens yet";
    one->aim(Stream::Aim{two->local(), Codec::pcmu}, start);
    one->tick(start);
    EXPECT_EQ(one->next(), start + milliseconds(20));
    one->tick(start + milliseconds(100));
    EXPECT_EQ(one->sent(), 6U) << "what was late follows";
    EXPECT_TRUE(two->hear());
    EXPECT_FALSE(two->hear()) << "only the first time";
    EXPECT_EQ(two->sink().received(), 6U);
    EXPECT_EQ(two->heard_from(), one->local());
    one->aim(std::nullopt, start + milliseconds(100));
    one->tick(start + milliseconds(200));
    EXPECT_EQ(one->sent(), 6U);
}

} // namespace
} // namespace phone
