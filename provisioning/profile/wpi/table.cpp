// SPDX-License-Identifier: MIT
// Reads the rows of items.tsv, and guesses which unknown names are secrets.
#include "provisioning/base/text.hpp"
#include "provisioning/base/tsv.hpp"
#include "provisioning/profile/wpi/items.hpp"

#include "wpi_tables.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace wpi {
namespace {

enum Cell : std::uint8_t {
    name_cell,
    type_cell,
    least_cell,
    most_cell,
    length_cell,
    choices_cell,
    index_cell,
    access_cell,
    group_cell,
    flags_cell,
    source_cell,
    note_cell,
    cells_of_a_row,
};

ItemType type_of(std::string_view word) {
    if (word == "bool") {
        return ItemType::boolean;
    }
    if (word == "int") {
        return ItemType::integer;
    }
    if (word == "enum") {
        return ItemType::choice;
    }
    if (word == "ipv4") {
        return ItemType::ipv4;
    }
    return word == "host" ? ItemType::host : ItemType::text;
}

std::optional<std::int64_t> bound(std::string_view cell) {
    return cell.empty() ? std::nullopt : std::optional(base::tsv_number(cell));
}

ItemRow row_of(const std::vector<std::string_view>& cells) {
    const auto flags = base::split(cells[flags_cell], ',');
    const auto has = [&](std::string_view flag) {
        return std::find(flags.begin(), flags.end(), flag) != flags.end();
    };
    ItemRow row;
    row.name = cells[name_cell];
    row.type = type_of(cells[type_cell]);
    row.least = bound(cells[least_cell]);
    row.most = bound(cells[most_cell]);
    row.longest = static_cast<std::size_t>(base::tsv_number(cells[length_cell]));
    row.choices = base::split(cells[choices_cell], '|');
    row.indexed = cells[index_cell] != "no";
    row.also_single = cells[index_cell] == "both";
    row.write_only = cells[access_cell] == "wo";
    row.read_only = cells[access_cell] == "ro";
    row.in_actions = cells[access_cell] == "action";
    row.group = cells[group_cell];
    row.always_restored = has("restored");
    row.basic = has("basic");
    row.each_start = has("start");
    row.secret = row.write_only || has("secret");
    row.source = cells[source_cell];
    return row;
}

struct Table {
    Table() {
        for (const auto& file : embedded::wpi_tables()) {
            for (const auto& cells : file.path == "items.tsv"
                                         ? base::tsv_rows(file.content, cells_of_a_row)
                                         : std::vector<std::vector<std::string_view>>()) {
                rows.push_back(row_of(cells));
            }
        }
        for (const ItemRow& row : rows) {
            by_name.emplace(row.name, &row);
        }
    }

    std::vector<ItemRow> rows;
    std::unordered_map<std::string_view, const ItemRow*> by_name;
};

const Table& table() {
    static const Table shipped;
    return shipped;
}

bool contains(std::string_view text, std::string_view part) {
    const auto same = [](char a, char b) {
        return base::iequals(std::string_view(&a, 1), std::string_view(&b, 1));
    };
    return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

/// One of the words between dashes and underscores.
bool has_word(std::string_view name, std::string_view word) {
    while (!name.empty()) {
        const auto end = std::min(name.find_first_of("-_"), name.size());
        if (base::iequals(name.substr(0, end), word)) {
            return true;
        }
        name.remove_prefix(std::min(end + 1, name.size()));
    }
    return false;
}

bool reads_like_a_secret(std::string_view name) {
    constexpr std::array parts = {"pwd",        "passw", "passphrase", "secret",
                                  "credential", "cert",  "pkcs",       "private"};
    constexpr std::array words = {"key", "keys", "pin", "tan", "psk", "token", "ca", "pass"};
    return std::any_of(parts.begin(), parts.end(),
                       [&](const char* part) { return contains(name, part); }) ||
           (!contains(name, "function-key") &&
            std::any_of(words.begin(), words.end(),
                        [&](const char* word) { return has_word(name, word); }));
}

} // namespace

std::span<const ItemRow> item_rows() {
    return table().rows;
}

const ItemRow* item_row(std::string_view name) noexcept {
    const auto& by_name = table().by_name;
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : found->second;
}

bool is_secret(std::string_view name) noexcept {
    const ItemRow* row = item_row(name);
    return row != nullptr ? row->secret : reads_like_a_secret(name);
}

} // namespace wpi
