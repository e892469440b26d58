// SPDX-License-Identifier: MIT
// The request target of HTTP as the one clean path it stands for, and its spelling for logs.
#pragma once

#include "provisioning/base/result.hpp"

#include <string>
#include <string_view>

namespace serve {

/// Reads origin-form and absolute-form (RFC 9112 3.2), drops the query, decodes %XX once and joins
/// repeated slashes, because phones put "/" and a name behind a URL that ends in "/". The path
/// starts with "/" and holds printable ASCII without "." and ".." segments and backslashes; what
/// would not is an error: no file of ours has such a name.
base::Result<std::string> clean_path(std::string_view target);

/// What stands behind the first "?", as it was sent.
std::string_view query_of(std::string_view target);

/// A path or name as logs and timelines may show it: of whatever is long enough to be a token no
/// more than the first four characters, wherever it stands.
std::string without_token(std::string_view text);

} // namespace serve
