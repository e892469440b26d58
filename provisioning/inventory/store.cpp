// SPDX-License-Identifier: MIT
// Rows in and out of the database: each function one statement, in SQL that PostgreSQL knows too.
#include "provisioning/inventory/store.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/inventory/rows.hpp"
#include "provisioning/inventory/sealing.hpp"
#include "provisioning/inventory/sql/schema.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <openssl/crypto.h>

namespace inventory {

using base::Result;
using base::Status;

namespace {

/// A value out of its range means the least: nothing is served to it.
template <class Enum> Enum enum_in(const sql::Statement& row, int column, Enum last) {
    const auto value = row.integer(column);
    return value < 0 || value > static_cast<std::int64_t>(last) ? Enum{} : static_cast<Enum>(value);
}

/// Here the least is the most careful: settled would let a second claimant in.
Claim claim_in(const sql::Statement& row, int column) {
    const auto value = row.integer(column);
    return value < 0 || value > static_cast<std::int64_t>(Claim::granted)
               ? Claim::contested
               : static_cast<Claim>(value);
}

std::uint8_t boots_in(const sql::Statement& row, int column) {
    const auto value = row.integer(column);
    return value < 0 || value > UINT8_MAX ? std::uint8_t{UINT8_MAX}
                                          : static_cast<std::uint8_t>(value);
}

} // namespace

Store::Store(sql::LockFile lock, sql::Connection connection, base::Sealer sealer)
    : lock_(std::move(lock)), connection_(std::move(connection)), sealer_(std::move(sealer)),
      workpoints_(connection_), fleet_(connection_), pins_(connection_) {}

Result<std::unique_ptr<Store>> Store::open(const std::string& path, const std::string& key_file) {
    auto lock = sql::LockFile::take(path);
    if (!lock) {
        return tl::unexpected(lock.error());
    }
    auto connection = sql::Connection::open(path);
    if (!connection) {
        return tl::unexpected(connection.error());
    }
    if (auto current = sql::bring_up_to_date(*connection, sql::schema_steps()); !current) {
        return base::fail(current.error().code, "{}: {}", path, current.error().what);
    }
    auto sealer = unlock(*connection, path, key_file);
    if (!sealer) {
        return tl::unexpected(sealer.error());
    }
    std::unique_ptr<Store> store(
        new Store(std::move(*lock), std::move(*connection), std::move(*sealer)));
    if (auto prepared = store->prepare(); !prepared) {
        return tl::unexpected(prepared.error());
    }
    return store;
}

Status Store::prepare() {
    const std::array<std::pair<sql::Statement*, const char*>, 28> statements = {{
        {&put_decision_,
         "insert into device (mac, approval, generation, decided, confirmed, keeps_previous, "
         "claim, boots) values ($1, $2, $3, $4, $5, $6, $7, $8) "
         "on conflict (mac) do update set approval = excluded.approval, "
         "generation = excluded.generation, decided = excluded.decided, "
         "confirmed = excluded.confirmed, keeps_previous = excluded.keeps_previous, "
         "claim = excluded.claim, boots = excluded.boots"},
        {&put_trust_, "update device set confirmed = $2, keeps_previous = $3, claim = $4, "
                      "boots = $5 where mac = $1"},
        {&remove_lines_, "delete from line where mac = $1"},
        {&add_line_, "insert into line (mac, position, number) values ($1, $2, $3)"},
        {&add_extension_, "insert into extension (number, name, password) values ($1, $2, $3)"},
        {&remove_extension_, "delete from extension where number = $1"},
        {&clear_enrolments_, "delete from enrolment"},
        {&add_enrolment_, "insert into enrolment (id, until, rule, network, mac) "
                          "values ($1, $2, $3, $4, $5)"},
        {&remove_ended_enrolments_, "delete from enrolment where until <= $1 or until > $1 + $2"},
        {&put_release_, "insert into released_number (number, at, mac) values ($1, $2, $3) "
                        "on conflict (number) do update set at = excluded.at, mac = excluded.mac"},
        {&remove_release_, "delete from released_number where number = $1"},
        {&remove_releases_before_, "delete from released_number where at < $1"},
        {&add_audit_, "insert into audit (at, actor, what) values ($1, $2, $3)"},
        {&keep_audits_, "delete from audit where id <= "
                        "(select id from audit order by id desc limit 1 offset $1)"},
        {&audit_, "select at, actor, what from audit order by id desc limit $1"},
        {&add_token_, "insert into first_token (hash, mac, expires) values ($1, $2, $3)"},
        {&remove_token_, "delete from first_token where hash = $1"},
        {&remove_tokens_, "delete from first_token where mac = $1"},
        {&shorten_tokens_, "update first_token set expires = $2 where mac = $1 and expires > $2"},
        {&remove_expired_tokens_, "delete from first_token where expires <= $1"},
        {&put_sighting_,
         "insert into device (mac, first_seen, last_seen, address, interface, vendor, model, "
         "version, user_agent, stage, used_at, used_from) "
         "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "
         "on conflict (mac) do update set first_seen = excluded.first_seen, "
         "last_seen = excluded.last_seen, address = excluded.address, "
         "interface = excluded.interface, vendor = excluded.vendor, model = excluded.model, "
         "version = excluded.version, user_agent = excluded.user_agent, "
         "stage = excluded.stage, used_at = excluded.used_at, used_from = excluded.used_from"},
        // approval = 0: whatever was decided upon is never dropped.
        {&forget_stranger_, "delete from device where mac = $1 and approval = 0"},
        {&ensure_device_, "insert into device (mac) values ($1) on conflict (mac) do nothing"},
        {&add_event_, "insert into event (mac, step, address, detail, first_at, last_at, times) "
                      "values ($1, $2, $3, $4, $5, $6, $7)"},
        {&repeat_event_,
         "update event set times = times + $2, last_at = $3 where id = $1 and mac = $4"},
        {&keep_events_, "delete from event where mac = $1 and id <= "
                        "(select id from event where mac = $1 order by id desc limit 1 offset $2)"},
        {&remove_events_before_, "delete from event where last_at < $1"},
        {&events_,
         "select id, step, address, detail, first_at, last_at, times from event where mac = $1 "
         "order by id"},
    }};
    for (const auto& [statement, text] : statements) {
        auto prepared = connection_.prepare(text);
        if (!prepared) {
            return tl::unexpected(prepared.error());
        }
        *statement = std::move(*prepared);
    }
    return workpoints_.prepare().and_then([&] { return fleet_.prepare(); }).and_then([&] {
        return pins_.prepare();
    });
}

Result<Stored> Store::load() {
    Stored stored;
    if (auto key = token_key()) {
        stored.token_key = std::move(*key);
    } else {
        return tl::unexpected(key.error());
    }
    if (auto all = devices()) {
        stored.devices = std::move(*all);
    } else {
        return tl::unexpected(all.error());
    }
    if (auto all = extensions()) {
        stored.extensions = std::move(*all);
    } else {
        return tl::unexpected(all.error());
    }
    if (auto all = enrolments()) {
        stored.enrolments = std::move(*all);
    } else {
        return tl::unexpected(all.error());
    }
    if (auto all = workpoints_.load()) {
        stored.workpoints = std::move(*all);
    } else {
        return tl::unexpected(all.error());
    }
    if (auto all = pins_.load()) {
        stored.pins = std::move(*all);
    } else {
        return tl::unexpected(all.error());
    }
    auto done = each_row(
        connection_, "select number, at, mac from released_number", [&](const sql::Statement& row) {
            stored.releases.emplace_back(row.text(0), Release{row.integer(1), mac_in(row, 2)});
        });
    if (!done) {
        return tl::unexpected(done.error());
    }
    done = each_row(connection_, "select hash, mac, expires from first_token order by id",
                    [&](const sql::Statement& row) {
                        FirstToken token;
                        const auto hash = row.text(0);
                        std::copy_n(hash.begin(), std::min(hash.size(), token.hash.size()),
                                    token.hash.begin());
                        token.expires = row.integer(2);
                        stored.first_tokens.emplace_back(mac_in(row, 1), token);
                    });
    if (done) {
        done = each_row(connection_,
                        "select mac, id, step, address, detail from event "
                        "where id in (select max(id) from event group by mac)",
                        [&](const sql::Statement& row) {
                            // A step that a newer version wrote is left alone.
                            if (const auto step = step_named(row.text(2))) {
                                stored.newest_events.emplace_back(
                                    mac_in(row, 0),
                                    EventRow{row.integer(1), *step, row.text(3), row.text(4)});
                            }
                        });
    }
    if (!done) {
        return tl::unexpected(done.error());
    }
    return stored;
}

Result<base::Secret> Store::token_key() {
    std::string sealed;
    auto read = each_row(connection_, "select value from meta where name = 'token_key'",
                         [&](const sql::Statement& row) { sealed = row.text(0); });
    if (!read) {
        return tl::unexpected(read.error());
    }
    if (!sealed.empty()) {
        auto key = sealer_.open(sealed, place_of_token_key);
        if (!key) {
            return base::fail(base::Errc::malformed,
                              "the token key in the database is damaged ({}); restore a backup: a "
                              "new key would make every phone's URL void",
                              key.error().what);
        }
        return key;
    }
    std::array<std::uint8_t, 32> bytes{};
    if (auto filled = base::random_bytes(bytes); !filled) {
        return tl::unexpected(filled.error());
    }
    base::Secret key({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    OPENSSL_cleanse(bytes.data(), bytes.size());
    auto transaction = begin(sql::Sync::full);
    if (!transaction) {
        return tl::unexpected(transaction.error());
    }
    const base::Revealed text = key.reveal();
    auto kept = sealer_.seal(text, place_of_token_key)
                    .and_then([&](const std::string& closed) {
                        return connection_
                            .prepare("insert into meta (name, value) values ('token_key', $1)")
                            .and_then([&](sql::Statement statement) {
                                return statement.bind(1, as_blob(closed)).run();
                            });
                    })
                    .and_then([&] { return transaction->commit(); });
    if (!kept) {
        return tl::unexpected(kept.error());
    }
    return key;
}

Result<std::vector<std::shared_ptr<Device>>> Store::devices() {
    std::vector<std::shared_ptr<Device>> all;
    auto done = each_row(
        connection_,
        "select mac, approval, generation, decided, first_seen, last_seen, address, interface, "
        "vendor, model, version, user_agent, stage, confirmed, keeps_previous, claim, boots, "
        "used_at, used_from from device order by mac",
        [&](const sql::Statement& row) {
            auto& device = *all.emplace_back(std::make_shared<Device>());
            device.mac = mac_in(row, 0);
            device.approval = enum_in(row, 1, Approval::blocked);
            device.generation = static_cast<std::uint32_t>(row.integer(2));
            device.decided = row.integer(3);
            device.seen.first = row.integer(4);
            device.seen.last = row.integer(5);
            device.seen.address.value = static_cast<std::uint32_t>(row.integer(6));
            device.seen.interface = row.text(7);
            device.seen.vendor = row.text(8);
            device.seen.model = row.text(9);
            device.seen.version = row.text(10);
            device.seen.user_agent = row.text(11);
            device.seen.stage = enum_in(row, 12, Stage::registered);
            device.confirmed = static_cast<std::uint32_t>(row.integer(13));
            device.keeps_previous = row.integer(14) != 0;
            device.claim = claim_in(row, 15);
            device.boots = boots_in(row, 16);
            device.seen.used = row.integer(17);
            device.seen.used_from.value = static_cast<std::uint32_t>(row.integer(18));
        });
    if (done) {
        auto device = all.begin();
        done = each_row(connection_, "select mac, number from line order by mac, position",
                        [&](const sql::Statement& row) {
                            const auto mac = mac_in(row, 0);
                            while (device != all.end() && (*device)->mac < mac) {
                                ++device;
                            }
                            if (device != all.end() && (*device)->mac == mac) {
                                (*device)->lines.push_back(row.text(1));
                            }
                        });
    }
    if (!done) {
        return tl::unexpected(done.error());
    }
    return all;
}

Result<std::vector<std::shared_ptr<const Extension>>> Store::extensions() {
    std::vector<std::shared_ptr<const Extension>> all;
    std::string damaged;
    auto done = each_row(connection_, "select number, name, password from extension",
                         [&](const sql::Statement& row) {
                             const auto number = row.text(0);
                             auto password = sealer_.open(row.text(2), place_of_password(number));
                             if (password) {
                                 all.push_back(std::make_shared<const Extension>(
                                     Extension{number, row.text(1), std::move(*password)}));
                             } else {
                                 damaged = number;
                             }
                         });
    if (!done) {
        return tl::unexpected(done.error());
    }
    if (!damaged.empty()) {
        return base::fail(base::Errc::malformed,
                          "the password of extension {} in the database is damaged, or another "
                          "program wrote it; restore a backup",
                          base::printable(damaged, 64));
    }
    return all;
}

Status Store::put_decision(const Device& device) {
    auto done = put_decision_.bind(1, key(device.mac))
                    .bind(2, static_cast<std::int64_t>(device.approval))
                    .bind(3, static_cast<std::int64_t>(device.generation))
                    .bind(4, device.decided)
                    .bind(5, static_cast<std::int64_t>(device.confirmed))
                    .bind(6, std::int64_t{device.keeps_previous})
                    .bind(7, static_cast<std::int64_t>(device.claim))
                    .bind(8, std::int64_t{device.boots})
                    .run()
                    .and_then([&] { return remove_lines_.bind(1, key(device.mac)).run(); });
    std::int64_t position = 1;
    for (const auto& number : device.lines) {
        if (!done) {
            break;
        }
        done = add_line_.bind(1, key(device.mac)).bind(2, position++).bind(3, number).run();
    }
    return done;
}

Status Store::put_trust(const Device& device) {
    return put_trust_.bind(1, key(device.mac))
        .bind(2, static_cast<std::int64_t>(device.confirmed))
        .bind(3, std::int64_t{device.keeps_previous})
        .bind(4, static_cast<std::int64_t>(device.claim))
        .bind(5, std::int64_t{device.boots})
        .run();
}

Result<std::vector<Enrolment>> Store::enrolments() {
    std::vector<Enrolment> all;
    auto done =
        each_row(connection_,
                 "select id, until, rule, network, coalesce(mac, 0) from enrolment "
                 "order by id",
                 [&](const sql::Statement& row) {
                     Enrolment enrolment{row.integer(0), row.integer(1), row.text(2), {}, {}};
                     const auto network = row.text(3);
                     enrolment.from = base::Network::parse(network);
                     if (!network.empty() && !enrolment.from) {
                         return; // damaged: not to be opened to any network
                     }
                     if (row.integer(4) != 0) {
                         enrolment.mac = mac_in(row, 4);
                     }
                     all.push_back(std::move(enrolment));
                 });
    if (!done) {
        return tl::unexpected(done.error());
    }
    return all;
}

Status Store::put_enrolments(const std::vector<Enrolment>& all) {
    auto done = clear_enrolments_.run();
    for (auto each = all.begin(); done && each != all.end(); ++each) {
        add_enrolment_.bind(1, each->id)
            .bind(2, each->until)
            .bind(3, each->rule)
            .bind(4, each->from ? each->from->str() : std::string());
        if (each->mac) {
            add_enrolment_.bind(5, key(*each->mac));
        }
        done = add_enrolment_.run();
    }
    return done;
}

Status Store::remove_ended_enrolments(base::UnixMs now) {
    return remove_ended_enrolments_.bind(1, now).bind(2, longest_enrolment.count()).run();
}

Status Store::add_extension(const Extension& extension) {
    const base::Revealed password = extension.password.reveal();
    return sealer_.seal(password, place_of_password(extension.number))
        .and_then([&](const std::string& sealed) {
            return add_extension_.bind(1, extension.number)
                .bind(2, extension.name)
                .bind(3, as_blob(sealed))
                .run();
        });
}

Status Store::remove_extension(const std::string& number) {
    return remove_extension_.bind(1, number).run();
}

Status Store::put_release(const std::string& number, const Release& release) {
    return put_release_.bind(1, number).bind(2, release.at).bind(3, key(release.mac)).run();
}

Status Store::remove_release(const std::string& number) {
    return remove_release_.bind(1, number).run();
}

Status Store::remove_releases_before(base::UnixMs time) {
    return remove_releases_before_.bind(1, time).run();
}

Status Store::add_audit(base::UnixMs at, std::string_view actor, std::string_view what) {
    return add_audit_.bind(1, at).bind(2, actor).bind(3, what).run();
}

Status Store::keep_audits(std::size_t most) {
    return keep_audits_.bind(1, static_cast<std::int64_t>(most)).run();
}

Status Store::add_token(base::Mac mac, const FirstToken& token) {
    return add_token_.bind(1, std::span<const std::uint8_t>(token.hash))
        .bind(2, key(mac))
        .bind(3, token.expires)
        .run();
}

Status Store::remove_token(const base::Digest256& hash) {
    return remove_token_.bind(1, std::span<const std::uint8_t>(hash)).run();
}

Status Store::remove_tokens(base::Mac mac) {
    return remove_tokens_.bind(1, key(mac)).run();
}

Status Store::shorten_tokens(base::Mac mac, base::UnixMs end) {
    return shorten_tokens_.bind(1, key(mac)).bind(2, end).run();
}

Status Store::remove_expired_tokens(base::UnixMs now) {
    return remove_expired_tokens_.bind(1, now).run();
}

Status Store::put_sighting(base::Mac mac, const Sighting& seen) {
    return put_sighting_.bind(1, key(mac))
        .bind(2, seen.first)
        .bind(3, seen.last)
        .bind(4, static_cast<std::int64_t>(seen.address.value))
        .bind(5, seen.interface)
        .bind(6, seen.vendor)
        .bind(7, seen.model)
        .bind(8, seen.version)
        .bind(9, seen.user_agent)
        .bind(10, static_cast<std::int64_t>(seen.stage))
        .bind(11, seen.used)
        .bind(12, static_cast<std::int64_t>(seen.used_from.value))
        .run();
}

Status Store::forget_stranger(base::Mac mac) {
    return forget_stranger_.bind(1, key(mac)).run();
}

Result<std::optional<EventRow>>
Store::add_events(base::Mac mac, const std::vector<QueuedEvent>& events, std::size_t most) {
    if (events.empty()) {
        return std::nullopt;
    }
    std::int64_t newest = 0;
    // Somebody may have deleted the device with another program; that must not stop all the others.
    auto done = ensure_device_.bind(1, key(mac)).run();
    for (const auto& [event, row] : events) {
        newest = row;
        if (done && row != 0) {
            done = repeat_event_.bind(1, row)
                       .bind(2, static_cast<std::int64_t>(event.count))
                       .bind(3, event.last)
                       .bind(4, key(mac))
                       .run();
            if (done && connection_.changed() != 0) {
                continue;
            }
            // The row was too old and is gone: the event gets its own.
        }
        if (done) {
            done = add_event_.bind(1, key(mac))
                       .bind(2, name(event.step))
                       .bind(3, event.address)
                       .bind(4, event.detail)
                       .bind(5, event.first)
                       .bind(6, event.last)
                       .bind(7, static_cast<std::int64_t>(event.count))
                       .run();
            newest = connection_.last_id();
        }
        if (!done) {
            return tl::unexpected(done.error());
        }
    }
    done = keep_events_.bind(1, key(mac)).bind(2, static_cast<std::int64_t>(most)).run();
    if (!done) {
        return tl::unexpected(done.error());
    }
    const auto& last = events.back().event;
    return EventRow(newest, last.step, last.address, last.detail);
}

Status Store::remove_events_before(base::UnixMs time) {
    return remove_events_before_.bind(1, time).run();
}

Result<std::vector<StoredEvent>> Store::events(base::Mac mac) {
    std::vector<StoredEvent> all;
    events_.bind(1, key(mac));
    auto done = each_row(events_, [&](const sql::Statement& row) {
        if (const auto step = step_named(row.text(1))) {
            all.push_back({row.integer(0),
                           {*step, row.text(2), row.text(3), row.integer(4), row.integer(5),
                            static_cast<std::uint32_t>(row.integer(6))}});
        }
    });
    if (!done) {
        return tl::unexpected(done.error());
    }
    return all;
}

Result<std::vector<Inventory::AuditLine>> Store::audit(std::size_t most) {
    std::vector<Inventory::AuditLine> lines;
    audit_.bind(1, static_cast<std::int64_t>(most));
    auto done = each_row(audit_, [&](const sql::Statement& row) {
        lines.push_back({row.integer(0), row.text(1), row.text(2)});
    });
    if (!done) {
        return tl::unexpected(done.error());
    }
    std::reverse(lines.begin(), lines.end());
    return lines;
}

} // namespace inventory
