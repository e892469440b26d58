// SPDX-License-Identifier: MIT
// A whole phone that calls and is called, against a scripted PBX on loopback.
#include "module/phone/phone.hpp"

#include "exchange.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

std::string sdp(const base::Endpoint& rtp) {
    return fmt::format("v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\n"
                       "m=audio {1} RTP/AVP 0\r\n",
                       rtp.address.str(), rtp.port);
}

bool is_sip(const std::string& text) {
    return text.find("SIP/2.0") != std::string::npos;
}

/// Provisions and registers the phone; what else comes goes to the script.
class Pbx {
  public:
    using Script = std::function<void(Pbx&, const std::string& text)>;

    explicit Pbx(Script script)
        : script_(std::move(script)),
          exchange_([this](Exchange&, const std::string& text) { hear(text); },
                    [this](const std::string& path, const std::string&) { return give(path); }) {}

    Exchange& exchange() { return exchange_; }

    /// To the SIP port of its line.
    void say(const std::string& text) { exchange_.say(text, line_port_); }

    void
    answer(const std::string& request, const std::string& status, const std::string& body = "") {
        auto text = exchange_.ok(request, "pbx", status,
                                 fmt::format("Contact: <sip:pbx@{}>\r\n", exchange_.sip().str()));
        say(text.substr(0, text.rfind("Content-Length")) +
            fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body));
    }

    std::string request(const std::string& method, const std::string& to_tag, std::string body) {
        return fmt::format(
            "{0} sip:201@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {1};branch=z9hG4bK{0};"
            "rport\r\nFrom: <sip:202@127.0.0.1>;tag=far\r\nTo: <sip:201@127.0.0.1>"
            "{2}\r\nCall-ID: in1\r\nCSeq: {3} {0}\r\nContact: <sip:pbx@{1}>\r\n"
            "Content-Length: {4}\r\n\r\n{5}",
            method, exchange_.sip().str(), to_tag, method == "BYE" ? 2 : 1, body.size(), body);
    }

    bool registered = false;

  private:
    void hear(const std::string& text) {
        if (text.rfind("SUBSCRIBE", 0) == 0) {
            exchange_.say(exchange_.ok(text));
            exchange_.say(exchange_.notify(text, exchange_.http() + "/p/t/"));
        } else if (text.rfind("REGISTER", 0) == 0) {
            const auto contact = field(text, "Contact");
            line_port_ =
                static_cast<std::uint16_t>(std::stoi(contact.substr(contact.rfind(':') + 1)));
            exchange_.say(exchange_.ok(text, "reg"));
            const bool first = !std::exchange(registered, true);
            if (first) {
                script_(*this, "registered");
            }
        } else {
            script_(*this, text);
        }
    }

    Exchange::Answer give(const std::string& path) {
        return path.find("cfg001fc1000001.xml") == std::string::npos
                   ? Exchange::Answer{}
                   : Exchange::Answer{200, "<hl_provision version=\"1\"><config version=\"1\">"
                                           "<P271>1</P271><P35>201</P35><P34>x</P34><P47>" +
                                               exchange_.sip().str() +
                                               "</P47></config></hl_provision>"};
    }

    Script script_;
    std::uint16_t line_port_ = 0;
    Exchange exchange_;
};

class PhoneCallTest : public testing::Test {
  protected:
    Report run(Pbx& pbx) {
        settings_.vendor = find_vendor("htek");
        settings_.identity = {*base::Mac::parse("001fc1000001"), "UC924", "2.0.4.2"};
        settings_.interface = "lo";
        settings_.group = pbx.exchange().sip();
        settings_.local_port = std::uint16_t{0};
        settings_.sip_port = std::uint16_t{0};
        settings_.registers = true;
        settings_.ring = std::chrono::milliseconds(1);
        Trace trace([this](std::string_view line) { story_.append(line).append("\n"); });
        return Phone(settings_, trace, pbx.exchange().phone_stop()).run();
    }

    /// A PBX that answers with this status, and 200 with an SDP made of the phone's own.
    static Pbx::Script answers(std::string status, std::function<std::string(std::string)> sound) {
        return [status = std::move(status), sound](Pbx& pbx, const std::string& text) {
            if (text.rfind("INVITE", 0) == 0) {
                const auto body = text.substr(text.find("\r\n\r\n") + 4);
                pbx.answer(text, "180 Ringing");
                pbx.answer(text, status, status == "200 OK" ? sound(body) : "");
            } else if (text.rfind("BYE", 0) == 0) {
                pbx.answer(text, "200 OK");
            }
        };
    }

    Settings settings_;
    std::string story_;
};

TEST_F(PhoneCallTest, CallsANumberAndHearsTheOtherSide) {
    settings_.number = "202";
    settings_.talk = std::chrono::milliseconds(100);
    // The phone's own address in the answer: what it says comes back.
    Pbx pbx(answers("200 OK", [](std::string own) { return own; }));
    const auto report = run(pbx);
    EXPECT_EQ(report.exit, Exit::configured) << story_;
    ASSERT_THAT(report.calls, SizeIs(1));
    const auto call = report.json().get("call");
    EXPECT_EQ(call.get("number").text(), "202");
    EXPECT_EQ(call.get("direction").text(), "outgoing");
    EXPECT_EQ(call.get("status").number(), 200);
    EXPECT_EQ(call.get("ended_by").text(), "phone");
    EXPECT_GE(call.get("rtp_sent").number(), 5);
    EXPECT_GE(call.get("rtp_received").number(), 1);
    EXPECT_EQ(call.get("rtp_lost").number(), 0);
    EXPECT_THAT(report.message, HasSubstr("; called 202: PCMU for 0.1 s"));
    EXPECT_THAT(pbx.exchange().of_method("BYE"), SizeIs(1));
}

TEST_F(PhoneCallTest, SaysThatTheCallWasRefused) {
    settings_.number = "202";
    Pbx pbx(answers("486 Busy Here", {}));
    const auto report = run(pbx);
    EXPECT_EQ(report.exit, Exit::not_answered) << story_;
    EXPECT_THAT(report.message, HasSubstr("486 Busy Here"));
    EXPECT_FALSE(report.calls.at(0).answered);
}

TEST_F(PhoneCallTest, SaysThatNoSoundCame) {
    settings_.number = "202";
    settings_.talk = std::chrono::milliseconds(30);
    Pbx pbx(answers("200 OK", [](const std::string&) {
        return sdp({{0x7F000001}, 9}); // nobody there
    }));
    const auto report = run(pbx);
    EXPECT_EQ(report.exit, Exit::no_sound) << story_;
    EXPECT_THAT(report.message, HasSubstr("no RTP came"));
    EXPECT_EQ(report.json().get("outcome").text(), "no_sound");
}

TEST_F(PhoneCallTest, IsBusyUnlessToldToAnswer) {
    settings_.stays = true;
    Pbx pbx([](Pbx& self, const std::string& text) {
        if (text == "registered") {
            self.say(self.request("INVITE", "", sdp(self.exchange().sip())));
        } else if (text.rfind("SIP/2.0 486", 0) == 0) {
            self.exchange().end_phone();
        }
    });
    const auto report = run(pbx);
    EXPECT_EQ(report.exit, Exit::configured) << story_;
    EXPECT_THAT(report.calls, SizeIs(0));
    EXPECT_TRUE(report.json().get("call").is_null());
}

TEST_F(PhoneCallTest, AnswersAndSpeaksUntilTheFarEndHangsUp) {
    settings_.stays = true;
    settings_.answers = true;
    settings_.unregisters = true;
    std::string tag;
    Pbx pbx([&tag](Pbx& self, const std::string& text) {
        if (text == "registered") {
            self.say(self.request("INVITE", "", sdp(self.exchange().sip())));
        } else if (text.rfind("SIP/2.0 200", 0) == 0 && field(text, "CSeq") == "1 INVITE") {
            tag = ";tag=" + between(field(text, "To"), "tag=", "\r\n");
            self.say(self.request("ACK", tag, ""));
        } else if (text.rfind("SIP/2.0 200", 0) == 0 && field(text, "CSeq") == "2 BYE") {
            self.exchange().end_phone();
        } else if (!is_sip(text)) {
            self.exchange().say(text); // an echo
            self.say(self.request("BYE", tag, ""));
        }
    });
    const auto report = run(pbx);
    EXPECT_EQ(report.exit, Exit::configured) << story_;
    ASSERT_THAT(report.calls, SizeIs(1));
    const auto& call = report.calls[0];
    EXPECT_EQ(call.number, "202");
    EXPECT_EQ(call.direction, "incoming");
    EXPECT_TRUE(call.answered);
    EXPECT_EQ(call.ended_by, "peer");
    EXPECT_GE(call.rtp_sent, 1U);
    const auto registers = pbx.exchange().of_method("REGISTER");
    ASSERT_THAT(registers, SizeIs(2));
    EXPECT_EQ(field(registers.back(), "Expires"), "0");
    EXPECT_TRUE(report.unregistered) << story_;
    EXPECT_TRUE(report.accounts.at(0).registered) << "as it was in service";
}

TEST_F(PhoneCallTest, HangsUpWhenASignalEndsIt) {
    settings_.number = "202";
    settings_.talk = std::chrono::minutes(10);
    Pbx pbx([](Pbx& self, const std::string& text) {
        if (text.rfind("INVITE", 0) == 0) {
            self.answer(text, "200 OK", text.substr(text.find("\r\n\r\n") + 4));
        } else if (text.rfind("ACK", 0) == 0) {
            self.exchange().end_phone();
        } else if (text.rfind("BYE", 0) == 0) {
            self.answer(text, "200 OK");
        }
    });
    const auto report = run(pbx);
    EXPECT_THAT(pbx.exchange().of_method("BYE"), SizeIs(1));
    ASSERT_THAT(report.calls, SizeIs(1));
    EXPECT_EQ(report.calls[0].ended_by, "phone");
    EXPECT_THAT(story_, testing::Not(HasSubstr("belongs to nothing")));
}

} // namespace
} // namespace phone
