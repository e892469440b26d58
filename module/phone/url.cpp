// SPDX-License-Identifier: MIT
#include "module/phone/url.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>

namespace phone {

namespace {

constexpr std::size_t shown_of_a_folder = 4;

struct Pieces {
    std::string_view scheme; ///< with ://
    std::string_view user;   ///< with the @
    std::string_view host;   ///< with the port
    std::string_view path;
    std::string_view query; ///< with the ?
};

Pieces take_apart(std::string_view url) {
    Pieces pieces;
    url = url.substr(0, url.find('#'));
    if (const auto colon = url.find("://"); colon != std::string_view::npos) {
        pieces.scheme = url.substr(0, colon + 3);
        url.remove_prefix(colon + 3);
    }
    if (const auto query = url.find('?'); query != std::string_view::npos) {
        pieces.query = url.substr(query);
        url = url.substr(0, query);
    }
    const auto slash = std::min(url.find('/'), url.size());
    pieces.path = url.substr(slash);
    auto authority = url.substr(0, slash);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        pieces.user = authority.substr(0, at + 1);
        authority.remove_prefix(at + 1);
    }
    pieces.host = authority;
    return pieces;
}

bool is_clean(std::string_view url) noexcept {
    const bool plain =
        std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 127; });
    return plain && !take_apart(url).host.empty();
}

} // namespace

bool is_fetchable(std::string_view url) noexcept {
    const bool known = base::istarts_with(url, "http://") || base::istarts_with(url, "https://");
    return known && is_clean(url);
}

bool is_tftp(std::string_view url) noexcept {
    return base::istarts_with(url, "tftp://") && is_clean(url);
}

std::string_view file_name(std::string_view url) noexcept {
    const auto path = take_apart(url).path;
    return path.substr(path.rfind('/') + 1);
}

bool has_user(std::string_view url) noexcept {
    return !take_apart(url).user.empty();
}

std::string join_url(std::string_view folder, std::string_view name) {
    const auto pieces = take_apart(folder);
    std::string url;
    url.append(pieces.scheme).append(pieces.user).append(pieces.host).append(pieces.path);
    if (pieces.path.empty() || pieces.path.back() != '/') {
        url += '/';
    }
    return url.append(name).append(pieces.query);
}

std::string shorten_url(std::string_view url) {
    const auto pieces = take_apart(url);
    std::string shown = base::printable(pieces.scheme);
    if (!pieces.user.empty()) {
        shown += "***@";
    }
    shown += base::printable(pieces.host);
    auto path = pieces.path;
    while (!path.empty()) { // each round starts at a slash
        const auto end = std::min(path.find('/', 1), path.size());
        const auto folder = path.substr(1, end - 1);
        const bool is_file = end == path.size() && folder.find('.') != std::string_view::npos;
        shown += '/';
        if (folder.size() > shown_of_a_folder && !is_file) {
            shown += base::printable(folder.substr(0, shown_of_a_folder)) + "…";
        } else {
            shown += base::printable(folder);
        }
        path.remove_prefix(end);
    }
    return pieces.query.empty() ? shown : shown + "?…";
}

} // namespace phone
