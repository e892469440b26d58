// SPDX-License-Identifier: MIT
// Brings a database to the newest schema, by numbered steps.
#pragma once

#include "provisioning/inventory/sql/connection.hpp"

#include <string_view>
#include <vector>

namespace inventory::sql {

struct SchemaStep {
    std::int64_t number = 0;
    std::string_view name; ///< of its file
    std::string_view text;
};

/// The steps of conf/sql, as embedded in this binary.
std::vector<SchemaStep> schema_steps();

/// Carries out the steps that the database lacks, each in a transaction of its own. Refused: a
/// newer schema than ours, and a database that is somebody else's.
base::Status bring_up_to_date(Connection& connection, const std::vector<SchemaStep>& steps);

} // namespace inventory::sql
