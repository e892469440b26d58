// SPDX-License-Identifier: MIT
#include "module/phone/digest.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

using testing::HasSubstr;
using testing::Not;

Proof mufasa() {
    return {"Mufasa", base::Secret("Circle Of Life"), "GET", "/dir/index.html", "0a4f113b", 1};
}

TEST(Digest, GivesTheResponseOfRfc2617) {
    const auto challenge =
        read_challenge(R"(Digest realm="testrealm@host.com", qop="auth,auth-int", )"
                       R"(nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", )"
                       R"(opaque="5ccc069c403ebaf9f0171e9517f40e41")");
    ASSERT_TRUE(challenge) << challenge.error().what;
    EXPECT_EQ(digest_response(*challenge, mufasa()), "6629fae49393a05397450978507c4ef1");
}

TEST(Digest, WithoutQopUsesTheOldForm) {
    Challenge challenge;
    challenge.realm = "testrealm@host.com";
    challenge.nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
    EXPECT_EQ(digest_response(challenge, mufasa()), "670fd8c2df070c60b045671b8b24ff02");
    EXPECT_THAT(write_authorization(challenge, mufasa()), Not(HasSubstr("qop")));
}

TEST(Digest, ReadsUnquotedValuesAndStale) {
    const auto challenge =
        read_challenge("Digest algorithm=MD5,realm=\"a, b\",nonce=\"n\",stale=TRUE");
    ASSERT_TRUE(challenge) << challenge.error().what;
    EXPECT_EQ(challenge->realm, "a, b");
    EXPECT_TRUE(challenge->stale);
    EXPECT_FALSE(challenge->qop_auth);
}

TEST(Digest, RefusesWhatThePhoneCannotAnswer) {
    EXPECT_FALSE(read_challenge("Basic realm=\"x\""));
    EXPECT_FALSE(read_challenge("Digest realm=\"x\", nonce=\"n\", algorithm=SHA-256"));
    EXPECT_FALSE(read_challenge("Digest realm=\"x\""));
    EXPECT_FALSE(read_challenge("Digest realm=\"x")) << "an open quote must end somewhere";
}

TEST(Digest, WritesEveryFieldTheServerNeeds) {
    Challenge challenge;
    challenge.realm = "a\"b";
    challenge.nonce = "n";
    challenge.opaque = "o";
    challenge.qop_auth = true;
    const auto value = write_authorization(challenge, mufasa());
    EXPECT_THAT(value, HasSubstr(R"(username="Mufasa")"));
    EXPECT_THAT(value, HasSubstr(R"(realm="a\"b")"));
    EXPECT_THAT(value, HasSubstr(R"(uri="/dir/index.html")"));
    EXPECT_THAT(value, HasSubstr(R"(qop=auth, nc=00000001, cnonce="0a4f113b")"));
    EXPECT_THAT(value, HasSubstr(R"(opaque="o")"));
    EXPECT_THAT(value, Not(HasSubstr("Circle")));
}

} // namespace
} // namespace phone
