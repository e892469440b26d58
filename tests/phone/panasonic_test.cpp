// SPDX-License-Identifier: MIT
// What a KX-UT670 makes of its values: URLs, intervals, lines; and when it looks again.
#include "module/phone/panasonic.hpp"

#include "module/phone/firmware.hpp"
#include "module/phone/layers.hpp"
#include "module/phone/schedule.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const Identity kitchen{*base::Mac::parse("0080f0123456"), "KX-UT670", "01.070"};

Provisioning plan(const Values& values) {
    return panasonic().provisioning(values, kitchen);
}

TEST(Panasonic, TellsItselfByItsUserAgent) {
    EXPECT_EQ(plan({}).user_agent, "Panasonic_KX-UT670/01.070 (0080f0123456)");
    EXPECT_EQ(panasonic().sip_user_agent(kitchen, {}), "Panasonic_KX-UT670/01.070 (0080f0123456)");
    EXPECT_EQ(plan({{"HTTP_USER_AGENT", "{MAC} {mac}"}}).user_agent, "0080F0123456 0080f0123456");
    EXPECT_EQ(panasonic().sip_user_agent(kitchen, {{"SIP_USER_AGENT", "{MODEL}"}}), "KX-UT670");
    EXPECT_TRUE(plan({}).http10);
    EXPECT_FALSE(plan({{"HTTP_VER", "0"}}).http10);
}

TEST(Panasonic, MakesItsUrlsByMacrosAndAFinalSlash) {
    const auto made = plan({{"CFG_MASTER_FILE_PATH", "http://pbx/p/"},
                            {"CFG_PRODUCT_FILE_PATH", "http://pbx/p/"},
                            {"CFG_STANDARD_FILE_PATH", "http://pbx/{MAC}/"},
                            {"FIRM_FILE_PATH", "http://pbx/fw/"}});
    EXPECT_EQ(made.master.url, "http://pbx/p/sip.cfg");
    EXPECT_EQ(made.product.url, "http://pbx/p/KX-UT670.cfg");
    EXPECT_EQ(made.standard.url, "http://pbx/0080F0123456/Config0080f0123456.cfg");
    EXPECT_EQ(made.firmware_file.url, "http://pbx/fw/") << "no name is added for firmware";
    EXPECT_EQ(made.boot_file, "KX-UT670.cfg");
    EXPECT_EQ(plan({{"CFG_MASTER_FILE_PATH", "tftp://pbx/{MODEL}-{fwver}.cfg"}}).master.url,
              "tftp://pbx/KX-UT670-01.070.cfg");
    EXPECT_EQ(plan({}).standard.url, "") << "its maker's service is nothing for a simulated phone";
}

TEST(Panasonic, DoesNotFetchWhatIsNoUrlOfItsKind) {
    const auto fault = [](const std::string& url) {
        return plan({{"CFG_STANDARD_FILE_PATH", url}}).standard.fault;
    };
    EXPECT_EQ(fault("http://pbx/Config{mac}.cfg"), "");
    EXPECT_EQ(fault("http://user:password@pbx/x.cfg"), "");
    EXPECT_THAT(fault("http://pbx/{Mac}.cfg"), HasSubstr("no macro"));
    EXPECT_THAT(fault("ftp://pbx/x.cfg"), HasSubstr("ftp is not played"));
    EXPECT_THAT(fault("pbx/x.cfg"), HasSubstr("neither http"));
    EXPECT_THAT(fault("http://user@pbx/x.cfg"), HasSubstr("user:password@"));
    EXPECT_THAT(fault("http://pbx/x.e2c"), HasSubstr("encrypted"));
    EXPECT_EQ(fault("http://h/" + std::string(244 - 9, 'x')), "");
    EXPECT_EQ(fault("http://h/" + std::string(245 - 9, 'x')), "the URL is too long");
    EXPECT_EQ(fault("http://u:p@h/" + std::string(244 - 9, 'x')), "")
        << "user and password count apart";
    EXPECT_THAT(fault("http://u:" + std::string(128, 'p') + "@h/x"), HasSubstr("user:password@"));
    EXPECT_EQ(plan({{"FIRM_FILE_PATH", "http://pbx/fw.bin"}}).firmware_file.fault, "");
    EXPECT_THAT(plan({{"FIRM_FILE_PATH", "tftp://pbx/fw.bin"}}).firmware_file.fault,
                HasSubstr("by http"));
}

TEST(Panasonic, LetsTheStrongerFileWin) {
    Layers layers;
    EXPECT_TRUE(layers.is_fresh());
    layers.boot = {{{"A", "boot"}, {"B", "boot"}, {"C", "boot"}, {"D", "boot"}}, 100, {}, {}, {}};
    EXPECT_FALSE(layers.is_fresh());
    EXPECT_EQ(layers.bytes(), 0U);
    layers.standard = {{{"D", "standard"}}, 10, {}, {}, {}};
    layers.product = {{{"C", "product"}, {"D", "product"}}, 20, {}, {}, {}};
    layers.master = {{{"B", "master"}, {"C", "master"}, {"D", "master"}}, 30, {}, {}, {}};
    EXPECT_EQ(layers.merged(),
              (Values{{"A", "boot"}, {"B", "master"}, {"C", "product"}, {"D", "standard"}}));
    EXPECT_EQ(layers.bytes(), 60U);
}

Values line(int number) {
    const auto name = [number](std::string_view of) { return fmt::format("{}{}", of, number); };
    return {{name("PHONE_NUMBER_"), "201"},
            {name("SIP_AUTHID_"), "auth201"},
            {name("SIP_PASS_"), "secret"},
            {name("DISPLAY_NAME_"), "Kitchen"},
            {name("SIP_RGSTR_ADDR_"), "192.0.2.10"}};
}

TEST(Panasonic, ReadsALine) {
    auto values = line(2);
    auto accounts = panasonic().accounts(values);
    ASSERT_THAT(accounts, SizeIs(1));
    EXPECT_EQ(accounts[0].line, 2);
    EXPECT_EQ(accounts[0].user, "201");
    EXPECT_EQ(accounts[0].login, "auth201");
    EXPECT_EQ(accounts[0].server, "192.0.2.10:5060");
    EXPECT_EQ(accounts[0].proxy, "");
    EXPECT_EQ(accounts[0].expires, 3600U);
    EXPECT_EQ(accounts[0].local_port, 5070);
    EXPECT_EQ(accounts[0].try_again_after, 10s);
    EXPECT_TRUE(accounts[0].is_final_403);
    EXPECT_FALSE(accounts[0].hears_server_only);
    EXPECT_EQ(accounts[0].transport, "UDP");

    values.insert({{"SIP_SVCDOMAIN_2", "pbx.example.net"},
                   {"SIP_RGSTR_PORT_2", "5062"},
                   {"SIP_SRC_PORT_2", "5999"},
                   {"REG_EXPIRE_TIME_2", "4294967295"},
                   {"REG_RTX_INTVL_2", "30"},
                   {"SIP_DETECT_SSAF_2", "Y"},
                   {"SIP_TRANSPORT_2", "1"}});
    accounts = panasonic().accounts(values);
    EXPECT_EQ(accounts.at(0).server, "pbx.example.net") << "the domain of its URIs";
    EXPECT_EQ(accounts[0].proxy, "192.0.2.10:5062");
    EXPECT_EQ(accounts[0].local_port, 5999);
    EXPECT_EQ(accounts[0].expires, 4294967295U);
    EXPECT_EQ(accounts[0].try_again_after, 30s);
    EXPECT_TRUE(accounts[0].hears_server_only);
    EXPECT_EQ(accounts[0].transport, "TCP");
}

TEST(Panasonic, FallsBackFromRegistrarToProxyAndFromNumberToUri) {
    Values values{{"SIP_URI_1", "sip:kitchen@pbx.example.net"},
                  {"SIP_PRXY_ADDR_1", "192.0.2.11"},
                  {"SIP_PRXY_PORT_1", "5070"}};
    auto accounts = panasonic().accounts(values);
    ASSERT_THAT(accounts, SizeIs(1));
    EXPECT_EQ(accounts[0].user, "kitchen");
    EXPECT_EQ(accounts[0].server, "pbx.example.net");
    EXPECT_EQ(accounts[0].proxy, "192.0.2.11:5070");
    EXPECT_EQ(accounts[0].login, "") << "the guide names no fallback";
    values["SIP_OUTPROXY_ADDR_1"] = "192.0.2.12";
    EXPECT_EQ(panasonic().accounts(values).at(0).proxy, "192.0.2.12:5060");
    values.erase("SIP_PRXY_ADDR_1");
    EXPECT_EQ(panasonic().accounts(values).at(0).server, "") << "no registrar, no registration";
}

TEST(Panasonic, HasSixLinesWithTwoSwitchesEach) {
    Values values;
    for (int number = 1; number <= 6; ++number) {
        values.merge(line(number));
    }
    const auto accounts = panasonic().accounts(values);
    ASSERT_THAT(accounts, SizeIs(6));
    EXPECT_EQ(accounts[5].local_port, 5110);
    values["LINE_ENABLE_3"] = "Disabled";
    values["PROFILE_ENABLE5"] = "Disabled";
    EXPECT_THAT(panasonic().accounts(values), SizeIs(4));
    EXPECT_THAT(panasonic().accounts({}), IsEmpty());
}

class ScheduleTest : public testing::Test {
  protected:
    /// Minutes from now, -1 for never.
    long due(const Values& values, bool failed) const {
        const auto next = next_check(plan(values), failed, now_, time_);
        return next ? (*next - now_) / time_.minute : -1;
    }

    base::Steady now_ = base::Steady() + 1h;
    PhoneTime time_{1s, now_, 2h + 15min}; // its minute lasts a second
};

TEST_F(ScheduleTest, LooksAgainOnlyIfItIsToldTo) {
    EXPECT_EQ(due({}, false), -1);
    EXPECT_EQ(due({}, true), -1) << "an access error is final without CFG_CYCLIC";
    EXPECT_EQ(due({{"CFG_CYCLIC", "Y"}}, false), 10080);
    EXPECT_EQ(due({{"CFG_CYCLIC", "Y"}}, true), 30);
    const Values quick{{"CFG_CYCLIC", "Y"}, {"CFG_CYCLIC_INTVL", "1"}, {"CFG_RTRY_INTVL", "2"}};
    EXPECT_EQ(due(quick, false), 1);
    EXPECT_EQ(due(quick, true), 2);
}

TEST_F(ScheduleTest, TheDailyTimeSwitchesTheOthersOff) {
    Values values{{"CFG_CYCLIC", "Y"}, {"CFG_RESYNC_TIME", "02:30"}, {"NTP_ADDR", "192.0.2.10"}};
    EXPECT_EQ(due(values, false), 15);
    EXPECT_EQ(due(values, true), 15);
    values["CFG_RESYNC_TIME"] = "02:15";
    EXPECT_EQ(due(values, false), 24 * 60) << "the minute of the last one is over";
    values["CFG_RESYNC_TIME"] = "00:00";
    EXPECT_EQ(due(values, false), 21 * 60 + 45);
    now_ += 30s; // half an hour of the phone
    values["CFG_RESYNC_TIME"] = "02:50";
    EXPECT_EQ(due(values, false), 5);
    values.erase("NTP_ADDR");
    EXPECT_EQ(due(values, false), -1) << "its clock was never set";
}

TEST_F(ScheduleTest, ProvisioningSwitchedOffStopsAll) {
    EXPECT_EQ(due({{"CFG_CYCLIC", "Y"}, {"PROVISION_ENABLE", "N"}}, true), -1);
}

TEST(Firmware, IsComparedAsTwoNumbers) {
    EXPECT_TRUE(is_newer("01.071", "01.070"));
    EXPECT_TRUE(is_newer("02.000", "01.999"));
    EXPECT_FALSE(is_newer("01.070", "01.070"));
    EXPECT_FALSE(is_newer("01.069", "01.070"));
    EXPECT_FALSE(is_newer("", "01.070"));
    EXPECT_FALSE(is_newer("new", "01.070"));
}

FileAnswer part(std::string body, std::string range, std::string etag = "\"a\"") {
    FileAnswer answer;
    answer.status = 206;
    answer.body = std::move(body);
    answer.content_range = std::move(range);
    answer.etag = std::move(etag);
    return answer;
}

TEST(Firmware, ComesPieceByPiece) {
    Download download;
    EXPECT_EQ(download.range(), "0-262143");
    const auto first = download.take(part(std::string(262144, 'x'), "bytes 0-262143/262147"));
    ASSERT_TRUE(first) << first.error().what;
    EXPECT_FALSE(*first);
    EXPECT_EQ(download.range(), "262144-524287");
    EXPECT_EQ(download.etag(), "\"a\"");
    const auto last = download.take(part("end", "bytes 262144-262146/262147"));
    ASSERT_TRUE(last) << last.error().what;
    EXPECT_TRUE(*last);
    EXPECT_EQ(download.bytes().size(), 262147U);
}

TEST(Firmware, IsNotPutTogetherFromWrongPieces) {
    const auto second = [](const FileAnswer& answer) {
        Download download;
        EXPECT_TRUE(download.take(part("abc", "bytes 0-2/9")));
        return download.take(answer).has_value();
    };
    EXPECT_TRUE(second(part("def", "bytes 3-5/9")));
    EXPECT_FALSE(second(part("def", "bytes 2-4/9")));
    EXPECT_FALSE(second(part("def", "bytes 3-6/9")));
    EXPECT_FALSE(second(part("def", "bytes 3-5/8")));
    EXPECT_FALSE(second(part("def", "bytes 3-5/9", "\"b\""))) << "the file was replaced";
    EXPECT_FALSE(second(part("def", "")));
    EXPECT_FALSE(second(part("def", "bytes 3-5/*")));
    FileAnswer whole;
    whole.status = 200;
    whole.body = "all";
    EXPECT_FALSE(second(whole));
    Download download;
    EXPECT_TRUE(*download.take(whole)) << "from a server that knows no ranges";
}

} // namespace
} // namespace phone
