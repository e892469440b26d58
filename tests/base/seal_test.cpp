// SPDX-License-Identifier: MIT
// That what is sealed opens with its key at its place alone, and looks different each time.
#include "provisioning/base/seal.hpp"

#include <set>

#include <gtest/gtest.h>

#include <openssl/err.h>

namespace {

using base::Sealer;
using base::Secret;

Sealer sealer(char key = 'k') {
    return Sealer(Secret(std::string(Sealer::key_size, key)));
}

std::string sealed(std::string_view text, std::string_view place = "extension/201") {
    auto done = sealer().seal(text, place);
    EXPECT_TRUE(done) << done.error().what;
    return done ? *done : std::string();
}

TEST(Sealer, OpensWhatItSealed) {
    for (const auto& text : {std::string(), std::string("s3cret"), std::string("a\0\xff", 3),
                             std::string(100'000, 'x')}) {
        const auto closed = sealed(text);
        EXPECT_EQ(closed.size(), text.size() + 29);
        const auto opened = sealer().open(closed, "extension/201");
        ASSERT_TRUE(opened) << opened.error().what;
        EXPECT_EQ(opened->reveal(), text);
    }
}

TEST(Sealer, NeverWritesTheSameTwice) {
    std::set<std::string> nonces;
    for (int round = 0; round < 1000; ++round) {
        nonces.insert(sealed("s3cret").substr(1, 12));
    }
    EXPECT_EQ(nonces.size(), 1000U);
    EXPECT_EQ(sealed("s3cret").find("s3cret"), std::string::npos);
}

TEST(Sealer, OpensAtItsPlaceAlone) {
    const auto closed = sealed("s3cret", "extension/201");
    EXPECT_FALSE(sealer().open(closed, "extension/202"));
    EXPECT_FALSE(sealer().open(closed, ""));
    EXPECT_FALSE(sealer().open(closed, "extension/2011"));
}

TEST(Sealer, OpensWithItsKeyAlone) {
    EXPECT_FALSE(sealer('x').open(sealed("s3cret"), "extension/201"));
}

TEST(Sealer, SeesEveryChangedBitAndEveryMissingByte) {
    const auto closed = sealed("s3cret");
    for (std::size_t at = 0; at < closed.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            auto changed = closed;
            changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ (1U << bit));
            EXPECT_FALSE(sealer().open(changed, "extension/201")) << at << " bit " << bit;
        }
        EXPECT_FALSE(sealer().open(closed.substr(0, at), "extension/201")) << at;
    }
    EXPECT_FALSE(sealer().open(closed + "x", "extension/201"));
}

TEST(Sealer, LeavesNothingInTheQueueOfOpenssl) {
    EXPECT_FALSE(sealer('x').open(sealed("s3cret"), "extension/201"));
    EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST(Sealer, IsAes256Gcm) {
    const auto from_hex = [](std::string_view hex) {
        std::string out;
        for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
            out += static_cast<char>(std::stoi(std::string(hex.substr(at, 2)), nullptr, 16));
        }
        return out;
    };
    // Test case 16 of the GCM specification (McGrew and Viega): 256-bit key, 60 bytes, 20 of them
    // additional.
    const Sealer known(
        Secret(from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")));
    const auto closed = from_hex(
        "01cafebabefacedbaddecaf888"
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056"
        "828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b");
    const auto opened = known.open(closed, from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"));
    ASSERT_TRUE(opened) << opened.error().what;
    EXPECT_EQ(opened->reveal(),
              from_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c9595"
                       "6809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"));
}

} // namespace
