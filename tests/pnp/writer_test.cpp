// SPDX-License-Identifier: MIT
// The messages of the wire specification come out byte for byte.
#include "pnp/writer.hpp"

#include "sample.hpp"

#include <gmock/gmock.h>
#include <string>

namespace pnp {
namespace {

using profile::Dialect;
using testing::HasSubstr;

constexpr base::Ipv4 here{0xC000020A}; // 192.0.2.10

Subscribe request(const std::string& text) {
    auto read = parse_subscribe(text);
    EXPECT_TRUE(read) << read.error().what;
    return read.value_or(Subscribe());
}

Naming naming(std::uint32_t id, const char* source) {
    return {id, {here, 5060}, base::Endpoint::parse(source).value()};
}

Offer offer(const char* url) {
    Offer result;
    result.url = base::Secret(url);
    return result;
}

TEST(WriteOk, AnswersAnHtek) {
    EXPECT_EQ(write_ok(request(data("htek.sip")), naming(0x5f1c09d2, "192.0.2.89:60000")),
              data("htek.ok.sip"));
}

TEST(WriteOk, AnswersASnomAndFillsRport) {
    EXPECT_EQ(write_ok(request(data("snom_370.sip")), naming(0x7714ab02, "192.0.2.67:1053")),
              data("snom_370.ok.sip"));
}

TEST(WriteOk, SaysWhereTheRequestReallyCameFrom) {
    const std::string via = "SIP/2.0/UDP 192.0.2.89:60000;branch=z9hG4bK70411250";
    const auto answer = [&](const char* written, const char* source) {
        const std::string ok =
            write_ok(request(with(data("htek.sip"), via, written)), naming(1, source));
        const auto begin = ok.find("Via: ") + 5;
        return ok.substr(begin, ok.find("\r\n", begin) - begin);
    };
    const char* here_too = "192.0.2.89:60000";
    EXPECT_EQ(answer("SIP/2.0/UDP 192.0.2.89;branch=z9hG4bK1", here_too),
              "SIP/2.0/UDP 192.0.2.89;branch=z9hG4bK1");
    EXPECT_EQ(answer("SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK1", here_too),
              "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK1;received=192.0.2.89");
    EXPECT_EQ(answer("SIP/2.0/UDP phone.example;branch=z9hG4bK1", here_too),
              "SIP/2.0/UDP phone.example;branch=z9hG4bK1;received=192.0.2.89");
    EXPECT_EQ(answer("SIP/2.0/UDP 192.0.2.89;rport;branch=z9hG4bK1", here_too),
              "SIP/2.0/UDP 192.0.2.89;rport=60000;branch=z9hG4bK1;received=192.0.2.89");
    EXPECT_EQ(answer("SIP/2.0/UDP 192.0.2.89;rport=1;branch=z9hG4bK1", here_too),
              "SIP/2.0/UDP 192.0.2.89;rport=60000;branch=z9hG4bK1;received=192.0.2.89");
    EXPECT_EQ(answer("SIP/2.0/UDP 192.0.2.89 ; rport ; branch = z9hG4bK1", here_too),
              "SIP/2.0/UDP 192.0.2.89 ;rport=60000 ; branch = z9hG4bK1;received=192.0.2.89");
    EXPECT_EQ(answer("SIP/2.0/UDP 192.0.2.89;received=198.51.100.1;branch=z9hG4bK1", here_too),
              "SIP/2.0/UDP 192.0.2.89;branch=z9hG4bK1");
}

TEST(WriteOk, CopiesAllViasInTheirOrder) {
    const std::string ok = write_ok(
        request(with(data("htek.sip"), "From:",
                     "v: SIP/2.0/UDP a.example;rport\r\nVia: SIP/2.0/UDP b.example\r\nFrom:")),
        naming(1, "192.0.2.89:60000"));
    EXPECT_THAT(ok, HasSubstr("Via: SIP/2.0/UDP 192.0.2.89:60000;branch=z9hG4bK70411250\r\n"
                              "Via: SIP/2.0/UDP a.example;rport\r\n"
                              "Via: SIP/2.0/UDP b.example\r\n"
                              "From: "));
}

TEST(WriteOk, CopiesUnknownParametersOfFromAndPutsTheTagBehindABareTo) {
    const std::string ok = write_ok(
        request(with(with(data("htek.sip"), ";tag=70411247", ";tag=70411247;epid=DP000001"),
                     "To: <sip:MAC001fc1000001@224.0.1.75>", "To: sip:MAC001fc1000001@224.0.1.75")),
        naming(0xab, "192.0.2.89:60000"));
    EXPECT_THAT(ok, HasSubstr(";tag=70411247;epid=DP000001\r\n"));
    EXPECT_THAT(ok, HasSubstr("\r\nTo: sip:MAC001fc1000001@224.0.1.75;tag=pnp-000000ab\r\n"));
}

TEST(WriteNotify, OffersAnHtekItsUrl) {
    EXPECT_EQ(write_notify(request(data("htek.sip")), naming(0x5f1c09d2, "192.0.2.89:60000"),
                           offer("http://192.0.2.10:8080/p/9k3v7q/"), Dialect::standard),
              data("htek.notify.sip"));
}

TEST(WriteNotify, OffersASnomItsUrlWithTheEventEchoed) {
    Offer snom = offer("http://192.0.2.10:8080/p/{mac}.xml");
    snom.echo_event = true;
    EXPECT_EQ(write_notify(request(data("snom_370.sip")), naming(0x7714ab02, "192.0.2.67:1053"),
                           snom, Dialect::standard),
              data("snom_370.notify.sip"));
}

TEST(WriteNotify, OffersAGrandstreamItsUrlTwiceAndWithALineEnd) {
    Offer grandstream = offer("http://192.0.2.10:8080/gs/9k3v7q/");
    grandstream.message_body = true;
    grandstream.ends_with_newline = true;
    EXPECT_EQ(write_notify(request(data("grandstream.sip")), naming(0xc0ffee11, "192.0.2.2:5080"),
                           grandstream, Dialect::standard),
              data("grandstream.notify.sip"));
}

TEST(WriteNotify, KnowsTheEchoForm) {
    EXPECT_EQ(write_notify(request(data("oem.sip")), naming(1, "192.0.2.89:60000"),
                           offer("http://192.0.2.10:8080/p/9k3v7q/"), Dialect::echo),
              data("oem.echo.sip"));
}

TEST(WriteNotify, AsksForTheSourceWhereThereIsNoContact) {
    const auto without =
        request(with(data("htek.sip"), "Contact: <sip:MAC001fc1000001@192.0.2.89:60000>\r\n", ""));
    EXPECT_THAT(
        write_notify(without, naming(1, "192.0.2.89:61000"), offer("http://x/"), Dialect::standard),
        testing::StartsWith("NOTIFY sip:192.0.2.89:61000 SIP/2.0\r\n"));
}

TEST(WriteResync, IsAWholeMessageOutsideAnyDialog) {
    EXPECT_EQ(write_resync({base::Endpoint::parse("192.0.2.89:5060").value(),
                            {here, 5060},
                            "check-sync;reboot=false",
                            0x0a91}),
              "NOTIFY sip:192.0.2.89:5060 SIP/2.0\r\n"
              "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKcs-00000a91;rport\r\n"
              "Max-Forwards: 70\r\n"
              "From: <sip:pbx@192.0.2.10>;tag=cs-00000a91\r\n"
              "To: <sip:192.0.2.89:5060>\r\n"
              "Call-ID: cs-00000a91-1@192.0.2.10\r\n"
              "CSeq: 1 NOTIFY\r\n"
              "Contact: <sip:pbx@192.0.2.10:5060>\r\n"
              "Event: check-sync;reboot=false\r\n"
              "Subscription-State: terminated\r\n"
              "Content-Length: 0\r\n"
              "\r\n");
}

} // namespace
} // namespace pnp
