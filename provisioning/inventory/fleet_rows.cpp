// SPDX-License-Identifier: MIT
// Rows of the last resync of many phones.
#include "provisioning/inventory/fleet_rows.hpp"

#include "provisioning/inventory/rows.hpp"

#include <array>
#include <limits>
#include <utility>

namespace inventory {

using base::Result;
using base::Status;

Status FleetRows::prepare() {
    const std::array<std::pair<sql::Statement*, const char*>, 6> statements = {{
        {&forget_run_, "delete from resync_run"},
        {&forget_phones_, "delete from resync_phone"},
        {&add_run_, "insert into resync_run (begun, actor, per_minute, forced, reboots, stopped) "
                    "values ($1, $2, $3, $4, $5, $6)"},
        {&add_phone_, "insert into resync_phone (mac, turn, state, at, detail) "
                      "values ($1, $2, $3, $4, $5)"},
        {&put_stopped_, "update resync_run set stopped = $1"},
        {&put_, "update resync_phone set state = $2, at = $3, detail = $4 where mac = $1"},
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

Result<std::optional<Fleet>> FleetRows::load() {
    std::optional<Fleet> fleet;
    auto done =
        each_row(connection_,
                 "select begun, actor, per_minute, forced, reboots, stopped "
                 "from resync_run",
                 [&](const sql::Statement& row) {
                     const auto rate = row.integer(2);
                     fleet = Fleet{row.integer(0),      row.text(1),         1,
                                   row.integer(3) != 0, row.integer(4) != 0, row.integer(5) != 0};
                     if (rate > 0 && rate <= std::numeric_limits<std::uint32_t>::max()) {
                         fleet->per_minute = static_cast<std::uint32_t>(rate);
                     }
                 });
    if (done && fleet) {
        done = each_row(
            connection_, "select mac, state, at, detail from resync_phone order by turn",
            [&](const sql::Statement& row) {
                // A word that is not ours means that nothing more is done for it.
                fleet->phones.push_back({mac_in(row, 0),
                                         resynced_named(row.text(1)).value_or(Resynced::given_up),
                                         row.integer(2), row.text(3)});
            });
    }
    if (!done) {
        return tl::unexpected(done.error());
    }
    return fleet;
}

Status FleetRows::replace(const Fleet& fleet) {
    auto done = forget_run_.run().and_then([&] { return forget_phones_.run(); }).and_then([&] {
        add_run_.bind(1, fleet.begun)
            .bind(2, fleet.actor)
            .bind(3, std::int64_t{fleet.per_minute})
            .bind(4, std::int64_t{fleet.forced ? 1 : 0})
            .bind(5, std::int64_t{fleet.reboots ? 1 : 0})
            .bind(6, std::int64_t{fleet.stopped ? 1 : 0});
        return add_run_.run();
    });
    std::int64_t turn = 0;
    for (auto phone = fleet.phones.begin(); done && phone != fleet.phones.end(); ++phone) {
        add_phone_.bind(1, key(phone->mac))
            .bind(2, turn++)
            .bind(3, name(phone->state))
            .bind(4, phone->at)
            .bind(5, phone->detail);
        done = add_phone_.run();
    }
    return done;
}

Status FleetRows::put_stopped(bool stopped) {
    put_stopped_.bind(1, std::int64_t{stopped ? 1 : 0});
    return put_stopped_.run();
}

Status FleetRows::put(const FleetPhone& phone) {
    put_.bind(1, key(phone.mac)).bind(2, name(phone.state)).bind(3, phone.at).bind(4, phone.detail);
    return put_.run();
}

} // namespace inventory
