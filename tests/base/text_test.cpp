// SPDX-License-Identifier: MIT
// The small readings of text, at their edges.
#include "provisioning/base/text.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>

using namespace base;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

class ReadFile : public testing::Test {
  protected:
    ReadFile() {
        std::string name = (std::filesystem::temp_directory_path() / "pnp-text-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }

    ~ReadFile() override {
        std::error_code error;
        std::filesystem::remove_all(folder_, error);
    }

    std::string write(const std::string& name, const std::string& text) const {
        const std::string path = folder_ / name;
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }

    std::filesystem::path folder_;
};

} // namespace

TEST(Trim, TakesBlanksAndTabsFromBothEnds) {
    EXPECT_EQ(trim(" \t a b\t "), "a b");
    EXPECT_EQ(trim(" \t "), "");
    EXPECT_EQ(trim(""), "");
    EXPECT_EQ(trim("a\n"), "a\n");
}

TEST(Iequals, FoldsAsciiOnly) {
    EXPECT_TRUE(iequals("User-Agent", "USER-agent"));
    EXPECT_FALSE(iequals("a", "ab"));
    EXPECT_FALSE(iequals("[", "{"));
    EXPECT_FALSE(iequals("\xC3\xBC", "\xC3\x9C"));
    EXPECT_TRUE(istarts_with("Event: x", "event:"));
    EXPECT_TRUE(istarts_with("x", ""));
    EXPECT_FALSE(istarts_with("Eve", "event"));
    EXPECT_EQ(lower("AbZ\xC3\x9C[1"), "abz\xC3\x9C[1");
}

TEST(Split, TrimsAndDropsEmptyParts) {
    EXPECT_THAT(split(" a, b ,,c,\t,", ','), ElementsAre("a", "b", "c"));
    EXPECT_THAT(split("alone", ','), ElementsAre("alone"));
    EXPECT_THAT(split("", ','), IsEmpty());
    EXPECT_THAT(split(",,", ','), IsEmpty());
    EXPECT_THAT(split("a  b", ' '), ElementsAre("a", "b"));
}

TEST(ParseNumber, TakesDigitsThatFit) {
    EXPECT_EQ(parse_number("0"), 0U);
    EXPECT_EQ(parse_number("007"), 7U);
    EXPECT_EQ(parse_number("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
    for (const char* text : {"", "18446744073709551616", "-1", "+1", " 1", "1 ", "1.0", "0x1"}) {
        EXPECT_FALSE(parse_number(text)) << text;
    }
}

TEST(ParseDuration, ReadsEachUnit) {
    EXPECT_EQ(parse_duration("500ms"), 500ms);
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("10m"), 10min);
    EXPECT_EQ(parse_duration("24h"), 24h);
    EXPECT_EQ(parse_duration("90d"), 90 * 24h);
    EXPECT_EQ(parse_duration("45"), 45s);
    EXPECT_EQ(parse_duration(" 0 "), 0ms);
}

TEST(ParseDuration, RefusesWhatIsNone) {
    for (const char* text : {"", "s", "-5s", "1.5h", "5 m", "5M", "5min", "1h30m", "5w", "ms"}) {
        const auto duration = parse_duration(text);
        ASSERT_FALSE(duration) << text;
        EXPECT_THAT(duration.error().what, HasSubstr("30s")) << "the error shows how to write it";
    }
}

TEST(ParseDuration, RefusesWhatWouldOverflowAClock) {
    EXPECT_TRUE(parse_duration("36500d"));
    for (const char* text : {"36501d", "999999999999999h", "18446744073709551615ms",
                             "99999999999999999999999s", "9223372036854775807d"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
    const Duration longest = *parse_duration("36500d");
    EXPECT_GT(std::chrono::steady_clock::now() + longest, std::chrono::steady_clock::now());
}

TEST(FormatDuration, WritesTheShortestExactForm) {
    EXPECT_EQ(format_duration(0ms), "0s");
    EXPECT_EQ(format_duration(500ms), "500ms");
    EXPECT_EQ(format_duration(1500ms), "1500ms");
    EXPECT_EQ(format_duration(90s), "90s");
    EXPECT_EQ(format_duration(600s), "10m");
    EXPECT_EQ(format_duration(24h), "1d");
    EXPECT_EQ(format_duration(25h), "25h");
    for (const std::int64_t ms : {1, 999, 1000, 61'000, 3'600'000, 86'400'000, 123'456'789}) {
        const std::chrono::milliseconds value(ms);
        EXPECT_EQ(parse_duration(format_duration(value)), value);
    }
}

TEST(Nearest, FindsASlipOfTheHand) {
    constexpr std::string_view names[] = {"interfaces", "http_port", "https_port", "log"};
    EXPECT_EQ(nearest("interfaecs", names), "interfaces");
    EXPECT_EQ(nearest("HTTP_PROT", names), "http_port");
    EXPECT_EQ(nearest("interface", names), "interfaces");
    EXPECT_EQ(nearest("lgo", names), "log");
    EXPECT_EQ(nearest("httpport", names), "http_port");
}

TEST(Nearest, OffersNothingFarFetched) {
    constexpr std::string_view names[] = {"interfaces", "log"};
    EXPECT_EQ(nearest("database", names), std::nullopt);
    EXPECT_EQ(nearest("xyz", names), std::nullopt);
    EXPECT_EQ(nearest("", names), std::nullopt);
    EXPECT_EQ(nearest(std::string(100'000, 'i'), names), std::nullopt);
    EXPECT_EQ(nearest("log", {}), std::nullopt);
}

TEST(Printable, ShowsStrangersBytesAsHex) {
    EXPECT_EQ(printable("snom/8.7"), "snom/8.7");
    EXPECT_EQ(printable(std::string_view("a\r\n\0\x7f\xc3\xbc", 7)),
              "a\\x0d\\x0a\\x00\\x7f\\xc3\\xbc");
}

TEST(Printable, CutsWhatIsTooLong) {
    EXPECT_EQ(printable("abcdef", 6), "abcdef");
    EXPECT_EQ(printable("abcdefg", 6), "abcdef...");
    EXPECT_EQ(printable("abcde\n", 6), "abcde...") << "never half an escape";
    EXPECT_LE(printable(std::string(100'000, '\n')).size(), 203U);
}

TEST(IsoTime, WritesUtc) {
    EXPECT_EQ(iso_time(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(iso_time(1'769'860'800'999), "2026-01-31T12:00:00Z");
    EXPECT_EQ(iso_time(951'782'400'000), "2000-02-29T00:00:00Z");
    EXPECT_EQ(iso_time(-1), "1969-12-31T23:59:59Z");
    EXPECT_EQ(iso_time(std::numeric_limits<UnixMs>::max()), "9999-12-31T23:59:59Z");
    EXPECT_EQ(iso_time(std::numeric_limits<UnixMs>::min()), "0001-01-01T00:00:00Z");
}

TEST_F(ReadFile, ReturnsEveryByte) {
    const std::string text = std::string("a\0\r\n\xFF", 5) + std::string(50'000, 'x');
    EXPECT_EQ(read_file(write("whole", text)), text);
    EXPECT_EQ(read_file(write("empty", "")), "");
}

TEST_F(ReadFile, RefusesAFileThatIsTooLarge) {
    const auto path = write("large", std::string(101, 'x'));
    EXPECT_TRUE(read_file(path, 101));
    const auto refused = read_file(path, 100);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_THAT(refused.error().what, HasSubstr(path));
}

TEST_F(ReadFile, RefusesAProcFileThatGrowsBehindItsSizeOfZero) {
    EXPECT_TRUE(read_file("/proc/self/status"));
    const auto refused = read_file("/proc/self/status", 10);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
}

TEST_F(ReadFile, NamesTheFileThatIsMissing) {
    const std::string path = folder_ / "absent.conf";
    const auto missing = read_file(path);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Errc::not_found);
    EXPECT_EQ(missing.error().what, path + ": No such file or directory");
}

TEST_F(ReadFile, ReadsRegularFilesOnlyAndDoesNotWaitForAFifo) {
    const std::string fifo = folder_ / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    for (const std::string& path : {fifo, folder_.string(), std::string("/dev/zero")}) {
        const auto refused = read_file(path);
        ASSERT_FALSE(refused) << path;
        EXPECT_THAT(refused.error().what, HasSubstr("not a regular file"));
    }
    EXPECT_FALSE(read_file(std::string("/proc/self/status\0.conf", 23)));
}
