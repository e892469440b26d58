// SPDX-License-Identifier: MIT
#include "module/phone/options.hpp"

#include "provisioning/base/text.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

using testing::HasSubstr;

base::Result<Options> parse(std::vector<const char*> words) {
    words.insert(words.begin(), {"pnp-phone", "--vendor", "htek", "--mac", "00:1F:C1:00:00:01"});
    return parse_options(static_cast<int>(words.size()), words.data());
}

TEST(Options, HaveTheHtekDefaults) {
    const auto options = parse({});
    ASSERT_TRUE(options) << options.error().what;
    EXPECT_EQ(options->settings.identity.mac.str(), "001fc1000001");
    EXPECT_EQ(options->settings.identity.model, "UC924");
    EXPECT_EQ(options->settings.group.str(), "224.0.1.75:5060");
    EXPECT_EQ(options->settings.wait, std::chrono::seconds(30));
    EXPECT_FALSE(options->settings.stays);
}

TEST(Options, TakeStayWithAndWithoutATime) {
    const auto bare = parse({"--stay", "--json"});
    ASSERT_TRUE(bare) << bare.error().what;
    EXPECT_TRUE(bare->settings.stays);
    EXPECT_EQ(bare->settings.stay_for.count(), 0);
    EXPECT_TRUE(bare->json);
    const auto timed = parse({"--stay", "60s"});
    ASSERT_TRUE(timed) << timed.error().what;
    EXPECT_EQ(timed->settings.stay_for, std::chrono::seconds(60));
}

TEST(Options, CallAndAnswerRegisteredPhonesOnly) {
    const auto calls = parse({"--call", "*98#", "--talk", "3s", "--unregister"});
    ASSERT_TRUE(calls) << calls.error().what;
    EXPECT_TRUE(calls->settings.registers);
    EXPECT_EQ(calls->settings.number, "*98#");
    EXPECT_EQ(calls->settings.talk, std::chrono::seconds(3));
    EXPECT_TRUE(calls->settings.unregisters);
    EXPECT_FALSE(calls->settings.answers);
    const auto answers = parse({"--answer", "--stay", "--ring", "1s"});
    ASSERT_TRUE(answers) << answers.error().what;
    EXPECT_TRUE(answers->settings.registers && answers->settings.answers);
    EXPECT_EQ(answers->settings.talk, std::nullopt);
    EXPECT_FALSE(parse({"--answer"})) << "it would be gone before anybody calls";
    EXPECT_FALSE(parse({"--call", "202@elsewhere"}));
}

TEST(Options, OfAStormNameItsPhonesAddresses) {
    const auto storm = parse(
        {"--storm", "5000", "--interface", "eth0", "--address", "10.64.0.1", "--rate", "1000"});
    ASSERT_TRUE(storm) << storm.error().what;
    EXPECT_TRUE(storm->storms);
    EXPECT_EQ(storm->phones, 5000);
    EXPECT_EQ(storm->per_second, 1000);
    EXPECT_FALSE(parse({"--storm", "5000", "--interface", "eth0"}));
    EXPECT_FALSE(parse({"--storm", "0", "--interface", "eth0", "--address", "10.64.0.1"}));
    EXPECT_FALSE(parse({"--rate", "1000"})) << "of what?";
}

TEST(Options, TakeAGroupWithAndWithoutAPort) {
    EXPECT_EQ(parse({"--group", "127.0.0.1:5070"})->settings.group.str(), "127.0.0.1:5070");
    EXPECT_EQ(parse({"--group", "239.0.0.1"})->settings.group.str(), "239.0.0.1:5060");
}

TEST(Options, OfAPanasonicPhone) {
    const std::vector<const char*> start{"pnp-phone", "--vendor",     "panasonic",
                                         "--mac",     "0080F0123456", "--option66"};
    const auto with = [&start](std::vector<const char*> words) {
        words.insert(words.begin(), start.begin(), start.end());
        return parse_options(static_cast<int>(words.size()), words.data());
    };
    const auto plain = with({"pbx.example.net"});
    ASSERT_TRUE(plain) << plain.error().what;
    EXPECT_EQ(plain->settings.identity.model, "KX-UT670");
    EXPECT_EQ(plain->settings.identity.version, "01.070");
    EXPECT_EQ(plain->settings.option66, "pbx.example.net");
    EXPECT_EQ(plain->settings.minute, std::chrono::minutes(1));
    EXPECT_EQ(plain->settings.bad_line, BadLine::refuses_file);
    const auto all =
        with({"192.0.2.10", "--firmware", "01.221", "--minute", "1s", "--bad-line", "line"});
    ASSERT_TRUE(all) << all.error().what;
    EXPECT_EQ(all->settings.identity.version, "01.221");
    EXPECT_EQ(all->settings.minute, std::chrono::seconds(1));
    EXPECT_EQ(all->settings.bad_line, BadLine::is_left_out);
    EXPECT_TRUE(with({std::string(64, 'h').c_str()}));
    EXPECT_FALSE(with({std::string(65, 'h').c_str()})) << "the phone takes 64 bytes";
    EXPECT_FALSE(with({"http://192.0.2.10/"})) << "no URL";
    EXPECT_FALSE(with({"pbx", "--minute", "0s"}));
    EXPECT_FALSE(with({"pbx", "--bad-line", "word"}));
    EXPECT_FALSE(parse({"--option66", "192.0.2.10"})) << "an Htek asks by SIP";
}

TEST(Options, SayWhatIsWrong) {
    EXPECT_FALSE(parse({"--local-port", "70000"}));
    EXPECT_FALSE(parse({"--group", "phones"}));
    EXPECT_FALSE(parse({"--model", "UC924\r\nX: y"}));
    EXPECT_FALSE(parse({"--wait", "soon"}));
    EXPECT_FALSE(parse({"--max-restarts", "-1"}));
    EXPECT_FALSE(parse({"--no-such-option"}));
    EXPECT_FALSE(parse({"stray"}));
    const char* words[] = {"pnp-phone", "--vendor", "acme"};
    const auto unknown = parse_options(3, words);
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().what, HasSubstr("htek"));
}

base::Result<Options> parse_openstage(std::vector<const char*> words) {
    words.insert(words.begin(),
                 {"pnp-phone", "--vendor", "openstage", "--mac", "00:1A:E8:10:20:30"});
    return parse_options(static_cast<int>(words.size()), words.data());
}

TEST(Options, OfAnOpenStage) {
    const auto options = parse_openstage({"--dls", "10.20.30.5", "--version", "V2 R1.40.0",
                                          "--contact-port", "0", "--max-items", "50", "--chunk",
                                          "2000", "--fragile", "--commands", "--stay"});
    ASSERT_TRUE(options) << options.error().what;
    const auto& settings = options->settings;
    EXPECT_EQ(settings.service.value().str(), "10.20.30.5:18443");
    EXPECT_EQ(settings.group.str(), "10.20.30.5:18443") << "where it is plugged in";
    EXPECT_EQ(settings.identity.version, "V2 R1.40.0");
    EXPECT_EQ(settings.identity.model, "OpenStage 40");
    EXPECT_EQ(settings.contact_port, 0);
    EXPECT_EQ(settings.wpi.max_items, 50);
    EXPECT_EQ(settings.wpi.chunk, 2000U);
    EXPECT_EQ(settings.commands_fd, 0);
    EXPECT_TRUE(settings.is_fragile);
    EXPECT_EQ(parse_openstage({"--option43", "01075369656d656e730309"
                                             "73646c703a2f2f6869"})
                  ->settings.service.value()
                  .str(),
              "hi:18443");
    EXPECT_EQ(parse_openstage({"--phones", "2000"})->phones, 2000);
    EXPECT_FALSE(parse_openstage({"--version", "3.5.12.0"}));
    EXPECT_FALSE(parse_openstage({"--dls", "h/path"}));
    EXPECT_FALSE(parse_openstage({"--dls", "h", "--option43", "01075369656d656e73"}));
    EXPECT_FALSE(parse_openstage({"--commands"})) << "nobody is there to read them";
    EXPECT_FALSE(parse({"--dls", "h"})) << "an Htek has no such service";
}

TEST(Options, HelpNamesEveryExitStatus) {
    const char* words[] = {"pnp-phone", "--help"};
    EXPECT_TRUE(parse_options(2, words)->help) << "nothing else is needed for it";
    for (const auto* status : {"  0  ", "  2  ", "  3  ", "  4  ", "  5  ", "  6  ", "  7  ",
                               "  8  ", "  9  ", " 10  "}) {
        EXPECT_THAT(help_text(), HasSubstr(status));
    }
}

TEST(Options, AreTheOnesOfTheManualPage) {
    const auto page = base::read_file(TEST_DATA "/../../module/phone/pnp-phone.1");
    ASSERT_TRUE(page) << page.error().what;
    auto plain = *page;
    std::erase(plain, '\\'); // man spells a hyphen with a backslash
    const auto help = help_text();
    int count = 0;
    for (auto at = help.find("\n  --"); at != std::string::npos; at = help.find("\n  --", at + 1)) {
        const auto option = help.substr(at + 3, help.find(' ', at + 3) - at - 3);
        ++count;
        if (option != "--help") {
            EXPECT_THAT(plain, HasSubstr(option));
        }
    }
    EXPECT_GT(count, 10);
}

} // namespace
} // namespace phone
