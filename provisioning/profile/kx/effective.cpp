// SPDX-License-Identifier: MIT
// Merges the files of one phone.
#include "provisioning/profile/kx/effective.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/kx/reader.hpp"
#include "provisioning/profile/kx/table.hpp"
#include "provisioning/profile/kx/xml_file.hpp"

#include <algorithm>
#include <unordered_map>

namespace profile::kx {
namespace {

constexpr std::size_t most_shown = 160; // of a value

/// The settings of one file, the first of equal names.
std::vector<Effective> settings_of(const NamedFile& file) {
    if (is_xml(file.text)) {
        Report unheard;
        return read_xml_file(file, unheard);
    }
    std::vector<Effective> out;
    std::unordered_map<std::string_view, bool> seen;
    for (const Line& line : read_lines(file.text)) {
        if (!line.has_value || line.is_too_long() || !seen.emplace(line.name, true).second) {
            continue;
        }
        const Known* known = Table::shipped().find(line.name);
        out.push_back({std::string(line.name), std::string(line.value), file.name, line.number,
                       line.value_column, is_secret(line.name),
                       known != nullptr && known->row->yields_to_phone});
    }
    return out;
}

/// Hides "user:password@" of a URL.
std::string without_login(std::string_view value) {
    const auto scheme = value.find("://");
    if (scheme == std::string_view::npos) {
        return std::string(value);
    }
    const auto start = scheme + 3;
    const auto at = value.substr(0, value.find('/', start)).rfind('@');
    if (at == std::string_view::npos || at < start) {
        return std::string(value);
    }
    return std::string(value.substr(0, start)) + "********" + std::string(value.substr(at));
}

} // namespace

std::vector<Effective> effective(const std::vector<NamedFile>& files) {
    std::vector<Effective> out;
    std::unordered_map<std::string, std::size_t> where;
    for (const NamedFile& file : files) {
        for (Effective& one : settings_of(file)) {
            if (const auto [at, is_new] = where.emplace(one.name, out.size()); !is_new) {
                out[at->second] = std::move(one);
            } else {
                out.push_back(std::move(one));
            }
        }
    }
    const Table& table = Table::shipped();
    const auto order = [&](const Effective& one) {
        const Known* known = table.find(one.name);
        return known != nullptr ? known->order : table.names().size();
    };
    std::stable_sort(out.begin(), out.end(),
                     [&](const Effective& a, const Effective& b) { return order(a) < order(b); });
    return out;
}

std::string shown(std::string_view name, std::string_view value) {
    if (!value.empty() && is_secret(name)) {
        return "********";
    }
    return base::printable(without_login(value), most_shown);
}

} // namespace profile::kx
