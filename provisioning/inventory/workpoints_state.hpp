// SPDX-License-Identifier: MIT
// What is known of phones of the Workpoint Interface, and which mutex guards what.
#pragma once

#include "provisioning/inventory/state.hpp"
#include "provisioning/inventory/workpoints.hpp"

#include <map>
#include <mutex>
#include <set>
#include <unordered_map>

namespace inventory {

struct Workpoints::State {
    explicit State(Inventory& of) : inventory(of) {}

    /// Its `disk` is taken before our locks, its `model` behind them.
    Inventory& inventory;
    base::Secret written_key; ///< set before anybody else sees this

    /// One update() at a time: readers do not wait while a list of items is copied.
    std::mutex writing;

    /// Held for moments only: the loop thread waits here. Taken behind `writing`.
    mutable std::mutex guard;

    struct Phone {
        std::shared_ptr<const Workpoint> workpoint; ///< null: it never spoke
        std::map<std::int64_t, Job> jobs;
        bool had_too_much = false; ///< it was said, and is not said again
    };

    std::map<base::Mac, Phone> phones;
    std::unordered_map<std::int64_t, base::Mac> holders; ///< of jobs
    std::unordered_map<base::Mac, bool> unsaved;         ///< whether its items are, too
    std::set<std::pair<base::Mac, std::int64_t>> spent;
    std::int64_t last_job = 0;
    std::function<bool(std::string_view)> is_secret;
    std::function<void(base::Mac)> added;

    Inventory::State& whole() const noexcept { return *inventory.state_; }

    /// Takes `model` for a moment.
    bool is_approved(base::Mac mac) const;

    // With `guard` held.
    const Job* job(std::int64_t id) const; ///< null: there is none
    void put_job(Job job);
    void drop_old_jobs(Phone& phone);

    // With `disk` held, and none of the above.
    enum class As : std::uint8_t { added, changed };
    /// Commits a job with a line of audit, unless that is empty, and shows it to readers.
    base::Status
    commit_job(const Job& job, As as, std::string_view actor, std::string_view audit_line);
};

} // namespace inventory
