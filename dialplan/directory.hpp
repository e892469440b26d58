// SPDX-License-Identifier: MIT
// Extensions as the phones need them: number, display name, password, from our store or from the
// PBX.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/inventory/inventory.hpp"
#include "provisioning/profile/catalogue.hpp"

#include <functional>
#include <string>
#include <vector>

namespace dialplan {

class Directory {
  public:
    /// Asks the PBX for one of its own extensions; an error of not_found where it has none.
    using Host = std::function<base::Result<profile::Account>(const std::string& number)>;

    explicit Directory(inventory::Inventory& inventory) : inventory_(inventory) {}

    void host(Host host) { host_ = std::move(host); }

    /// Ours first, then the PBX's. Errors name the number and what to do.
    base::Result<profile::Account> account(const std::string& number) const;

  private:
    inventory::Inventory& inventory_;
    Host host_;
};

/// A number as PBXs use them: 1 to 32 of [0-9A-Za-z_.+*#-].
bool is_number(std::string_view text) noexcept;

} // namespace dialplan
