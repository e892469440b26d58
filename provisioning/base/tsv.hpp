// SPDX-License-Identifier: MIT
// Tables that are built in: tab-separated cells, # lines that say what the table is, a header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace base {

/// Cells, the empty ones too.
std::vector<std::string_view> split_cells(std::string_view text, char separator);

/// Digits with an optional minus at the start; 0 where there are none.
std::int64_t tsv_number(std::string_view text) noexcept;

/// The rows of a table that have so many cells, which all have: the tests count them. They are
/// views of `text`.
std::vector<std::vector<std::string_view>> tsv_rows(std::string_view text, std::size_t cells);

} // namespace base
