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

/// Hides "user:password@" of a URL, of one with a slip too: where scheme or slashes are wrong, or a
/// slash stands in the password.
std::string without_login(std::string_view value, bool is_url) {
    const auto scheme = value.find("://");
    const auto start = scheme == std::string_view::npos ? 0 : scheme + 3;
    const std::string_view server = value.substr(start, value.find('/', start) - start);
    const auto colon = server.find(':');
    const bool is_port =
        colon != std::string_view::npos && colon + 1 < server.size() &&
        server.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
    const bool is_sure =
        scheme != std::string_view::npos &&
        (colon == std::string_view::npos || is_port || server.find('@') != std::string_view::npos);
    if (scheme == std::string_view::npos && !is_url) {
        return std::string(value);
    }
    const auto at = value.substr(0, is_sure ? start + server.size() : value.size()).rfind('@');
    if (at == std::string_view::npos || at < start) {
        return std::string(value);
    }
    return std::string(value.substr(0, start)) + "********" + std::string(value.substr(at));
}

/// What nobody may read is ********.
std::string hidden(std::string_view name, std::string_view value) {
    if (!value.empty() && is_secret(name)) {
        return "********";
    }
    const Known* known = Table::shipped().find(name);
    const bool is_url =
        known != nullptr && (known->row->charset == "url" || known->row->charset == "uri");
    return without_login(value, is_url);
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
    return base::printable(hidden(name, value), most_shown);
}

std::string without_secrets(std::string_view file) {
    std::string out;
    for (const Line& line : read_lines(file)) {
        if (line.has_value) {
            const auto before = static_cast<std::size_t>(line.value.data() - line.text.data());
            out.append(line.text.substr(0, before))
                .append(hidden(line.name, line.value))
                .append(line.text.substr(before + line.value.size()));
        } else {
            out.append(line.text);
        }
        out.append(line.end);
    }
    return out;
}

} // namespace profile::kx
