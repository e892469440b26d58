// SPDX-License-Identifier: MIT
// What phones of all vendors send is understood, and what is broken is not.
#include "pnp/message.hpp"

#include "pnp/identify.hpp"
#include "sample.hpp"

#include <gmock/gmock.h>
#include <ostream>
#include <string>

namespace pnp {
namespace {

using base::Errc;
using testing::HasSubstr;

struct Vector {
    const char* file;
    const char* mac; ///< empty: the message names none
    const char* vendor;
    const char* model;
    const char* version;
    const char* user_agent;
    const char* branch;
    bool rport;
    std::uint16_t contact_port;
};

void PrintTo(const Vector& vector, std::ostream* out) {
    *out << vector.file;
}

class PhonesOfAllVendors : public testing::TestWithParam<Vector> {};

TEST_P(PhonesOfAllVendors, AreUnderstood) {
    const Vector& expected = GetParam();
    const auto read = parse_subscribe(data(expected.file));
    ASSERT_TRUE(read) << read.error().what;
    const auto mac = find_mac(*read);
    EXPECT_EQ(mac ? mac->str() : "", expected.mac);
    EXPECT_EQ(read->vendor, expected.vendor);
    EXPECT_EQ(read->model, expected.model);
    EXPECT_EQ(read->version, expected.version);
    EXPECT_EQ(read->user_agent, expected.user_agent);
    EXPECT_EQ(read->branch, expected.branch);
    EXPECT_EQ(read->wants_rport, expected.rport);
    EXPECT_EQ(read->contact_port, expected.contact_port);
}

TEST_P(PhonesOfAllVendors, AreUnderstoodWithBareLineFeeds) {
    const auto read = parse_subscribe(with_all(data(GetParam().file), "\r\n", "\n"));
    ASSERT_TRUE(read) << read.error().what;
    const auto mac = find_mac(*read);
    EXPECT_EQ(mac ? mac->str() : "", GetParam().mac);
}

TEST_P(PhonesOfAllVendors, AreNotUnderstoodWhenCutAnywhereBeforeTheBlankLine) {
    const std::string whole = data(GetParam().file);
    for (std::size_t length = 0; length < whole.size() - 1; ++length) {
        const auto read = parse_subscribe(whole.substr(0, length));
        ASSERT_FALSE(read) << "cut to " << length << " bytes";
        EXPECT_EQ(read.error().code, Errc::truncated) << "cut to " << length << " bytes";
    }
}

INSTANTIATE_TEST_SUITE_P(
    ParseSubscribe,
    PhonesOfAllVendors,
    testing::Values(
        Vector{"htek.sip", "001fc1000001", "Htek", "UC924", "2.0.4.2", "Htek UC924 2.0.4.2",
               "z9hG4bK70411250", false, 60000},
        Vector{"yealink_t21p.sip", "001565000021", "Yealink", "T21D", "34.72.14.6",
               "Yealink SIP-T21P 34.72.14.6", "z9hG4bK61180424", false, 5059},
        Vector{"yealink_t53w.sip", "805ec0000053", "Yealink", "SIP-T53W", "96.86.0.20",
               "Yealink SIP-T53W 96.86.0.20 805ec0000053", "z9hG4bK533018844", true, 5060},
        Vector{"yealink_w52p.sip", "001565000052", "yealink", "W52P", "25.81.0.10",
               "Yealink W52P 25.81.0.10", "z9hG4bK522018841", false, 5059},
        Vector{"snom_370.sip", "000413000001", "snom", "snom370", "8.7.5.48", "snom370/8.7.5.48",
               "", true, 1053},
        Vector{"snom_oem.sip", "00041300000a", "OEM", "OEM", "7.1.19", "", "", true, 5060},
        Vector{"snom_d120.sip", "000413000120", "snom", "snomD120", "10.1.39.11",
               "snomD120/10.1.39.11", "", true, 5060},
        Vector{"snom_m700.sip", "000413600700", "snom", "snomM700", "03.23.0005",
               "snomM700/03.23.0005 (MAC=000413600700; SER=00000; HW=1)", "z9hG4bK-1d2c", true,
               5060},
        Vector{"snom_c520.sip", "000413000520", "snom", "snomC520", "1.0", "", "z9hG4bK520", true,
               5170},
        Vector{"grandstream.sip", "c074ad000001", "Grandstream", "GRP2612W", "1.0.5.67",
               "Grandstream GRP2612W 1.0.5.67", "z9hG4bK1433915412", true, 5080},
        Vector{"gigaset_maxwell.sip", "7c2f80000003", "Gigaset", "Maxwell 3", "2.22.0",
               "Maxwell 3 2.22.0;7C2F80000003", "z9hG4bKmax3", true, 5060},
        Vector{"gigaset_p8.sip", "7c2f80000801", "OEM", "OEM", "10.1.1.1", "", "", true, 5060},
        Vector{"panasonic_hdv130.sip", "0080f0000130", "Panasonic", "KX-HDV130", "06.101", "",
               "z9hG4bK130", true, 5060},
        Vector{"audiocodes_420hd.sip", "", "", "420HD", "1.2.1_build_6",
               "AUDC-IPPhone/1.2.1_build_6", "z9hG4bKac420", true, 5060},
        Vector{"planet_vip2140.sip", "00304f000140", "PLANET", "VIP-2140PT", "1.0.1",
               "PLANET VIP-2140PT", "z9hG4bKpl140", false, 5060},
        Vector{"fanvil.sip", "0c383e000055", "Fanvil", "VOIP PHONE", "2.4.0", "Fanvil X4 2.4.0",
               "z9hG4bKfv55", true, 5060},
        Vector{"atcom.sip", "001a80000011", "ATCOM", "ATCOM", "2.6", "ATCOM", "z9hG4bK1011", false,
               5060},
        Vector{"akuvox_r20k.sip", "0c1105000020", "Akuvox", "R20K", "20.30.4.7", "Akuvox R20K",
               "z9hG4bK2020", false, 5060},
        Vector{"vtech_et685.sip", "00128a000685", "OEM", "OEM", "3.1.0", "", "", true, 5060},
        Vector{"tiptel_286.sip", "001565000286", "tiptel", "IP 286", "61.80.0.9", "tiptel IP 286",
               "z9hG4bK2863", false, 5059},
        Vector{"escene.sip", "002604000033", "escene", "ES330", "1.2", "Escene", "z9hG4bK3300",
               false, 5060},
        Vector{"flyingvoice.sip", "002121000016", "Flyingvoice", "FIP16", "0.7",
               "Flyingvoice FIP16", "z9hG4bK1600", false, 5060},
        Vector{"sangoma_s500.sip", "001fc1000500", "Sangoma", "S500", "2.0.4.50",
               "Sangoma S500 2.0.4.50", "z9hG4bK5003", false, 60000}),
    [](const auto& each) {
        std::string name;
        bool upper = true;
        for (const char c :
             std::string(each.param.file).substr(0, std::string(each.param.file).rfind('.'))) {
            if (c == '_') {
                upper = true;
            } else {
                name += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
                upper = false;
            }
        }
        return name;
    });

TEST(ParseSubscribe, KeepsEveryValueByteForByte) {
    const auto read = parse_subscribe(data("snom_370.sip"));
    ASSERT_TRUE(read) << read.error().what;
    // sofia prints %3a as %3A: nothing here may have gone through its printer.
    EXPECT_EQ(read->uri, "sip:MAC%3a000413000001@lan.example");
    EXPECT_EQ(read->from, "<sip:MAC%3a000413000001@lan.example>;tag=658512961");
    EXPECT_EQ(read->to, "<sip:MAC%3a000413000001@lan.example>");
    EXPECT_EQ(read->vias, std::vector<std::string>{"SIP/2.0/UDP 192.0.2.67:1053;rport"});
    EXPECT_EQ(read->call_id, "1930770594@192.0.2.67");
    EXPECT_EQ(read->cseq, "1 SUBSCRIBE");
    EXPECT_EQ(read->contact, "<sip:192.0.2.67:1053>");
    EXPECT_EQ(read->contact_uri, "sip:192.0.2.67:1053");
    EXPECT_EQ(read->contact_host, "192.0.2.67");
    EXPECT_EQ(read->from_tag, "658512961");
    EXPECT_EQ(read->via_host, "192.0.2.67");
    EXPECT_EQ(read->via_port, 1053);
    EXPECT_EQ(read->sequence, 1U);
}

TEST(ParseSubscribe, ReadsCompactNamesInAnyCase) {
    std::string text = data("htek.sip");
    text = with(text, "Via:", "v:");
    text = with(text, "From:", "F:");
    text = with(text, "To:", "t :");
    text = with(text, "Call-ID:", "i:");
    text = with(text, "CSeq:", "cSEQ:");
    text = with(text, "Contact:", "m:");
    text = with(text, "Event:", "o:");
    text = with(text, "Content-Length:", "l:");
    const auto read = parse_subscribe(text);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->from, "<sip:MAC001fc1000001@224.0.1.75>;tag=70411247");
    EXPECT_EQ(read->to, "<sip:MAC001fc1000001@224.0.1.75>");
    EXPECT_EQ(read->vendor, "Htek");
}

TEST(ParseSubscribe, ReadsTheEventHoweverItIsSpaced) {
    for (const char* event : {"UA-Profile ;profile-type=device ; vendor = 'Htek' ;model= 'UC924'",
                              "ua-profile;vender=Htek;Model=UC924",
                              "ua-profile; model=\"UC924\" ;VENDOR=\"Htek\";version=\"a;b\"",
                              "ua-profile;vendor=Htek;model = UC924  ;"}) {
        const auto read =
            parse_subscribe(with(data("htek.sip"),
                                 "ua-profile;profile-type=\"device\";vendor=\"Htek\";model="
                                 "\"UC924\";version=\"2.0.4.2\"",
                                 event));
        ASSERT_TRUE(read) << event << ": " << read.error().what;
        EXPECT_EQ(read->vendor, "Htek") << event;
        EXPECT_EQ(read->model, "UC924") << event;
    }
}

TEST(ParseSubscribe, DoesWithoutWhatSomePhonesLeaveOut) {
    for (const char* line :
         {"Max-Forwards: 70\r\n", "Accept: application/url\r\n", "Expires: 0\r\n",
          "User-Agent: Htek UC924 2.0.4.2\r\n", "Content-Length: 0\r\n",
          "Contact: <sip:MAC001fc1000001@192.0.2.89:60000>\r\n", ";tag=70411247",
          ";branch=z9hG4bK70411250", ";profile-type=\"device\"", ";vendor=\"Htek\""}) {
        const auto read = parse_subscribe(with(data("htek.sip"), line, ""));
        ASSERT_TRUE(read) << line << ": " << read.error().what;
        EXPECT_EQ(find_mac(*read)->str(), "001fc1000001");
    }
}

TEST(ParseSubscribe, DoesNotDoWithoutWhatTheAnswerNeeds) {
    const std::string text = data("htek.sip");
    for (const char* line : {"Via: SIP/2.0/UDP 192.0.2.89:60000;branch=z9hG4bK70411250\r\n",
                             "From: <sip:MAC001fc1000001@224.0.1.75>;tag=70411247\r\n",
                             "To: <sip:MAC001fc1000001@224.0.1.75>\r\n",
                             "Call-ID: 70411247@192.0.2.89\r\n", "CSeq: 1 SUBSCRIBE\r\n"}) {
        const auto without = parse_subscribe(with(text, line, ""));
        ASSERT_FALSE(without) << line;
        EXPECT_EQ(without.error().code, Errc::malformed);
    }
    for (const char* line :
         {"From: <sip:MAC001fc1000001@224.0.1.75>;tag=70411247\r\n",
          "To: <sip:MAC001fc1000001@224.0.1.75>\r\n", "Call-ID: 70411247@192.0.2.89\r\n",
          "CSeq: 1 SUBSCRIBE\r\n", "Content-Length: 0\r\n",
          "Contact: <sip:MAC001fc1000001@192.0.2.89:60000>\r\n"}) {
        const auto twice = parse_subscribe(with(text, line, std::string(line) + line));
        ASSERT_FALSE(twice) << "two of " << line;
        EXPECT_EQ(twice.error().code, Errc::malformed);
    }
}

TEST(ParseSubscribe, LeavesAloneWhatIsMeantForOthers) {
    const std::string text = data("htek.sip");
    const auto code = [](const std::string& datagram) {
        const auto read = parse_subscribe(datagram);
        return read ? Errc::io : read.error().code;
    };
    EXPECT_EQ(code(with_all(text, "SUBSCRIBE", "REGISTER")), Errc::not_ours);
    EXPECT_EQ(code(with(text, "ua-profile", "presence")), Errc::not_ours);
    EXPECT_EQ(code(with(text, "ua-profile", "ua-profiles")), Errc::not_ours);
    EXPECT_EQ(code(with(text, "To: <sip:MAC001fc1000001@224.0.1.75>",
                        "To: <sip:MAC001fc1000001@224.0.1.75>;tag=1")),
              Errc::not_ours);
    EXPECT_EQ(code(with(text, "1 SUBSCRIBE", "1 INVITE")), Errc::malformed);
    EXPECT_EQ(code(with(text, "SIP/2.0\r\n", "SIP/3.0\r\n")), Errc::malformed);
    EXPECT_EQ(code(with(text, "SUBSCRIBE sip:MAC001fc1000001@224.0.1.75", "SUBSCRIBE tel:201")),
              Errc::malformed);
    EXPECT_EQ(code(with(text, "<sip:MAC001fc1000001@192.0.2.89:60000>", "*")), Errc::malformed);
    EXPECT_EQ(code(with(text, "<sip:MAC001fc1000001@192.0.2.89:60000>", "<mailto:x@example.com>")),
              Errc::malformed);
    EXPECT_EQ(code("\xff\xd8\xff\xe0 what is this\r\n\r\n"), Errc::malformed);
}

TEST(ParseSubscribe, RefusesControlCharactersInWhatItEchoes) {
    for (const char* bad : {"\r", "\x01", "\x1b[2J", "\x7f", "\x08"}) {
        for (const char* place : {"tag=7041", "Call-ID: 7041", "branch=z9hG4bK", "\"Htek"}) {
            const auto read =
                parse_subscribe(with(data("htek.sip"), place, std::string(place) + bad));
            ASSERT_FALSE(read) << place;
            EXPECT_EQ(read.error().code, Errc::malformed) << place;
        }
    }
    std::string with_null = data("htek.sip");
    with_null.insert(with_null.find("tag=") + 4, 1, '\0');
    EXPECT_FALSE(parse_subscribe(with_null));
}

TEST(ParseSubscribe, UnfoldsContinuedLines) {
    const auto read = parse_subscribe(
        with(data("htek.sip"), ";tag=70411247", "\r\n   ;tag=70411247\r\n\t;epid=DP000001"));
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->from, "<sip:MAC001fc1000001@224.0.1.75> ;tag=70411247 ;epid=DP000001");
    EXPECT_EQ(read->from_tag, "70411247");
}

TEST(ParseSubscribe, KeepsAllViasAndTheFirstApart) {
    const auto read = parse_subscribe(
        with(data("htek.sip"), "Via: SIP/2.0/UDP 192.0.2.89:60000;branch=z9hG4bK70411250\r\n",
             "Via: SIP/2.0/UDP 192.0.2.89:60000;branch=z9hG4bK70411250, SIP/2.0/UDP proxy.example"
             ";branch=z9hG4bKp\r\nV: SIP/2.0/TCP inner.example;x=\"a,b\"\r\n"));
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->vias,
              (std::vector<std::string>{"SIP/2.0/UDP 192.0.2.89:60000;branch=z9hG4bK70411250",
                                        "SIP/2.0/UDP proxy.example;branch=z9hG4bKp",
                                        "SIP/2.0/TCP inner.example;x=\"a,b\""}));
    EXPECT_EQ(read->branch, "z9hG4bK70411250");
}

TEST(ParseSubscribe, ReadsAContactWithAndWithoutBrackets) {
    const std::string text = data("htek.sip");
    const std::string contact = "<sip:MAC001fc1000001@192.0.2.89:60000>";
    const auto uri = [&](const char* written) {
        const auto read = parse_subscribe(with(text, contact, written));
        return read ? read->contact_uri : read.error().what;
    };
    EXPECT_EQ(uri("sip:a@192.0.2.89;expires=0"), "sip:a@192.0.2.89");
    EXPECT_EQ(uri("\"A <b>\" <sip:a@192.0.2.89;transport=udp>;q=1"),
              "sip:a@192.0.2.89;transport=udp");
    EXPECT_EQ(uri("<sip:a@192.0.2.89>, <sip:b@192.0.2.90>"), "sip:a@192.0.2.89");
    EXPECT_EQ(uri("<sip:a?b@192.0.2.89?Subject=x>"), "sip:a?b@192.0.2.89");
    EXPECT_EQ(uri("<sip:192.0.2.89?Subject=x>"), "sip:192.0.2.89");
}

TEST(ParseSubscribe, WantsTheBodyThatWasAnnounced) {
    const std::string text = data("htek.sip");
    const auto shorter =
        parse_subscribe(with(text, "Content-Length: 0", "Content-Length: 5") + "1234");
    ASSERT_FALSE(shorter);
    EXPECT_EQ(shorter.error().code, Errc::truncated);
    EXPECT_TRUE(parse_subscribe(with(text, "Content-Length: 0", "Content-Length: 5") + "12345"));
    EXPECT_TRUE(parse_subscribe(text + "more than announced"));
    EXPECT_FALSE(parse_subscribe(with(text, "Content-Length: 0", "Content-Length: none")));
    EXPECT_FALSE(
        parse_subscribe(with(text, "Content-Length: 0", "Content-Length: 99999999999999999999")));
}

TEST(ParseSubscribe, RefusesADatagramBeyondEightKibibytes) {
    const std::string text = data("htek.sip");
    EXPECT_TRUE(parse_subscribe(text + std::string(8192 - text.size(), 'x')));
    EXPECT_FALSE(parse_subscribe(text + std::string(8193 - text.size(), 'x')));
}

TEST(ParseSubscribe, IsNotDisturbedByAnOddHeaderThatItDoesNotNeed) {
    const auto read =
        parse_subscribe(with(data("htek.sip"), "Max-Forwards: 70", "Max-Forwards: many"));
    EXPECT_TRUE(read) << read.error().what;
    EXPECT_FALSE(parse_subscribe(with(data("htek.sip"), "Max-Forwards: 70", "Max-Forwards 70")));
}

TEST(ParseSubscribe, SkipsLineEndsBeforeTheStartLine) {
    EXPECT_TRUE(parse_subscribe("\r\n\r\n" + data("htek.sip")));
    EXPECT_FALSE(parse_subscribe("\r\n\r\n"));
}

TEST(ParseResponse, ReadsThePhonesAnswerToTheNotify) {
    const std::string text = data("htek.answer.sip");
    ASSERT_TRUE(is_response(text));
    const auto read = parse_response(text);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->status, 200);
    EXPECT_EQ(read->reason, "OK");
    EXPECT_EQ(read->branch, "z9hG4bKn-5f1c09d2-1");
    EXPECT_EQ(read->call_id, "70411247@192.0.2.89");
    EXPECT_EQ(read->method, "NOTIFY");
}

TEST(ParseResponse, RefusesWhatIsBrokenOrCut) {
    const std::string text = data("htek.answer.sip");
    for (std::size_t length = 0; length < text.size() - 1; ++length) {
        EXPECT_FALSE(parse_response(text.substr(0, length))) << length;
    }
    EXPECT_FALSE(parse_response(with(text, "SIP/2.0 200", "SIP/2.0 20")));
    EXPECT_FALSE(parse_response(with(text, "CSeq: 1 NOTIFY\r\n", "")));
    EXPECT_FALSE(parse_response(with(text, "70411247@192.0.2.89", "")));
    EXPECT_FALSE(parse_response(with(text, "CSeq:", "CSeq: 1 NOTIFY\r\nCSeq:")));
    EXPECT_FALSE(parse_response(with(text, "Call-ID:", "Call-ID: 1\r\nCall-ID:")));
    EXPECT_FALSE(parse_response(data("htek.sip")));
    EXPECT_FALSE(is_response(data("htek.sip")));
}

TEST(Sofia, IsTheLibraryWeWereBuiltFor) {
    EXPECT_EQ(check_sofia(), "");
}

// Pinned here because parse_subscribe relies on it: values in single quotes are an error to sofia,
// so Event is not given to it; and what it cannot read raises no flag.
TEST(Sofia, MakesAnUnreadableContactARefusal) {
    const auto read = parse_subscribe(
        with(data("htek.sip"), "Contact: <sip:MAC001fc1000001@192.0.2.89:60000>", "Contact: %"));
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().what, HasSubstr("cannot be read"));
}

TEST(FindMac, TakesThePlacesInTheirOrder) {
    Subscribe request;
    request.uri = "sip:MAC001fc1000001@224.0.1.75";
    request.to = "<sip:MAC001fc1000002@224.0.1.75>";
    request.from = "<sip:MAC001fc1000003@224.0.1.75>;tag=1";
    request.contact_uri = "sip:MAC001fc1000004@192.0.2.9";
    request.user_agent = "Htek UC912G 001fc1000005";
    EXPECT_EQ(find_mac(request)->str(), "001fc1000001");
    request.uri = "sip:224.0.1.75";
    EXPECT_EQ(find_mac(request)->str(), "001fc1000002");
    request.to = "<sip:224.0.1.75>";
    EXPECT_EQ(find_mac(request)->str(), "001fc1000003");
    request.from = "<sip:2001@example.com>;tag=1";
    EXPECT_EQ(find_mac(request)->str(), "001fc1000004");
    request.contact_uri = "sip:192.0.2.9";
    EXPECT_EQ(find_mac(request)->str(), "001fc1000005");
    request.user_agent = "IPPHONE    V2.23.3.29.488";
    EXPECT_FALSE(find_mac(request));
}

TEST(FindMac, KnowsEverySeparatorAndNoOther) {
    const auto mac = [](std::string uri) {
        Subscribe request;
        request.uri = std::move(uri);
        const auto found = find_mac(request);
        return found ? found->str() : "none";
    };
    EXPECT_EQ(mac("sip:MAC001FC1000001@h"), "001fc1000001");
    EXPECT_EQ(mac("sip:MAC%3a001FC1000001@h"), "001fc1000001");
    EXPECT_EQ(mac("sip:MAC%3A001FC1000001@h"), "001fc1000001");
    EXPECT_EQ(mac("sip:MAC:001FC1000001@h"), "001fc1000001");
    EXPECT_EQ(mac("sip:MAC=001FC1000001@h"), "001fc1000001");
    EXPECT_EQ(mac("sip:MAC%3a001FC1000001"), "001fc1000001"); // without any host
    EXPECT_EQ(mac("sip:MAC%3a001FC1000001;x=y"), "001fc1000001");
    EXPECT_EQ(mac("<sip:MAC%3a001FC1000001>"), "001fc1000001");
    EXPECT_EQ(mac("sip:001FC1000001@h"), "001fc1000001");
    EXPECT_EQ(mac("sip:phone-001FC1000001@h"), "001fc1000001");
    EXPECT_EQ(mac("sip:MAC-001FC100001@h"), "none");
    EXPECT_EQ(mac("sip:MAC001FC100000@h"), "none");
    EXPECT_EQ(mac("sip:MAC001FC10000012@h"), "none");
    EXPECT_EQ(mac("sip:MAC001FC100000G@h"), "none");
    EXPECT_EQ(mac("sip:MAC000000000000@h"), "none");
    EXPECT_EQ(mac("sip:MAC%3a001FC1000001.evil@h"), "none");
    EXPECT_EQ(mac("sip:1234567890123@h"), "none"); // a telephone number
    EXPECT_EQ(mac("sip:00:1f:c1:00:01@h"), "none");
    EXPECT_EQ(mac(""), "none");
}

} // namespace
} // namespace pnp
