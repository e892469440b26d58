// SPDX-License-Identifier: MIT
// `pnpctl lint FILE...` without a daemon.
#include "module/ctl/lint.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Lint : testing::Test {
    std::filesystem::path folder;

    Lint() {
        std::string name = (std::filesystem::temp_directory_path() / "pnp-lint-XXXXXX").string();
        folder = ::mkdtemp(name.data());
    }

    ~Lint() override { std::filesystem::remove_all(folder); }

    std::string file(const std::string& name, const std::string& lines) const {
        const std::string path = folder / name;
        std::ofstream(path, std::ios::binary) << "# Panasonic SIP Phone Standard Format File #\r\n"
                                              << lines << "\r\n";
        return path;
    }

    static ctl::Answer lint(std::vector<std::string> words, bool json = false) {
        words.insert(words.begin(), "lint");
        const auto answer = ctl::lint(words, json, -1);
        if (!answer || !*answer) {
            return {-1, answer ? answer->error().what : "not here"};
        }
        return **answer;
    }
};

TEST_F(Lint, StatusIsThatOfTheWorstFinding) {
    EXPECT_EQ(lint({file("a", "NTP_ADDR=\"192.0.2.1\"\r\n")}).text, "Nothing found.\n");
    EXPECT_EQ(lint({file("a", "SIP_DETECT_SSAF_1=\"Y\"\r\n")}).status, 0);
    EXPECT_EQ(lint({file("a", "PROVISION_ENABLE=\"N\"\r\n")}).status, 1);
    const std::string bad = file("a", "SYSLOG_PORT=\"0\"\r\n");
    EXPECT_EQ(lint({bad}).status, 2);
    EXPECT_EQ(lint({bad}).text,
              bad + ":2:14: error V04: SYSLOG_PORT=\"0\": must be 1 to 65535 (guide §5.4.3)\n");
}

TEST_F(Lint, ShowsTheValueUnlessItIsSecret) {
    EXPECT_THAT(lint({file("a", "NTP_ADDR=\"1.2.3.4.5\"\r\n")}).text,
                HasSubstr("NTP_ADDR=\"1.2.3.4.5\": must be"));
    const auto unknown = lint({file("a", "ADMIN_PWRD=\"hunter3\"\r\n"), "--json"});
    EXPECT_THAT(unknown.text, HasSubstr("\"value\":\"********\""));
    EXPECT_THAT(lint({file("a", "ADMIN_PASS=\"hush\"\r\n")}).text,
                HasSubstr("ADMIN_PASS=\"********\": has 4 characters"));
}

TEST_F(Lint, FilesTogetherTooLongAreNamedTogether) {
    std::string comments;
    for (int i = 0; i < 800; ++i) {
        comments += "#" + std::string(97, 'x') + "\r\n";
    }
    const std::string master = file("master.cfg", comments);
    const std::string own = file("own.cfg", comments);
    EXPECT_THAT(lint({master, own}).text, StartsWith(master + ", " + own + ": error F04: "));
}

TEST_F(Lint, SeveralFilesAreThoseOfOnePhone) {
    const std::string master = file("master.cfg", "MIN_DELAY_1=\"1\"\r\n");
    const std::string own = file("own.cfg", "NOM_DELAY_1=\"1\"\r\n");
    EXPECT_EQ(lint({own}).status, 2);
    EXPECT_EQ(lint({master, own}).status, 0);
}

TEST_F(Lint, JsonIsOneLine) {
    const auto answer = lint({file("a", "SYSLOG_PORT=\"0\"\r\n"), "--json"});
    EXPECT_THAT(answer.text, StartsWith("{\"worst\":\"error\",\"findings\":[{\"file\":"));
    EXPECT_EQ(answer.text.find('\n'), answer.text.size() - 1);
    EXPECT_THAT(lint({file("a", "NTP_ADR=\"1.2.3.4\"\r\n"), "--json"}).text,
                HasSubstr("\"nearest\":\"NTP_ADDR\""));
    EXPECT_THAT(lint({file("a", "SIP_URI1=\"x\"\r\n"), "--json"}).text,
                HasSubstr("\"nearest\":\"SIP_URI_1\""));
}

TEST_F(Lint, XmlIsToldByItsStart) {
    const std::string path = folder / "a.xml";
    std::ofstream(path, std::ios::binary) << "<?xml version=\"1.1\"?><a/>";
    EXPECT_THAT(lint({path}).text, HasSubstr("XML"));
    EXPECT_EQ(lint({path}).status, 2);
}

TEST_F(Lint, APhoneIsLeftToTheDaemon) {
    EXPECT_EQ(lint({"00:80:f0:12:34:56"}).text, "not here");
    EXPECT_FALSE(ctl::lint({"status"}, false, -1));
}

TEST_F(Lint, SaysWhatItCannotDo) {
    EXPECT_THAT(lint({(folder / "none").string()}).text, HasSubstr("No such file"));
    EXPECT_THAT(lint({"--jsn"}).text, HasSubstr("--jsn"));
    EXPECT_THAT(lint({}).text, HasSubstr("A file"));
}

} // namespace
