// SPDX-License-Identifier: MIT
// Keeps the PBX's copies of our own extensions as the inventory and the rules say.
#pragma once

#include "module/desk.hpp"
#include "module/host.h"
#include "provisioning/base/result.hpp"
#include "provisioning/inventory/inventory.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace engine {

class Extensions {
  public:
    Extensions(const pnp_host& host, const inventory::Inventory& inventory)
        : host_(host), inventory_(inventory) {}

    /// Makes, changes and removes what differs from the last time, and with `look_again` takes back
    /// what the PBX has got an extension of its own for. While those of the PBX cannot be seen,
    /// ours that it has stay there, and no more are made; where they never could be, as after a
    /// restart, all of ours are, and judged at first sight. Blocks as long as the PBX does.
    void sync(const Desk::Rules& rules, bool look_again = false);

    /// Where calls of one of ours start: on all of its phones in the same context, since they share
    /// one endpoint.
    static std::string
    context_of(const inventory::Snapshot& now, const std::string& number, const Desk::Rules& rules);

    /// Whether one with this number has room in the PBX; the error names both places.
    base::Status fits(const std::string& number, const std::string& home) const;

    /// Which ones the PBX did not take, each with a sentence.
    std::vector<std::string> problems() const;

    /// Whether those of the PBX could not be seen the last time, so that it is to be tried again.
    bool is_blind() const noexcept { return is_blind_; }

  private:
    /// What the PBX was given.
    struct Copy {
        std::string name;
        base::Secret password;
        std::string mac;
        unsigned phones = 0;
        std::string home;
        std::string context;
        std::string codecs;
        std::string transport;
        bool operator==(const Copy&) const = default;
    };

    static Copy wanted(const inventory::Snapshot& now,
                       const inventory::Extension& extension,
                       const Desk::Rules& rules);
    base::Status put(const std::string& number, const Copy& copy) const;
    base::Status look() const;
    base::Status may_own(const std::string& number, const std::string& home) const;
    base::Status look_for_sync();

    const pnp_host& host_;
    const inventory::Inventory& inventory_;
    std::atomic<bool> is_blind_ = false;
    mutable std::mutex mutex_; ///< one sync at a time; guards what follows
    std::map<std::string, Copy> copies_;
    std::map<std::string, std::string> problems_; ///< by number
    std::string blindness_;                       ///< why nothing is seen; empty: it is
    bool has_seen_ = false;                       ///< what the PBX has, once at least
};

} // namespace engine
