// SPDX-License-Identifier: MIT
#include "provisioning/inventory/pool.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace inventory {

using base::Errc;
using base::fail;

namespace {

constexpr std::size_t most_digits = 15; ///< as an E.164 number has
constexpr std::uint64_t most_numbers = 10'000;
constexpr std::size_t most_name = 40;

bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_number(std::string_view text) noexcept {
    return !text.empty() && text.size() <= most_digits &&
           std::all_of(text.begin(), text.end(), is_digit);
}

std::string text_of(const NumberRange& range) {
    return range.first == range.last ? range.first : range.first + "-" + range.last;
}

bool overlap(const NumberRange& a, const NumberRange& b) noexcept {
    return a.contains(b.first) || b.contains(a.first);
}

} // namespace

std::uint64_t NumberRange::size() const {
    if (!is_number(first) || !is_number(last) || first.size() != last.size() || last < first) {
        return 0;
    }
    return *base::parse_number(last) - *base::parse_number(first) + 1;
}

bool NumberRange::contains(std::string_view number) const noexcept {
    return number.size() == first.size() && number >= first && number <= last &&
           std::all_of(number.begin(), number.end(), is_digit);
}

std::string NumberRange::at(std::uint64_t place) const {
    return fmt::format("{:0{}}", *base::parse_number(first) + place, first.size());
}

bool Pool::contains(std::string_view number) const noexcept {
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const NumberRange& range) { return range.contains(number); });
}

std::string Pool::numbers() const {
    std::string text;
    for (const auto& range : ranges) {
        text += (text.empty() ? "" : ", ") + text_of(range);
    }
    return text;
}

std::string Pool::str() const {
    return name.empty() ? numbers() : fmt::format("{} ({})", name, numbers());
}

bool is_in_quarantine(const Release& release,
                      std::chrono::milliseconds quarantine,
                      base::UnixMs now) noexcept {
    return quarantine.count() > 0 && (release.at > now || now - release.at < quarantine.count());
}

base::Status check_ranges(const std::vector<NumberRange>& ranges) {
    std::uint64_t count = 0;
    for (auto range = ranges.begin(); range != ranges.end(); ++range) {
        if (range->size() == 0) {
            return fail(Errc::malformed,
                        "\"{}\" is no range of numbers: write the first and the last, of one "
                        "length, such as 200-299",
                        base::printable(text_of(*range), 40));
        }
        count += range->size();
        for (auto before = ranges.begin(); before != range; ++before) {
            if (overlap(*before, *range)) {
                return fail(Errc::malformed, "{} and {} overlap: write each number once",
                            text_of(*before), text_of(*range));
            }
        }
        if (count > most_numbers) {
            return fail(Errc::malformed, "that is too much: a pool has at most {} numbers",
                        most_numbers);
        }
    }
    return count != 0 ? base::Status()
                      : fail(Errc::malformed, "no number; write a range such as 200-299");
}

base::Result<std::vector<NumberRange>> parse_ranges(std::string_view text) {
    std::vector<NumberRange> ranges;
    for (const auto part : base::split(text, ',')) {
        const auto range = base::trim(part);
        const auto dash = range.find('-');
        const auto first = base::trim(range.substr(0, dash));
        const auto last = dash == range.npos ? first : base::trim(range.substr(dash + 1));
        ranges.push_back({std::string(first), std::string(last)});
    }
    return check_ranges(ranges).map([&] { return std::move(ranges); });
}

bool is_pool_name(std::string_view text) noexcept {
    return !text.empty() && text.size() <= most_name && is_letter(text.front()) &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
}

} // namespace inventory
