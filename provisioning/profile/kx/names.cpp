// SPDX-License-Identifier: MIT
// Takes the numbers off a name and looks for what is left.
#include "provisioning/profile/kx/names.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/kx/table.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

namespace profile::kx {
namespace {

/// "SIP_URI_n" → "SIP_URI", "CODEC_ENABLEx_n" → "CODEC_ENABLE".
std::string_view stem_of(const Parameter& row) {
    const auto end = row.index.empty() ? row.name.size() : row.name.find_first_of("nx");
    const std::string_view stem = row.name.substr(0, end);
    return stem.substr(0, stem.find_last_not_of('_') + 1);
}

const Parameter* row_with_stem(std::string_view stem) {
    static const auto rows = [] {
        std::unordered_map<std::string_view, const Parameter*> out;
        for (const Parameter& row : Table::shipped().rows()) {
            out.emplace(stem_of(row), &row);
        }
        return out;
    }();
    const auto at = rows.find(stem);
    return at == rows.end() ? nullptr : at->second;
}

/// The text without a number at its end and the underscore before that.
std::string_view without_number(std::string_view text) {
    text = text.substr(0, text.find_last_not_of("0123456789") + 1);
    return text.substr(0, text.find_last_not_of('_') + 1);
}

/// The row whose name this is but for the numbers.
const Parameter* meant_row(std::string_view name) {
    std::string_view stem = name;
    for (int numbers = 0; numbers < 3; ++numbers) { // none, one, or codec and line
        if (const Parameter* row = row_with_stem(stem)) {
            return row;
        }
        stem = without_number(stem);
    }
    return nullptr;
}

/// The stem and the numbers behind it: "SIP_URI 1".
std::string stem_and_numbers(std::string_view name, const Parameter& row) {
    std::string out(stem_of(row));
    for (const std::string_view part : base::split(name.substr(out.size()), '_')) {
        out += fmt::format(" {}", base::parse_number(part).value_or(0));
    }
    return out;
}

/// The name that has the same numbers, well spelt; empty when there is none.
std::string_view with_same_numbers(std::string_view name, const Parameter& row) {
    static const auto names = [] {
        std::unordered_map<std::string, std::string_view> out;
        for (const std::string& known : Table::shipped().names()) {
            out.emplace(stem_and_numbers(known, *Table::shipped().find(known)->row), known);
        }
        return out;
    }();
    const auto at = names.find(stem_and_numbers(name, row));
    return at == names.end() ? std::string_view() : at->second;
}

/// `right` is the name that was meant, where there is one.
std::string what_is_wrong(const Parameter& row, std::string_view right) {
    if (row.index.empty()) {
        return fmt::format("takes no number; write {}", row.name);
    }
    if (!right.empty()) {
        return fmt::format("is written {}", right);
    }
    const auto all = expand(row.name, row.index);
    const char* counted = row.index[0] == 'n' ? "a line, 1 to 6"
                          : row.index.find(';') == std::string_view::npos
                              ? "a button, 1 to 24"
                              : "a codec, 0, 1, 3 or 4, and a line, 1 to 6";
    return fmt::format("takes the number of {}: {} to {}", counted, all.front().name,
                       all.back().name);
}

/// The known name that differs only in the case of letters or in underscores.
std::string_view same_letters(std::string_view name) {
    const auto bare = [](std::string_view text) {
        std::string out = base::lower(text);
        out.erase(std::remove(out.begin(), out.end(), '_'), out.end());
        return out;
    };
    static const auto names = [&] {
        std::unordered_map<std::string, std::string_view> out;
        for (const std::string& known : Table::shipped().names()) {
            out.emplace(bare(known), known);
        }
        return out;
    }();
    const auto at = names.find(bare(name));
    return at == names.end() ? std::string_view() : at->second;
}

std::string_view nearest_name(std::string_view name) {
    constexpr std::size_t most_apart = 3; // in length: a slip of the hand changes little
    std::vector<std::string_view> near;
    for (const std::string_view known : Table::shipped().names()) {
        if (known.size() <= name.size() + most_apart && name.size() <= known.size() + most_apart) {
            near.push_back(known);
        }
    }
    return base::nearest(name, near).value_or("");
}

} // namespace

void check_unknown_name(const Spot& spot, bool may_search, Report& report) {
    const bool is_heard = !report.is_full();
    if (const Parameter* row = meant_row(spot.name)) {
        const auto right = row->index.empty() ? row->name : with_same_numbers(spot.name, *row);
        report.add(Severity::error, "V02", spot,
                   is_heard ? what_is_wrong(*row, right) : std::string(), row->section, right);
        return;
    }
    std::string_view meant = is_heard ? same_letters(spot.name) : std::string_view();
    if (meant.empty() && may_search && is_heard) {
        meant = nearest_name(spot.name);
    }
    report.add(Severity::warning, "V01", spot,
               meant.empty() ? "not a setting that these phones are known to have"
                             : fmt::format("not a setting that these phones are known to have; did "
                                           "you mean {}?",
                                           meant),
               "§5.1", meant);
}

} // namespace profile::kx
