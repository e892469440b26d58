// SPDX-License-Identifier: MIT
// What a Panasonic KX-UT phone ends up with from the files it loads. The server knows what it
// sends: what somebody set on the phone itself wins over it (guide §2.5).
#pragma once

#include "provisioning/profile/kx/lint.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace profile::kx {

struct Effective {
    std::string name;
    std::string value; ///< as sent, secrets too
    std::string file;  ///< which of the files said so
    std::size_t line = 0;
    std::size_t column = 0; ///< of the value's first character
    bool is_secret = false;
    bool yields_to_phone = false; ///< once set on the phone, the file's value is ignored
};

/// Each name once, in the order of list 5.1 of the guide, unknown names last. Of `files`, from weak
/// to strong (pre-provisioning, master, product, standard), the last wins; within one the first of
/// equal names does (guide §5.2.1).
std::vector<Effective> effective(const std::vector<NamedFile>& files);

/// `value` as people may see it: "********" for a secret, an unknown name's value, and the login
/// within a URL.
std::string shown(std::string_view name, std::string_view value);

/// A plain text file with its values as shown() has them.
std::string without_secrets(std::string_view file);

} // namespace profile::kx
