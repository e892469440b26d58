// SPDX-License-Identifier: MIT
// A whole phone against a scripted server on loopback: no fixed ports, no sleeps.
#include "module/phone/phone.hpp"

#include "exchange.hpp"
#include "provisioning/base/crypto.hpp"

#include <filesystem>

#include <gmock/gmock.h>

namespace phone {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::string_view password = "s3cret-201";
constexpr auto steady = "cfg001fc1000001.xml";

std::string file(std::string_view more = "") {
    return fmt::format(
        "<hl_provision version=\"1\"><config version=\"1\"><P271>1</P271><P35>201</P35>"
        "<P34>{}</P34><P3>Front desk</P3>{}</config></hl_provision>",
        password, more);
}

/// Answers each SUBSCRIBE with 200 and the URL of a folder with a token in it.
void offer(Exchange& exchange, const std::string& text) {
    if (text.rfind("SUBSCRIBE", 0) == 0) {
        exchange.say(exchange.ok(text));
        exchange.say(exchange.notify(text, exchange.http() + "/p/tokentokentoken/"));
    }
}

Exchange::Http gives(std::string name, std::string body) {
    return [name = std::move(name), body = std::move(body)](const std::string& path,
                                                            const std::string&) {
        return path.substr(path.rfind('/') + 1) == name ? Exchange::Answer{200, body}
                                                        : Exchange::Answer{};
    };
}

class PhoneTest : public testing::Test {
  protected:
    Report run(Exchange& exchange) {
        settings_.vendor = find_vendor("htek");
        settings_.identity = {*base::Mac::parse("001fc1000001"), "UC924", "2.0.4.2"};
        settings_.interface = "lo";
        settings_.group = exchange.sip();
        settings_.local_port = std::uint16_t{0};
        settings_.sip_port = std::uint16_t{0};
        Trace trace([this](std::string_view line) { story_.append(line).append("\n"); });
        auto report = Phone(settings_, trace, exchange.phone_stop()).run();
        // Whatever happened: neither the password nor the token may be seen.
        const auto json = report.json().dump();
        for (const auto& shown : {story_, json}) {
            EXPECT_THAT(shown, Not(HasSubstr("s3cret")));
            EXPECT_THAT(shown, Not(HasSubstr("tokent")));
        }
        return report;
    }

    static std::vector<std::string> names(const std::vector<Report::Request>& walk) {
        std::vector<std::string> list;
        for (const auto& request : walk) {
            list.push_back(fmt::format("{} {}", request.name, request.status));
        }
        return list;
    }

    Settings settings_;
    std::string story_;
};

TEST_F(PhoneTest, GoesAllTheWayAndSettlesAfterOneRestart) {
    Exchange exchange(offer, gives(steady, file()));
    const auto report = run(exchange);
    EXPECT_EQ(report.exit, Exit::configured) << story_;
    EXPECT_EQ(report.restarts, 1);
    EXPECT_EQ(report.transmissions, 2) << "one SUBSCRIBE per start";
    EXPECT_EQ(report.notify_received, 2);
    ASSERT_TRUE(report.notify_checks);
    EXPECT_TRUE(report.notify_checks->all()) << story_;
    ASSERT_THAT(report.walks, SizeIs(2));
    EXPECT_THAT(names(report.walks[0]),
                ElementsAre("factory0000.xml 404", "cfg0000.xml 404", "001fc1000001.cfg 404",
                            "cfg001fc1000001 404", "cfg001fc1000001.xml 200"));
    EXPECT_EQ(report.walks[0].back().sha256, report.walks[1].back().sha256);
    EXPECT_THAT(exchange.requests(),
                Contains(HasSubstr("GET /p/tokentokentoken/factory0000.xml HTTP/1.1\r\n")));
    EXPECT_EQ(field(exchange.requests().front(), "User-Agent"),
              "Htek UC924 2.0.4.2 00:1f:c1:00:00:01");
    ASSERT_THAT(report.accounts, SizeIs(1));
    EXPECT_EQ(report.accounts[0].user, "201");
    EXPECT_TRUE(report.accounts[0].has_password);
    EXPECT_EQ(report.json().get("accounts").items().at(0).get("password").text(), "set");
}

TEST_F(PhoneTest, StopsAskingOnceAFileWasAccepted) {
    Exchange exchange(offer, gives("cfg0000.xml", file()));
    const auto report = run(exchange);
    EXPECT_THAT(names(report.walks.at(0)), ElementsAre("factory0000.xml 404", "cfg0000.xml 200"));
    settings_.read_all = true;
    EXPECT_THAT(run(exchange).walks.at(0), SizeIs(5));
}

TEST_F(PhoneTest, RejectsAPageThatIsNoConfigurationAndGoesOn) {
    Exchange exchange(offer, [](const std::string& path, const std::string&) {
        return Exchange::Answer{200, path.find(steady) == std::string::npos ? "<html/>" : file()};
    });
    const auto report = run(exchange);
    EXPECT_EQ(report.exit, Exit::configured) << story_;
    EXPECT_THAT(report.walks.at(0), SizeIs(5));
    EXPECT_THAT(story_, HasSubstr("rejected: the root element is html"));
}

TEST_F(PhoneTest, SaysThatNoFileWasThere) {
    Exchange exchange(offer,
                      [](const std::string&, const std::string&) { return Exchange::Answer{}; });
    const auto report = run(exchange);
    EXPECT_EQ(report.exit, Exit::no_file);
    EXPECT_THAT(report.message, HasSubstr("pnp explain 001fc1000001"));
    EXPECT_THAT(exchange.requests(), SizeIs(5)) << "each name once";
}

TEST_F(PhoneTest, CallsABootLoopByItsName) {
    int count = 0;
    Exchange exchange(offer, [&count](const std::string& path, const std::string&) {
        return path.find(steady) == std::string::npos
                   ? Exchange::Answer{}
                   : Exchange::Answer{200, file(fmt::format("<P30>{}</P30>", ++count))};
    });
    const auto report = run(exchange);
    EXPECT_EQ(report.exit, Exit::boot_loop) << story_;
    EXPECT_EQ(report.restarts, 3);
    EXPECT_EQ(report.transmissions, 4);
}

TEST_F(PhoneTest, IgnoresThe401sOfTheHtekPage) {
    Exchange exchange(
        [](Exchange& self, const std::string& text) {
            if (text.rfind("SUBSCRIBE", 0) == 0) {
                self.interrupt(self.ok(text, "x", "401 Unauthorized"));
                offer(self, text);
            }
        },
        gives(steady, file()));
    const auto report = run(exchange);
    EXPECT_EQ(report.exit, Exit::configured) << story_;
    ASSERT_THAT(report.errors_ignored, SizeIs(2)) << "one per start";
    EXPECT_EQ(report.errors_ignored[0].status, 401);
}

TEST_F(PhoneTest, RepeatsTheSameBytesUntilNobodyAnswered) {
    settings_.timing.t1 = std::chrono::milliseconds(2);
    settings_.wait = std::chrono::milliseconds(40);
    Exchange exchange([](Exchange&, const std::string&) {}, gives("", ""));
    const auto report = run(exchange);
    EXPECT_EQ(report.exit, Exit::no_answer);
    EXPECT_GT(report.transmissions, 3);
    const auto heard = exchange.heard();
    ASSERT_FALSE(heard.empty());
    EXPECT_THAT(heard, testing::Each(heard.front()));
}

TEST_F(PhoneTest, IsHeldWhenOnlyThe200Comes) {
    settings_.wait = std::chrono::milliseconds(300);
    Exchange exchange([](Exchange& self, const std::string& text) { self.say(self.ok(text)); },
                      gives("", ""));
    const auto report = run(exchange);
    EXPECT_EQ(report.exit, Exit::held);
    EXPECT_EQ(report.transmissions, 1);
    EXPECT_EQ(report.ok_from, exchange.sip().str());
    EXPECT_THAT(exchange.requests(), IsEmpty());
}

TEST_F(PhoneTest, GivesARetransmittedNotifyTheSameAnswer) {
    Exchange exchange(
        [](Exchange& self, const std::string& text) {
            offer(self, text);
            offer(self, text);
        },
        gives(steady, file()));
    const auto report = run(exchange);
    EXPECT_EQ(report.exit, Exit::configured) << story_;
    EXPECT_EQ(report.notify_received, 2) << "one per start, the copies do not count";
    EXPECT_GE(report.ok_received, 2);
    const auto answers = exchange.of_method("SIP/2.0 200");
    ASSERT_GE(answers.size(), 2U);
    EXPECT_EQ(answers[0], answers[1]);
}

TEST_F(PhoneTest, RemarksOnANotifyOutsideTheDialogAndTakesIt) {
    Exchange exchange(
        [](Exchange& self, const std::string& text) {
            if (text.rfind("SUBSCRIBE", 0) == 0) {
                self.say(self.ok(text, "one"));
                self.say(self.notify(text, self.http() + "/p/tokentokentoken/", "two"));
            }
        },
        gives(steady, file()));
    const auto report = run(exchange);
    EXPECT_EQ(report.exit, Exit::configured);
    EXPECT_FALSE(report.notify_checks->in_dialog);
    EXPECT_THAT(story_, HasSubstr("a strict phone would mind"));
}

TEST_F(PhoneTest, SendsTheUserOfTheUrlAsBasicOnceItIsAsked) {
    const auto gives_file = gives(steady, file());
    Exchange exchange(
        [](Exchange& self, const std::string& text) {
            if (text.rfind("SUBSCRIBE", 0) == 0) {
                auto url = self.http();
                url.insert(url.find("127"), "admin:s3cret@");
                self.say(self.ok(text));
                self.say(self.notify(text, url)); // bare host, as on the Htek page
            }
        },
        [&](const std::string& path, const std::string& head) -> Exchange::Answer {
            if (field(head, "Authorization").empty()) {
                return {401, "", "WWW-Authenticate: Basic realm=\"pnp\"\r\n"};
            }
            return gives_file(path, head);
        });
    EXPECT_EQ(run(exchange).exit, Exit::configured) << story_;
    EXPECT_EQ(field(exchange.requests().at(0), "Authorization"), "");
    EXPECT_EQ(field(exchange.requests().at(1), "Authorization"), "Basic YWRtaW46czNjcmV0");
}

TEST_F(PhoneTest, ComesAgainWhenABusyServerSaysWhen) {
    const auto gives_file = gives(steady, file());
    int asked = 0;
    Exchange exchange(offer,
                      [&](const std::string& path, const std::string& head) -> Exchange::Answer {
                          if (++asked <= 2) {
                              return {503, "", "Retry-After: 1\r\n"};
                          }
                          return gives_file(path, head);
                      });
    EXPECT_EQ(run(exchange).exit, Exit::configured) << story_;
    EXPECT_THAT(story_, HasSubstr("503, again in 1 s"));
}

TEST_F(PhoneTest, GivesUpOnAServerThatIsAlwaysBusy) {
    Exchange exchange(offer, [&](const std::string&, const std::string&) -> Exchange::Answer {
        return {503, "", ""};
    });
    EXPECT_EQ(run(exchange).exit, Exit::no_file) << story_;
}

TEST_F(PhoneTest, TurnsToTheConfigurationServerWhenTheSecondStartGetsNoNotify) {
    settings_.wait = std::chrono::seconds(2);
    int asked = 0;
    Exchange* self = nullptr;
    Exchange exchange(
        [&asked](Exchange& to, const std::string& text) {
            if (text.rfind("SUBSCRIBE", 0) == 0 && asked++ == 0) {
                offer(to, text);
            } else if (text.rfind("SUBSCRIBE", 0) == 0) {
                to.say(to.ok(text));
            }
        },
        [&self](const std::string& path, const std::string&) {
            return path.find(steady) == std::string::npos
                       ? Exchange::Answer{}
                       : Exchange::Answer{200,
                                          file("<P237>" + self->http() + "/p/steadytoken</P237>")};
        });
    self = &exchange;
    EXPECT_EQ(run(exchange).exit, Exit::configured) << story_;
    EXPECT_THAT(exchange.requests(), Contains(HasSubstr("GET /p/steadytoken/cfg001fc1000001.xml")));
}

TEST_F(PhoneTest, RemembersItsConfigurationOverAPowerCycle) {
    const auto dir = std::filesystem::path(testing::TempDir()) / fmt::format("flash-{}", getpid());
    settings_.state_dir = dir;
    Exchange exchange(offer, gives(steady, file()));
    EXPECT_EQ(run(exchange).restarts, 1);
    const auto again = run(exchange);
    EXPECT_EQ(again.exit, Exit::configured) << story_;
    EXPECT_EQ(again.restarts, 0);
    const auto kept = dir / "001fc1000001.json";
    EXPECT_EQ(std::filesystem::status(kept).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    std::filesystem::remove_all(dir);
}

/// Asks for a digest once and checks it with the given password.
Exchange::Sip registrar(std::string known_password) {
    return [known_password](Exchange& self, const std::string& text) {
        offer(self, text);
        if (text.rfind("REGISTER", 0) != 0) {
            return;
        }
        const auto proof = field(text, "Authorization");
        const auto a1 = base::md5_hex("201:asterisk:" + known_password);
        const auto a2 = base::md5_hex("REGISTER:" + between(proof, " uri=\"", "\""));
        const auto expected =
            base::md5_hex(fmt::format("{}:n1:{}:{}:auth:{}", a1, between(proof, " nc=", ","),
                                      between(proof, " cnonce=\"", "\""), a2));
        if (!proof.empty() && between(proof, " response=\"", "\"") == expected) {
            self.say(self.ok(text, "reg", "200 OK",
                             "Contact: " + field(text, "Contact") + ";expires=900\r\n"));
        } else {
            self.say(
                self.ok(text, "reg", "401 Unauthorized",
                        "WWW-Authenticate: Digest realm=\"asterisk\",nonce=\"n1\",opaque=\"o\","
                        "algorithm=MD5,qop=\"auth\"\r\n"));
        }
    };
}

Exchange::Http gives_account(Exchange*& exchange) {
    return [&exchange](const std::string& path, const std::string&) {
        return path.find(steady) == std::string::npos
                   ? Exchange::Answer{}
                   : Exchange::Answer{200, file("<P47>" + exchange->sip().str() + "</P47>")};
    };
}

TEST_F(PhoneTest, RegistersTheAccountOfItsFile) {
    settings_.registers = true;
    Exchange* self = nullptr;
    Exchange exchange(registrar(std::string(password)), gives_account(self));
    self = &exchange;
    const auto report = run(exchange);
    EXPECT_EQ(report.exit, Exit::configured) << story_;
    ASSERT_THAT(report.accounts, SizeIs(1));
    EXPECT_TRUE(report.accounts[0].registered);
    EXPECT_EQ(report.accounts[0].status, 200);
    EXPECT_THAT(exchange.of_method("REGISTER"), SizeIs(2));
}

TEST_F(PhoneTest, SaysThatTheServerRefusedItsPassword) {
    settings_.registers = true;
    Exchange* self = nullptr;
    Exchange exchange(registrar("another"), gives_account(self));
    self = &exchange;
    const auto report = run(exchange);
    EXPECT_EQ(report.exit, Exit::not_registered);
    EXPECT_EQ(report.accounts.at(0).status, 401);
    EXPECT_THAT(report.message, HasSubstr("line 1: 401 Unauthorized"));
}

TEST_F(PhoneTest, CannotRegisterWithoutAnAccount) {
    settings_.registers = true;
    Exchange exchange(offer,
                      gives(steady, "<hl_provision><config><P30>1</P30></config></hl_provision>"));
    const auto report = run(exchange);
    EXPECT_EQ(report.exit, Exit::not_registered);
    EXPECT_THAT(report.message, HasSubstr("no active account"));
}

TEST_F(PhoneTest, ObeysOrdersWhileItStays) {
    settings_.registers = true;
    settings_.stays = true;
    Exchange* self = nullptr;
    const auto reg = registrar(std::string(password));
    std::uint16_t line_port = 0;
    int fetched = 0;
    Exchange exchange(
        [&](Exchange& to, const std::string& text) {
            reg(to, text);
            if (text.rfind("REGISTER", 0) == 0 && !field(text, "Authorization").empty()) {
                const auto contact = field(text, "Contact");
                line_port =
                    static_cast<std::uint16_t>(std::stoi(contact.substr(contact.rfind(':') + 1)));
                // Registered for the first time, and again after the ordered restart.
                fetched < 3 ? to.say(to.order("resync", 1), line_port) : to.end_phone();
            }
            if (text.rfind("SIP/2.0 200", 0) == 0 && field(text, "Call-ID") == "order1") {
                to.say("OPTIONS sip:201 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport\r\nCSeq: 1 "
                       "OPTIONS\r\n\r\n",
                       line_port);
            }
        },
        [&](const std::string& path, const std::string& head) {
            auto answer = gives_account(self)(path, head);
            if (answer.status == 200 && ++fetched == 3) { // two starts, and the resync
                self->say(self->order("check-sync;reboot=true", 2), line_port);
            }
            return answer;
        });
    self = &exchange;
    const auto start = std::chrono::steady_clock::now();
    const auto report = run(exchange);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30))
        << "the order that came during a fetch was left until the next packet";
    EXPECT_EQ(report.exit, Exit::configured) << story_;
    EXPECT_EQ(report.resyncs, 2);
    EXPECT_EQ(report.restarts, 2) << "after the first file, and by order";
    EXPECT_EQ(report.transmissions, 3) << "a resync does not ask by multicast";
    EXPECT_THAT(report.walks, SizeIs(4));
    EXPECT_THAT(story_, HasSubstr("OPTIONS ←"));
}

TEST_F(PhoneTest, SaysWhoHoldsItsPort) {
    Exchange exchange(offer, gives(steady, file()));
    settings_.local_port = exchange.sip().port;
    settings_.vendor = find_vendor("htek");
    settings_.identity.mac = *base::Mac::parse("001fc1000001");
    settings_.interface = "lo";
    Trace trace([](std::string_view) {});
    const auto report = Phone(settings_, trace, -1).run();
    EXPECT_EQ(report.exit, Exit::local_problem);
    EXPECT_THAT(report.message, HasSubstr("--local-port 0"));
}

} // namespace
} // namespace phone
