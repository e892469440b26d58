// SPDX-License-Identifier: MIT
// Hashes and spellings against the vectors of their standards; randomness by counting.
#include "provisioning/base/crypto.hpp"

#include <cmath>
#include <cstdlib>
#include <exception>
#include <gtest/gtest.h>
#include <map>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <set>
#include <vector>

using namespace base;

namespace {

std::span<const std::uint8_t> bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

} // namespace

TEST(Sha256, MeetsTheVectorsOfFips180) {
    EXPECT_EQ(hex(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex(sha256(std::string_view{})), hex(sha256("")));
    EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(HmacSha256, MeetsTheVectorsOfRfc4231) {
    EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'),
                              "Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, TakesManyMessagesUnderOneKey) {
    const Hmac256 under_key("Jefe");
    for (const std::string_view message : {"what do ya want for nothing?", "", "x", "x"}) {
        EXPECT_EQ(hex(under_key.of(message)), hex(hmac_sha256("Jefe", message)));
    }
    EXPECT_EQ(hex(under_key.of("what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(HmacSha256, TakesAnEmptyKeyAndAnEmptyText) {
    constexpr auto expected = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    EXPECT_EQ(hex(hmac_sha256("", "")), expected);
    EXPECT_EQ(hex(hmac_sha256({}, {})), expected);
}

TEST(Md5Hex, MeetsTheVectorsOfRfc1321) {
    EXPECT_EQ(md5_hex(""), "d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(md5_hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(md5_hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Crypto, LeavesTheHostsOpensslErrorsAlone) {
    ERR_clear_error();
    sha256("x");
    hmac_sha256("k", "x");
    md5_hex("x");
    EXPECT_EQ(ERR_peek_error(), 0UL);
}

/// In a process of its own: whoever looked something up before has it.
TEST(Crypto, WhatOpensslLackedForAMomentIsThereForTheNextOne) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto all_fail = [] {
        int failures = 0;
        for (void (*use)() : {+[] { sha256("x"); }, +[] { hmac_sha256("k", "x"); },
                              +[] { const Secret secret("x"); }}) {
            try {
                use();
            } catch (const std::exception&) {
                ++failures;
            }
        }
        return failures == 3 && ERR_peek_error() == 0;
    };
    EXPECT_EXIT(
        {
            EVP_set_default_properties(nullptr, "fips=yes"); // which finds none of them
            const bool was_missed = all_fail();
            EVP_set_default_properties(nullptr, "");
            const Secret secret("x");
            const bool is_there = hex(sha256("abc")).starts_with("ba7816bf") &&
                                  !hex(hmac_sha256("k", "x")).empty() && secret == Secret("x");
            std::_Exit(was_missed && is_there ? 0 : 1);
        },
        testing::ExitedWithCode(0), "");
}

TEST(Base64url, MeetsTheVectorsOfRfc4648WithoutPadding) {
    const std::map<std::string_view, std::string_view> vectors = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, coded] : vectors) {
        EXPECT_EQ(base64url(bytes(plain)), coded);
    }
    EXPECT_EQ(base64url(bytes("\xFB\xFF\xFE")), "-__-") << "the two characters that are not base64";
}

TEST(Hex, WritesTwoLowerCaseDigitsPerByte) {
    EXPECT_EQ(hex(bytes(std::string_view("\x00\x0f\xa0\xff", 4))), "000fa0ff");
    EXPECT_EQ(hex({}), "");
}

TEST(EqualConstantTime, ComparesByContentAndLength) {
    EXPECT_TRUE(equal_constant_time("token", "token"));
    EXPECT_FALSE(equal_constant_time("token", "tokem"));
    EXPECT_FALSE(equal_constant_time("token", "toke"));
    EXPECT_TRUE(equal_constant_time("", {}));
}

TEST(RandomBytes, FillsAllOfAnyLength) {
    EXPECT_TRUE(random_bytes({}));
    std::vector<std::uint8_t> large((1U << 20U) + 100, 0);
    ASSERT_TRUE(random_bytes(large));
    std::size_t zeros = 0;
    for (std::size_t i = large.size() - 100; i < large.size(); ++i) {
        zeros += large[i] == 0 ? 1U : 0U;
    }
    EXPECT_LT(zeros, 20U) << "the tail behind the first MiB was filled too";
}

TEST(RandomPassword, UsesOnlyCharactersNobodyConfuses) {
    const auto password = random_password(2000);
    ASSERT_TRUE(password);
    EXPECT_EQ(password->size(), 2000U);
    const base::Revealed revealed = password->reveal();
    const std::string_view text = revealed;
    EXPECT_EQ(text.find_first_of("0O1lI"), std::string_view::npos);
    EXPECT_EQ(text.find_first_not_of("23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"),
              std::string_view::npos);
}

TEST(RandomPassword, FavoursNoCharacter) {
    constexpr double length = 400'000;
    const auto password = random_password(static_cast<std::size_t>(length));
    ASSERT_TRUE(password);
    std::map<char, int> counts;
    const base::Revealed text = password->reveal();
    for (const char c : std::string_view(text)) {
        ++counts[c];
    }
    ASSERT_EQ(counts.size(), 57U);
    // Seven standard deviations: a fair source strays that far once in ten thousand million runs;
    // `byte % 57` would stray by seventeen.
    const double mean = length / 57;
    const double most = 7 * std::sqrt(mean);
    for (const auto& [c, count] : counts) {
        EXPECT_NEAR(count, mean, most) << c;
    }
}

TEST(RandomPassword, NeverRepeatsAndIsNeverEmpty) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto password = random_password(12);
        ASSERT_TRUE(password);
        const base::Revealed text = password->reveal();
        seen.emplace(text);
    }
    EXPECT_EQ(seen.size(), 1000U);
    EXPECT_FALSE(random_password(0));
}
