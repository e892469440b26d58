// SPDX-License-Identifier: MIT
// Reads a plain text configuration file line by line (guide §5.2.1), as a person wrote it.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace profile::kx {

/// 44 bytes that start every file (guide §5.2.1).
constexpr std::string_view signature = "# Panasonic SIP Phone Standard Format File #";

constexpr std::size_t longest_line = 537; ///< bytes with CR LF, guide §5.2.1

/// What a line is, or what keeps it from being a setting.
enum class Shape : unsigned char {
    empty,
    comment,
    setting,
    blank_outside, ///< blanks or tabs before the name or #, around =, behind the value, alone
    text_behind,   ///< behind the closing quote
    unquoted,      ///< no quotes around the value
    quote_inside,  ///< a " within the value
    not_closed,    ///< the value does not end on its line
    none,          ///< anything else
};

struct Line {
    std::size_t number = 1;
    std::string_view text; ///< without its end
    std::string_view end;  ///< "\r\n", "\n", or empty at the end of the file
    Shape shape = Shape::empty;
    std::string_view name;
    std::string_view value;       ///< what stands between the quotes, where both are there
    bool has_value = false;       ///< also where the shape is wrong and the value is plain to see
    std::size_t fault_column = 1; ///< of what is wrong with the shape
    std::size_t value_column = 1; ///< of the value's first character

    bool is_setting() const noexcept { return !name.empty(); }

    /// The phone ignores such a line (guide §5.2.1).
    bool is_too_long() const noexcept { return text.size() + 2 > longest_line; }
};

/// All lines, the first too. A file that ends with a line end has no further line.
std::vector<Line> read_lines(std::string_view file);

/// The first byte that belongs to no UTF-8; npos when all do.
std::size_t first_not_utf8(std::string_view text) noexcept;

/// Column of the byte at `at`, from 1, counted in characters.
std::size_t column_of(std::string_view line, std::size_t at) noexcept;

} // namespace profile::kx
