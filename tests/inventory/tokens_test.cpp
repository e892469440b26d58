// SPDX-License-Identifier: MIT
// Tests of steady and first tokens: how they are made, whom they name, when they end.
#include "tests/inventory/fixture.hpp"

#include "provisioning/inventory/sql/connection.hpp"
#include "provisioning/inventory/token.hpp"

#include <set>

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace inventory {
namespace {

/// The documented derivation once more, by OpenSSL alone.
std::string expected_token(const std::string& key, const std::string& message) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(),
         &length);
    std::array<unsigned char, 32> text{};
    const int size = EVP_EncodeBlock(text.data(), digest.data(), 16);
    std::string out(reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(size));
    for (auto& letter : out) {
        letter = letter == '+' ? '-' : letter == '/' ? '_' : letter;
    }
    return out.substr(0, out.find('='));
}

class Tokens : public InventoryTest {
  protected:
    std::string mint(base::Mac of) {
        const std::array<base::Mac, 1> macs = {of};
        auto minted = inventory().mint_first_tokens(macs);
        EXPECT_TRUE(minted) << minted.error().what;
        EXPECT_EQ(minted->size(), 1U);
        return minted ? minted->front() : std::string();
    }

    bool is_known(const std::string& token) {
        return inventory().now().credential(token).has_value();
    }
};

TEST(DeriveToken, IsTheDocumentedHmac) {
    const std::string key(32, '\x5a');
    EXPECT_EQ(derive_token(base::Secret(key), mac(1), 1),
              expected_token(key, std::string("\x00\x1f\xc1\x00\x00\x01\x00\x00\x00\x01", 10)));
    EXPECT_EQ(derive_token(base::Secret(key), mac(0xabcdef), 0x01020304),
              expected_token(key, std::string("\x00\x1f\xc1\xab\xcd\xef\x01\x02\x03\x04", 10)));
    EXPECT_EQ(derive_token(base::Secret(key), mac(1), 1).size(), 22U);
}

TEST_F(Tokens, SteadyOneIsTheSameAtEveryCallAndAfterReopening) {
    apply({Approve{mac(1)}, Approve{mac(2)}});
    const auto token = inventory().steady_token(*device(mac(1)));
    EXPECT_EQ(inventory().steady_token(*device(mac(1))), token);
    EXPECT_NE(inventory().steady_token(*device(mac(2))), token);
    reopen();
    EXPECT_EQ(inventory().steady_token(*device(mac(1))), token);
    const auto credential = inventory().now().credential(token);
    ASSERT_TRUE(credential);
    EXPECT_EQ(credential->mac, mac(1));
    EXPECT_TRUE(credential->steady);
}

TEST_F(Tokens, EachInstallationHasItsOwnKey) {
    apply({Approve{mac(1)}});
    const auto token = inventory().steady_token(*device(mac(1)));
    inventory_.reset();
    for (const auto* end : {"", "-wal", "-shm"}) {
        std::filesystem::remove(path() + end);
    }
    apply({Approve{mac(1)}});
    EXPECT_NE(inventory().steady_token(*device(mac(1))), token);
}

TEST_F(Tokens, SteadyOneIsKnownOnlyWhileTheDeviceIsApproved) {
    inventory().saw(mac(1), at(1));
    const auto token = inventory().steady_token(*device(mac(1)));
    EXPECT_FALSE(is_known(token));
    apply({Approve{mac(1)}});
    EXPECT_TRUE(is_known(token));
    apply({Block{mac(1)}});
    EXPECT_FALSE(is_known(token));
    reopen();
    EXPECT_FALSE(is_known(token));
    apply({Approve{mac(1)}});
    EXPECT_TRUE(is_known(inventory().steady_token(*device(mac(1)))));
    EXPECT_FALSE(is_known(""));
    EXPECT_FALSE(is_known(token + "x"));
}

TEST_F(Tokens, FirstOnesAreForApprovedDevicesOnly) {
    inventory().saw(mac(1), at(1));
    apply({Approve{mac(2)}, Block{mac(3)}, Approve{mac(4)}});
    const std::vector<base::Mac> macs = {mac(1), mac(2), mac(3), mac(4), mac(99)};
    const auto minted = inventory().mint_first_tokens(macs);
    ASSERT_TRUE(minted);
    ASSERT_EQ(minted->size(), 5U);
    EXPECT_EQ((*minted)[0], "");
    EXPECT_EQ((*minted)[1].size(), 22U);
    EXPECT_EQ((*minted)[2], "");
    EXPECT_EQ((*minted)[3].size(), 22U);
    EXPECT_EQ((*minted)[4], "");
    const auto credential = inventory().now().credential((*minted)[3]);
    ASSERT_TRUE(credential);
    EXPECT_EQ(credential->mac, mac(4));
    EXPECT_FALSE(credential->steady);
    EXPECT_EQ(credential->expires, clock_.unix_ms() + 24 * 3600 * 1000);
}

TEST_F(Tokens, FirstOnesAreThereAfterReopeningWithoutAnyFlush) {
    apply({Approve{mac(1)}});
    const auto token = mint(mac(1));
    reopen();
    ASSERT_TRUE(is_known(token));
    EXPECT_EQ(inventory().now().credential(token)->mac, mac(1));
}

TEST_F(Tokens, TheEightNewestFirstOnesOfADeviceStay) {
    apply({Approve{mac(1)}, Approve{mac(2)}});
    const auto other = mint(mac(2));
    std::vector<std::string> tokens;
    for (int count = 0; count < 11; ++count) {
        tokens.push_back(mint(mac(1)));
    }
    EXPECT_EQ(std::set<std::string>(tokens.begin(), tokens.end()).size(), 11U);
    for (int round = 0; round < 2; ++round) {
        for (std::size_t at = 0; at < tokens.size(); ++at) {
            EXPECT_EQ(is_known(tokens[at]), at >= 3) << at;
        }
        EXPECT_TRUE(is_known(other));
        reopen();
    }
}

TEST_F(Tokens, MoreThanEightInOneBatchKeepTheLastEight) {
    apply({Approve{mac(1)}});
    const auto before = mint(mac(1));
    const std::vector<base::Mac> macs(10, mac(1));
    const auto minted = inventory().mint_first_tokens(macs);
    ASSERT_TRUE(minted);
    for (int round = 0; round < 2; ++round) {
        EXPECT_FALSE(is_known(before));
        for (std::size_t at = 0; at < minted->size(); ++at) {
            EXPECT_EQ(is_known((*minted)[at]), at >= 2) << at;
        }
        reopen();
    }
}

TEST_F(Tokens, FirstOnesEndDurablyWhenTheSteadyOneWasUsed) {
    apply({Approve{mac(1)}, Approve{mac(2)}});
    const auto a = mint(mac(1));
    const auto b = mint(mac(1));
    const auto other = mint(mac(2));
    const auto steady = inventory().steady_token(*device(mac(1)));
    ASSERT_TRUE(inventory().steady_used(mac(1), 1));
    ASSERT_TRUE(inventory().steady_used(mac(1), 1));
    for (int round = 0; round < 2; ++round) {
        EXPECT_FALSE(is_known(a));
        EXPECT_FALSE(is_known(b));
        EXPECT_TRUE(is_known(other));
        EXPECT_TRUE(is_known(steady));
        reopen();
    }
}

TEST_F(Tokens, BlockingEndsTheFirstOnesForGood) {
    apply({Approve{mac(1)}});
    const auto token = mint(mac(1));
    apply({Block{mac(1)}});
    EXPECT_FALSE(is_known(token));
    apply({Approve{mac(1)}});
    EXPECT_FALSE(is_known(token));
    reopen();
    EXPECT_FALSE(is_known(token));
    const auto another = mint(mac(1));
    apply({Block{mac(1)}, Approve{mac(1)}}); // in one list, too
    EXPECT_FALSE(is_known(another));
    reopen();
    EXPECT_FALSE(is_known(another));
    EXPECT_TRUE(is_known(inventory().steady_token(*device(mac(1)))));
}

TEST_F(Tokens, ExpiredOnesAreRemovedByFlush) {
    limits_.first_token_life = std::chrono::minutes(10);
    apply({Approve{mac(1)}});
    const auto early = mint(mac(1));
    clock_.advance(std::chrono::minutes(5));
    const auto late = mint(mac(1));
    flush();
    clock_.advance(std::chrono::minutes(5));
    EXPECT_TRUE(is_known(early)); // who uses it looks at `expires`
    EXPECT_LE(inventory().now().credential(early)->expires, clock_.unix_ms());
    flush();
    EXPECT_FALSE(is_known(early));
    EXPECT_TRUE(is_known(late));
    clock_.advance(std::chrono::minutes(5));
    flush();
    EXPECT_FALSE(is_known(late));
}

TEST_F(Tokens, ExpiredOnesAreNotLoaded) {
    apply({Approve{mac(1)}});
    const auto token = mint(mac(1));
    clock_.advance(std::chrono::hours(24));
    reopen();
    EXPECT_FALSE(is_known(token));
}

TEST_F(Tokens, NoTokenIsInTheDatabaseAsItIs) {
    apply({Approve{mac(1)}});
    const auto first = mint(mac(1));
    const auto steady = inventory().steady_token(*device(mac(1)));
    flush();
    for (const auto* end : {"", "-wal"}) {
        const auto bytes = bytes_of(path() + end);
        EXPECT_EQ(bytes.find(first), std::string::npos);
        EXPECT_EQ(bytes.find(steady), std::string::npos);
        EXPECT_FALSE(bytes.empty());
    }
}

TEST_F(Tokens, ADamagedKeyIsSaidAndNotReplaced) {
    apply({Approve{mac(1)}});
    inventory_.reset();
    {
        auto connection = sql::Connection::open(path());
        ASSERT_TRUE(connection);
        ASSERT_TRUE(connection->run("update meta set value = x'0102' where name = 'token_key'"));
    }
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().what, testing::HasSubstr("restore a backup"));
}

} // namespace
} // namespace inventory
