// SPDX-License-Identifier: MIT
// A whole KX-UT670 against scripted servers on loopback: TFTP, HTTP and SIP, no fixed ports.
#include "module/phone/phone.hpp"

#include "exchange.hpp"
#include "provisioning/base/crypto.hpp"
#include "tftp_server.hpp"

#include <filesystem>

#include <gmock/gmock.h>

namespace phone {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string file(const Values& values) {
    std::string text = "# Panasonic SIP Phone Standard Format File # DO NOT CHANGE THIS LINE!\r\n";
    for (const auto& [name, value] : values) {
        text += fmt::format("{}=\"{}\"\r\n", name, value);
    }
    return text + "\r\n";
}

/// What the servers have, by path; tests change it while the phone lives.
class Shelf {
  public:
    void put(const std::string& path, std::string body) {
        const std::lock_guard lock(mutex_);
        files_[path] = std::move(body);
    }

    std::optional<std::string> get(const std::string& path) {
        const std::lock_guard lock(mutex_);
        asked_.push_back(path);
        const auto found = files_.find(path);
        return found == files_.end() ? std::nullopt : std::optional(found->second);
    }

    std::vector<std::string> asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

  private:
    std::mutex mutex_;
    std::map<std::string, std::string> files_;
    std::vector<std::string> asked_;
};

std::string header_block(const std::string& head) {
    return head.substr(0, head.find("\r\n\r\n") + 2);
}

/// As a server with ETags and ranges (RFC 9110) answers.
Exchange::Answer serve(Shelf& shelf, const std::string& path, const std::string& head) {
    const auto body = shelf.get(path);
    if (!body) {
        return {};
    }
    const auto etag = "\"" + base::md5_hex(*body) + "\"";
    if (field(head, "If-None-Match") == etag) {
        return {304, "", "ETag: " + etag + "\r\n"};
    }
    const auto range = between(header_block(head), "Range: bytes=", "\r\n");
    if (range.empty()) {
        return {200, *body, "ETag: " + etag + "\r\n"};
    }
    const auto first = std::stoul(range);
    const auto last = std::min(std::stoul(range.substr(range.find('-') + 1)), body->size() - 1);
    return {206, body->substr(first, last - first + 1),
            fmt::format("ETag: {}\r\nContent-Range: bytes {}-{}/{}\r\n", etag, first, last,
                        body->size())};
}

class PhoneFilesTest : public testing::Test {
  protected:
    PhoneFilesTest()
        : exchange_([this](Exchange& self, const std::string& text) { on_sip_(self, text); },
                    [this](const std::string& path, const std::string& head) {
                        auto answer = serve(web_, path, head);
                        on_http_(path, head);
                        return answer;
                    }),
          tftp_([this](const std::string& name) { return root_.get(name); }) {
        settings_.vendor = find_vendor("panasonic");
        settings_.identity = {*base::Mac::parse("0080f0123456"), "KX-UT670", "01.070"};
        settings_.interface = "lo";
        settings_.address = base::Ipv4{INADDR_LOOPBACK};
        settings_.sip_port = std::uint16_t{0};
        settings_.option66 = tftp_.host();
        settings_.minute = std::chrono::milliseconds(20);
    }

    std::string url(const std::string& path) const { return exchange_.http() + path; }

    Report run() {
        Trace trace([this](std::string_view line) { story_.append(line).append("\n"); });
        auto report = Phone(settings_, trace, exchange_.phone_stop()).run();
        for (const auto& shown : {story_, report.json().dump()}) {
            EXPECT_THAT(shown, Not(HasSubstr("s3cret")));
            EXPECT_THAT(shown, Not(HasSubstr("tokent")));
        }
        return report;
    }

    /// The three files of a phone with one line, and the pre-provisioning that leads to them.
    void put_all() {
        root_.put("KX-UT670.cfg",
                  file({{"PROVISION_ENABLE", "Y"},
                        {"CFG_MASTER_FILE_PATH", url("/p/tokentoken/ConfigCommon.cfg")},
                        {"CFG_PRODUCT_FILE_PATH", url("/p/tokentoken/{MODEL}.cfg")},
                        {"CFG_STANDARD_FILE_PATH", url("/p/tokentoken/")}}));
        web_.put("/p/tokentoken/ConfigCommon.cfg",
                 file({{"NTP_ADDR", "192.0.2.10"}, {"DISPLAY_NAME_1", "master"}}));
        web_.put("/p/tokentoken/KX-UT670.cfg",
                 file({{"SIP_RGSTR_ADDR_1", "127.0.0.1"},
                       {"SIP_RGSTR_PORT_1", std::to_string(exchange_.sip().port)},
                       {"DISPLAY_NAME_1", "product"}}));
        web_.put(standard, file(standard_values()));
    }

    static Values standard_values(const Values& more = {}) {
        Values values = more;
        values.insert({{"PHONE_NUMBER_1", "201"},
                       {"SIP_AUTHID_1", "201"},
                       {"SIP_PASS_1", "s3cret-201"},
                       {"DISPLAY_NAME_1", "standard"}});
        return values;
    }

    static std::vector<std::string> names(const std::vector<Report::Request>& walk) {
        std::vector<std::string> list;
        for (const auto& request : walk) {
            list.push_back(fmt::format("{} {}", request.name, request.status));
        }
        return list;
    }

    static constexpr auto standard = "/p/tokentoken/Config0080f0123456.cfg";

    Settings settings_;
    std::string story_;
    Shelf root_;
    Shelf web_;
    std::function<void(Exchange&, const std::string&)> on_sip_ = [](Exchange&, const std::string&) {
    };
    std::function<void(const std::string&, const std::string&)> on_http_ =
        [](const std::string&, const std::string&) {};
    Exchange exchange_;
    TftpServer tftp_;
};

/// Takes every REGISTER.
void accept(Exchange& exchange, const std::string& text) {
    if (text.rfind("REGISTER", 0) == 0) {
        exchange.say(exchange.ok(text, "reg", "200 OK",
                                 "Contact: " + field(text, "Contact") + ";expires=900\r\n"));
    }
}

std::uint16_t port_in(const std::string& request) {
    const auto contact = field(request, "Contact");
    return static_cast<std::uint16_t>(std::stoi(contact.substr(contact.rfind(':') + 1)));
}

TEST_F(PhoneFilesTest, GoesFromOption66ToItsLine) {
    put_all();
    settings_.registers = true;
    on_sip_ = accept;
    const auto report = run();
    EXPECT_EQ(report.exit, Exit::configured) << story_;
    EXPECT_THAT(tftp_.requests(), ElementsAre("KX-UT670.cfg|octet|")) << "no options, no slash";
    ASSERT_THAT(report.walks, SizeIs(2));
    EXPECT_THAT(names(report.walks[0]), ElementsAre("KX-UT670.cfg 200"));
    EXPECT_THAT(names(report.walks[1]), ElementsAre("ConfigCommon.cfg 200", "KX-UT670.cfg 200",
                                                    "Config0080f0123456.cfg 200"));
    const auto request = exchange_.requests().at(0);
    EXPECT_THAT(request, HasSubstr("GET /p/tokentoken/ConfigCommon.cfg HTTP/1.0\r\n"));
    EXPECT_EQ(field(request, "User-Agent"), "Panasonic_KX-UT670/01.070 (0080f0123456)");
    EXPECT_EQ(field(request, "Host"), "") << "HTTP/1.0 had none";
    ASSERT_THAT(report.accounts, SizeIs(1));
    EXPECT_EQ(report.accounts[0].display_name, "standard") << "the strongest file wins";
    EXPECT_TRUE(report.accounts[0].registered);
    EXPECT_EQ(report.restarts, 0);
    EXPECT_THAT(report.faults, IsEmpty());
    const auto sent = exchange_.of_method("REGISTER");
    EXPECT_EQ(field(sent.at(0), "User-Agent"), "Panasonic_KX-UT670/01.070 (0080f0123456)");
}

TEST_F(PhoneFilesTest, SaysThatDhcpOrTftpGaveNothing) {
    auto report = run();
    EXPECT_EQ(report.exit, Exit::no_file);
    EXPECT_THAT(report.message, HasSubstr("no KX-UT670.cfg by TFTP"));
    settings_.option66.clear();
    report = run();
    EXPECT_EQ(report.exit, Exit::no_file);
    EXPECT_THAT(report.message, HasSubstr("--option66"));
    EXPECT_THAT(tftp_.requests(), SizeIs(1));
    EXPECT_THAT(exchange_.requests(), IsEmpty());
}

TEST_F(PhoneFilesTest, AsksByTftpOnlyWhileNothingWasApplied) {
    const auto dir = std::filesystem::path(testing::TempDir()) / fmt::format("kx-{}", getpid());
    settings_.state_dir = dir;
    put_all();
    EXPECT_EQ(run().exit, Exit::configured) << story_;
    const auto again = run();
    EXPECT_EQ(again.exit, Exit::configured) << story_;
    EXPECT_THAT(tftp_.requests(), SizeIs(1));
    ASSERT_THAT(again.walks, SizeIs(1));
    EXPECT_THAT(names(again.walks[0]), ElementsAre("ConfigCommon.cfg 304", "KX-UT670.cfg 304",
                                                   "Config0080f0123456.cfg 304"));
    EXPECT_THAT(again.accounts, SizeIs(1)) << "its values lie in the flash";
    std::filesystem::remove_all(dir);
}

TEST_F(PhoneFilesTest, TakesA404AsFinalWithoutCyclicChecks) {
    put_all();
    web_.put("/p/tokentoken/ConfigCommon.cfg", "<html/>");
    root_.put("KX-UT670.cfg", file({{"CFG_STANDARD_FILE_PATH", url("/boot/Config{mac}.cfg")}}));
    settings_.stays = true;
    const auto report = run();
    EXPECT_EQ(report.exit, Exit::held) << story_;
    EXPECT_THAT(report.message, HasSubstr("without CFG_CYCLIC it asks no more"));
    EXPECT_THAT(web_.asked(), ElementsAre("/boot/Config0080f0123456.cfg"));
}

TEST_F(PhoneFilesTest, ComesUpByItselfOnceItsFileIsThere) {
    root_.put("KX-UT670.cfg", file({{"CFG_STANDARD_FILE_PATH", url("/boot/Config{mac}.cfg")},
                                    {"CFG_CYCLIC", "Y"},
                                    {"CFG_CYCLIC_INTVL", "1"},
                                    {"CFG_RTRY_INTVL", "2"}}));
    settings_.registers = true;
    settings_.stays = true;
    on_http_ = [this](const std::string& path, const std::string&) {
        if (path.rfind("/boot/", 0) == 0 && web_.asked().size() == 2) { // refused twice: approved
            put_all();
            web_.put(path, *root_.get("KX-UT670.cfg"));
        }
    };
    on_sip_ = [this](Exchange& self, const std::string& text) {
        accept(self, text);
        if (text.rfind("REGISTER", 0) == 0) {
            exchange_.end_phone();
        }
    };
    const auto report = run();
    EXPECT_EQ(report.exit, Exit::configured) << story_;
    EXPECT_TRUE(report.accounts.at(0).registered);
    EXPECT_EQ(report.restarts, 0) << "it needs none for that";
    EXPECT_THAT(tftp_.requests(), SizeIs(1));
    ASSERT_THAT(report.walks, SizeIs(5)) << story_;
    EXPECT_THAT(names(report.walks[2]), ElementsAre("Config0080f0123456.cfg 404"));
    EXPECT_THAT(names(report.walks[3]), ElementsAre("Config0080f0123456.cfg 200"))
        << "the URLs it brought count from the next check on";
    EXPECT_THAT(names(report.walks[4]), ElementsAre("ConfigCommon.cfg 200", "KX-UT670.cfg 200",
                                                    "Config0080f0123456.cfg 200"));
}

TEST_F(PhoneFilesTest, RestartsByItsNotifyAndByNoOther) {
    put_all();
    web_.put(standard, file(standard_values({{"CFG_RESYNC_FROM_SIP", "resync"}})));
    settings_.registers = true;
    settings_.stays = true;
    on_sip_ = [this](Exchange& self, const std::string& text) {
        accept(self, text);
        const auto registered = exchange_.of_method("REGISTER").size();
        if (text.rfind("REGISTER", 0) == 0 && registered == 1) {
            self.say(self.order("check-sync", 1), port_in(text));
        } else if (text.rfind("REGISTER", 0) == 0) {
            self.end_phone();
        } else if (field(text, "Call-ID") == "order1") {
            self.say(self.order("resync;reboot=true", 2));
        } else if (field(text, "Call-ID") == "order2") {
            auto with_body = self.order("resync", 3);
            with_body.replace(with_body.find("Length: 0\r\n\r\n"), 13, "Length: 1\r\n\r\nx");
            self.say(with_body);
        } else if (field(text, "Call-ID") == "order3") {
            self.say(self.order("resync", 4));
        }
    };
    const auto report = run();
    EXPECT_EQ(report.exit, Exit::configured) << story_;
    EXPECT_EQ(report.resyncs, 1);
    EXPECT_EQ(report.restarts, 1);
    EXPECT_THAT(exchange_.of_method("SIP/2.0 489"), SizeIs(3));
    EXPECT_THAT(exchange_.of_method("SIP/2.0 200"), SizeIs(1));
    EXPECT_THAT(report.walks, SizeIs(3)) << "start, files, and the files anew";
}

TEST_F(PhoneFilesTest, ListensToItsServerOnlyIfToldTo) {
    put_all();
    web_.put(standard, file(standard_values({{"SIP_DETECT_SSAF_1", "Y"}})));
    settings_.registers = true;
    settings_.stays = true;
    auto stranger = UdpPort::open({{INADDR_LOOPBACK + 1}, 0});
    ASSERT_TRUE(stranger) << stranger.error().what;
    on_sip_ = [this, &stranger](Exchange& self, const std::string& text) {
        accept(self, text);
        if (text.rfind("REGISTER", 0) != 0) {
            return;
        }
        if (exchange_.of_method("REGISTER").size() == 2) {
            self.end_phone();
            return;
        }
        const auto port = port_in(text);
        EXPECT_TRUE(stranger->send(self.order("check-sync", 1), {{INADDR_LOOPBACK}, port}));
        self.say(self.order("check-sync", 2), port);
    };
    const auto report = run();
    EXPECT_EQ(report.resyncs, 1) << story_;
    EXPECT_EQ(report.restarts, 1);
    EXPECT_THAT(story_, HasSubstr("dropped: not the line's server"));
}

TEST_F(PhoneFilesTest, NeverRegistersAgainAfterA403) {
    put_all();
    settings_.registers = true;
    on_sip_ = [](Exchange& self, const std::string& text) {
        self.say(self.ok(text, "reg", "403 Forbidden"));
    };
    EXPECT_EQ(run().exit, Exit::not_registered);
    EXPECT_THAT(story_, HasSubstr("never registers again"));
}

TEST_F(PhoneFilesTest, RefusesAFileWithAWrongLineOrThatLineAlone) {
    put_all();
    web_.put(standard, file(standard_values({{"CFG_CYCLIC", "y"}})));
    auto report = run();
    EXPECT_THAT(report.accounts, IsEmpty());
    EXPECT_THAT(report.faults, ElementsAre("Config0080f0123456.cfg: refused: line 2: the value of "
                                           "CFG_CYCLIC is none of Y|N"));
    settings_.bad_line = BadLine::is_left_out;
    report = run();
    EXPECT_THAT(report.accounts, SizeIs(1));
    EXPECT_THAT(report.faults,
                ElementsAre("Config0080f0123456.cfg: line 2: the value of CFG_CYCLIC is none of "
                            "Y|N"));
}

TEST_F(PhoneFilesTest, ReportsUnknownNamesAndTooMuchInAll) {
    put_all();
    web_.put(standard, file(standard_values({{"NO_SUCH_NAME", "1"}})));
    auto report = run();
    EXPECT_THAT(report.unknown_names, ElementsAre("NO_SUCH_NAME"));
    EXPECT_THAT(report.faults, IsEmpty());
    std::string big = "# Panasonic SIP Phone Standard Format File #\r\n";
    while (big.size() < 119'900) {
        big += "#\r\n";
    }
    web_.put("/p/tokentoken/ConfigCommon.cfg", big + "\r\n");
    report = run();
    ASSERT_FALSE(report.faults.empty());
    EXPECT_THAT(report.faults.at(0), HasSubstr("bytes together"));
}

TEST_F(PhoneFilesTest, SwitchedOffItFetchesNothingMore) {
    put_all();
    root_.put("KX-UT670.cfg",
              file({{"PROVISION_ENABLE", "N"}, {"CFG_STANDARD_FILE_PATH", url(standard)}}));
    EXPECT_EQ(run().exit, Exit::no_file);
    EXPECT_THAT(web_.asked(), IsEmpty());
}

TEST_F(PhoneFilesTest, FetchesNewerFirmwareByRangesAndRunsIt) {
    put_all();
    std::string image(700'000, '\0');
    for (std::size_t at = 0; at < image.size(); ++at) {
        image[at] = static_cast<char>(at * 31 >> 4U);
    }
    web_.put("/fw/tokentoken/UT670.bin", image);
    web_.put(standard,
             file(standard_values({{"FIRM_VERSION", "01.221"},
                                   {"FIRM_FILE_PATH", url("/fw/tokentoken/UT670.bin")}})));
    const auto report = run();
    EXPECT_EQ(report.exit, Exit::configured) << story_;
    ASSERT_TRUE(report.firmware);
    EXPECT_EQ(report.firmware->version, "01.221");
    EXPECT_EQ(report.firmware->requests, 3);
    EXPECT_EQ(report.firmware->bytes, image.size());
    EXPECT_EQ(report.firmware->sha256, base::hex(base::sha256(image)));
    EXPECT_EQ(report.firmware->problem, "");
    EXPECT_EQ(report.restarts, 2) << "before the download and after the update";
    EXPECT_EQ(field(exchange_.requests().back(), "User-Agent"),
              "Panasonic_KX-UT670/01.221 (0080f0123456)");
}

TEST_F(PhoneFilesTest, DoesNotCallWhatItsDialPlanRefuses) {
    put_all();
    settings_.registers = true;
    settings_.number = "0900123";
    on_sip_ = accept;
    web_.put(standard, file(standard_values({{"DIAL_PLAN_1", "0900x.!|2xx"}})));
    auto report = run();
    EXPECT_EQ(report.exit, Exit::not_answered) << story_;
    EXPECT_EQ(report.message,
              "line 1 does not call 0900123: its dial plan 0900x.! rejects 0900123");
    web_.put(standard, file(standard_values(
                           {{"DIAL_PLAN_1", "2xx"}, {"DIAL_PLAN_NOT_MATCH_ENABLE_1", "Y"}})));
    report = run();
    EXPECT_EQ(report.exit, Exit::not_answered) << story_;
    EXPECT_THAT(report.message, HasSubstr("fits no dial plan, and such numbers are blocked"));
    EXPECT_THAT(exchange_.of_method("INVITE"), IsEmpty());
}

TEST_F(PhoneFilesTest, CallsWhatItsDialPlanMakesOfTheNumber) {
    put_all();
    settings_.registers = true;
    settings_.number = "101";
    on_sip_ = [&](Exchange& exchange, const std::string& text) {
        accept(exchange, text);
        if (text.rfind("INVITE", 0) == 0) {
            exchange.say(exchange.ok(text, "far", "486 Busy Here"));
        }
    };
    web_.put(standard, file(standard_values({{"DIAL_PLAN_1", "<101:9999>|2xx"}})));
    const auto report = run();
    const auto invites = exchange_.of_method("INVITE");
    ASSERT_THAT(invites, Not(IsEmpty())) << story_;
    EXPECT_THAT(invites[0], HasSubstr("INVITE sip:9999@127.0.0.1"));
    EXPECT_THAT(story_, HasSubstr("line 1 sends 9999: 101 fits its dial plan <101:9999>"));
}

TEST_F(PhoneFilesTest, GoesOnWithTheOldFirmwareWhenThereIsNoNewer) {
    put_all();
    const Values gone{{"FIRM_VERSION", "01.221"}, {"FIRM_FILE_PATH", url("/fw/gone.bin")}};
    web_.put(standard, file(standard_values(gone)));
    auto report = run();
    EXPECT_EQ(report.exit, Exit::configured) << story_;
    EXPECT_THAT(report.firmware.value().problem, HasSubstr("404"));
    auto off = gone;
    off["FIRM_UPGRADE_ENABLE"] = "N";
    web_.put(standard, file(standard_values(off)));
    EXPECT_FALSE(run().firmware);
    settings_.identity.version = "01.221";
    web_.put(standard, file(standard_values(gone)));
    EXPECT_FALSE(run().firmware) << "equal is not newer";
}

} // namespace
} // namespace phone
