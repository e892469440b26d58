// SPDX-License-Identifier: MIT
// Small readings of rows that every table needs.
#pragma once

#include "provisioning/base/mac.hpp"
#include "provisioning/inventory/sql/connection.hpp"

namespace inventory {

inline std::int64_t key(base::Mac mac) {
    return static_cast<std::int64_t>(mac.number());
}

inline base::Mac mac_in(const sql::Statement& row, int column) {
    return base::Mac::from_number(static_cast<std::uint64_t>(row.integer(column)));
}

/// Calls `read` for each row.
template <class Read> base::Status each_row(sql::Statement& statement, Read&& read) {
    for (;;) {
        const auto row = statement.step();
        if (!row) {
            return tl::unexpected(row.error());
        }
        if (!*row) {
            return {};
        }
        read(statement);
    }
}

template <class Read>
base::Status each_row(sql::Connection& connection, const char* query, Read&& read) {
    return connection.prepare(query).and_then(
        [&](sql::Statement statement) { return each_row(statement, read); });
}

} // namespace inventory
