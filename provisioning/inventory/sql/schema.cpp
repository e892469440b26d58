// SPDX-License-Identifier: MIT
// Brings a database to the newest schema, by numbered steps.
#include "provisioning/inventory/sql/schema.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "schema_steps.hpp"

#include <algorithm>

namespace inventory::sql {

using base::Errc;
using base::fail;
using base::Status;

std::vector<SchemaStep> schema_steps() {
    std::vector<SchemaStep> steps;
    for (const auto& file : embedded::schema_steps()) {
        const auto number = base::parse_number(file.path.substr(0, file.path.find('_')));
        steps.push_back({static_cast<std::int64_t>(number.value_or(0)), file.path, file.content});
    }
    return steps;
}

Status bring_up_to_date(Connection& connection, const std::vector<SchemaStep>& steps) {
    const auto version = connection.schema_version();
    if (!version) {
        return tl::unexpected(version.error());
    }
    const auto newest = steps.empty() ? 0 : steps.back().number;
    if (*version > newest) {
        return fail(Errc::refused,
                    "the database has schema {} and this version knows up to {}; install the newer "
                    "version again, or restore the backup made before the upgrade",
                    *version, newest);
    }
    if (*version <= 0) {
        const auto taken = connection.has_tables();
        if (!taken) {
            return tl::unexpected(taken.error());
        }
        if (*taken || *version < 0) {
            return fail(Errc::refused,
                        "the database belongs to another program; name a file of our own");
        }
    }
    if (auto logged = connection.use_wal(); !logged) {
        return logged;
    }
    for (const auto& step : steps) {
        if (step.number <= *version) {
            continue;
        }
        auto transaction = Transaction::begin(connection, Sync::full);
        if (!transaction) {
            return tl::unexpected(transaction.error());
        }
        auto done = connection.run(std::string(step.text))
                        .and_then([&] { return connection.set_schema_version(step.number); })
                        .and_then([&] { return transaction->commit(); });
        if (!done) {
            return fail(done.error().code, "schema step {}: {}", step.name, done.error().what);
        }
        base::log::info("inventory", "applied schema step {}", step.name);
    }
    return {};
}

} // namespace inventory::sql
