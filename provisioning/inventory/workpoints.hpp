// SPDX-License-Identifier: MIT
// All phones of the Workpoint Interface and their jobs: in memory for readers, in the inventory's
// database for the next start.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/inventory/workpoint.hpp"

#include <functional>
#include <string_view>

namespace inventory {

/// Part of the Inventory, which opens, flushes and closes it: see Inventory::workpoints().
class Workpoints {
  public:
    static constexpr std::size_t most_jobs_per_phone = 100; ///< that wait
    static constexpr std::size_t kept_jobs_per_phone = 50;  ///< that ended; the oldest goes

    /// From any thread, without waiting for the disk. Null for a phone that never spoke.
    std::shared_ptr<const Workpoint> find(base::Mac mac) const;
    std::vector<std::shared_ptr<const Workpoint>> all() const; ///< by MAC

    /// Changes what is known of a device that is approved; nothing happens for another one. On
    /// disk with the next flush. `change` runs under a lock: it computes, and waits for nothing.
    void update(base::Mac mac, const std::function<void(Workpoint&)>& change);

    /// Whether a job waits that is not being worked on: what a poll asks. Does not block.
    bool has_waiting_job(base::Mac mac) const;
    std::vector<Job> jobs(base::Mac mac) const; ///< the oldest first; does not block
    std::vector<Job> jobs() const;              ///< of all phones
    std::optional<Job> job(std::int64_t id) const;

    /// Takes a job in; committed with FULL before it returns its id. Refused: a device that is not
    /// approved, too many. An equal job that waits is not put there twice: its id is returned.
    /// Blocks.
    base::Result<std::int64_t> add(Job job, std::string_view actor);
    /// Only one that waits or was sent. Committed with FULL. Blocks.
    base::Status cancel(std::int64_t id, std::string_view actor);
    /// What came of a job; `change` runs under a lock. Committed with FULL. Blocks.
    base::Status update_job(std::int64_t id, const std::function<void(Job&)>& change);

    /// Secrets are about to go to this phone inside an enrolment window: once for each window.
    /// Committed with FULL before it returns. Refused: they went already. Blocks.
    base::Status spend_window(base::Mac mac, std::int64_t enrolment);
    bool is_window_spent(base::Mac mac, std::int64_t enrolment) const; ///< does not block

    /// HMAC-SHA-256 of a write-only value under a key of this installation, bound to phone, item
    /// and index: who has the database cannot try passwords against it without the key file.
    base::Digest256 written_hash(base::Mac mac, const ItemKey& item, std::string_view value) const;
};

} // namespace inventory
