// SPDX-License-Identifier: MIT
// What a phone does with a provisioning URL: adds file names to it, and shows it without its
// secrets.
#pragma once

#include <string>
#include <string_view>

namespace phone {

/// Whether it is http:// or https:// with a host and nothing in it that could break a request.
bool is_fetchable(std::string_view url) noexcept;

/// The same for tftp://.
bool is_tftp(std::string_view url) noexcept;

/// The file's name: what stands behind the last slash of the path.
std::string_view file_name(std::string_view url) noexcept;

/// Whether it carries a user (and mostly a password) in front of the host.
bool has_user(std::string_view url) noexcept;

/// The URL of one file of the folder, with or without a slash at the folder's end.
std::string join_url(std::string_view folder, std::string_view name);

/// For eyes: `http://***@10.0.0.1:5480/p/9k3v…/`. Folders keep their first four characters, a query
/// and a user with password nothing.
std::string shorten_url(std::string_view url);

} // namespace phone
