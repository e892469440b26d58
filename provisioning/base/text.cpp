// SPDX-License-Identifier: MIT
// Small readings of text that every room needs.
#include "provisioning/base/text.hpp"

#include "provisioning/base/net.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace base {
namespace {

char lower_char(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

struct Unit {
    std::string_view name;
    std::int64_t ms;
};

constexpr Unit units[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};

/// A hundred years: as nanoseconds and added to now, it still fits the clocks.
constexpr std::int64_t longest_ms = 36'500LL * 86'400'000;

/// Optimal string alignment: a swap of neighbours counts once, as a slip of the hand is one.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        last[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = a[i - 1] == b[j - 1];
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0U : 1U)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

} // namespace

std::string_view trim(std::string_view text) noexcept {
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

bool iequals(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower_char(x) == lower_char(y); });
}

bool istarts_with(std::string_view text, std::string_view prefix) noexcept {
    return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower_char);
    return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        const auto end = text.find(separator);
        if (const auto part = trim(text.substr(0, end)); !part.empty()) {
            out.push_back(part);
        }
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return out;
}

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (text.empty() || read.ec != std::errc{} || read.ptr != end) {
        return std::nullopt;
    }
    return value;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const std::string_view all = trim(text);
    const auto digits = std::min(all.find_first_not_of("0123456789"), all.size());
    const std::string_view suffix = all.substr(digits);
    const auto* const unit = std::find_if(std::begin(units), std::end(units), [&](const Unit& u) {
        return u.name == (suffix.empty() ? "s" : suffix);
    });
    if (digits == 0 || unit == std::end(units)) {
        return fail(Errc::malformed, "'{}' is no duration; write 500ms, 30s, 10m, 24h or 90d",
                    printable(text, 40));
    }
    const auto number = parse_number(all.substr(0, digits));
    if (!number || *number > static_cast<std::uint64_t>(longest_ms / unit->ms)) {
        return fail(Errc::malformed, "'{}' is too long; at most 36500d", printable(text, 40));
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(*number) * unit->ms);
}

std::string format_duration(std::chrono::milliseconds value) {
    const std::int64_t ms = value.count();
    if (ms == 0) {
        return "0s";
    }
    for (const Unit& unit : units) {
        if (ms % unit.ms == 0) {
            return fmt::format("{}{}", ms / unit.ms, unit.name);
        }
    }
    return fmt::format("{}ms", ms);
}

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
    constexpr std::size_t longest = 64; // names are short, and the work grows with the square
    if (word.empty() || word.size() > longest) {
        return std::nullopt;
    }
    const std::string wanted = lower(word);
    std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
    std::optional<std::string_view> found;
    for (const std::string_view candidate : candidates) {
        if (candidate.size() > longest) {
            continue;
        }
        if (const auto far = distance(wanted, lower(candidate)); far < best) {
            best = far;
            found = candidate;
        }
    }
    return found;
}

std::string printable(std::string_view text, std::size_t most) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = byte >= 0x20 && byte <= 126;
        if (out.size() + (plain ? 1 : 4) > most) {
            return out + "...";
        }
        if (plain) {
            out += c;
        } else {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
        }
    }
    return out;
}

std::string iso_time(UnixMs time) {
    // Years 1 to 9999, so that there are always four digits.
    const UnixMs ms = std::clamp<UnixMs>(time, -62'135'596'800'000, 253'402'300'799'999);
    const std::time_t seconds = (ms >= 0 ? ms : ms - 999) / 1000;
    std::tm tm{};
    ::gmtime_r(&seconds, &tm);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", tm.tm_year + 1900, tm.tm_mon + 1,
                       tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

std::string why(int error) {
    return std::system_category().message(error);
}

Result<std::string> read_file(const std::string& path, std::size_t most) {
    const auto failed = [&](int error) {
        return fail(error == ENOENT || error == ENOTDIR ? Errc::not_found : Errc::io, "{}: {}",
                    path, why(error));
    };
    if (path.find('\0') != std::string::npos) {
        return fail(Errc::malformed, "{}: a file name cannot hold a NUL byte", printable(path));
    }
    // O_NONBLOCK: to open a FIFO would wait for its writer.
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd) {
        return failed(errno);
    }

    struct stat status {};

    if (::fstat(fd.get(), &status) != 0) {
        return failed(errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return fail(Errc::refused, "{}: not a regular file", path);
    }
    const auto too_large = [&] {
        return fail(Errc::refused, "{}: larger than {} bytes, which is the most here", path, most);
    };
    if (status.st_size > 0 && static_cast<std::uint64_t>(status.st_size) > most) {
        return too_large();
    }
    // Read to the end whatever the size said: it is 0 below /proc, and the file may grow.
    std::string out;
    std::array<char, 16384> piece{};
    while (true) {
        const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return failed(errno);
        }
        if (got == 0) {
            return out;
        }
        out.append(piece.data(), static_cast<std::size_t>(got));
        if (out.size() > most) {
            return too_large();
        }
    }
}

} // namespace base
