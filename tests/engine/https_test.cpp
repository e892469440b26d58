// SPDX-License-Identifier: MIT
// When HTTPS has another certificate made, and what it says of one that phones refuse.
#include "module/https.hpp"

#include "provisioning/serve/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace engine {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr base::Ipv4 address{0x0A000001};
constexpr base::Ipv4 other_address{0x0A000002};
constexpr base::UnixMs day = 86'400'000;

class HttpsTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "pnp-https-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder = pattern;
        https.emplace(loop, clock, folder, [this](const Https::Contexts& contexts) {
            EXPECT_NE(contexts.files, nullptr);
            has_workpoints = contexts.workpoints != nullptr;
            ++made;
        });
    }

    void TearDown() override { std::filesystem::remove_all(folder); }

    /// What was asked for is done: where no thread was started, work is done by the steps.
    void settle() {
        for (int i = 0; i < 100; ++i) {
            loop.step();
        }
    }

    void want(Https::Wanted wanted, bool again = false) {
        https->want(std::move(wanted), again);
        settle();
    }

    void look() {
        https->look_at_the_clock();
        settle();
    }

    serve::CertificateFacts facts() const {
        const auto shown = https->certificate();
        return shown ? shown->facts : serve::CertificateFacts{};
    }

    /// An administrator's certificate that ends so many days from now.
    Https::Wanted own(int days) const {
        const auto at = clock.unix_ms() + (days - 365) * day;
        const auto authority = serve::Authority::open(folder, at);
        const auto identity = authority->issue({address}, "pbx.example", at);
        const base::Revealed key = identity->key.reveal();
        std::ofstream(folder + "/own.crt") << identity->certificates;
        std::ofstream(folder + "/own.key") << std::string_view(key);
        std::filesystem::permissions(folder + "/own.key", std::filesystem::perms{0600});
        return {folder + "/own.crt", folder + "/own.key", {address}};
    }

    base::FakeClock clock;
    base::Loop loop;
    std::string folder;
    std::optional<Https> https;
    int made = 0;
    bool has_workpoints = false;
};

TEST_F(HttpsTest, OneCertificateLastsUntilTwoThirdsOfItsLifeAreOver) {
    look();
    EXPECT_EQ(made, 0) << "nothing is served yet";
    EXPECT_FALSE(https->certificate());
    want({"", "", {address}});
    ASSERT_EQ(made, 1);
    const auto first = facts();
    EXPECT_THAT(first.names, Contains("10.0.0.1"));
    const auto authority = https->authority();
    ASSERT_TRUE(authority);

    want({"", "", {address}});
    clock.advance(24h * 240);
    look();
    EXPECT_EQ(made, 1);
    clock.advance(24h * 4);
    look();
    EXPECT_EQ(made, 2);
    EXPECT_GT(facts().not_after, first.not_after);
    EXPECT_EQ(*https->authority(), *authority) << "which phones trust";
    look();
    EXPECT_EQ(made, 2);
}

TEST_F(HttpsTest, ANewAddressIsNamedAndALostOneDoesNoHarm) {
    want({"", "", {address}});
    want({"", "", {address, other_address}});
    EXPECT_EQ(made, 2);
    EXPECT_THAT(facts().names, Contains("10.0.0.2"));
    want({"", "", {other_address}});
    EXPECT_EQ(made, 2);
    want({"", "", {other_address}}, true);
    EXPECT_EQ(made, 3);
    EXPECT_THAT(facts().names, Not(Contains("10.0.0.1")));
}

TEST_F(HttpsTest, ACertificateMadeWhileTheClockWasAheadIsMadeAgainAndItsCaIsTold) {
    clock.advance(24h * 700);
    want({"", "", {address}});
    ASSERT_EQ(made, 1);
    EXPECT_EQ(https->problem(), std::nullopt);
    clock.advance(24h * -700);
    look();
    EXPECT_EQ(made, 2);
    EXPECT_LE(facts().not_before, clock.unix_ms());
    EXPECT_THAT(https->problem().value_or(""), HasSubstr("phones refuse our CA"));
    std::filesystem::remove(folder + "/pnp-ca.crt");
    std::filesystem::remove(folder + "/pnp-ca.key");
    want({"", "", {address}}, true);
    EXPECT_EQ(https->problem(), std::nullopt);
}

TEST_F(HttpsTest, TheAdministratorsOwnIsReportedBeforeItsEndAndNeverReplaced) {
    want(own(60));
    ASSERT_EQ(made, 1);
    EXPECT_EQ(https->problem(), std::nullopt);
    EXPECT_FALSE(https->authority()) << "it is not ours";
    clock.advance(24h * 31);
    look();
    EXPECT_THAT(https->problem().value_or(""), HasSubstr("expires within 30 days"));
    clock.advance(24h * 30);
    look();
    EXPECT_EQ(made, 1);
    EXPECT_THAT(https->problem().value_or(""), HasSubstr("has expired"));
    want(own(100), true);
    EXPECT_EQ(made, 2);
    EXPECT_EQ(https->problem(), std::nullopt);
}

TEST_F(HttpsTest, PhonesOfTheWorkpointInterfaceGetTheSameCertificateTheirOwnWay) {
    using Workpoints = Https::Workpoints;
    want({"", "", {address}});
    EXPECT_FALSE(has_workpoints);
    want({"", "", {address}, Workpoints::modern});
    EXPECT_EQ(made, 2);
    EXPECT_TRUE(has_workpoints);
    want({"", "", {address}, Workpoints::modern});
    EXPECT_EQ(made, 2);
    want({"", "", {address}, Workpoints::legacy});
    EXPECT_EQ(made, 3);
    want({"", "", {address}});
    EXPECT_EQ(made, 4);
    EXPECT_FALSE(has_workpoints);
}

TEST_F(HttpsTest, AFileThatIsNotThereIsSaidAndWhatThereWasServesOn) {
    want({"", "", {address}});
    want({folder + "/none.crt", folder + "/none.key", {address}});
    EXPECT_EQ(made, 1);
    EXPECT_THAT(https->problem().value_or(""), HasSubstr("none.crt"));
    want({"", "", {address}});
    EXPECT_EQ(https->problem(), std::nullopt);
}

} // namespace
} // namespace engine
