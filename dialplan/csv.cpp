// SPDX-License-Identifier: MIT
// Reads import files by libfccp, which is known to this file only and throws no further than it.
#include "dialplan/csv.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <type_traits>

#include <fmt/format.h>
#include <fmt/ranges.h>

// The library's reader thread would be one more thread in the PBX.
#define CSV_IO_NO_THREAD
#include <libfccp/csv.h>

namespace dialplan {
namespace {

constexpr std::array<std::string_view, 3> columns{"mac", "extensions", "name"};
constexpr std::size_t max_file_bytes = 16U << 20U; // the library's longest line, and enough

template <char Separator> using Quotes = io::double_quote_escape<Separator, '"'>;
using Blanks = io::trim_chars<' ', '\t'>;

/// With tabs between the columns an empty one must not be trimmed away, so only blanks are.
template <char Separator>
using Trim = std::conditional_t<Separator == '\t', io::trim_chars<' '>, Blanks>;

bool is_blank(std::string_view line) noexcept {
    return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// The separator that the header line has most of; Excel writes `;` where the comma is the decimal
/// sign.
char separator_of(std::string_view header) noexcept {
    char best = ',';
    auto most = std::count(header.begin(), header.end(), ',');
    for (const char c : {';', '\t'}) {
        if (const auto many = std::count(header.begin(), header.end(), c); many > most) {
            best = c;
            most = many;
        }
    }
    return best;
}

/// The header's names, lower case. Throws what the library throws.
template <char Separator> std::vector<std::string> header_names(std::string line) {
    std::vector<std::string> names;
    char* at = line.data();
    while (true) {
        char* begin = at;
        // The library takes and gives const here and writes through what it got elsewhere.
        char* end = begin + (Quotes<Separator>::find_next_column_end(begin) - begin);
        const bool last = *end == '\0';
        *end = '\0';
        at = end + 1;
        Trim<Separator>::trim(begin, end);
        Quotes<Separator>::unescape(begin, end);
        names.push_back(base::lower(begin));
        if (last) {
            return names;
        }
    }
}

/// Says what is wrong with the header; true when the rows can be read by it.
bool check_header(const std::vector<std::string>& names, int line, CsvFile& out) {
    const std::size_t before = out.problems.size();
    const auto problem = [&](std::string text) { out.problems.push_back({line, std::move(text)}); };
    std::vector<std::string_view> missing;
    for (const std::string_view column : columns) {
        const auto many = std::count(names.begin(), names.end(), column);
        if (many > 1) {
            problem(fmt::format("column '{}' is there {} times; keep one", column, many));
        } else if (many == 0) {
            missing.push_back(column);
        }
    }
    for (const std::string& name : names) {
        if (std::find(columns.begin(), columns.end(), name) != columns.end()) {
            continue;
        }
        const auto meant = base::nearest(name, missing);
        problem(name.empty()
                    ? std::string("a column without a name; remove it or name it")
                    : fmt::format("column '{}' is not known{}; the columns are mac, extensions, "
                                  "name",
                                  base::printable(name, 40),
                                  meant ? fmt::format(", did you mean '{}'?", *meant) : ""));
    }
    for (const std::string_view column : missing) {
        if (column != "name") {
            problem(fmt::format("column '{}' is missing; the first line reads "
                                "mac,extensions,name",
                                column));
        }
    }
    return out.problems.size() == before;
}

/// Reads one row; an error message where it cannot be read. False at the end.
template <class Reader> bool next_row(Reader& reader, CsvRow& row, std::string& wrong) {
    row = {};
    wrong.clear();
    try {
        return reader.read_row(row.mac, row.extensions, row.name);
    } catch (const io::error::too_few_columns&) {
        wrong = "fewer columns than the header has; add the missing separators";
    } catch (const io::error::too_many_columns&) {
        wrong = "more columns than the header has; put quotes around a value that holds a "
                "separator, and blanks between extensions";
    } catch (const io::error::escaped_string_not_closed&) {
        wrong = "a quote without its end; close it on the same line, and write \"\" for a quote "
                "inside quotes";
    } catch (const std::exception&) {
        wrong = "the row cannot be read";
    }
    return true;
}

template <char Separator>
void read_rows(std::string_view text, std::size_t rows_at, int header_line, CsvFile& out) {
    std::string_view header = text.substr(0, text.find('\n'));
    if (header.ends_with('\r')) {
        header.remove_suffix(1);
    }
    std::vector<std::string> names;
    try {
        names = header_names<Separator>(std::string(header));
    } catch (const std::exception&) {
        out.problems.push_back({header_line, "a quote without its end in the header; close it"});
        return;
    }
    if (!check_header(names, header_line, out)) {
        return;
    }
    out.has_name = std::find(names.begin(), names.end(), "name") != names.end();

    // The library knows names by their exact spelling, so it reads the header as we understood it.
    // And it looks one byte behind the end for a line's end: there is one.
    std::string checked = fmt::format("{}", fmt::join(names, std::string(1, Separator)));
    checked += '\n';
    checked += text.substr(rows_at);
    if (!checked.ends_with('\n')) {
        checked += '\n';
    }
    using Reader = io::CSVReader<3, Trim<Separator>, Quotes<Separator>, io::throw_on_overflow,
                                 io::empty_line_comment>;
    Reader reader("", checked.data(), checked.data() + checked.size());
    reader.read_header(io::ignore_missing_column, "mac", "extensions", "name");
    reader.set_file_line(static_cast<unsigned>(header_line));
    CsvRow row;
    std::string wrong;
    while (next_row(reader, row, wrong)) {
        row.line = static_cast<int>(reader.get_file_line());
        if (!wrong.empty()) {
            out.problems.push_back({row.line, wrong});
        } else if (!row.mac.empty() || !row.extensions.empty() || !row.name.empty()) {
            out.rows.push_back(row);
        }
    }
}

std::optional<std::string> unreadable(std::string_view text) {
    if (text.size() > max_file_bytes) {
        return fmt::format("the file has {} bytes, more than the {} allowed; split it", text.size(),
                           max_file_bytes);
    }
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
        return "the file is UTF-16; save it as CSV UTF-8";
    }
    if (text.find('\0') != std::string_view::npos) {
        return "the file holds NUL bytes, so it is no CSV; save it as CSV UTF-8";
    }
    return std::nullopt;
}

} // namespace

CsvFile read_csv(std::string_view text) {
    CsvFile out;
    if (auto wrong = unreadable(text)) {
        out.problems.push_back({1, std::move(*wrong)});
        return out;
    }
    if (text.starts_with("\xEF\xBB\xBF")) {
        text.remove_prefix(3);
    }
    std::string unix_lines; // where only CR ends a line, as old spreadsheets write it
    if (text.find('\n') == std::string_view::npos && text.find('\r') != std::string_view::npos) {
        unix_lines = text;
        std::replace(unix_lines.begin(), unix_lines.end(), '\r', '\n');
        text = unix_lines;
    }
    int line = 1;
    while (!text.empty() && is_blank(text.substr(0, text.find('\n')))) {
        const auto end = text.find('\n');
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        ++line;
    }
    if (text.empty()) {
        out.problems.push_back({1, "the file is empty; its first line reads mac,extensions,name"});
        return out;
    }
    const auto end = text.find('\n');
    const std::size_t rows_at = end == std::string_view::npos ? text.size() : end + 1;
    try {
        switch (separator_of(text.substr(0, end))) {
        case ';':
            read_rows<';'>(text, rows_at, line, out);
            break;
        case '\t':
            read_rows<'\t'>(text, rows_at, line, out);
            break;
        default:
            read_rows<','>(text, rows_at, line, out);
        }
    } catch (const std::exception&) {
        out.problems.push_back({line, "the file cannot be read; save it as CSV UTF-8"});
    }
    return out;
}

std::string csv_field(std::string_view text) {
    const bool edge = !text.empty() && (text.front() == ' ' || text.back() == ' ');
    if (!edge && text.find_first_of(",;\t\"\r\n") == std::string_view::npos) {
        return std::string(text);
    }
    std::string out = "\"";
    for (const char c : text) {
        out += c;
        if (c == '"') {
            out += '"';
        }
    }
    out += '"';
    return out;
}

} // namespace dialplan
