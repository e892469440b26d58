// SPDX-License-Identifier: MIT
// The HTTP server with TLS, on loopback sockets and against OpenSSL's own client.
#include "provisioning/serve/file_body.hpp"
#include "provisioning/serve/http.hpp"
#include "provisioning/serve/tls.hpp"

#include "tls_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

namespace {

using serve::Authority;
using serve::Http;
using serve::HttpLimits;
using serve::Identity;
using serve::Request;
using serve::Response;
using serve::TlsContext;
using serve_test::Client;
using serve_test::TlsClient;
using serve_test::until;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr base::Ipv4 local{INADDR_LOOPBACK};
constexpr base::Endpoint loopback{local, 0};
const std::string request = "GET /file HTTP/1.1\r\nHost: a\r\n\r\n";

class Https : public testing::Test {
  protected:
    /// Made once: keys take a while.
    static const Authority& authority() {
        static const Authority made = [] {
            std::string pattern = testing::TempDir() + "pnp-ca-XXXXXX";
            const std::string place = ::mkdtemp(pattern.data());
            auto opened = Authority::open(place, base::SystemClock().unix_ms());
            std::filesystem::remove_all(place);
            return *opened;
        }();
        return made;
    }

    static std::shared_ptr<const TlsContext> context() {
        const auto identity = authority().issue({local}, "pbx", base::SystemClock().unix_ms());
        return *TlsContext::make(*identity);
    }

    void start(HttpLimits limits = {}, std::shared_ptr<const TlsContext> with = nullptr) {
        static const auto made = context();
        http = std::make_unique<Http>(loop, limits,
                                      [this](const Request& asked) { return handler(asked); });
        http->tls(with ? std::move(with) : made);
        http->on_tls_failure([this](base::Endpoint peer, const std::string& why) {
            EXPECT_EQ(peer.address, local);
            failures.push_back(why);
        });
        const auto errors = http->listen({loopback}, {loopback});
        ASSERT_TRUE(errors.empty()) << errors[0].what;
        plain = http->listening().at(0);
        server = http->listening_with_tls().at(0);
    }

    std::function<Response(const Request&)> handler = [](const Request& asked) {
        Response response;
        response.status = 200;
        response.body = std::make_shared<const std::string>(asked.tls ? "secret" : "plain!");
        return response;
    };
    base::Loop loop;
    std::unique_ptr<Http> http;
    base::Endpoint plain;
    base::Endpoint server;
    std::vector<std::string> failures;
};

TEST_F(Https, AClientThatTrustsOurAuthorityGetsAFile) {
    start();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsClient client(loop, server, {.ca = authority().certificate(), .newest = version});
        ASSERT_EQ(client.shake_hands(), "");
        EXPECT_EQ(SSL_version(client.ssl()), version);
        for (int i = 0; i < 3; ++i) {
            EXPECT_THAT(client.ask(request, 6), HasSubstr("\r\n\r\nsecret"));
        }
    }
    EXPECT_EQ(http->counters().handshakes, 2U);
    EXPECT_TRUE(failures.empty());
    Client beside(loop, plain);
    EXPECT_EQ(beside.ask(request).body, "plain!");
}

TEST_F(Https, AFileOfManyRecordsArrivesWhole) {
    start();
    const auto body = std::make_shared<const std::string>(3'000'000, 'x');
    handler = [&](const Request&) { return Response{200, "text/plain", body, 0, {}}; };
    TlsClient client(loop, server, {});
    ASSERT_EQ(client.shake_hands(), "");
    const auto answer = client.ask(request, body->size());
    EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), *body);
    const auto part =
        client.ask("GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=5-20000\r\n\r\n", 19996);
    EXPECT_THAT(part, HasSubstr("Content-Range: bytes 5-20000/3000000"));
    EXPECT_EQ(client.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").find("HTTP/1.1 200"), 0U);
}

TEST_F(Https, AFileFromTheDiskArrivesWhole) {
    start();
    std::string folder = testing::TempDir() + "pnp-file-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    std::string content;
    while (content.size() < 1'000'000) {
        content += std::to_string(content.size());
    }
    std::ofstream(folder + "/image", std::ios::binary) << content;
    handler = [&](const Request&) {
        Response response;
        response.status = 200;
        response.file = *serve::FileBody::open(folder, "image");
        return response;
    };
    TlsClient client(loop, server, {});
    ASSERT_EQ(client.shake_hands(), "");
    const auto answer = client.ask(request, content.size());
    EXPECT_TRUE(answer.substr(answer.find("\r\n\r\n") + 4) == content);
    const auto part =
        client.ask("GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=65530-200000\r\n\r\n", 134471);
    EXPECT_TRUE(part.substr(part.find("\r\n\r\n") + 4) == content.substr(65530, 134471));
    std::filesystem::remove_all(folder);
}

TEST_F(Https, OldProtocolsAreRefusedAndTheReasonSaid) {
    start();
    TlsClient old(loop, server, {.newest = TLS1_1_VERSION});
    EXPECT_THAT(old.shake_hands(), HasSubstr("protocol version"));
    EXPECT_THAT(failures, ElementsAre(HasSubstr("no TLS of version 1.2 or newer")));
    TlsClient weak(loop, server, {.newest = TLS1_2_VERSION, .ciphers = "AES128-SHA"});
    EXPECT_NE(weak.shake_hands(), "");
    ASSERT_EQ(failures.size(), 2U);
    EXPECT_THAT(failures[1], HasSubstr("no cipher in common"));
    TlsClient ten_years_old(loop, server,
                            {.newest = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-AES128-SHA"});
    EXPECT_EQ(ten_years_old.shake_hands(), "");
    EXPECT_EQ(http->counters().tls_failures, 2U);
    EXPECT_EQ(http->counters().handshakes, 1U);
}

TEST_F(Https, AClientThatDoesNotTrustUsSaysWhy) {
    start();
    std::string pattern = testing::TempDir() + "pnp-ca-XXXXXX";
    const std::string place = ::mkdtemp(pattern.data());
    const auto other = Authority::open(place, base::SystemClock().unix_ms());
    std::filesystem::remove_all(place);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsClient client(loop, server, {.ca = other->certificate(), .newest = version});
        EXPECT_EQ(client.shake_hands(), "certificate verify failed");
        ASSERT_TRUE(until(loop, [&] { return !failures.empty(); }));
        EXPECT_THAT(failures.back(), HasSubstr("does not trust our CA"));
        failures.clear();
    }
}

TEST_F(Https, PlainHttpAtTheTlsPortIsRecognised) {
    start();
    Client client(loop, server);
    EXPECT_EQ(client.ask(request).status, 0);
    EXPECT_THAT(failures, ElementsAre(HasSubstr("its URL must start with https://")));
    Client noise(loop, server);
    noise.send(std::string(100, 'x'));
    EXPECT_TRUE(until(loop, [&] { return failures.size() == 2; }));
}

TEST_F(Https, WhoHangsUpInTheMiddleIsNotedAndWhoOnlyLooksInIsNot) {
    start();
    { const Client port_scan(loop, server); }
    {
        Client phone(loop, server);
        phone.send("\x16\x03\x01");
        ASSERT_TRUE(until(loop, [&] { return http->counters().open == 1; }));
        while (loop.step(milliseconds(5))) {
        }
    }
    EXPECT_TRUE(until(loop, [&] { return http->counters().open == 0; }));
    EXPECT_THAT(failures, ElementsAre(HasSubstr("hung up during the handshake")));
}

TEST_F(Https, AHandshakeHasTheTimeOfARequest) {
    HttpLimits limits;
    limits.request_deadline = milliseconds(50);
    start(limits);
    Client slow(loop, server);
    slow.send("\x16\x03\x01");
    EXPECT_TRUE(slow.closed_by_server());
    EXPECT_EQ(http->counters().timeouts, 1U);
    EXPECT_THAT(failures, ElementsAre(HasSubstr("not done in time")));
}

TEST_F(Https, ANewCertificateDropsNoTransferHalfWay) {
    start();
    const auto body = std::make_shared<const std::string>(8U << 20U, 'x');
    handler = [&](const Request&) { return Response{200, "text/plain", body, 0, {}}; };
    TlsClient before(loop, server, {.ca = authority().certificate()});
    ASSERT_EQ(before.shake_hands(), "");
    before.send(request);
    while (before.received() < body->size() / 4) {
        ASSERT_TRUE(before.read_some());
    }
    http->tls(context());
    TlsClient after(loop, server, {.ca = authority().certificate()});
    ASSERT_EQ(after.shake_hands(), "");
    EXPECT_NE(
        X509_cmp(SSL_get0_peer_certificate(before.ssl()), SSL_get0_peer_certificate(after.ssl())),
        0);
    const auto answer = before.read(body->size());
    EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, body->size());
    EXPECT_EQ(before.ask(request, body->size()).find("HTTP/1.1 200"), 0U) << "and it goes on";
}

TEST_F(Https, TheNextConnectionsOfAPhoneNeedNoSignature) {
    start();
    TlsClient first(loop, server, {.newest = TLS1_2_VERSION});
    ASSERT_EQ(first.shake_hands(), "");
    EXPECT_EQ(SSL_session_reused(first.ssl()), 0);
    const std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)> session(
        SSL_get1_session(first.ssl()), SSL_SESSION_free);
    TlsClient second(loop, server, {.newest = TLS1_2_VERSION, .session = session.get()});
    ASSERT_EQ(second.shake_hands(), "");
    EXPECT_EQ(SSL_session_reused(second.ssl()), 1);
    EXPECT_THAT(second.ask(request, 6), HasSubstr("secret"));
}

TEST_F(Https, NobodyRenegotiates) {
    HttpLimits limits;
    limits.idle_deadline = milliseconds(100); // OpenSSL's client waits for what does not come
    start(limits);
    TlsClient client(loop, server, {.newest = TLS1_2_VERSION});
    ASSERT_EQ(client.shake_hands(), "");
    ASSERT_EQ(SSL_renegotiate(client.ssl()), 1);
    EXPECT_NE(client.shake_hands(), "");
}

TEST_F(Https, TheEndIsSaid) {
    start();
    TlsClient client(loop, server, {});
    ASSERT_EQ(client.shake_hands(), "");
    EXPECT_THAT(client.ask("GET /file HTTP/1.0\r\n\r\n", 6), HasSubstr("secret"));
    EXPECT_FALSE(client.read_some());
    EXPECT_EQ(SSL_get_shutdown(client.ssl()) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
}

TEST_F(Https, AHandshakeCountsAsARequest) {
    HttpLimits limits;
    limits.rates.per_source = 0.01; // one at once
    start(limits);
    TlsClient first(loop, server, {});
    ASSERT_EQ(first.shake_hands(), "");
    EXPECT_EQ(first.ask(request).find("HTTP/1.1 503"), 0U);
    Client second(loop, server);
    EXPECT_TRUE(second.closed_by_server());
    EXPECT_EQ(http->counters().limited, 2U);
}

TEST_F(Https, ABodyThatWaitsForAWordIsInvitedByTls) {
    HttpLimits limits;
    limits.posted_bytes = 100'000;
    start(limits);
    std::string posted;
    handler = [&](const Request& asked) {
        posted = asked.body;
        return Response{200, "text/xml", std::make_shared<const std::string>("<b/>"), 0, {}};
    };
    TlsClient client(loop, server, {});
    ASSERT_EQ(client.shake_hands(), "");
    EXPECT_EQ(client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n"
                         "Expect: 100-continue\r\n\r\n"),
              "HTTP/1.1 100 Continue\r\n\r\n");
    const std::string body(100'000, 'x');
    EXPECT_THAT(client.ask(body, 4), testing::EndsWith("\r\n\r\n<b/>"));
    EXPECT_TRUE(posted == body);
    EXPECT_THAT(client.ask(request, 4), HasSubstr("200 OK")) << "and it goes on";
}

/// A certificate as the phones' first services had it: self-signed, with a key of 1024 bits.
Identity old_identity() {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(1024), EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_sign(certificate.get(), key.get(), EVP_sha1());
    const std::unique_ptr<BIO, decltype(&BIO_free)> pem(BIO_new(BIO_s_mem()), BIO_free);
    const auto take = [&] {
        char* text = nullptr;
        const auto length = BIO_get_mem_data(pem.get(), &text);
        std::string all(text, static_cast<std::size_t>(length));
        BIO_reset(pem.get());
        return all;
    };
    PEM_write_bio_X509(pem.get(), certificate.get());
    Identity identity{take(), {}};
    PEM_write_bio_PrivateKey(pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    identity.key = base::Secret(take());
    return identity;
}

class LegacyHttps : public Https {
  protected:
    void start_legacy() {
        static const auto identity =
            *authority().issue({local}, "pbx", base::SystemClock().unix_ms());
        start({}, *TlsContext::make(identity, {.legacy = true}));
    }

    /// What a client gets that offers one cipher of RSA key exchange and this version (RFC 5246
    /// 7.4.1.2), written by hand because OpenSSL has forgotten how.
    std::string answer_to_hello(char version, char cipher) {
        std::string hello = {'\x03', version};
        hello += std::string(32, 'r') + '\0'; // random, no session
        hello += {'\0', '\x02', '\0', cipher, '\x01', '\0'};
        const auto size = static_cast<char>(hello.size());
        std::string record = {'\x16', '\x03', version, '\0', static_cast<char>(size + 4)};
        record += {'\x01', '\0', '\0', size};
        std::string answer;
        {
            Client client(loop, server);
            client.send(record + hello);
            until(loop, [&] { return client.waiting().size() >= 7 || client.is_over(); });
            answer = client.waiting();
        }
        until(loop, [&] { return http->counters().open == 0; });
        return answer;
    }
};

TEST_F(LegacyHttps, AClientOfTls10AndRsaKeyExchangeConnects) {
    start_legacy();
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
        for (const char* cipher : {"AES128-SHA", "AES256-SHA", "ECDHE-RSA-AES128-SHA"}) {
            TlsClient client(loop, server, {.newest = version, .ciphers = cipher});
            ASSERT_EQ(client.shake_hands(), "") << cipher;
            EXPECT_EQ(SSL_version(client.ssl()), version);
            EXPECT_STREQ(SSL_get_cipher(client.ssl()), cipher);
            EXPECT_THAT(client.ask(request, 6), HasSubstr("secret"));
        }
    }
    TlsClient modern(loop, server, {.ca = authority().certificate()});
    ASSERT_EQ(modern.shake_hands(), "");
    EXPECT_EQ(SSL_version(modern.ssl()), TLS1_3_VERSION);
    TlsClient both(loop, server,
                   {.newest = TLS1_2_VERSION, .ciphers = "AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256"});
    ASSERT_EQ(both.shake_hands(), "");
    EXPECT_STREQ(SSL_get_cipher(both.ssl()), "ECDHE-RSA-AES128-GCM-SHA256");
    EXPECT_TRUE(failures.empty());
}

TEST_F(LegacyHttps, TheSameClientIsRefusedWithoutIt) {
    start();
    TlsClient client(loop, server, {.newest = TLS1_VERSION, .ciphers = "AES128-SHA"});
    EXPECT_NE(client.shake_hands(), "");
    EXPECT_EQ(http->counters().handshakes, 0U);
}

TEST_F(LegacyHttps, NobodySpeaksSsl3Rc4OrDes) {
    start_legacy();
    constexpr char tls_1_0 = 1;
    constexpr char aes128 = 0x2F;
    constexpr char handshake = 0x16;
    constexpr char alert = 0x15;
    EXPECT_EQ(answer_to_hello(tls_1_0, aes128).substr(0, 1), std::string(1, handshake));
    EXPECT_THAT(failures, ElementsAre(HasSubstr("hung up"))) << "it is a good hello";
    failures.clear();
    const auto ssl_3 = answer_to_hello(0, aes128);
    EXPECT_TRUE(ssl_3.empty() || ssl_3[0] == alert);
    EXPECT_THAT(failures, ElementsAre(HasSubstr("no TLS of version 1.0 or newer")));
    // RSA with NULL-MD5, NULL-SHA, RC4-MD5, RC4-SHA, DES-CBC-SHA, 3DES-EDE-CBC-SHA (RFC 5246 A.5).
    for (const char cipher : {'\x01', '\x02', '\x04', '\x05', '\x09', '\x0A'}) {
        failures.clear();
        const auto answer = answer_to_hello(tls_1_0, cipher);
        EXPECT_TRUE(answer.empty() || answer[0] == alert) << int{cipher};
        EXPECT_THAT(failures, ElementsAre(HasSubstr("no cipher in common"))) << int{cipher};
    }
}

TEST_F(LegacyHttps, AKeyOf1024BitsIsTaken) {
    const auto identity = old_identity();
    EXPECT_FALSE(TlsContext::make(identity)) << "it is too weak for others";
    const auto made = TlsContext::make(identity, {.legacy = true});
    ASSERT_TRUE(made) << made.error().what;
    start({}, *made);
    TlsClient client(loop, server, {.newest = TLS1_VERSION, .ciphers = "AES128-SHA"});
    ASSERT_EQ(client.shake_hands(), "");
    EXPECT_THAT(client.ask(request, 6), HasSubstr("secret"));
}

TEST_F(LegacyHttps, TheRemedyIsSaidToWhoCannotUseIt) {
    const auto identity = authority().issue({local}, "pbx", base::SystemClock().unix_ms());
    start({}, *TlsContext::make(*identity, {.remedy = "turn the key"}));
    TlsClient old(loop, server, {.newest = TLS1_1_VERSION});
    old.shake_hands();
    TlsClient weak(loop, server, {.newest = TLS1_2_VERSION, .ciphers = "AES128-SHA"});
    weak.shake_hands();
    EXPECT_THAT(failures, ElementsAre(HasSubstr("1.2 or newer; turn the key"),
                                      HasSubstr("no cipher in common; turn the key")));
}

} // namespace
