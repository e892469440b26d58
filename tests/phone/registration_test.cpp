// SPDX-License-Identifier: MIT
#include "module/phone/registration.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Next = Registration::Next;

Account front_desk() {
    Account account;
    account.line = 1;
    account.user = "201";
    account.login = "201";
    account.password = base::Secret("s3cret-201");
    account.display_name = "Front \"desk\"";
    account.server = "192.0.2.10";
    return account;
}

Registration registration(Account account = front_desk()) {
    return {std::move(account), {*base::Ipv4::parse("192.0.2.89"), 5060}, "Htek UC924 2.0.4.2"};
}

Message answer(int status, std::string_view more = "") {
    auto read = read_message(fmt::format("SIP/2.0 {} Reason\r\n{}\r\n", status, more));
    return read ? *read : Message{};
}

constexpr auto challenge =
    "WWW-Authenticate: Digest realm=\"asterisk\",nonce=\"n1\",qop=\"auth\"\r\n";

TEST(Registration, IntroducesTheAccount) {
    auto one = registration();
    const auto text = one.request();
    EXPECT_THAT(text,
                StartsWith("REGISTER sip:192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.89:5060;"));
    EXPECT_THAT(text, HasSubstr("From: \"Front \\\"desk\\\"\" <sip:201@192.0.2.10>;tag="));
    EXPECT_THAT(text, HasSubstr("Contact: <sip:201@192.0.2.89:5060>\r\n"));
    EXPECT_THAT(text, HasSubstr("Expires: 900\r\n"));
    EXPECT_THAT(text, Not(HasSubstr("Authorization")));
}

TEST(Registration, ProvesThePasswordWithoutSendingIt) {
    auto one = registration();
    one.request();
    ASSERT_EQ(one.on_answer(answer(401, challenge)), Next::send_again);
    const auto text = one.request();
    EXPECT_THAT(text, HasSubstr("CSeq: 2 REGISTER\r\n"));
    EXPECT_THAT(text, HasSubstr("\r\nAuthorization: Digest username=\"201\", realm=\"asterisk\""));
    EXPECT_THAT(text, Not(HasSubstr("s3cret")));
    EXPECT_EQ(one.on_answer(answer(200, "Expires: 60\r\n")), Next::registered);
    EXPECT_TRUE(one.is_registered());
    EXPECT_EQ(one.expires(), 60U);
}

TEST(Registration, EndsWhenThePasswordIsWrong) {
    auto one = registration();
    one.request();
    ASSERT_EQ(one.on_answer(answer(401, challenge)), Next::send_again);
    one.request();
    EXPECT_EQ(one.on_answer(answer(401, challenge)), Next::refused);
    EXPECT_EQ(one.status(), 401);
    EXPECT_FALSE(one.is_registered());
}

TEST(Registration, TriesAgainWhenOnlyTheNonceWasOld) {
    auto one = registration();
    one.request();
    ASSERT_EQ(one.on_answer(answer(407, "Proxy-Authenticate: Digest realm=\"a\",nonce=\"n\"\r\n")),
              Next::send_again);
    EXPECT_THAT(one.request(), HasSubstr("\r\nProxy-Authorization: Digest "));
    ASSERT_EQ(one.on_answer(
                  answer(407, "Proxy-Authenticate: Digest realm=\"a\",nonce=\"m\",stale=true\r\n")),
              Next::send_again);
    EXPECT_THAT(one.request(), HasSubstr("nonce=\"m\""));
}

TEST(Registration, PicksTheChallengeItCanAnswer) {
    auto one = registration();
    one.request();
    EXPECT_EQ(
        one.on_answer(answer(
            401,
            std::string("WWW-Authenticate: Digest realm=\"a\",nonce=\"n\",algorithm=SHA-256\r\n") +
                challenge)),
        Next::send_again);
}

TEST(Registration, AsksForLongerWhenTheServerWantsThat) {
    auto one = registration();
    one.request();
    ASSERT_EQ(one.on_answer(answer(423, "Min-Expires: 3600\r\n")), Next::send_again);
    EXPECT_THAT(one.request(), HasSubstr("Expires: 3600\r\n"));
    EXPECT_EQ(one.on_answer(answer(423, "Min-Expires: 3600\r\n")), Next::refused);
}

TEST(Registration, TakesTheExpiryOfItsOwnContact) {
    auto one = registration();
    one.request();
    ASSERT_EQ(one.on_answer(answer(200, "Contact: <sip:201@192.0.2.88:5060>;expires=10, "
                                        "<sip:201@192.0.2.89:5060>;expires=77\r\nExpires: 5\r\n")),
              Next::registered);
    EXPECT_EQ(one.expires(), 77U);
}

TEST(Registration, TakesItselfBackWithTheSameCredentials) {
    auto one = registration();
    one.request();
    ASSERT_EQ(one.on_answer(answer(401, challenge)), Next::send_again);
    one.request();
    ASSERT_EQ(one.on_answer(answer(200)), Next::registered);
    one.leave();
    const auto text = one.request();
    EXPECT_THAT(text, HasSubstr("Expires: 0\r\n"));
    EXPECT_THAT(text, HasSubstr("nc=00000002"));
    EXPECT_EQ(one.on_answer(answer(200)), Next::registered);
    EXPECT_FALSE(one.is_registered());
}

TEST(Registration, EscapesAUserThatIsNoPlainNumber) {
    auto account = front_desk();
    account.user = "a b@c";
    account.server = "pbx.example:5070";
    account.proxy = "proxy.example";
    auto one = registration(account);
    EXPECT_THAT(one.request(),
                HasSubstr("To: \"Front \\\"desk\\\"\" <sip:a%20b%40c@pbx.example:5070>\r\n"));
    EXPECT_EQ(one.next_hop().host, "proxy.example");
}

TEST(Registration, KnowsItsOwnAnswers) {
    auto one = registration();
    const auto request = read_message(one.request());
    ASSERT_TRUE(request);
    const auto id = std::string(request->header("Call-ID"));
    EXPECT_TRUE(one.owns_answer(answer(200, "Call-ID: " + id + "\r\nCSeq: 1 REGISTER\r\n")));
    EXPECT_FALSE(one.owns_answer(answer(200, "Call-ID: " + id + "\r\nCSeq: 2 REGISTER\r\n")));
}

} // namespace
} // namespace phone
