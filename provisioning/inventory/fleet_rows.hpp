// SPDX-License-Identifier: MIT
// Rows of the last resync of many phones.
#pragma once

#include "provisioning/inventory/fleet.hpp"
#include "provisioning/inventory/sql/connection.hpp"

#include "provisioning/base/result.hpp"

namespace inventory {

/// Part of the Store: not for two threads at once, and writing functions belong between its begin()
/// and the commit.
class FleetRows {
  public:
    explicit FleetRows(sql::Connection& connection) : connection_(connection) {}

    base::Status prepare(); ///< before all others
    /// Nothing: there was none yet.
    base::Result<std::optional<Fleet>> load();

    base::Status replace(const Fleet& fleet); ///< the one before is forgotten
    base::Status put_stopped(bool stopped);
    base::Status put(const FleetPhone& phone);

  private:
    sql::Connection& connection_;
    sql::Statement forget_run_, forget_phones_, add_run_, add_phone_, put_stopped_, put_;
};

} // namespace inventory
