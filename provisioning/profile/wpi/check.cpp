// SPDX-License-Identifier: MIT
// Compares items with their table before any phone gets them.
#include "provisioning/base/net.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/base/utf8.hpp"
#include "provisioning/profile/wpi/items.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/ranges.h>
#include <set>
#include <utility>

namespace wpi {
namespace {

using base::Errc;
using base::fail;

constexpr std::size_t most_told = 10;

std::optional<std::int64_t> number_in(std::string_view text) {
    std::int64_t value = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    return read.ec == std::errc() && read.ptr == end ? std::optional(value) : std::nullopt;
}

/// RFC 1123 2.1, with the underscore that sites use.
bool is_host(std::string_view text) {
    constexpr std::string_view letters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    return text.size() <= 255 && text.find_first_not_of(letters) == std::string_view::npos &&
           (text.empty() || (text.front() != '.' && text.front() != '-'));
}

std::string range_of(const ItemRow& row) {
    if (row.least && row.most) {
        return fmt::format("a number from {} to {}", *row.least, *row.most);
    }
    return row.least ? fmt::format("a number from {} on", *row.least) : std::string("a number");
}

/// What would fit; empty where the value does.
std::string misfit(const ItemRow& row, std::string_view value) {
    switch (row.type) {
    case ItemType::text:
        return {};
    case ItemType::boolean:
        return value == "true" || value == "false" ? "" : "true or false";
    case ItemType::integer: {
        const auto number = number_in(value);
        const bool fits =
            number && (!row.least || *number >= *row.least) && (!row.most || *number <= *row.most);
        return fits ? std::string() : range_of(row);
    }
    case ItemType::choice:
        return std::find(row.choices.begin(), row.choices.end(), value) != row.choices.end()
                   ? std::string()
                   : fmt::format("{}", fmt::join(row.choices, " or "));
    case ItemType::ipv4:
        return value.empty() || base::Ipv4::parse(value) ? "" : "an IPv4 address";
    case ItemType::host:
        return is_host(value) ? "" : "an address or the name of a host";
    }
    return {};
}

/// Characters of text that a message can carry; nothing for what it cannot.
std::optional<std::size_t> characters(std::string_view value) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < value.size(); ++count) {
        const base::Utf8 found = base::utf8_at(value, at);
        const bool control =
            (found.code < 0x20 && found.code != '\t' && found.code != '\n' && found.code != '\r') ||
            found.code == 0xFFFE || found.code == 0xFFFF;
        if (found.length == 0 || control) {
            return std::nullopt;
        }
        at += found.length;
    }
    return count;
}

std::optional<std::string> wrong_index(const Item& item, const ItemRow& row) {
    if (item.index && !row.indexed) {
        return "there is only one of it, so it takes no index";
    }
    if (!item.index && row.indexed && !row.also_single) {
        return "there are several of it, so it needs an index";
    }
    return std::nullopt;
}

std::optional<std::string> wrong_value(const Item& item) {
    if (item.value.size() > longest_value) {
        return fmt::format("its value has {} bytes, and a phone takes {}", item.value.size(),
                           longest_value);
    }
    const auto length = characters(item.value);
    if (!length) {
        return "its value has a control character or is not UTF-8";
    }
    const ItemRow* row = item_row(item.name);
    if (row == nullptr) {
        return std::nullopt;
    }
    if (row->longest != 0 && *length > row->longest) {
        return fmt::format("its value has {} characters, and at most {} fit", *length,
                           row->longest);
    }
    const std::string fitting = misfit(*row, item.value);
    if (fitting.empty()) {
        return std::nullopt;
    }
    return is_secret(item.name)
               ? fmt::format("its value should be {}", fitting)
               : fmt::format("'{}' should be {}", base::printable(item.value, 60), fitting);
}

} // namespace

std::string shown(const Item& item) {
    std::string name = base::printable(item.name, longest_name);
    return item.index ? fmt::format("{}[{}]", name, *item.index) : name;
}

std::optional<std::string> wrong_name(std::string_view name) {
    if (name.empty() || name.size() > longest_name ||
        name.find_first_of(" \t\r\n\"<>&'") != std::string_view::npos || !characters(name)) {
        return fmt::format("a name has 1 to {} letters, digits and dashes", longest_name);
    }
    return std::nullopt;
}

std::optional<std::string> wrong_with(const Item& item) {
    if (auto wrong = wrong_name(item.name)) {
        return wrong;
    }
    if (item.index && *item.index < 0) {
        return "an index is 0 or more";
    }
    if (const ItemRow* row = item_row(item.name)) {
        if (row->read_only) {
            return "it is what the phone says of itself, and cannot be written";
        }
        if (row->in_actions) {
            return "it belongs to an action, and is no setting";
        }
        if (auto wrong = wrong_index(item, *row)) {
            return wrong;
        }
    }
    return wrong_value(item);
}

base::Status check_items(const std::vector<Item>& items) {
    std::vector<std::string> told;
    std::size_t wrong_ones = 0;
    std::set<std::pair<std::string_view, int>> seen;
    for (const Item& item : items) {
        auto wrong = wrong_with(item);
        if (!wrong && !seen.emplace(item.name, item.index.value_or(-1)).second) {
            wrong = "it stands there twice";
        }
        if (wrong && ++wrong_ones <= most_told) {
            told.push_back(fmt::format("{}: {}", shown(item), *wrong));
        }
    }
    if (wrong_ones == 0) {
        return {};
    }
    return fail(Errc::refused, "{}{}", fmt::join(told, "; "),
                wrong_ones > most_told ? fmt::format("; and {} more", wrong_ones - most_told) : "");
}

} // namespace wpi
