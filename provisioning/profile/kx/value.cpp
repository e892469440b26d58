// SPDX-License-Identifier: MIT
// Integers, switches, lists, and how long a text may be.
#include "provisioning/profile/kx/value.hpp"

#include "provisioning/base/utf8.hpp"
#include "provisioning/profile/kx/time_zones.hpp"
#include "provisioning/profile/kx/url.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace profile::kx {
namespace {

using namespace std::string_view_literals;

/// "1 to 65535 or 0", "0, 1 or 2".
std::string allowed(const Parameter& row) {
    std::string out;
    if (row.range) {
        out = fmt::format("{} to {}", row.range->min, row.range->max);
    }
    for (std::size_t i = 0; i < row.members.size(); ++i) {
        const bool last = i + 1 == row.members.size();
        out += out.empty() ? "" : last ? " or " : ", ";
        out += row.members[i];
    }
    return out;
}

bool is_member(const Parameter& row, std::string_view text) {
    return std::find(row.members.begin(), row.members.end(), text) != row.members.end();
}

bool has_integer_form(std::string_view text) noexcept {
    text.remove_prefix(!text.empty() && text[0] == '-' ? 1 : 0);
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool has_leading_zero(std::string_view text) noexcept {
    text.remove_prefix(!text.empty() && text[0] == '-' ? 1 : 0);
    return text.size() > 1 && text[0] == '0';
}

/// The codes of time zones are listed, and the list has gaps (guide §5.4.2). No code is a number of
/// hours.
void check_time_zone(const Parameter& row, std::int64_t code, const Spot& spot, Report& report) {
    const auto add = [&](Severity severity, std::string what) {
        report.add(severity, "R-TZ", spot, std::move(what), row.section);
    };
    const TimeZone* zone = find_time_zone(code);
    if (zone != nullptr && !zone->is_sure) {
        add(Severity::info, fmt::format("should be {}, which is not sure: see whether the phone's "
                                        "clock is right",
                                        zone->place));
    } else if (code < row.range->min || code > row.range->max) {
        add(Severity::error, fmt::format("no code of a time zone; they lie between {} and {}",
                                         row.range->min, row.range->max));
    } else if (zone == nullptr) {
        add(Severity::warning,
            "not a code of a time zone that is known here; look it up in the guide");
    }
}

void check_integer(const Known& known, std::string_view text, const Spot& spot, Report& report) {
    const Parameter& row = *known.row;
    if (!has_integer_form(text)) {
        report.add(Severity::error, "V03", spot,
                   "not a whole number: write digits only, with a minus in front where it is "
                   "negative",
                   "§5.2.2");
        return;
    }
    if (has_leading_zero(text)) {
        report.add(Severity::warning, "V03", spot,
                   "has a leading zero, of which the guide says nothing; leave it out", "§5.2.2");
    }
    const auto number = read_integer(text);
    if (row.is_listed_only && number) {
        return check_time_zone(row, *number, spot, report);
    }
    if (is_member(row, text)) {
        return;
    }
    if (!row.range) {
        report.add(Severity::error, "V05", spot, fmt::format("must be {}", allowed(row)),
                   row.section);
        return;
    }
    if (!number || *number < row.range->min || *number > row.range->max) {
        report.add(Severity::error, "V04", spot, fmt::format("must be {}", allowed(row)),
                   row.section);
        return;
    }
    if (row.step != 0 && *number % row.step != 0) {
        report.add(Severity::error, "V10", spot, fmt::format("must be a multiple of {}", row.step),
                   row.section);
    }
}

void check_list(const Known& known, const Spot& spot, Report& report) {
    const Parameter& row = *known.row;
    std::int64_t count = 0;
    std::string_view rest = spot.value;
    Spot at = spot;
    while (true) {
        const auto comma = std::min(rest.find(','), rest.size());
        const std::string_view member = rest.substr(0, comma);
        at.column = spot.column + (spot.value.size() - rest.size());
        check_integer(known, member, at, report);
        if (count == 0 && row.least_first != 0) {
            const auto first = read_integer(member);
            if (first && *first < row.least_first) {
                report.add(Severity::warning, "V04", at,
                           fmt::format("the guide recommends at least {} as first number",
                                       row.least_first),
                           row.section);
            }
        }
        ++count;
        if (comma == rest.size()) {
            break;
        }
        rest.remove_prefix(comma + 1);
    }
    if (count < row.items.min || count > row.items.max) {
        report.add(Severity::error, "V09", spot,
                   fmt::format("has {} numbers and may have {} to {}", count, row.items.min,
                               row.items.max),
                   row.section);
    }
}

void check_length(const Parameter& row, const Spot& spot, Report& report) {
    const std::size_t length = count_characters(spot.value);
    if (row.max_length != 0 && length > row.max_length) {
        report.add(Severity::error, "V06", spot,
                   fmt::format("has {} characters and may have {}", length, row.max_length),
                   row.section);
    } else if (length < row.min_length) {
        report.add(Severity::error, "V06", spot,
                   fmt::format("has {} characters and needs {}", length, row.min_length),
                   row.section);
    } else if (row.max_bytes != 0 && spot.value.size() > row.max_bytes) {
        report.add(Severity::error, "V06", spot,
                   fmt::format("has {} bytes and may have {}", spot.value.size(), row.max_bytes),
                   row.section);
    }
}

/// §5.5.2 allows 40 characters and does not say whether before or after the phone fills in.
void check_user_agent(const Parameter& row, const Spot& spot, Report& report) {
    if (const auto unknown = unknown_macro(spot.value); unknown != std::string_view::npos) {
        Spot at = spot;
        at.column += unknown;
        report.add(
            Severity::warning, "V05", at,
            "not a word that the phone fills in; those are {mac}, {MAC}, {MODEL} and {fwver}",
            row.section);
    }
    const std::string filled = with_macros(spot.value);
    if (spot.value.size() <= row.max_length && filled.size() > row.max_length) {
        report.add(
            Severity::warning, "V06", spot,
            fmt::format("has {} characters once the phone filled in the braces, and {} may be "
                        "the limit then too",
                        filled.size(), row.max_length),
            row.section);
    }
}

void check_text(const Known& known, const Spot& spot, Report& report) {
    const Parameter& row = *known.row;
    if (!row.members.empty()) {
        if (!is_member(row, spot.value)) {
            report.add(Severity::error, "V05", spot,
                       fmt::format("must be {}, in exactly these letters", allowed(row)),
                       row.section);
        }
        return;
    }
    check_length(row, spot, report);
    check_form(known, spot, report);
    if (row.takes_macros && row.charset == "printable"sv) {
        check_user_agent(row, spot, report);
    }
}

} // namespace

std::optional<std::int64_t> read_integer(std::string_view text) noexcept {
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (!has_integer_form(text) || read.ec != std::errc{} || read.ptr != end) {
        return std::nullopt;
    }
    return value;
}

std::size_t count_characters(std::string_view text) noexcept {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count) {
        at += std::max<std::size_t>(base::utf8_at(text, at).length, 1);
    }
    return count;
}

void check_any_value(const Spot& spot, Report& report) {
    if (const std::size_t length = count_characters(spot.value); length > longest_value) {
        report.add(Severity::error, "V06", spot,
                   fmt::format("has {} characters and may have {}", length, longest_value),
                   "§5.2.1");
    }
}

void check_value(const Known& known, const Spot& spot, Report& report) {
    const Parameter& row = *known.row;
    if (spot.value.empty()) {
        if (row.empty == Empty::forbidden) {
            report.add(Severity::error, "V08", spot,
                       "may not be empty; leave the line out to keep what the phone has",
                       row.section);
        } else if (row.empty == Empty::unstated) {
            report.add(Severity::warning, "V08", spot,
                       "the guide does not say that it may be empty", row.section);
        }
        return;
    }
    switch (row.type) {
    case Type::boolean:
        if (!is_member(row, spot.value)) {
            report.add(Severity::error, "V05", spot, "must be Y or N, as a capital letter",
                       row.section);
        }
        return;
    case Type::integer:
        return check_integer(known, spot.value, spot, report);
    case Type::csv_integer:
        return check_list(known, spot, report);
    case Type::string:
        return check_text(known, spot, report);
    }
}

} // namespace profile::kx
