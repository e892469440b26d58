// SPDX-License-Identifier: MIT
// A whole OpenStage against a provisioning service, a registrar and a poll server on loopback: the
// specification's example exchanges, no fixed ports, no sleeps.
#include "module/phone/crowd.hpp"
#include "module/phone/phone.hpp"

#include "exchange.hpp"
#include "wpi_server.hpp"

#include <filesystem>

#include <fcntl.h>

#include <gmock/gmock.h>

namespace phone {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

void accept(Exchange& exchange, const std::string& text) {
    if (text.rfind("REGISTER", 0) == 0) {
        exchange.say(exchange.ok(text, "pbx", "200 OK",
                                 "Contact: " + field(text, "Contact") + ";expires=600\r\n"));
    }
}

class PhoneWorkpointTest : public testing::Test {
  protected:
    PhoneWorkpointTest()
        : exchange_(accept, [this](const std::string& path, const std::string&) {
              const std::lock_guard lock(mutex_);
              polls_.push_back(path);
              return Exchange::Answer{polls_.size() == 2 ? 202 : 200, ""};
          }) {
        settings_.vendor = find_vendor("openstage");
        settings_.identity = {*base::Mac::parse("001ae8102030"), "OpenStage 40", "V3 R5.12.0"};
        settings_.interface = "lo";
        settings_.address = base::Ipv4{INADDR_LOOPBACK};
        settings_.service = Service{"127.0.0.1", server_.port()};
        settings_.group = {{INADDR_LOOPBACK}, server_.port()};
        settings_.contact_port = 0;
        settings_.sip_port = std::uint16_t{0};
    }

    std::string items(const std::string& more = "") const {
        return fmt::format("<Item name=\"e164\">4210</Item><Item name=\"sip-user-id\">4210</Item>"
                           "<Item name=\"sip-pwd\">s3cret-4210</Item>"
                           "<Item name=\"reg-addr\">127.0.0.1</Item>"
                           "<Item name=\"reg-port\">{}</Item>{}",
                           exchange_.sip().port, more);
    }

    /// What the phone does when its story has this line for the n-th time.
    void when(const std::string& line, int time, std::function<void()> act) {
        moments_.push_back({line, time, std::move(act)});
    }

    void stop_when(const std::string& line, int time) {
        when(line, time, [this] { exchange_.end_phone(); });
    }

    Report run() {
        Trace trace([this](std::string_view line) {
            story_.append(line).append("\n");
            for (auto& [text, left, act] : moments_) {
                if (line.find(text) != std::string_view::npos && --left == 0) {
                    act();
                }
            }
        });
        auto report = Phone(settings_, trace, exchange_.phone_stop()).run();
        for (const auto& shown : {story_, report.json().dump()}) {
            EXPECT_THAT(shown, Not(HasSubstr("s3cret")));
        }
        return report;
    }

    struct Moment {
        std::string line;
        int left;
        std::function<void()> act;
    };

    std::mutex mutex_;
    std::vector<std::string> polls_;
    WpiServer server_;
    Exchange exchange_;
    Settings settings_;
    std::vector<Moment> moments_;
    std::string story_;
};

TEST_F(PhoneWorkpointTest, IsReadInPartsWrittenAndRegisters) {
    settings_.registers = true;
    settings_.wpi.chunk = 3000;
    server_.then("ReadAllItems", "",
                 "Set-Cookie: JSESSIONID=9F2C41D7; Path=/DeploymentService; Secure\r\n");
    server_.then("GetNextFragment");
    server_.then("WriteItems", items("<Item name=\"no-such-item\">1</Item>"));
    const auto report = run();
    EXPECT_EQ(report.exit, Exit::configured) << story_;
    EXPECT_THAT(server_.reasons(), ElementsAre("start-up", "reply-to", "reply-to", "reply-to"));
    const auto requests = server_.requests();
    EXPECT_THAT(requests[0].head,
                AllOf(HasSubstr("POST /DeploymentService/LoginService HTTP/1.1\r\n"),
                      HasSubstr("Content-Type: text/xml\r\n"), Not(HasSubstr("Cookie")),
                      Not(HasSubstr("Expect")), Not(HasSubstr("User-Agent"))));
    for (std::size_t at = 1; at < requests.size(); ++at) {
        EXPECT_EQ(field(requests[at].head, "Cookie"), "JSESSIONID=9F2C41D7");
        EXPECT_EQ(requests[at].connection, requests[0].connection) << "keep-alive";
        EXPECT_NE(requests[at].nonce(), requests[at - 1].nonce());
    }
    EXPECT_THAT(requests[1].body, HasSubstr("fragment=\"next\""));
    EXPECT_THAT(requests[2].body, HasSubstr("fragment=\"final\""));
    EXPECT_THAT(requests[3].body, HasSubstr("<Item status=\"unknown item\" name=\"no-such-item\""));
    ASSERT_THAT(report.accounts, SizeIs(1));
    EXPECT_TRUE(report.accounts[0].registered);
    EXPECT_EQ(report.accounts[0].user, "4210");
    const auto json = report.json().get("workpoint");
    EXPECT_EQ(json.get("items_written").number(), 5);
    EXPECT_EQ(json.get("items_refused").number(), 1);
    EXPECT_EQ(json.get("fragments").number(), 1);
    EXPECT_EQ(json.get("actions").get("GetNextFragment").number(), 1);
    EXPECT_EQ(json.get("reasons").get("start-up").number(), 1);
}

TEST_F(PhoneWorkpointTest, IsHeldWhenTheServiceOnlyCleansUp) {
    const auto report = run();
    EXPECT_EQ(report.exit, Exit::held) << story_;
    EXPECT_THAT(report.message, HasSubstr("approve"));
}

TEST_F(PhoneWorkpointTest, SaysWhyItReachesNobody) {
    settings_.service = Service{"127.0.0.1", exchange_.sip().port}; // nothing listens there by TCP
    EXPECT_EQ(run().exit, Exit::no_answer) << story_;
    settings_.service.reset();
    EXPECT_THAT(run().message, HasSubstr("--dls"));
}

TEST_F(PhoneWorkpointTest, ComplainsOnceAboutWhatNoServiceMaySend) {
    const std::vector<std::pair<std::string, WpiServer::Script>> offences{
        {"nonce", [](const auto&) { return http_answer(dls("ABC", "CleanUp")); }},
        {"no element",
         [](const auto& request) { return http_answer("x" + dls(request.nonce(), "CleanUp")); }},
        {"chunked",
         [](const auto& request) {
             const auto body = dls(request.nonce(), "CleanUp");
             return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                                body.size(), body);
         }},
        {"text/xml",
         [](const auto& request) {
             return http_answer(dls(request.nonce(), "CleanUp"), "", "text/html");
         }},
        {"GetNextFragment",
         [](const auto& request) { return http_answer(dls(request.nonce(), "GetNextFragment")); }},
    };
    for (const auto& [word, script] : offences) {
        const auto before = server_.requests().size();
        story_.clear();
        server_.then(script);
        const auto report = run();
        EXPECT_EQ(report.exit, Exit::no_file) << story_;
        EXPECT_EQ(report.workpoint.value().wrong, 1);
        const auto requests = server_.requests();
        ASSERT_EQ(requests.size(), before + 2) << story_;
        EXPECT_EQ(requests.back().reason(), "clean-up");
        EXPECT_THAT(requests.back().body, HasSubstr(word));
    }
}

TEST_F(PhoneWorkpointTest, GivesUpOnAnHttpError) {
    server_.then([](const auto&) {
        return std::string("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    const auto report = run();
    EXPECT_EQ(report.exit, Exit::no_file);
    EXPECT_THAT(report.faults, ElementsAre("HTTP 400"));
    EXPECT_THAT(server_.requests(), SizeIs(1));
}

TEST_F(PhoneWorkpointTest, CallsBackOnceWithinTheContactGap) {
    settings_.stays = true;
    std::vector<std::string> answers;
    server_.watch([&](const WpiServer::Request& request, std::size_t number) {
        if (number == 1) {
            answers = {contact_me(request.body), contact_me(request.body),
                       contact_me(request.body, "ContactMe=false")};
        }
    });
    stop_when("CleanUp", 2);
    const auto report = run();
    EXPECT_THAT(answers, Each(AllOf(HasSubstr("HTTP/1.1 204 No Content\r\n"),
                                    HasSubstr("\r\nServer: DlsClient\r\n"),
                                    HasSubstr("\r\nContent-Length: 0\r\n"),
                                    HasSubstr("\r\nContent-type: text/html\r\n"))));
    EXPECT_THAT(server_.reasons(), ElementsAre("start-up", "solicited"));
    EXPECT_NE(server_.requests()[0].connection, server_.requests()[1].connection);
    EXPECT_EQ(report.workpoint->contact_me_accepted, 1);
    EXPECT_EQ(report.workpoint->contact_me_ignored, 1);
    EXPECT_EQ(report.workpoint->contact_me_too_close, 1);
    EXPECT_EQ(report.workpoint->contact_me_wrong, 1);
}

TEST_F(PhoneWorkpointTest, LosesItsWebServerToTwoContactMeWithinASecond) {
    settings_.stays = true;
    settings_.is_fragile = true;
    std::string third = "none";
    std::string after_restart;
    server_.watch([&](const WpiServer::Request& request, std::size_t number) {
        if (number == 1) {
            contact_me(request.body);
            contact_me(request.body);
            third = contact_me(request.body);
        } else if (number == 3) {
            after_restart = contact_me(request.body, "ContactMe=no");
        }
    });
    server_.then("CleanUp");
    server_.then("Restart");
    stop_when("CleanUp", 2);
    const auto report = run();
    EXPECT_EQ(third, "");
    EXPECT_THAT(after_restart, HasSubstr("204"));
    EXPECT_TRUE(report.workpoint->contact_port_died);
    EXPECT_THAT(server_.reasons(), ElementsAre("start-up", "solicited", "start-up"));
}

TEST_F(PhoneWorkpointTest, CallsWhomContactMeNamesForOneTime) {
    WpiServer other;
    settings_.stays = true;
    server_.watch([&](const WpiServer::Request& request, std::size_t) {
        contact_me(request.body, fmt::format("ContactMe=true&dls_ip_addr=127.0.0.1&dls_ip_port={}",
                                             other.port()));
    });
    stop_when("CleanUp", 2);
    run();
    EXPECT_THAT(server_.reasons(), ElementsAre("start-up"));
    EXPECT_THAT(other.reasons(), ElementsAre("solicited"));
}

TEST_F(PhoneWorkpointTest, PollsAndCallsWhenSomethingIsPending) {
    settings_.stays = true;
    settings_.minute = std::chrono::milliseconds(20);
    server_.then("WriteItems", items(fmt::format("<Item name=\"dcmp-url\">{}/dcmp/</Item>"
                                                 "<Item name=\"dcmp-poll-interval\">1</Item>",
                                                 exchange_.http())));
    stop_when("poll → 200", 2);
    const auto report = run();
    EXPECT_THAT(server_.reasons(), ElementsAre("start-up", "reply-to", "solicited"));
    ASSERT_GE(polls_.size(), 3U);
    EXPECT_EQ(polls_[0], "/dcmp/contact-me?device-id=00:1A:E8:10:20:30");
    EXPECT_EQ(report.workpoint->polls_pending, 1);
    EXPECT_EQ(report.workpoint->polls, 3);
    EXPECT_EQ(report.exit, Exit::configured) << story_;
}

TEST_F(PhoneWorkpointTest, DoesNotPollWithFirmwareBeforeV2R0) {
    settings_.stays = true;
    settings_.identity.version = "V1 R5.6.0";
    settings_.minute = std::chrono::milliseconds(1);
    settings_.stay_for = std::chrono::milliseconds(50);
    server_.then("WriteItems",
                 items(fmt::format("<Item name=\"dcmp-url\">{}/dcmp/</Item>", exchange_.http())));
    EXPECT_EQ(run().workpoint->polls, 0);
}

TEST_F(PhoneWorkpointTest, RestartsAndIsResetToFactory) {
    server_.then("WriteItems", items());
    server_.then("Restart");
    server_.then("Restart", "<Item name=\"restart-password\">124816</Item>"
                            "<Item name=\"restart-type\">FactoryReset</Item>");
    const auto report = run();
    EXPECT_EQ(report.restarts, 2);
    EXPECT_EQ(report.exit, Exit::held) << story_;
    EXPECT_THAT(server_.reasons(), ElementsAre("start-up", "reply-to", "start-up", "start-up"));
    const auto requests = server_.requests();
    EXPECT_THAT(requests[2].body, HasSubstr("<Item name=\"e164\">4210</Item>"));
    EXPECT_THAT(requests[3].body,
                AllOf(HasSubstr("<Item name=\"e164\"></Item>"), HasSubstr("changed-flag\">true<")));
    EXPECT_NE(requests[2].connection, requests[0].connection);
}

TEST_F(PhoneWorkpointTest, CallsEndlessRestartsABootLoop) {
    settings_.max_restarts = 2;
    for (int starts = 0; starts < 3; ++starts) {
        server_.then("Restart");
    }
    EXPECT_EQ(run().exit, Exit::boot_loop) << story_;
}

TEST_F(PhoneWorkpointTest, FetchesAFileAndSaysSo) {
    server_.serve_file("/files/7Qm2abcdef/bell.wav", "RIFF");
    const auto order = [&](const std::string& name) {
        server_.then("FileDeployment",
                     fmt::format("<Item name=\"file-https-base-url\">https://127.0.0.1:{}/files/"
                                 "7Qm2abcdef/{}</Item><Item name=\"file-type\">RINGTONE</Item>"
                                 "<Item name=\"file-priority\">immediate</Item>",
                                 server_.port(), name));
    };
    order("bell.wav");
    order("none.wav");
    const auto report = run();
    EXPECT_THAT(server_.reasons(),
                ElementsAre("start-up", "GET /files/7Qm2abcdef/bell.wav", "status",
                            "GET /files/7Qm2abcdef/none.wav", "status"));
    const auto requests = server_.requests();
    EXPECT_THAT(requests[2].body, HasSubstr("file-deployment-status\">ok<"));
    EXPECT_THAT(requests[4].body, HasSubstr("file-deployment-status\">failed<"));
    EXPECT_EQ(report.workpoint->files, 1);
    EXPECT_EQ(report.walks.at(0).at(0).bytes, 4U);
    EXPECT_THAT(story_ + report.json().dump(), Not(HasSubstr("7Qm2abcdef"))) << "a token";
}

TEST_F(PhoneWorkpointTest, RestartsWithNewFirmware) {
    server_.serve_file("/files/Zk81/os40.img", std::string(3U << 20U, 'x'));
    server_.then("SoftwareDeployment",
                 fmt::format("<Item name=\"file-https-base-url\">https://127.0.0.1:{}/files/Zk81/"
                             "os40.img</Item><Item name=\"file-type\">APP</Item>"
                             "<Item name=\"file-sw-version\">3.5.21.0</Item>",
                             server_.port()));
    const auto report = run();
    EXPECT_EQ(report.restarts, 1) << story_;
    EXPECT_THAT(server_.requests().back().body, HasSubstr("software-version\">V3 R5.21.0<"));
}

TEST_F(PhoneWorkpointTest, RefusesToBeWrittenInACallAndCallsWhenIdle) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    const base::Fd output(ends[0]);
    base::Fd input(ends[1]);
    const auto type = [&](const std::string& line) {
        ASSERT_GT(write(input.get(), line.data(), line.size()), 0);
    };
    settings_.stays = true;
    settings_.commands_fd = output.get();
    type("busy\n");
    server_.then("WriteItems", items());
    server_.then("CleanUp", "<Item name=\"send-solicited\">true</Item>");
    server_.then("WriteItems", items());
    when("CleanUp", 1, [&] { type("nonsense\nidle\n"); });
    when("CleanUp", 2, [&] { type("change ringer-melody 4\nchange nothing 1\n"); });
    when("CleanUp", 3, [&] { type("restart\n"); });
    when("CleanUp", 4, [&] { type("inventory\n"); });
    stop_when("CleanUp", 5);
    const auto report = run();
    EXPECT_THAT(server_.reasons(), ElementsAre("start-up", "reply-to", "solicited", "reply-to",
                                               "local-changes", "start-up", "inventory-changes"))
        << story_;
    const auto requests = server_.requests();
    EXPECT_THAT(requests[1].body, HasSubstr("status=\"busy\""));
    EXPECT_THAT(requests[4].body, AllOf(HasSubstr("<Item name=\"ringer-melody\">4</Item>"),
                                        HasSubstr("configuration-attached-number\">1<")));
    EXPECT_EQ(report.workpoint->counts.busy, 1);
    EXPECT_EQ(report.workpoint->local_changes, 1);
    EXPECT_THAT(story_, HasSubstr("nonsense: no command"));
}

TEST_F(PhoneWorkpointTest, KeepsItsItemsOverAPowerCycle) {
    const auto dir =
        std::filesystem::temp_directory_path() / fmt::format("pnp-phone-workpoint-{}", getpid());
    settings_.state_dir = dir;
    server_.then("WriteItems", items("<Item name=\"dcmp-url\">http://127.0.0.1:1/dcmp/</Item>"));
    EXPECT_EQ(run().exit, Exit::configured) << story_;
    server_.then("ReadAllItems");
    EXPECT_EQ(run().exit, Exit::configured) << story_;
    const auto requests = server_.requests();
    EXPECT_THAT(requests[2].body, AllOf(HasSubstr("<Item name=\"e164\">4210</Item>"),
                                        HasSubstr("changed-flag\">false<")));
    EXPECT_THAT(requests[3].body, HasSubstr("<Item name=\"dcmp-url\"></Item>"));
    settings_.service = Service{"127.0.0.1", exchange_.sip().port};
    EXPECT_EQ(run().exit, Exit::configured) << "it works without the service";
    std::filesystem::remove_all(dir);
}

TEST_F(PhoneWorkpointTest, ComesInCrowds) {
    settings_.address = base::Ipv4{INADDR_LOOPBACK + 0x100};
    for (int number = 0; number < 10; ++number) {
        server_.then("ReadAllItems");
    }
    std::string told;
    const auto sum = run_crowd(settings_, 10, exchange_.phone_stop(),
                               [&](std::string_view line) { told.append(line).append("\n"); });
    EXPECT_EQ(sum.outcomes.at("held"), 10) << told;
    EXPECT_EQ(sum.workpoint.interactions, 10);
    EXPECT_THAT(sum.firsts, SizeIs(10));
    EXPECT_EQ(sum.exit, Exit::held);
    std::vector<std::string> seen;
    for (const auto& request : server_.requests()) {
        seen.push_back(between(request.body, "\"mac-addr\">", "<"));
        seen.push_back(between(request.body, "\"contact-me-uri\">http://", ":"));
    }
    EXPECT_THAT(seen, Contains("00:1A:E8:10:20:39"));
    EXPECT_THAT(seen, Contains("127.0.1.10"));
    EXPECT_EQ(sum.json().get("workpoint").get("actions").get("CleanUp").number(), 10);
}

} // namespace
} // namespace phone
