// SPDX-License-Identifier: MIT
// Log lines as the host's sink gets them.
#include "provisioning/base/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace base;
using testing::ElementsAre;

namespace {

class Log : public testing::Test {
  protected:
    Log() {
        log::set_sink([this](log::Level level, std::string_view room, std::string_view text) {
            lines_.push_back(fmt::format("{} {} {}", static_cast<int>(level), room, text));
        });
    }

    ~Log() override {
        log::set_sink({});
        log::set_level("", log::Level::info);
    }

    std::vector<std::string> lines_; // no lock: the contract says one call at a time
};

} // namespace

TEST_F(Log, KeepsQuietAboutDebugByDefault) {
    log::debug("pnp", "bytes {}", 1);
    log::info("pnp", "phone {}", 2);
    log::error("serve", "listener {}", "down");
    EXPECT_THAT(lines_, ElementsAre("1 pnp phone 2", "3 serve listener down"));
}

TEST_F(Log, LetsEachRoomHaveItsLevel) {
    log::set_level("", log::Level::error);
    log::set_level("pnp", log::Level::debug);
    EXPECT_TRUE(log::enabled("pnp", log::Level::debug));
    EXPECT_FALSE(log::enabled("wpi", log::Level::warn));
    log::warn("wpi", "not seen");
    log::debug("pnp", "seen");
    EXPECT_THAT(lines_, ElementsAre("0 pnp seen"));
    log::set_level("", log::Level::info);
    EXPECT_FALSE(log::enabled("pnp", log::Level::debug)) << "\"\" sets all rooms";
    EXPECT_TRUE(log::enabled("wpi", log::Level::info));
}

TEST_F(Log, ShowsControlCharactersAndNeverSendsThem) {
    log::info("pnp", "{}", std::string_view("a\nb\r\t\x1b[31m\x7f\0z", 13));
    EXPECT_THAT(lines_, ElementsAre("1 pnp a\\x0ab\\x0d\\x09\\x1b[31m\\x7f\\x00z"));
}

TEST_F(Log, KeepsUtf8AndShowsWhatIsNone) {
    log::info("pnp", "M\xC3\xBCller \xE2\x82\xAC \xF0\x9F\x93\x9E");
    log::info("pnp", "\xFC|\xC3|\xC0\x80|\xED\xA0\x80|\xF5\x80\x80\x80");
    log::info("pnp", "\xC2\x9B"
                     "31m"); // U+009B starts an escape sequence on a terminal
    EXPECT_THAT(lines_,
                ElementsAre("1 pnp M\xC3\xBCller \xE2\x82\xAC \xF0\x9F\x93\x9E",
                            "1 pnp \\xfc|\\xc3|\\xc0\\x80|\\xed\\xa0\\x80|\\xf5\\x80\\x80\\x80",
                            "1 pnp \\xc2\\x9b31m"));
}

TEST_F(Log, CallsTheSinkOneAtATime) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([] {
            for (int j = 0; j < 100; ++j) {
                log::info("base", "line {}", j);
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(lines_.size(), 400U);
}

TEST_F(Log, WritesToStandardErrorWithoutASink) {
    log::set_sink({});
    testing::internal::CaptureStderr();
    log::warn("pnp", "no profile for {}", "snom");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "WARN pnp: no profile for snom\n");
}

TEST_F(Log, SurvivesASinkThatThrows) {
    log::set_sink([](auto, auto, auto) { throw std::runtime_error("disk full"); });
    testing::internal::CaptureStderr();
    EXPECT_NO_THROW(log::error("pnp", "socket lost"));
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "ERROR pnp: socket lost\n");
}
