// SPDX-License-Identifier: MIT
// All phones of the Workpoint Interface and their jobs: in memory for readers, in the inventory's
// database for the next start.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/inventory/workpoint.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace inventory {

class Inventory;
class WorkpointRows;
struct StoredWorkpoints;

/// Part of the Inventory, which opens, flushes and closes it: see Inventory::workpoints(). When a
/// device is blocked, what is known of it is forgotten and its jobs are given up, in the commit
/// that blocks it; without lines it keeps both.
class Workpoints {
  public:
    static constexpr std::size_t most_jobs_per_phone = 100; ///< that wait
    static constexpr std::size_t kept_jobs_per_phone = 50;  ///< that ended; the oldest goes

    // Of what a phone reports we keep at most this; the last by name go first, and the log says so.
    // Empty names, longer ones than most_name and values above most_value are left out. A job
    // beyond these limits is refused.
    static constexpr std::size_t most_items = 10'000;
    static constexpr std::size_t most_item_bytes = 1U << 20U; ///< names and values
    static constexpr std::size_t most_name = 128;
    static constexpr std::size_t most_value = 256U << 10U; ///< a certificate

    ~Workpoints();
    Workpoints(const Workpoints&) = delete;
    Workpoints& operator=(const Workpoints&) = delete;

    /// Which items are never kept and never in a job, whoever asks: wpi::is_secret(). Until it is
    /// set: those whose names read like a password, a key or a certificate. Before the first use.
    void secret_items(std::function<bool(std::string_view name)> is_secret);

    /// Called after each add() of a new job, on the thread that called it and with no lock held:
    /// the phone may be asked to call.
    void on_job(std::function<void(base::Mac mac)> added);

    /// From any thread, without waiting for the disk. Null for a phone that never spoke.
    std::shared_ptr<const Workpoint> find(base::Mac mac) const;
    std::vector<std::shared_ptr<const Workpoint>> all() const; ///< by MAC

    /// Changes what is known of a device that is approved; nothing happens for another one. On
    /// disk with the next flush. `change` runs under a lock that no reader waits for; it computes,
    /// waits for nothing, and calls no update().
    void update(base::Mac mac, const std::function<void(Workpoint&)>& change);

    /// Whether there is something to do at a call: what a poll asks. A job waits, or the phone was
    /// told to read or write and has not answered, since a call may break off. (A restart or a file
    /// is confirmed by a call of its own.) Does not block.
    bool has_work(base::Mac mac) const;
    std::vector<Job> jobs(base::Mac mac) const; ///< the oldest first; does not block
    std::vector<Job> jobs() const;              ///< of all phones, likewise
    std::vector<Job> jobs_sent() const;         ///< of all phones, those with the phone
    std::size_t count_waiting_jobs() const;     ///< of all phones
    std::optional<Job> job(std::int64_t id) const;

    /// Takes a job in; committed with FULL before it returns its id. Of `job` its phone, kind and
    /// items count. Refused: a device that is not approved, too many, items that do not fit the
    /// kind, secrets. An equal job that waits is not put there twice: its id is returned. Blocks.
    base::Result<std::int64_t> add(Job job, std::string_view actor);
    /// Only one that waits or was sent. Committed with FULL. Blocks.
    base::Status cancel(std::int64_t id, std::string_view actor);
    /// What came of a job: its state, attempts and result; `change` runs under a lock. Refused: an
    /// ended one is not begun again, so one that was cancelled must not be sent. Committed with
    /// FULL. Blocks.
    base::Status update_job(std::int64_t id, const std::function<void(Job&)>& change);

    /// Secrets are about to go to this phone inside an enrolment window: once for each window.
    /// Committed with FULL before it returns. Refused: they went already, the window is closed or
    /// was not opened for this phone by its MAC, the device is not approved. Blocks.
    base::Status spend_window(base::Mac mac, std::int64_t enrolment);
    bool is_window_spent(base::Mac mac, std::int64_t enrolment) const; ///< does not block

    /// HMAC-SHA-256 of a write-only value under a key of this installation, bound to phone, item
    /// and index: who has the database cannot try passwords against it without the key file.
    base::Digest256 written_hash(base::Mac mac, const ItemKey& item, std::string_view value) const;

  private:
    friend class Inventory;

    explicit Workpoints(Inventory& inventory);

    struct Unsaved {
        std::shared_ptr<const Workpoint> workpoint;
        bool has_new_items = false;
    };

    // For the inventory; none of its locks but `disk` may be held.
    void fill(StoredWorkpoints stored);
    std::vector<Unsaved> take_unsaved();
    void keep_for_later(const std::vector<Unsaved>& taken);
    static base::Status write(WorkpointRows& rows, const std::vector<Unsaved>& taken);
    void blocked(base::Mac mac, base::UnixMs now); ///< when that is committed
    /// Copies for `heir` of what waits for `gone` and is as good for another phone: appended to
    /// `jobs` with ids of their own, since whoever is at the old ones must find them ended.
    void bequeath(base::Mac gone, base::Mac heir, base::UnixMs now, std::vector<Job>& jobs) const;
    void take_over(const std::vector<Job>& jobs); ///< when those are committed
    /// Notes them, and has the phones asked to call. With none of the inventory's locks held.
    void tell_of(const std::vector<Job>& jobs, std::string_view actor);
    std::int64_t newest_spent() const; ///< id of a window

    struct State;
    std::unique_ptr<State> state_;
};

} // namespace inventory
