// SPDX-License-Identifier: MIT
// Rows of workpoints, their jobs and the windows in which they got secrets.
#pragma once

#include "provisioning/inventory/sql/connection.hpp"
#include "provisioning/inventory/workpoint.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace inventory {

/// Everything that is read at the start. Damaged rows are left out, and the log says so.
struct StoredWorkpoints {
    std::vector<Workpoint> workpoints;
    std::vector<Job> jobs;     ///< by id
    std::int64_t last_job = 0; ///< the greatest id, of those that were left out too
    std::vector<std::pair<base::Mac, std::int64_t>> spent;
};

inline constexpr std::string_view result_of_blocked = "the phone was blocked";

/// Part of the Store: not for two threads at once, and writing functions belong between its begin()
/// and the commit.
class WorkpointRows {
  public:
    explicit WorkpointRows(sql::Connection& connection) : connection_(connection) {}

    base::Status prepare(); ///< before all others
    base::Result<StoredWorkpoints> load();

    base::Status put(const Workpoint& workpoint);       ///< its items not
    base::Status put_items(const Workpoint& workpoint); ///< after put()

    /// What is known of the phone is forgotten, and its jobs are given up.
    base::Status block(base::Mac mac, base::UnixMs now);

    base::Status add_job(const Job& job);
    base::Status put_job(const Job& job); ///< what changes of one: its state, attempts and result
    base::Status drop_old_jobs(base::Mac mac); ///< of those that ended

    base::Status spend_window(base::Mac mac, std::int64_t enrolment, base::UnixMs now);
    /// Of windows that have no row any more.
    base::Status forget_spent_windows();

  private:
    base::Status load_workpoints(StoredWorkpoints& into);
    base::Status load_jobs(StoredWorkpoints& into);

    sql::Connection& connection_;
    sql::Statement ensure_device_, put_, put_items_, forget_;
    sql::Statement add_job_, add_job_item_, put_job_, give_up_jobs_, drop_old_jobs_;
    sql::Statement spend_window_, forget_spent_windows_;
};

} // namespace inventory
