// SPDX-License-Identifier: MIT
// Rows in and out of the database: each function one statement, in SQL that PostgreSQL knows too.
#pragma once

#include "provisioning/base/crypto.hpp"
#include "provisioning/base/seal.hpp"
#include "provisioning/inventory/event_queue.hpp"
#include "provisioning/inventory/fleet_rows.hpp"
#include "provisioning/inventory/inventory.hpp"
#include "provisioning/inventory/pin_rows.hpp"
#include "provisioning/inventory/sql/connection.hpp"
#include "provisioning/inventory/sql/lock_file.hpp"
#include "provisioning/inventory/workpoint_rows.hpp"

#include <memory>
#include <string>
#include <vector>

namespace inventory {

struct FirstToken {
    base::Digest256 hash{};
    base::UnixMs expires = 0;
};

struct StoredEvent {
    std::int64_t row = 0;
    Event event;
};

/// Everything that is read at the start.
struct Stored {
    std::vector<std::shared_ptr<Device>> devices; ///< by MAC
    std::vector<std::shared_ptr<const Extension>> extensions;
    std::vector<std::pair<base::Mac, FirstToken>> first_tokens; ///< the oldest first
    std::vector<std::pair<base::Mac, EventRow>> newest_events;
    std::vector<Enrolment> enrolments; ///< ended ones too
    std::vector<std::pair<std::string, Release>> releases;
    StoredWorkpoints workpoints;
    StoredPins pins;
    base::Secret token_key;
};

/// Not for two threads at once. Writing functions belong between begin() and the commit.
class Store {
  public:
    /// Opens or creates the database, locks others out, brings it up to date and finds its key.
    static base::Result<std::unique_ptr<Store>> open(const std::string& path,
                                                     const std::string& key_file);

    base::Result<Stored> load();

    base::Result<sql::Transaction> begin(sql::Sync sync) {
        return sql::Transaction::begin(connection_, sync);
    }

    void shorten_log() noexcept { connection_.shorten_log(); }

    WorkpointRows& workpoints() noexcept { return workpoints_; }

    FleetRows& fleet() noexcept { return fleet_; }

    PinRows& pins() noexcept { return pins_; }

    // Decisions.
    base::Status put_decision(const Device& device); ///< lines included, observations not
    /// What a used token, a file without one and a second claimant change in it.
    base::Status put_trust(const Device& device);
    base::Status put_enrolments(const std::vector<Enrolment>& all);
    base::Status remove_ended_enrolments(base::UnixMs now);
    base::Status add_extension(const Extension& extension);
    base::Status remove_extension(const std::string& number);
    base::Status put_release(const std::string& number, const Release& release);
    base::Status remove_release(const std::string& number);
    base::Status remove_releases_before(base::UnixMs time);
    base::Status add_audit(base::UnixMs at, std::string_view actor, std::string_view what);
    base::Status keep_audits(std::size_t most);

    // First tokens.
    base::Status add_token(base::Mac mac, const FirstToken& token);
    base::Status remove_token(const base::Digest256& hash);
    base::Status remove_tokens(base::Mac mac);
    base::Status shorten_tokens(base::Mac mac, base::UnixMs end);
    base::Status remove_expired_tokens(base::UnixMs now);

    // Observations.
    base::Status put_sighting(base::Mac mac, const Sighting& seen);
    /// Deletes an undecided device with its timeline.
    base::Status forget_stranger(base::Mac mac);
    /// Writes the events in order, keeps the `most` newest, and says which row is the newest now.
    base::Result<std::optional<EventRow>>
    add_events(base::Mac mac, const std::vector<QueuedEvent>& events, std::size_t most);
    base::Status remove_events_before(base::UnixMs time);

    base::Result<std::vector<StoredEvent>> events(base::Mac mac); ///< oldest first
    base::Result<std::vector<Inventory::AuditLine>> audit(std::size_t most);

  private:
    Store(sql::LockFile lock, sql::Connection connection, base::Sealer sealer);

    base::Status prepare();
    base::Result<base::Secret> token_key();
    base::Result<std::vector<std::shared_ptr<Device>>> devices();
    base::Result<std::vector<std::shared_ptr<const Extension>>> extensions();
    base::Result<std::vector<Enrolment>> enrolments();

    sql::LockFile lock_; ///< let go of last
    sql::Connection connection_;
    base::Sealer sealer_;
    WorkpointRows workpoints_;
    FleetRows fleet_;
    PinRows pins_;
    sql::Statement put_decision_, put_trust_, remove_lines_, add_line_;
    sql::Statement clear_enrolments_, add_enrolment_, remove_ended_enrolments_;
    sql::Statement add_extension_, remove_extension_;
    sql::Statement put_release_, remove_release_, remove_releases_before_;
    sql::Statement add_audit_, keep_audits_, audit_;
    sql::Statement add_token_, remove_token_, remove_tokens_, shorten_tokens_;
    sql::Statement remove_expired_tokens_;
    sql::Statement put_sighting_, forget_stranger_;
    sql::Statement ensure_device_, add_event_, repeat_event_, keep_events_, remove_events_before_;
    sql::Statement events_;
};

} // namespace inventory
