// SPDX-License-Identifier: MIT
// Calls as state machines: a scripted far end, a clock that is turned by hand, no sockets.
#include "module/phone/call.hpp"

#include "exchange.hpp"
#include "module/phone/answers.hpp"
#include "provisioning/base/crypto.hpp"
#include "provisioning/base/text.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

const base::Endpoint pbx{{0xC000020A}, 5060}; // 192.0.2.10

base::Endpoint at(const char* text) {
    return *base::Endpoint::parse(text);
}

struct Sent {
    std::string text;
    base::Endpoint to;
};

Message read(const std::string& text) {
    auto message = read_message(text);
    return message ? *message : Message{};
}

/// A line of its own, a call on it, and what the call sent.
class End {
  public:
    End(const char* user, const char* local, const char* rtp, Call::Terms terms)
        : trace_([this](std::string_view line) { story.append(line).append("\n"); }),
          seat_(seat(user, local)),
          call(seat_,
               at(rtp),
               terms,
               {.send =
                    [this](std::string_view text, base::Endpoint to) {
                        sent.push_back({std::string(text), to});
                    },
                .keep = [this](const Message& request,
                               const std::string& answer) { answers_.keep(request, answer); }},
               trace_) {}

    /// What a phone does with a datagram.
    void hears(const std::string& text, base::Endpoint from, base::Steady now) {
        const auto message = read(text);
        if (message.is_answer()) {
            EXPECT_TRUE(call.on_answer(message, from, now)) << text;
        } else if (const auto* known = answers_.find(message)) {
            sent.push_back({*known, from});
        } else if (message.method == "INVITE" && !parameter(message.header("To"), "tag")) {
            call.take(message, from, now);
        } else {
            EXPECT_TRUE(call.on_request(message, from, now)) << text;
        }
    }

    /// The beginnings of what was sent since the last time.
    std::vector<std::string> starts() {
        std::vector<std::string> list;
        for (const auto& one : std::exchange(sent, {})) {
            const auto line = one.text.substr(0, one.text.find("\r\n"));
            list.push_back(line.rfind("SIP/2.0 ", 0) == 0 ? line.substr(8)
                                                          : line.substr(0, line.find(' ')));
        }
        return list;
    }

    std::string last() const { return sent.empty() ? "" : sent.back().text; }

    std::string story;

  private:
    static Seat seat(const char* user, const char* local) {
        Seat seat;
        seat.account.user = seat.account.login = user;
        seat.account.password = base::Secret("s3cret");
        seat.account.server = "192.0.2.10";
        seat.local = at(local);
        seat.hop = pbx;
        seat.user_agent = "Htek UC924";
        return seat;
    }

    Trace trace_;
    Answers answers_;
    Seat seat_;

  public:
    Call call;
    std::vector<Sent> sent;
};

std::string
sdp(std::string_view address = "192.0.2.10", int port = 10000, std::string_view more = "") {
    return fmt::format("v=0\r\no=- 1 1 IN IP4 {}\r\ns=-\r\nc=IN IP4 {}\r\nt=0 0\r\n"
                       "m=audio {} RTP/AVP 0 8\r\n{}",
                       address, address, port, more);
}

/// The far end's answer to a request of ours.
std::string answer(const std::string& request,
                   const std::string& status,
                   const std::string& more = "",
                   const std::string& body = "") {
    return fmt::format("SIP/2.0 {}\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=far\r\nCall-ID: {}\r\n"
                       "CSeq: {}\r\n{}Content-Length: {}\r\n\r\n{}",
                       status, field(request, "Via"), field(request, "From"), field(request, "To"),
                       field(request, "Call-ID"), field(request, "CSeq"), more, body.size(), body);
}

const std::string contact = "Contact: <sip:asterisk@192.0.2.10:5060>\r\n";

/// The far end's request in an incoming call; `to_tag` as our answers carry it.
std::string far_request(const std::string& method,
                        int cseq,
                        const std::string& body,
                        const std::string& to_tag = "",
                        int branch = 0) {
    return fmt::format("{} sip:201@192.0.2.89:5060 SIP/2.0\r\n"
                       "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKf{};rport\r\n"
                       "From: \"Front\" <sip:202@192.0.2.10>;tag=far\r\n"
                       "To: <sip:201@192.0.2.10>{}{}\r\nCall-ID: in1\r\nCSeq: {} {}\r\n{}"
                       "Content-Length: {}\r\n\r\n{}",
                       method, branch == 0 ? cseq : branch, to_tag.empty() ? "" : ";tag=", to_tag,
                       cseq, method, contact, body.size(), body);
}

class CallTest : public testing::Test {
  protected:
    base::Steady now() const { return clock_.now(); }

    /// Turns the clock to each thing that is due within the time.
    void pass(End& end, milliseconds time) {
        const auto until = clock_.now() + time;
        while (end.call.next() && *end.call.next() <= until) {
            clock_.advance(std::max(*end.call.next() - clock_.now(), base::Duration::zero()));
            end.call.tick(now());
        }
        clock_.advance(until - clock_.now());
        end.call.tick(now());
    }

    void says(const std::string& text) { phone_.hears(text, pbx, now()); }

    /// An outgoing call that stands: the INVITE.
    std::string called() {
        phone_.call.place("202", now());
        auto invite = phone_.last();
        says(answer(invite, "200 OK", contact, sdp()));
        return invite;
    }

    /// An incoming call that stands: our tag.
    std::string taken() {
        says(far_request("INVITE", 7, sdp()));
        pass(phone_, milliseconds(200));
        auto tag = *parameter(read(phone_.last()).header("To"), "tag");
        says(far_request("ACK", 7, "", tag, 70));
        return tag;
    }

    base::FakeClock clock_;
    Call::Terms terms_;
    End phone_{"201", "192.0.2.89:5060", "192.0.2.89:40000", terms_};
};

TEST_F(CallTest, TwoPhonesSpeakToEachOther) {
    End other("202", "192.0.2.90:5060", "192.0.2.90:40000", terms_);
    const auto exchange = [&] {
        while (!phone_.sent.empty() || !other.sent.empty()) {
            for (const auto& one : std::exchange(phone_.sent, {})) {
                other.hears(one.text, at("192.0.2.89:5060"), now());
            }
            for (const auto& one : std::exchange(other.sent, {})) {
                phone_.hears(one.text, at("192.0.2.90:5060"), now());
            }
        }
    };
    phone_.call.place("202", now());
    exchange();
    EXPECT_FALSE(phone_.call.media()) << "it only rings";
    pass(other, terms_.ring);
    exchange();
    ASSERT_TRUE(phone_.call.media() && other.call.media());
    EXPECT_EQ(phone_.call.media()->rtp.str(), "192.0.2.90:40000");
    EXPECT_EQ(other.call.media()->rtp.str(), "192.0.2.89:40000");
    EXPECT_EQ(other.call.number(), "201");
    pass(phone_, seconds(2));
    EXPECT_THAT(phone_.last(), StartsWith("BYE sip:202@192.0.2.90:5060 "));
    EXPECT_EQ(phone_.sent.back().to.str(), "192.0.2.90:5060");
    exchange();
    EXPECT_TRUE(phone_.call.is_over() && other.call.is_over());
    EXPECT_EQ(phone_.call.ended_by(), Ender::phone);
    EXPECT_EQ(other.call.ended_by(), Ender::peer);
    EXPECT_EQ(phone_.call.stood_for(), seconds(2));
    EXPECT_EQ(other.call.status(), 200);
}

TEST_F(CallTest, ProvesItsPasswordToTheInvite) {
    phone_.call.place("202", now());
    const auto invite = phone_.last();
    EXPECT_THAT(invite, StartsWith("INVITE sip:202@192.0.2.10 SIP/2.0\r\n"));
    EXPECT_EQ(field(invite, "Contact"), "<sip:201@192.0.2.89:5060>");
    EXPECT_THAT(invite, HasSubstr("m=audio 40000 RTP/AVP 0 8\r\n"));
    phone_.sent.clear();
    const auto refusal =
        answer(invite, "401 Unauthorized",
               "WWW-Authenticate: Digest realm=\"pbx\",nonce=\"n1\",qop=\"auth\"\r\n");
    says(refusal);
    ASSERT_THAT(phone_.sent, SizeIs(2));
    const auto ack = phone_.sent[0].text;
    EXPECT_THAT(ack, StartsWith("ACK sip:202@192.0.2.10 SIP/2.0\r\n"));
    EXPECT_EQ(field(ack, "Via"), field(invite, "Via")) << "it belongs to the INVITE's transaction";
    EXPECT_EQ(field(ack, "To"), field(invite, "To") + ";tag=far");
    EXPECT_EQ(field(ack, "CSeq"), "1 ACK");
    const auto again = phone_.sent[1].text;
    EXPECT_EQ(field(again, "CSeq"), "2 INVITE");
    EXPECT_EQ(field(again, "Call-ID"), field(invite, "Call-ID"));
    EXPECT_EQ(field(again, "To"), "<sip:202@192.0.2.10>") << "no dialog came of it";
    EXPECT_NE(field(again, "Via"), field(invite, "Via"));
    const auto proof = field(again, "Authorization");
    const auto a1 = base::md5_hex("201:pbx:s3cret");
    const auto a2 = base::md5_hex("INVITE:sip:202@192.0.2.10");
    EXPECT_EQ(between(proof, "response=\"", "\""),
              base::md5_hex(fmt::format("{}:n1:00000001:{}:auth:{}", a1,
                                        between(proof, "cnonce=\"", "\""), a2)));
    phone_.sent.clear();
    says(refusal);
    EXPECT_THAT(phone_.starts(), ElementsAre("ACK")) << "a copy of the 401 is acknowledged only";
    says(answer(again, "200 OK", contact, sdp()));
    EXPECT_EQ(field(phone_.last(), "Authorization"), proof) << "RFC 3261 13.2.2.4";
    EXPECT_TRUE(phone_.call.media());
    EXPECT_THAT(phone_.story, Not(HasSubstr("s3cret")));
}

TEST_F(CallTest, AnswersAProxyAndEndsWhenThePasswordIsWrong) {
    const auto challenge = "Proxy-Authenticate: Digest realm=\"pbx\",nonce=\"n1\"\r\n";
    phone_.call.place("202", now());
    says(answer(phone_.last(), "407 Proxy Authentication Required", challenge));
    EXPECT_THAT(phone_.last(), HasSubstr("\r\nProxy-Authorization: Digest "));
    says(answer(phone_.last(), "407 Proxy Authentication Required", challenge));
    EXPECT_TRUE(phone_.call.is_over());
    EXPECT_EQ(phone_.call.status(), 407);
    EXPECT_EQ(phone_.call.ended_by(), Ender::peer);
    EXPECT_THAT(phone_.starts(), ElementsAre("INVITE", "ACK", "INVITE", "ACK"));
}

TEST_F(CallTest, RepeatsTheInviteByTimerAAndEndsByTimerB) {
    phone_.call.place("202", now());
    const auto start = now();
    std::vector<std::int64_t> when;
    while (!phone_.call.is_over()) {
        const auto before = phone_.sent.size();
        pass(phone_, *phone_.call.next() - now() > seconds(0)
                         ? std::chrono::ceil<milliseconds>(*phone_.call.next() - now())
                         : milliseconds(0));
        if (phone_.sent.size() > before) {
            when.push_back(std::chrono::duration_cast<milliseconds>(now() - start).count());
        }
    }
    EXPECT_THAT(when, ElementsAre(500, 1500, 3500, 7500, 15500, 31500));
    EXPECT_EQ(now() - start, seconds(32));
    for (const auto& one : phone_.sent) {
        EXPECT_EQ(one.text, phone_.sent.front().text);
    }
    EXPECT_EQ(phone_.call.ended_by(), Ender::timeout);
    EXPECT_EQ(phone_.call.status(), 0);
}

TEST_F(CallTest, IsQuietWhileTheFarEndRingsAndGivesUpAfterAMinute) {
    phone_.call.place("202", now());
    const auto invite = phone_.last();
    says(answer(invite, "183 Session Progress"));
    phone_.sent.clear();
    pass(phone_, seconds(59));
    EXPECT_THAT(phone_.sent, IsEmpty());
    pass(phone_, milliseconds(1'000));
    const auto cancel = phone_.last();
    EXPECT_THAT(phone_.starts(), ElementsAre("CANCEL"));
    EXPECT_EQ(field(cancel, "Via"), field(invite, "Via"));
    EXPECT_EQ(field(cancel, "CSeq"), "1 CANCEL");
    says(answer(cancel, "200 OK"));
    says(answer(invite, "487 Request Terminated"));
    EXPECT_THAT(phone_.starts(), ElementsAre("ACK"));
    EXPECT_TRUE(phone_.call.is_over());
    EXPECT_EQ(phone_.call.ended_by(), Ender::timeout);
}

TEST_F(CallTest, IsRefusedWith486) {
    phone_.call.place("202", now());
    says(answer(phone_.last(), "100 Trying"));
    says(answer(phone_.sent.front().text, "486 Busy Here"));
    EXPECT_THAT(phone_.starts(), ElementsAre("INVITE", "ACK"));
    EXPECT_TRUE(phone_.call.is_over());
    EXPECT_FALSE(phone_.call.was_answered());
    EXPECT_EQ(phone_.call.status(), 486);
    EXPECT_EQ(phone_.call.reason(), "Busy Here");
    EXPECT_EQ(phone_.call.ended_by(), Ender::peer);
}

TEST_F(CallTest, AcknowledgesEachCopyOfThe200) {
    const auto invite = called();
    const auto ack = phone_.last();
    phone_.sent.clear();
    says(answer(invite, "200 OK", contact, sdp()));
    ASSERT_THAT(phone_.sent, SizeIs(1));
    EXPECT_EQ(phone_.last(), ack);
    EXPECT_NE(field(ack, "Via"), field(invite, "Via")) << "RFC 3261 17.1.1.3: a branch of its own";
}

TEST_F(CallTest, GoesTheWayThatTheAnswerRecorded) {
    phone_.call.place("202", now());
    says(answer(phone_.last(), "200 OK",
                "Record-Route: <sip:192.0.2.12;lr>, <sip:192.0.2.11:5070;lr>\r\n"
                "Contact: \"x\" <sip:202@192.0.2.99:5062;ob>;expires=9\r\n",
                sdp()));
    phone_.call.hang_up(now());
    for (const auto& one : {phone_.sent[1], phone_.sent[2]}) {
        EXPECT_EQ(one.to.str(), "192.0.2.11:5070") << "the last in the list is the nearest";
        EXPECT_THAT(one.text, HasSubstr(" sip:202@192.0.2.99:5062;ob SIP/2.0\r\n"));
        EXPECT_THAT(one.text, HasSubstr("\r\nRoute: <sip:192.0.2.11:5070;lr>\r\n"
                                        "Route: <sip:192.0.2.12;lr>\r\n"));
    }
    EXPECT_THAT(phone_.starts(), ElementsAre("INVITE", "ACK", "BYE"));
}

TEST_F(CallTest, RepeatsTheByeByTimerEAndEndsByTimerF) {
    called();
    phone_.sent.clear();
    pass(phone_, seconds(2)); // of talk
    pass(phone_, milliseconds(31'999));
    EXPECT_THAT(phone_.starts(), SizeIs(11)) << "at 0, 0.5, 1.5, 3.5, 7.5 s, then each 4 s";
    EXPECT_FALSE(phone_.call.is_over());
    pass(phone_, milliseconds(1));
    EXPECT_TRUE(phone_.call.is_over());
    EXPECT_EQ(phone_.call.stood_for(), seconds(2)) << "the waiting is no talk";
}

TEST_F(CallTest, CancelsOnlyOnceSomethingWasHeard) {
    phone_.call.place("202", now());
    const auto invite = phone_.last();
    phone_.sent.clear();
    phone_.call.hang_up(now());
    EXPECT_THAT(phone_.sent, IsEmpty());
    says(answer(invite, "180 Ringing"));
    const auto cancel = phone_.last();
    EXPECT_THAT(phone_.starts(), ElementsAre("CANCEL"));
    // The 200 that crosses the CANCEL stands, and is ended by a BYE.
    says(answer(invite, "200 OK", contact, sdp()));
    says(answer(cancel, "481 No"));
    EXPECT_THAT(phone_.starts(), ElementsAre("ACK", "BYE"));
    EXPECT_EQ(phone_.call.ended_by(), Ender::phone);
}

TEST_F(CallTest, LeavesACallWhoseSoundItCannotSpeak) {
    phone_.call.place("202", now());
    says(answer(phone_.last(), "200 OK", contact, ""));
    EXPECT_THAT(phone_.starts(), ElementsAre("INVITE", "ACK", "BYE"));
}

TEST_F(CallTest, RingsAndAnswersAndRepeatsThe200UntilTheAck) {
    says(far_request("INVITE", 7, sdp()));
    EXPECT_THAT(phone_.starts(), ElementsAre("100 Trying", "180 Ringing"));
    says(far_request("INVITE", 7, sdp()));
    EXPECT_THAT(phone_.starts(), ElementsAre("180 Ringing")) << "to a copy, its last answer";
    pass(phone_, milliseconds(200));
    const auto ok = read(phone_.last());
    EXPECT_THAT(phone_.starts(), ElementsAre("200 OK"));
    EXPECT_THAT(ok.body, HasSubstr("m=audio 40000 RTP/AVP 0\r\n"));
    EXPECT_EQ(ok.header("Content-Length"), std::to_string(ok.body.size()));
    EXPECT_EQ(ok.header("Contact"), "<sip:201@192.0.2.89:5060>");
    pass(phone_, milliseconds(1'500)); // at 0.5 and 1.5 s
    EXPECT_THAT(phone_.starts(), ElementsAre("200 OK", "200 OK"));
    EXPECT_FALSE(phone_.call.media());
    const auto tag = *parameter(ok.header("To"), "tag");
    says(far_request("ACK", 7, "", tag, 70));
    EXPECT_EQ(phone_.call.media()->rtp.str(), "192.0.2.10:10000");
    pass(phone_, seconds(60));
    EXPECT_THAT(phone_.sent, IsEmpty());
    says(far_request("BYE", 8, "", tag));
    EXPECT_THAT(phone_.starts(), ElementsAre("200 OK"));
    EXPECT_TRUE(phone_.call.is_over());
    EXPECT_EQ(phone_.call.ended_by(), Ender::peer);
    EXPECT_EQ(phone_.call.number(), "202");
    EXPECT_EQ(phone_.call.stood_for(), seconds(60));
}

TEST_F(CallTest, EndsACallWhose200NobodyAcknowledges) {
    says(far_request("INVITE", 7, sdp()));
    pass(phone_, milliseconds(200));
    phone_.sent.clear();
    pass(phone_, seconds(32));
    const auto bye = phone_.last();
    auto starts = phone_.starts();
    EXPECT_EQ(starts.back(), "BYE");
    starts.pop_back();
    EXPECT_THAT(starts, testing::AllOf(SizeIs(10), testing::Each("200 OK")));
    EXPECT_THAT(bye, HasSubstr("\r\nTo: \"Front\" <sip:202@192.0.2.10>;tag=far\r\n"));
    EXPECT_THAT(bye, StartsWith("BYE sip:asterisk@192.0.2.10:5060 "));
    says(answer(bye, "481 No such call"));
    EXPECT_TRUE(phone_.call.is_over());
    EXPECT_FALSE(phone_.call.was_answered());
    EXPECT_EQ(phone_.call.ended_by(), Ender::timeout);
}

TEST_F(CallTest, TellsACallerWhoCancels487) {
    says(far_request("INVITE", 7, sdp()));
    phone_.sent.clear();
    says(far_request("CANCEL", 7, ""));
    EXPECT_THAT(phone_.sent[1].text, HasSubstr("\r\nCSeq: 7 INVITE\r\n"));
    EXPECT_THAT(phone_.starts(), ElementsAre("200 OK", "487 Request Terminated"));
    pass(phone_, milliseconds(500));
    EXPECT_THAT(phone_.starts(), ElementsAre("487 Request Terminated")) << "timer G";
    says(far_request("ACK", 7, ""));
    EXPECT_TRUE(phone_.call.is_over());
    EXPECT_EQ(phone_.call.status(), 487);
    EXPECT_EQ(phone_.call.ended_by(), Ender::peer);
    EXPECT_THAT(phone_.sent, IsEmpty());
}

TEST_F(CallTest, DoesNotMindACancelThatComesTooLate) {
    taken();
    phone_.sent.clear();
    says(far_request("CANCEL", 7, ""));
    EXPECT_THAT(phone_.starts(), ElementsAre("200 OK"));
    EXPECT_TRUE(phone_.call.media());
}

TEST_F(CallTest, FollowsAReInviteToAnotherAddress) {
    const auto tag = taken();
    phone_.sent.clear();
    says(far_request("INVITE", 8, sdp("192.0.2.102", 43528), tag));
    const auto ok = read(phone_.last());
    EXPECT_THAT(phone_.starts(), ElementsAre("200 OK")) << "at once, nothing rings";
    EXPECT_THAT(ok.body, HasSubstr("m=audio 40000 RTP/AVP 0\r\n"));
    EXPECT_EQ(phone_.call.media()->rtp.str(), "192.0.2.102:43528");
    pass(phone_, milliseconds(500));
    EXPECT_THAT(phone_.starts(), ElementsAre("200 OK")) << "until its ACK";
    says(far_request("ACK", 8, "", tag, 80));
    pass(phone_, seconds(40));
    EXPECT_THAT(phone_.sent, IsEmpty());
    EXPECT_EQ(phone_.call.reinvites(), 1);
}

TEST_F(CallTest, FollowsAReInviteInACallOfItsOwn) {
    const auto invite = called();
    phone_.sent.clear();
    says(fmt::format("INVITE sip:201@192.0.2.89 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch="
                     "z9hG4bKr\r\nFrom: {};tag=far\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 3 INVITE\r\n"
                     "\r\n{}",
                     field(invite, "To"), field(invite, "From"), field(invite, "Call-ID"),
                     sdp("192.0.2.102", 43528, "a=sendonly\r\n")));
    EXPECT_THAT(phone_.last(), HasSubstr("a=recvonly\r\n"));
    EXPECT_FALSE(phone_.call.media()->listens()) << "it is on hold";
    EXPECT_EQ(phone_.call.media()->rtp.str(), "192.0.2.102:43528");
}

TEST_F(CallTest, RefusesAReInviteAndKeepsTheCall) {
    const auto tag = taken();
    phone_.sent.clear();
    says(far_request("INVITE", 8, "v=0\r\nm=video 1 RTP/AVP 99\r\n", tag));
    says(far_request("INVITE", 6, sdp("192.0.2.102", 1), tag));
    EXPECT_THAT(phone_.starts(),
                ElementsAre("488 Not Acceptable Here", "500 Server Internal Error"));
    EXPECT_EQ(phone_.call.media()->rtp.str(), "192.0.2.10:10000");
}

TEST_F(CallTest, OffersItsSoundToAnInviteWithoutOne) {
    says(far_request("INVITE", 7, ""));
    pass(phone_, milliseconds(200));
    const auto ok = read(phone_.last());
    EXPECT_THAT(ok.body, HasSubstr("RTP/AVP 0 8\r\n"));
    says(far_request("ACK", 7, sdp(), *parameter(ok.header("To"), "tag"), 70));
    EXPECT_EQ(phone_.call.media()->rtp.str(), "192.0.2.10:10000");
}

TEST_F(CallTest, RefusesACallInACodecItLacks) {
    says(far_request("INVITE", 7, "v=0\r\nc=IN IP4 192.0.2.10\r\nm=audio 5 RTP/AVP 9\r\n"));
    EXPECT_THAT(phone_.starts(), ElementsAre("100 Trying", "488 Not Acceptable Here"));
    pass(phone_, seconds(32));
    EXPECT_TRUE(phone_.call.is_over()) << "without an ACK it ends by timer H";
}

TEST_F(CallTest, WaitsForTheAckBeforeItHangsUp) {
    says(far_request("INVITE", 7, sdp()));
    pass(phone_, milliseconds(200));
    const auto tag = *parameter(read(phone_.last()).header("To"), "tag");
    phone_.sent.clear();
    phone_.call.hang_up(now());
    EXPECT_THAT(phone_.sent, IsEmpty());
    says(far_request("ACK", 7, "", tag, 70));
    EXPECT_THAT(phone_.starts(), ElementsAre("BYE"));
}

TEST_F(CallTest, LeavesStrangersMessagesToOthers) {
    const auto tag = taken();
    auto foreign = read(far_request("BYE", 9, "", tag));
    foreign.headers[1].second = "<sip:202@192.0.2.10>;tag=other";
    EXPECT_FALSE(phone_.call.on_request(foreign, pbx, now()));
    EXPECT_FALSE(phone_.call.on_answer(read("SIP/2.0 200 OK\r\nCall-ID: in1\r\n\r\n"), pbx, now()));
    EXPECT_TRUE(phone_.call.media());
}

} // namespace
} // namespace phone
