// SPDX-License-Identifier: MIT
// Which file a request gets: token, device, chain, render; everything else is one and the same 404.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/limit.hpp"
#include "provisioning/inventory/inventory.hpp"
#include "provisioning/profile/catalogue.hpp"
#include "provisioning/serve/http.hpp"
#include "provisioning/serve/modified.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace serve {

/// What may be swapped by a reload: a new value each time, never changed in place.
struct FileSettings {
    std::shared_ptr<const profile::Catalogue> catalogue;
    std::vector<profile::Rule> rules;
    std::uint16_t http_port = 5480; ///< as written into URLs
};

struct FileCounters {
    std::uint64_t served = 0;
    std::uint64_t missing = 0;   ///< names of a chain that are not served on purpose
    std::uint64_t refused = 0;   ///< a valid token, and no file all the same
    std::uint64_t strangers = 0; ///< no valid token
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

    void settings(FileSettings settings); ///< from any thread

    /// GET /p/<token>/<name>. 200 with the file, or the 404 that is the same byte for byte for a
    /// name outside the chain, an unknown, pending, blocked or unassigned device, a wrong token and
    /// another device's token. What happened goes to the timeline where the device is known. From
    /// any thread; blocks as long as the accounts do.
    Response answer(const Request& request);

    /// The file as the phone would get it now, for `render MAC FILENAME`; without `reveal` every
    /// password and the token read ********. `host` is our address on the phone's network. From any
    /// thread where `accounts` may be called.
    base::Result<std::string>
    render(base::Mac mac, const std::string& name, base::Ipv4 host, bool reveal) const;

    FileCounters counters() const; ///< from any thread

  private:
    struct Phone;
    struct Ended;

    std::shared_ptr<const FileSettings> settings() const;
    static base::Result<Phone> recognise(const profile::Catalogue& catalogue,
                                         const inventory::Device& device,
                                         const std::string& user_agent,
                                         base::Ipv4 address);
    base::Result<profile::Facts>
    facts(const FileSettings& with, const Phone& phone, base::Ipv4 host, bool reveal) const;

    Response serve(const Request& request,
                   const inventory::Device& device,
                   const inventory::Credential& credential,
                   const std::string& name);
    Response refuse(const Request& request, base::Mac mac, std::string_view why);
    bool may_complain();
    void stranger(const Request& request, const inventory::Snapshot& snapshot);
    void asked(const Request& request, const Phone& phone);
    void served(const Request& request,
                const inventory::Device& device,
                bool steady,
                const std::string& name);

    inventory::Inventory& inventory_;
    const base::Clock& clock_;
    Accounts accounts_;
    Defer defer_;
    std::shared_ptr<Ended> ended_;

    std::mutex complaining_; ///< guards complaints_
    base::TokenBucket complaints_{0.2, 10};
    Modified modified_;

    mutable std::mutex lock_; ///< of settings_
    std::shared_ptr<const FileSettings> settings_;

    std::atomic<std::uint64_t> served_{0};
    std::atomic<std::uint64_t> missing_{0};
    std::atomic<std::uint64_t> refused_{0};
    std::atomic<std::uint64_t> strangers_{0};
};

} // namespace serve
