// SPDX-License-Identifier: MIT
// How times, lists and tables read on a console.
#include "provisioning/admin/tell.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/base/utf8.hpp"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

namespace admin {
namespace {

std::size_t width(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

/// C1 control characters move cursors too, and some others end lines or turn the order of what
/// follows (Unicode TR 36, 2.6).
bool is_visible(std::uint32_t code) {
    return code >= 0x20 && !(code >= 0x7F && code < 0xA0) && !(code >= 0x2028 && code <= 0x202E) &&
           !(code >= 0x2066 && code <= 0x2069);
}

} // namespace

std::string ago(base::UnixMs then, base::UnixMs now) {
    if (then == 0) {
        return "never";
    }
    const base::UnixMs seconds = std::max<base::UnixMs>(0, now - then) / 1000;
    constexpr base::UnixMs minute = 60;
    constexpr base::UnixMs hour = 60 * minute;
    constexpr base::UnixMs day = 24 * hour;
    if (seconds < 10) {
        return "just now";
    }
    if (seconds < minute) {
        return fmt::format("{} s ago", seconds);
    }
    if (seconds < 2 * hour) {
        return fmt::format("{} min ago", seconds / minute);
    }
    if (seconds < 2 * day) {
        return fmt::format("{} hours ago", seconds / hour);
    }
    return fmt::format("{} days ago", seconds / day);
}

std::string local_time(base::UnixMs then, base::UnixMs now) {
    const auto seconds = static_cast<std::time_t>(then / 1000);
    std::tm local{};
    if (::localtime_r(&seconds, &local) == nullptr) {
        return base::iso_time(then);
    }
    constexpr base::UnixMs day = 24LL * 3600 * 1000;
    std::string time = fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
    if (now - then < day) {
        return time;
    }
    return fmt::format("{:04}-{:02}-{:02} {}", local.tm_year + 1900, local.tm_mon + 1,
                       local.tm_mday, time);
}

std::string end_text(base::UnixMs until, base::UnixMs now) {
    constexpr base::UnixMs day = 24LL * 3600 * 1000;
    return local_time(until, until - now < day ? now : until + day);
}

std::string table_text(const std::vector<std::string>& header,
                       const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths(header.size());
    const auto measure = [&](const std::vector<std::string>& row) {
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
            widths[i] = std::max(widths[i], width(row[i]));
        }
    };
    measure(header);
    for (const auto& row : rows) {
        measure(row);
    }
    std::string out;
    const auto write = [&](const std::vector<std::string>& row) {
        std::string line;
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
            line += row[i];
            line.append(widths[i] - width(row[i]) + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    };
    write(header);
    for (const auto& row : rows) {
        write(row);
    }
    return out;
}

std::string listed(const std::vector<std::string>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) {
            out += i + 1 == words.size() ? " and " : ", ";
        }
        out += words[i];
    }
    return out;
}

std::string counted(std::size_t many, std::string_view one, std::string_view more) {
    return fmt::format("{} {}", many, many == 1 ? one : more);
}

std::string whom(const inventory::Enrolment& enrolment) {
    auto text = enrolment.mac ? enrolment.mac->str() : std::string("any phone");
    return enrolment.from ? text + " in " + enrolment.from->str() : text;
}

std::string shown_name(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const base::Utf8 character = base::utf8_at(text, at);
        const bool plain = character.length > 0 && is_visible(character.code);
        const std::size_t length = std::max<std::size_t>(1, character.length);
        const std::string_view bytes = text.substr(at, length);
        out += plain ? std::string(bytes) : base::printable(bytes);
        at += length;
    }
    return out;
}

void set_time(base::Json& object, std::string_view name, base::UnixMs at) {
    const std::string in_ms = fmt::format("{}_ms", name);
    if (at == 0) {
        object.set(name, {}).set(in_ms, {});
    } else {
        object.set(name, base::iso_time(at)).set(in_ms, base::Json(at));
    }
}

base::Json json_list(const std::vector<std::string>& words) {
    base::Json out = base::Json::array();
    for (const std::string& word : words) {
        out.push(word);
    }
    return out;
}

} // namespace admin
