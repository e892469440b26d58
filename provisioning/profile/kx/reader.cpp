// SPDX-License-Identifier: MIT
// Tells settings from comments, and names what is wrong where a line is neither.
#include "provisioning/profile/kx/reader.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/base/utf8.hpp"

#include <algorithm>

namespace profile::kx {
namespace {

constexpr std::string_view blanks = " \t";

bool is_name_char(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/// How many bytes at the front make a name, blanks within it too; trailing blanks are left out.
std::size_t name_length(std::string_view text) noexcept {
    std::size_t end = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_name_char(text[i])) {
            end = i + 1;
        } else if (blanks.find(text[i]) == std::string_view::npos) {
            break;
        }
    }
    return end;
}

void set_shape(Line& line, Shape shape, std::size_t at) {
    line.shape = shape;
    line.fault_column = column_of(line.text, at);
}

/// What stands behind the = at `at`; `first_blank` is a blank found before it, or npos.
void read_value(Line& line, std::size_t at, std::size_t first_blank) {
    const std::string_view text = line.text;
    const std::size_t open = text.find_first_not_of(blanks, at);
    if (open == std::string_view::npos || text[open] != '"') {
        return set_shape(line, Shape::unquoted, std::min(open, text.size()));
    }
    if (open != at) {
        first_blank = std::min(first_blank, at);
    }
    const std::size_t close = text.find('"', open + 1);
    line.value_column = column_of(text, open + 1);
    if (close == std::string_view::npos) {
        return set_shape(line, Shape::not_closed, open);
    }
    const std::size_t last = text.find_last_not_of(blanks);
    const std::size_t next = text.find_first_not_of(blanks, close + 1);
    if (next != std::string_view::npos && text[next] != '#' && text[last] == '"') {
        return set_shape(line, Shape::quote_inside, close);
    }
    line.value = text.substr(open + 1, close - open - 1);
    line.has_value = true;
    if (next != std::string_view::npos) {
        return set_shape(line, Shape::text_behind, next);
    }
    if (last != close || close + 1 != text.size()) {
        first_blank = std::min(first_blank, close + 1);
    }
    if (first_blank != std::string_view::npos) {
        return set_shape(line, Shape::blank_outside, first_blank);
    }
    line.shape = Shape::setting;
}

void read_shape(Line& line) {
    const std::string_view text = line.text;
    if (text.empty()) {
        return;
    }
    const std::size_t start = text.find_first_not_of(blanks);
    if (start == std::string_view::npos) {
        return set_shape(line, Shape::blank_outside, 0);
    }
    if (text[start] == '#') {
        return start == 0 ? set_shape(line, Shape::comment, 0)
                          : set_shape(line, Shape::blank_outside, 0);
    }
    const std::size_t length = name_length(text.substr(start));
    const std::size_t sign = text.find_first_not_of(blanks, start + length);
    if (length == 0 || sign == std::string_view::npos || text[sign] != '=') {
        return set_shape(line, Shape::none, start);
    }
    line.name = text.substr(start, length);
    std::size_t first_blank = start > 0 ? 0 : std::string_view::npos;
    if (const auto within = line.name.find_first_of(blanks); within != std::string_view::npos) {
        first_blank = std::min(first_blank, start + within);
    }
    if (sign != start + length) {
        first_blank = std::min(first_blank, start + length);
    }
    read_value(line, sign + 1, first_blank);
}

} // namespace

std::size_t first_not_utf8(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = base::utf8_at(text, at).length;
        if (length == 0) {
            return at;
        }
        at += length;
    }
    return std::string_view::npos;
}

std::size_t column_of(std::string_view line, std::size_t at) noexcept {
    const std::string_view before = line.substr(0, std::min(at, line.size()));
    return 1 + static_cast<std::size_t>(std::count_if(before.begin(), before.end(), [](char c) {
               return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
           }));
}

std::vector<Line> read_lines(std::string_view file) {
    std::vector<Line> out;
    for (std::size_t at = 0; at < file.size();) {
        const std::size_t feed = std::min(file.find('\n', at), file.size());
        const bool has_return = feed < file.size() && feed > at && file[feed - 1] == '\r';
        Line line;
        line.number = out.size() + 1;
        line.text = file.substr(at, feed - at - (has_return ? 1 : 0));
        line.end =
            file.substr(at + line.text.size(), feed < file.size() ? (has_return ? 2 : 1) : 0);
        read_shape(line);
        at = feed + 1;
        out.push_back(line);
    }
    return out;
}

} // namespace profile::kx
