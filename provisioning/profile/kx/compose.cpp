// SPDX-License-Identifier: MIT
// Sorts settings into the order of list 5.1 and has the result checked.
#include "provisioning/profile/kx/compose.hpp"

#include "provisioning/profile/kx/lint.hpp"
#include "provisioning/profile/kx/reader.hpp"
#include "provisioning/profile/kx/table.hpp"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace profile::kx {
namespace {

using base::Errc;
using base::fail;

constexpr std::string_view warning_behind = " DO NOT CHANGE THIS LINE!"; // guide §5.2.1
constexpr std::string_view line_end = "\r\n";

struct Entry {
    std::string_view text;
    std::size_t order = 0; ///< equal for what the table does not know
    std::size_t line = 1;  ///< where it came from
    std::size_t indent = 0;
};

std::string_view without_indent(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text;
}

/// What goes into the file. A line that is no setting is kept, for the check to find.
std::vector<Entry> entries_of(std::string_view text) {
    const Table& table = Table::shipped();
    std::vector<Entry> out;
    std::unordered_map<std::string_view, std::size_t> where;
    for (const Line& line : read_lines(text)) {
        const std::string_view content = without_indent(line.text);
        const std::size_t indent = line.text.size() - content.size();
        if (content.empty() || content[0] == '#') {
            continue;
        }
        if (!line.is_setting()) {
            out.push_back({content, table.names().size(), line.number, indent});
            continue;
        }
        const Known* known = table.find(line.name);
        const Entry entry{content, known != nullptr ? known->order : table.names().size(),
                          line.number, indent};
        if (const auto [at, is_new] = where.emplace(line.name, out.size()); !is_new) {
            out[at->second] = entry;
        } else {
            out.push_back(entry);
        }
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const Entry& a, const Entry& b) { return a.order < b.order; });
    return out;
}

/// With the place in what was given: of the lines that were written, the first is the signature.
std::string told(const Finding& finding, const std::vector<Entry>& entries) {
    const bool is_entry = finding.line >= 2 && finding.line - 2 < entries.size();
    const Entry at = is_entry ? entries[finding.line - 2] : Entry{};
    return fmt::format("line {} column {}: {}{}{} ({}, guide {})", at.line,
                       at.indent + std::max<std::size_t>(finding.column, 1), finding.name,
                       finding.name.empty() ? "" : ": ", finding.what, finding.code,
                       finding.section);
}

} // namespace

base::Result<std::string> compose(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 128);
    out.append(signature).append(warning_behind).append(line_end);
    const auto entries = entries_of(text);
    for (const Entry& entry : entries) {
        out.append(entry.text).append(line_end);
    }
    out.append(line_end);
    if (out.size() > comfortable_size) {
        return fail(Errc::refused,
                    "line 1 column 1: the file has {} bytes, and these phones take 120 KB (guide "
                    "§5.2.1); send fewer settings",
                    out.size());
    }
    if (const auto finding = first_error(out)) {
        return fail(Errc::malformed, "{}", told(*finding, entries));
    }
    return out;
}

} // namespace profile::kx
