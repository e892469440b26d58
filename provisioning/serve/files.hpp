// SPDX-License-Identifier: MIT
// Which file a request gets: token, device, chain, render; everything else is one and the same 404.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/inventory/inventory.hpp"
#include "provisioning/profile/catalogue.hpp"
#include "provisioning/serve/http.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace serve {

/// What may be swapped by a reload: a new value each time, never changed in place.
struct FileSettings {
    std::shared_ptr<const profile::Catalogue> catalogue;
    std::vector<profile::Rule> rules;
    std::uint16_t http_port = 5480; ///< as written into URLs
};

class Files {
  public:
    /// The account behind a number: from our own store or from the PBX; an error names why not.
    using Accounts = std::function<base::Result<profile::Account>(const std::string& number)>;
    /// Runs something that blocks, later, on a worker.
    using Defer = std::function<void(std::function<void()>)>;

    Files(inventory::Inventory& inventory,
          const base::Clock& clock,
          Accounts accounts,
          Defer defer);

    void settings(FileSettings settings); ///< loop thread

    /// GET /p/<token>/<name>. 200 with the file, or the 404 that is the same byte for byte for a
    /// name outside the chain, an unknown, pending, blocked or unassigned device, a wrong token and
    /// another device's token. What happened goes to the timeline where the device is known.
    Response answer(const Request& request);

    /// The file as the phone would get it now, for `render MAC FILENAME`; without `reveal` every
    /// password reads ********. `host` is our address on the phone's network.
    base::Result<std::string>
    render(base::Mac mac, const std::string& name, base::Ipv4 host, bool reveal) const;

  private:
    base::Result<profile::Facts> facts(const inventory::Device& device, base::Ipv4 host) const;

    inventory::Inventory& inventory_;
    const base::Clock& clock_;
    Accounts accounts_;
    Defer defer_;
    FileSettings settings_;
};

} // namespace serve
