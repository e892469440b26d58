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

    /// Whether an extension of ours has room beside those of the PBX; the error names both places.
    using MayOwn = std::function<base::Status(const std::string& number)>;
    /// Visits each extension of the PBX.
    using Visit = std::function<void(const std::string& number, const std::string& name)>;
    using List = std::function<void(const Visit& visit)>;

    explicit Directory(inventory::Inventory& inventory) : inventory_(inventory) {}

    /// What the PBX offers; each may be empty. Before anybody asks.
    void host(Host host, MayOwn may_own, List list);

    /// Ours first, then the PBX's; may block as long as the PBX does. Errors name the number and
    /// what to do.
    base::Result<profile::Account> account(const std::string& number) const;

    base::Status may_own(const std::string& number) const;
    void list_host(const Visit& visit) const;

  private:
    inventory::Inventory& inventory_;
    Host host_;
    MayOwn may_own_;
    List list_;
};

/// A number as PBXs use them: 1 to 32 of [0-9A-Za-z_.+*#-].
bool is_number(std::string_view text) noexcept;

} // namespace dialplan
