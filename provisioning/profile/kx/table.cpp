// SPDX-License-Identifier: MIT
// Reads the rows of parameters.tsv and writes their names out.
#include "provisioning/profile/kx/table.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/kx/tsv.hpp"

#include <algorithm>

namespace profile::kx {
namespace {

Type type_of(std::string_view word) {
    if (word == "integer") {
        return Type::integer;
    }
    if (word == "boolean") {
        return Type::boolean;
    }
    return word == "csv-integer" ? Type::csv_integer : Type::string;
}

Empty empty_of(std::string_view word) {
    if (word == "yes") {
        return Empty::allowed;
    }
    return word == "no" ? Empty::forbidden : Empty::unstated;
}

/// "1-10".
Range range_of(std::string_view text) {
    const auto dash = std::min(text.find('-'), text.size());
    return {tsv_number(text.substr(0, dash)),
            tsv_number(text.substr(std::min(dash + 1, text.size())))};
}

/// The tokens of a note, "key=value; …", which end where " # " starts free text.
void read_note(Parameter& row, std::string_view note) {
    const std::string_view tokens = note.substr(0, note.find(" # "));
    for (const std::string_view token : base::split(tokens, ';')) {
        const auto sign = std::min(token.find('='), token.size());
        const std::string_view key = token.substr(0, sign);
        const std::string_view value = token.substr(std::min(sign + 1, token.size()));
        if (key == "empty") {
            row.empty = empty_of(value);
        } else if (key == "charset") {
            row.charset = value;
        } else if (key == "min_length") {
            row.min_length = static_cast<std::size_t>(tsv_number(value));
        } else if (key == "max_bytes") {
            row.max_bytes = static_cast<std::size_t>(tsv_number(value));
        } else if (key == "items") {
            row.items = range_of(value);
        } else if (key == "step") {
            row.step = tsv_number(value);
        } else if (key == "recommended_first_min") {
            row.least_first = tsv_number(value);
        } else if (key == "macros") {
            row.takes_macros = true;
        } else if (key == "slash") {
            row.slash = value;
        } else if (key == "schemes" && value != "unstated") {
            row.schemes = base::split(value, '|');
        } else if (key == "prefix") {
            row.prefixes = base::split(value, '|');
        } else if (key == "range_only_bounds") {
            row.is_listed_only = true;
        } else if (key == "secret") {
            row.is_secret = true;
        } else if (key == "pui_override") {
            row.yields_to_phone = true;
        } else if (key == "when") {
            const auto equals = std::min(value.find('='), value.size());
            row.when_name = value.substr(0, equals);
            row.when_value = value.substr(std::min(equals + 1, value.size()));
        } else if (key == "default_per_index") {
            row.value_per_index = true;
        }
    }
}

/// The numbers of one part of an index: "1-6" or "0,1,3,4".
std::vector<unsigned> numbers_of(std::string_view text) {
    std::vector<unsigned> out;
    for (const std::string_view part : base::split(text, ',')) {
        const Range range = part.find('-') == std::string_view::npos
                                ? Range{tsv_number(part), tsv_number(part)}
                                : range_of(part);
        for (auto value = range.min; value <= range.max; ++value) {
            out.push_back(static_cast<unsigned>(value));
        }
    }
    return out;
}

} // namespace

std::vector<Indexed> expand(std::string_view name, std::string_view index) {
    std::vector<Indexed> out{{std::string(name), 0, 0}};
    for (const std::string_view part : base::split(index, ';')) {
        const char letter = part[0];
        std::vector<Indexed> next;
        for (const Indexed& from : out) {
            for (const unsigned value : numbers_of(part.substr(2))) {
                Indexed one = from;
                // The placeholder is the only small letter of its kind.
                one.name.replace(one.name.find(letter), 1, std::to_string(value));
                (letter == 'n' ? one.n : one.x) = value;
                next.push_back(std::move(one));
            }
        }
        out = std::move(next);
    }
    return out;
}

std::optional<std::string_view> Known::factory_value() const {
    if (!row->value || !row->value_per_index) {
        return row->value;
    }
    const auto values = split_cells(*row->value, '|');
    const std::size_t at = (n != 0 ? n : x) - 1;
    return at < values.size() ? std::optional(values[at]) : std::nullopt;
}

const Table& Table::shipped() {
    static const Table table;
    return table;
}

Table::Table() {
    for (const auto& cells : shipped_rows("parameters.tsv", 12)) {
        add(cells);
    }
    add_names();
}

void Table::add(const std::vector<std::string_view>& cells) {
    Parameter row;
    row.name = cells[0];
    row.index = cells[1];
    row.type = type_of(cells[2]);
    if (!cells[3].empty()) {
        row.range = Range{tsv_number(cells[3]), tsv_number(cells[4])};
    }
    row.max_length = static_cast<std::size_t>(tsv_number(cells[5]));
    row.members = base::split(cells[6], '|');
    if (!cells[7].empty()) {
        row.value = cells[7] == "\"\"" ? std::string_view() : cells[7];
    }
    row.xml_element = cells[8];
    row.xml_attribute = cells[9];
    row.section = "§" + std::string(cells[10].substr(0, cells[10].find(';')));
    read_note(row, cells[11]);
    rows_.push_back(std::move(row));
}

void Table::add_names() {
    std::vector<Known> found;
    for (const Parameter& row : rows_) {
        for (Indexed& one : expand(row.name, row.index)) {
            found.push_back({&row, found.size(), one.x, one.n});
            names_.push_back(std::move(one.name));
        }
    }
    known_.reserve(found.size());
    for (const Known& known : found) {
        known_.emplace(names_[known.order], known);
    }
}

const Known* Table::find(std::string_view name) const {
    const auto at = known_.find(name);
    return at == known_.end() ? nullptr : &at->second;
}

bool is_secret(std::string_view name) {
    const Known* known = Table::shipped().find(name);
    return known == nullptr || known->row->is_secret;
}

} // namespace profile::kx
