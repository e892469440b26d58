// SPDX-License-Identifier: MIT
// A first start-up over TLS on a loopback socket: every byte that a phone sees.
#include "../serve/tls_client.hpp"
#include "office.hpp"
#include "provisioning/serve/certificates.hpp"
#include "provisioning/serve/http.hpp"
#include "provisioning/serve/tls.hpp"

namespace {

using namespace wpi_test; // NOLINT(google-build-using-namespace): the fixture's words
using testing::IsEmpty;
using testing::MatchesRegex;

/// An answer as it came.
struct Seen {
    std::string status;
    std::map<std::string, std::string> fields;
    std::string body;
};

Seen read_bytes(const std::string& bytes) {
    Seen seen;
    const auto end = bytes.find("\r\n\r\n");
    auto from = bytes.find("\r\n");
    seen.status = bytes.substr(0, from);
    while (from < end) {
        const auto next = bytes.find("\r\n", from + 2);
        const auto line = bytes.substr(from + 2, next - from - 2);
        const auto colon = line.find(": ");
        EXPECT_TRUE(seen.fields.emplace(line.substr(0, colon), line.substr(colon + 2)).second)
            << line << " came twice";
        from = next;
    }
    seen.body = end == std::string::npos ? "" : bytes.substr(end + 4);
    return seen;
}

/// As the guide has it, and nothing before or behind it.
std::string told(const std::string& nonce, const std::string& action) {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
           "<DLSMessage xmlns=\"http://www.siemens.com/DLS\"\n"
           "  xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n"
           "  xsi:schemaLocation=\"http://www.siemens.com/DLS\">\n"
           " <Message nonce=\"" +
           nonce + "\">\n" + action + " </Message>\n</DLSMessage>";
}

class WpiWire : public Office {
  protected:
    /// Made once: keys take a while.
    static std::shared_ptr<const serve::TlsContext> context() {
        std::string place = testing::TempDir() + "wpi-ca-XXXXXX";
        EXPECT_NE(::mkdtemp(place.data()), nullptr);
        const auto now = base::SystemClock().unix_ms();
        const auto authority = serve::Authority::open(place, now);
        std::filesystem::remove_all(place);
        const auto identity = authority->issue({base::Ipv4{INADDR_LOOPBACK}}, "pbx", now);
        return *serve::TlsContext::make(*identity);
    }

    WpiWire() {
        static const auto made = context();
        serve::HttpLimits limits;
        limits.posted_bytes = wpi::largest_message;
        http = std::make_unique<serve::Http>(loop, limits, [this](const serve::Request& request) {
            return service->answer(request);
        });
        http->tls(made);
        const base::Endpoint any{base::Ipv4{INADDR_LOOPBACK}, 0};
        EXPECT_THAT(http->listen({}, {any}), IsEmpty());
        with.gate.allow = {*base::Network::parse("127.0.0.0/8")};
        settings();
        client = std::make_unique<serve_test::TlsClient>(loop, http->listening_with_tls().at(0),
                                                         serve_test::TlsClient::Wishes{});
        EXPECT_EQ(client->shake_hands(), "");
    }

    Seen post(const std::string& body, std::size_t answered, const std::string& fields = "") {
        return read_bytes(client->ask(
            fmt::format("POST /DeploymentService/LoginService HTTP/1.1\r\nHost: 10.20.30.5:18443"
                        "\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n{}\r\n{}",
                        body.size(), fields, body),
            answered));
    }

    /// Posts it and compares the whole answer; the cookie that came.
    std::string expect(const std::string& body,
                       const std::string& wanted_body,
                       std::map<std::string, std::string> more = {},
                       const std::string& cookie = "") {
        const auto seen =
            post(body, wanted_body.size(), cookie.empty() ? "" : "Cookie: " + cookie + "\r\n");
        EXPECT_EQ(seen.status, "HTTP/1.1 200 OK");
        EXPECT_EQ(seen.body, wanted_body);
        more.insert({{"Content-Type", "text/xml"},
                     {"Content-Length", std::to_string(wanted_body.size())},
                     {"Cache-Control", "no-store"}});
        auto rest = seen.fields;
        EXPECT_EQ(rest.erase("Date"), 1U);
        auto given = rest["Set-Cookie"];
        rest.erase("Set-Cookie");
        EXPECT_EQ(rest, more) << "no Transfer-Encoding, nothing else";
        return given;
    }

    base::Loop loop;
    std::unique_ptr<serve::Http> http;
    std::unique_ptr<serve_test::TlsClient> client;
};

TEST_F(WpiWire, N1AFirstStartUpIsAnsweredAsTheGuideHasItByteByByte) {
    enrol();
    auto it = phone();
    const auto given =
        expect(envelope("4C1F09A2B7D84E63A5509E1BD2C7F834", "start-up",
                        it.basic() + item("configuration-changed-flag", "true") + item("e164")),
               told("4C1F09A2B7D84E63A5509E1BD2C7F834", "  <Action>ReadAllItems</Action>\n"));
    EXPECT_THAT(given, MatchesRegex("JSESSIONID=[0-9A-F]{32}; Path=/DeploymentService; Secure"));
    const auto cookie = given.substr(0, given.find(';'));
    const auto reply = [&](const std::string& nonce, const std::string& fragment) {
        return envelope(nonce, "reply-to", item("reg-addr"),
                        " action=\"ReadAllItems\" status=\"accepted\"",
                        " maxItems=\"-1\" fragment=\"" + fragment + "\"");
    };
    EXPECT_EQ(expect(reply("A0E101", "next"),
                     told("A0E101", "  <Action>GetNextFragment</Action>\n"), {}, cookie),
              "")
        << "a cookie is set once";
    EXPECT_EQ(expect(reply("A0E102", "final"),
                     told("A0E102", "  <Action>WriteItems</Action>\n"
                                    "  <ItemList>\n"
                                    "   <Item name=\"e164\">4210</Item>\n"
                                    "   <Item name=\"sip-user-id\">4210</Item>\n"
                                    "   <Item name=\"reg-addr\">10.20.30.9</Item>\n"
                                    "   <Item name=\"reg-port\">5060</Item>\n"
                                    "   <Item name=\"registrar-addr\">10.20.30.9</Item>\n"
                                    "   <Item name=\"registrar-port\">5060</Item>\n"
                                    "   <Item name=\"sip-pwd\">an-example-only</Item>\n"
                                    "   <Item name=\"function-key-def\" index=\"1\">59</Item>\n"
                                    "   <Item name=\"key-label-unicode\" index=\"1\">Front desk"
                                    "</Item>\n"
                                    "   <Item name=\"dcmp-url\">http://10.20.30.5:8080/dcmp/"
                                    "</Item>\n"
                                    "  </ItemList>\n"),
                     {}, cookie),
              "");
    EXPECT_EQ(
        expect(envelope("A0E103", "reply-to", "", " status=\"accepted\" action=\"WriteItems\"",
                        " maxItems=\"-1\" fragment=\"final\""),
               told("A0E103", "  <Action>CleanUp</Action>\n"), {{"Connection", "close"}}, cookie),
        "");
    EXPECT_EQ(service->counters().open, 0U);
}

TEST_F(WpiWire, FENonsenseGetsAnEmpty400AndTheNextMessageItsAnswer) {
    const auto seen = post("no xml", 0);
    EXPECT_EQ(seen.status, "HTTP/1.1 400 Bad Request");
    EXPECT_EQ(seen.body, "");
    EXPECT_EQ(seen.fields.at("Content-Length"), "0");
    EXPECT_EQ(seen.fields.count("Content-Type"), 0U);
    EXPECT_EQ(seen.fields.count("Set-Cookie"), 0U);
    expect(envelope("AB", "reply-to", ""), told("AB", "  <Action>CleanUp</Action>\n"),
           {{"Connection", "close"}});
}

TEST_F(WpiWire, N9AHundredMegabytesAreRefusedByTheirHead) {
    const auto seen =
        read_bytes(client->ask("POST /DeploymentService/LoginService HTTP/1.1\r\nHost: a\r\n"
                               "Content-Type: text/xml\r\nContent-Length: 104857600\r\n\r\n"));
    EXPECT_EQ(seen.status, "HTTP/1.1 413 Content Too Large");
    EXPECT_EQ(seen.fields.at("Connection"), "close");
    EXPECT_FALSE(client->read_some()) << "it is closed, and nobody reads the rest";
    EXPECT_EQ(service->counters().malformed, 0U) << "it went no further";
}

} // namespace
