// SPDX-License-Identifier: MIT
// The three spellings of an HTTP date, read by position.
#include "provisioning/serve/date.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

namespace serve {
namespace {

constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> number(std::string_view digits, int least, int most) {
    const auto value = base::parse_number(digits);
    if (!value || *value < static_cast<std::uint64_t>(least) ||
        *value > static_cast<std::uint64_t>(most)) {
        return std::nullopt;
    }
    return static_cast<int>(*value);
}

std::optional<int> month(std::string_view name) {
    const auto* const found = std::find(months.begin(), months.end(), name);
    if (found == months.end()) {
        return std::nullopt;
    }
    return static_cast<int>(found - months.begin());
}

std::optional<std::int64_t> seconds_of(std::optional<int> year,
                                       std::optional<int> month,
                                       std::optional<int> day,
                                       std::string_view clock) {
    if (clock.size() != 8 || clock[2] != ':' || clock[5] != ':') {
        return std::nullopt;
    }
    const auto hour = number(clock.substr(0, 2), 0, 23);
    const auto minute = number(clock.substr(3, 2), 0, 59);
    const auto second = number(clock.substr(6, 2), 0, 60);
    if (!year || !month || !day || !hour || !minute || !second) {
        return std::nullopt;
    }
    std::tm parts{};
    parts.tm_year = *year - 1900;
    parts.tm_mon = *month;
    parts.tm_mday = *day;
    parts.tm_hour = *hour;
    parts.tm_min = *minute;
    parts.tm_sec = *second;
    return timegm(&parts);
}

} // namespace

std::string http_date(std::int64_t seconds) {
    constexpr std::int64_t end_of_9999 = 253'402'300'799;
    const std::time_t time = std::clamp<std::int64_t>(seconds, 0, end_of_9999);
    std::tm parts{};
    gmtime_r(&time, &parts);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                       days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                       months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                       parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
    const auto at = [text](std::size_t from, std::size_t length) {
        return from < text.size() ? text.substr(from, length) : std::string_view{};
    };
    // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
    if (text.size() == 29 && at(3, 2) == ", " && text.ends_with(" GMT")) {
        return seconds_of(number(at(12, 4), 1970, 9999), month(at(8, 3)), number(at(5, 2), 1, 31),
                          at(17, 8));
    }
    // asctime: Sun Nov  6 08:49:37 1994
    if (text.size() == 24 && text[3] == ' ') {
        return seconds_of(number(at(20, 4), 1970, 9999), month(at(4, 3)),
                          number(base::trim(at(8, 2)), 1, 31), at(11, 8));
    }
    // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
    const auto comma = text.find(", ");
    if (comma != std::string_view::npos && text.size() == comma + 24 && text.ends_with(" GMT")) {
        auto year = number(at(comma + 9, 2), 0, 99);
        if (year) {
            *year += *year < 70 ? 2000 : 1900;
        }
        return seconds_of(year, month(at(comma + 5, 3)), number(at(comma + 2, 2), 1, 31),
                          at(comma + 12, 8));
    }
    return std::nullopt;
}

} // namespace serve
