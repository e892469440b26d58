// SPDX-License-Identifier: MIT
// Rows of workpoints, their jobs and the windows in which they got secrets.
#include "provisioning/inventory/workpoint_rows.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/inventory/packed_items.hpp"
#include "provisioning/inventory/rows.hpp"
#include "provisioning/inventory/sealing.hpp"
#include "provisioning/inventory/workpoints.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_map>

namespace inventory {

using base::Result;
using base::Status;

namespace {

/// We count from 1; beyond this it was not us.
constexpr std::int64_t greatest_id = std::int64_t{1} << 53U;

std::optional<std::uint32_t> count_in(const sql::Statement& row, int column) {
    const auto value = row.integer(column);
    if (value < 0 || value > std::numeric_limits<std::uint32_t>::max()) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(value);
}

/// Nothing for a damaged row: the phone is asked for everything at its next call.
std::optional<Workpoint> workpoint_in(const sql::Statement& row) {
    const auto address = count_in(row, 2);
    const auto reached = row.integer(6);
    const auto failures = count_in(row, 8);
    auto reported = unpack(row.text(10));
    auto written = unpack_digests(row.text(11));
    auto refused = unpack(row.text(12));
    const bool has_items = row.integer(13) != 0;
    if (!has_items || !address || reached < 0 ||
        reached > static_cast<std::int64_t>(Reached::by_poll) || !failures || !reported ||
        !written || !refused) {
        return std::nullopt;
    }
    Workpoint workpoint;
    workpoint.mac = mac_in(row, 0);
    workpoint.last_contact = row.integer(1);
    workpoint.address.value = *address;
    workpoint.contact_me_uri = row.text(3);
    workpoint.e164 = row.text(4);
    workpoint.last_poll = row.integer(5);
    workpoint.reached = static_cast<Reached>(reached);
    workpoint.contact_me_sent = row.integer(7);
    workpoint.contact_me_failures = *failures;
    workpoint.must_read_all = row.integer(9) != 0;
    workpoint.reported = std::move(*reported);
    workpoint.written = std::move(*written);
    workpoint.refused = std::move(*refused);
    return workpoint;
}

std::optional<Job> job_in(const sql::Statement& row, std::map<ItemKey, std::string> items) {
    const auto kind = job_kind_named(row.text(2));
    const auto state = job_state_named(row.text(3));
    const auto attempts = count_in(row, 6);
    const bool needs_items = kind == JobKind::write || kind == JobKind::deploy;
    if (row.integer(0) <= 0 || row.integer(0) >= greatest_id || !kind || !state || !attempts ||
        (needs_items && items.empty())) {
        return std::nullopt;
    }
    // Whether its action arrived nobody knows: it is sent again. But a phone that was told to
    // restart may be doing so at this moment, and its start-up says that; nobody wants it to
    // restart twice.
    const bool is_restart = kind == JobKind::restart || kind == JobKind::factory_reset;
    const auto left = *state == JobState::sent && !is_restart ? JobState::waiting : *state;
    return Job{row.integer(0), mac_in(row, 1), *kind,     std::move(items), left,
               row.integer(4), row.integer(5), *attempts, row.text(7),      row.integer(8)};
}

/// Damaged rows may be thousands, and get one line.
struct Damaged {
    std::size_t count = 0;
    std::string first;

    void add(std::string which) {
        if (count++ == 0) {
            first = std::move(which);
        }
    }
};

} // namespace

Status WorkpointRows::prepare() {
    const std::array<std::pair<sql::Statement*, const char*>, 11> statements = {{
        {&ensure_device_, "insert into device (mac) values ($1) on conflict (mac) do nothing"},
        {&put_,
         "insert into workpoint (mac, last_contact, address, contact_me_uri, e164, last_poll, "
         "reached, contact_me_sent, contact_me_failures, must_read_all) "
         "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
         "on conflict (mac) do update set last_contact = excluded.last_contact, "
         "address = excluded.address, contact_me_uri = excluded.contact_me_uri, "
         "e164 = excluded.e164, last_poll = excluded.last_poll, reached = excluded.reached, "
         "contact_me_sent = excluded.contact_me_sent, "
         "contact_me_failures = excluded.contact_me_failures, "
         "must_read_all = excluded.must_read_all"},
        {&put_items_,
         "insert into workpoint_items (mac, reported, written, refused) values ($1, $2, $3, $4) "
         "on conflict (mac) do update set reported = excluded.reported, "
         "written = excluded.written, refused = excluded.refused"},
        {&forget_, "delete from workpoint where mac = $1"},
        {&add_job_, "insert into job (id, mac, kind, state, created, changed, attempts, result, "
                    "busy_since) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"},
        {&add_job_item_, "insert into job_item (job, name, place, value) values ($1, $2, $3, $4)"},
        {&put_job_, "update job set state = $2, changed = $3, attempts = $4, result = $5, "
                    "busy_since = $6 where id = $1"},
        {&give_up_jobs_, "update job set state = 'given_up', changed = $2, result = $3 "
                         "where mac = $1 and state in ('waiting', 'sent')"},
        {&drop_old_jobs_,
         "delete from job where mac = $1 and state not in ('waiting', 'sent') and id not in "
         "(select id from job where mac = $1 and state not in ('waiting', 'sent') "
         "order by changed desc, id desc limit $2)"},
        {&spend_window_, "insert into spent_window (mac, enrolment, at) values ($1, $2, $3)"},
        {&forget_spent_windows_,
         "delete from spent_window where enrolment not in (select id from enrolment)"},
    }};
    for (const auto& [statement, text] : statements) {
        auto prepared = connection_.prepare(text);
        if (!prepared) {
            return tl::unexpected(prepared.error());
        }
        *statement = std::move(*prepared);
    }
    return {};
}

Result<StoredWorkpoints> WorkpointRows::load() {
    StoredWorkpoints stored;
    auto done = load_workpoints(stored).and_then([&] { return load_jobs(stored); }).and_then([&] {
        return each_row(connection_, "select mac, enrolment from spent_window",
                        [&](const sql::Statement& row) {
                            stored.spent.emplace_back(mac_in(row, 0), row.integer(1));
                        });
    });
    if (!done) {
        return tl::unexpected(done.error());
    }
    return stored;
}

Status WorkpointRows::load_workpoints(StoredWorkpoints& into) {
    Damaged damaged;
    auto done =
        each_row(connection_,
                 "select w.mac, last_contact, address, contact_me_uri, e164, last_poll, reached, "
                 "contact_me_sent, contact_me_failures, must_read_all, "
                 "reported, written, refused, coalesce(i.mac, 0) "
                 "from workpoint w left join workpoint_items i on i.mac = w.mac order by w.mac",
                 [&](const sql::Statement& row) {
                     if (auto workpoint = workpoint_in(row)) {
                         into.workpoints.push_back(std::move(*workpoint));
                     } else {
                         damaged.add(mac_in(row, 0).str());
                     }
                 });
    if (done && damaged.count != 0) {
        base::log::warn("inventory",
                        "what {} phones reported is damaged in the database and left out (the "
                        "first: {}); each is asked for it at its next call",
                        damaged.count, damaged.first);
    }
    return done;
}

Status WorkpointRows::load_jobs(StoredWorkpoints& into) {
    std::unordered_map<std::int64_t, std::map<ItemKey, std::string>> items;
    auto done = each_row(connection_, "select job, name, place, value from job_item",
                         [&](const sql::Statement& row) {
                             const ItemKey item{row.text(1), static_cast<int>(row.integer(2))};
                             items[row.integer(0)].emplace(item, row.text(3));
                         });
    Damaged damaged;
    if (done) {
        done = each_row(connection_,
                        "select id, mac, kind, state, created, changed, attempts, result, "
                        "busy_since from job order by id",
                        [&](const sql::Statement& row) {
                            const auto id = row.integer(0);
                            if (id < greatest_id) {
                                into.last_job = std::max(into.last_job, id);
                            }
                            if (auto job = job_in(row, std::move(items[id]))) {
                                into.jobs.push_back(std::move(*job));
                            } else {
                                damaged.add(std::to_string(id));
                            }
                        });
    }
    if (done && damaged.count != 0) {
        base::log::warn("inventory",
                        "{} jobs in the database are damaged and left out (the first: {}); order "
                        "again what you still want",
                        damaged.count, damaged.first);
    }
    return done;
}

Status WorkpointRows::put(const Workpoint& workpoint) {
    // Somebody may have deleted the device with another program; that must not stop all the others.
    return ensure_device_.bind(1, key(workpoint.mac)).run().and_then([&] {
        return put_.bind(1, key(workpoint.mac))
            .bind(2, workpoint.last_contact)
            .bind(3, static_cast<std::int64_t>(workpoint.address.value))
            .bind(4, workpoint.contact_me_uri)
            .bind(5, workpoint.e164)
            .bind(6, workpoint.last_poll)
            .bind(7, static_cast<std::int64_t>(workpoint.reached))
            .bind(8, workpoint.contact_me_sent)
            .bind(9, static_cast<std::int64_t>(workpoint.contact_me_failures))
            .bind(10, std::int64_t{workpoint.must_read_all})
            .run();
    });
}

Status WorkpointRows::put_items(const Workpoint& workpoint) {
    const auto reported = pack(workpoint.reported);
    const auto written = pack(workpoint.written);
    const auto refused = pack(workpoint.refused);
    return put_items_.bind(1, key(workpoint.mac))
        .bind(2, as_blob(reported))
        .bind(3, as_blob(written))
        .bind(4, as_blob(refused))
        .run();
}

Status WorkpointRows::block(base::Mac mac, base::UnixMs now) {
    return forget_.bind(1, key(mac))
        .run()
        .and_then([&] {
            return give_up_jobs_.bind(1, key(mac)).bind(2, now).bind(3, result_of_blocked).run();
        })
        .and_then([&] { return drop_old_jobs(mac); });
}

Status WorkpointRows::add_job(const Job& job) {
    auto done = add_job_.bind(1, job.id)
                    .bind(2, key(job.mac))
                    .bind(3, name(job.kind))
                    .bind(4, name(job.state))
                    .bind(5, job.created)
                    .bind(6, job.changed)
                    .bind(7, static_cast<std::int64_t>(job.attempts))
                    .bind(8, job.result)
                    .bind(9, job.busy_since)
                    .run();
    for (auto item = job.items.begin(); done && item != job.items.end(); ++item) {
        done = add_job_item_.bind(1, job.id)
                   .bind(2, item->first.name)
                   .bind(3, static_cast<std::int64_t>(item->first.index))
                   .bind(4, item->second)
                   .run();
    }
    return done;
}

Status WorkpointRows::put_job(const Job& job) {
    return put_job_.bind(1, job.id)
        .bind(2, name(job.state))
        .bind(3, job.changed)
        .bind(4, static_cast<std::int64_t>(job.attempts))
        .bind(5, job.result)
        .bind(6, job.busy_since)
        .run();
}

Status WorkpointRows::drop_old_jobs(base::Mac mac) {
    const auto kept = static_cast<std::int64_t>(Workpoints::kept_jobs_per_phone);
    return drop_old_jobs_.bind(1, key(mac)).bind(2, kept).run();
}

Status WorkpointRows::spend_window(base::Mac mac, std::int64_t enrolment, base::UnixMs now) {
    return spend_window_.bind(1, key(mac)).bind(2, enrolment).bind(3, now).run();
}

Status WorkpointRows::forget_spent_windows() {
    return forget_spent_windows_.run();
}

} // namespace inventory
