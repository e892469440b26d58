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
        if (auto there = may_own(number); !there) {
            return tl::unexpected(there.error()); // the PBX would ask for another password
        }
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

void Directory::host(Host host, MayOwn may_own, List list) {
    host_ = std::move(host);
    may_own_ = std::move(may_own);
    list_ = std::move(list);
}

base::Status Directory::may_own(const std::string& number) const {
    return may_own_ ? may_own_(number) : base::Status();
}

void Directory::list_host(const Visit& visit) const {
    if (list_) {
        list_(visit);
    }
}

bool is_number(std::string_view text) noexcept {
    constexpr std::string_view others = "_.+*#-";
    return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               others.find(c) != std::string_view::npos;
    });
}

} // namespace dialplan
