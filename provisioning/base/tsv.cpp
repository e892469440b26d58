// SPDX-License-Identifier: MIT
// Takes tables apart.
#include "provisioning/base/tsv.hpp"

#include <algorithm>
#include <charconv>

namespace base {

std::vector<std::string_view> split_cells(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    for (std::size_t at = 0; at <= text.size();) {
        const auto end = std::min(text.find(separator, at), text.size());
        out.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

std::int64_t tsv_number(std::string_view text) noexcept {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::vector<std::vector<std::string_view>> tsv_rows(std::string_view text, std::size_t cells) {
    std::vector<std::vector<std::string_view>> out;
    bool past_header = false;
    for (const std::string_view line : split_cells(text, '\n')) {
        if (line.empty() || line[0] == '#') {
            continue;
        }
        if (auto row = split_cells(line, '\t'); past_header && row.size() == cells) {
            out.push_back(std::move(row));
        }
        past_header = true;
    }
    return out;
}

} // namespace base
