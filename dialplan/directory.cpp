// SPDX-License-Identifier: MIT
// Finds the account behind a number: ours first, then the PBX's.
#include "dialplan/directory.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <string_view>

namespace dialplan {

base::Result<profile::Account> Directory::account(const std::string& number) const {
    if (!is_number(number)) {
        return base::fail(base::Errc::malformed,
                          "'{}' is no extension number: 1 to 32 letters, digits or _.+*#-",
                          base::printable(number, 40));
    }
    const inventory::Snapshot now = inventory_.now();
    if (const inventory::Extension* own = now.extension(number); own != nullptr) {
        return profile::Account{own->number, own->name.empty() ? own->number : own->name,
                                own->password};
    }
    if (host_) {
        auto found = host_(number);
        if (found || found.error().code != base::Errc::not_found) {
            return found;
        }
    }
    return base::fail(base::Errc::not_found,
                      "extension {} does not exist; create it: pnp extension add {}", number,
                      number);
}

bool is_number(std::string_view text) noexcept {
    constexpr std::string_view others = "_.+*#-";
    return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               others.find(c) != std::string_view::npos;
    });
}

} // namespace dialplan
