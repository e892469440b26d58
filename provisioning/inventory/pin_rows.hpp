// SPDX-License-Identifier: MIT
// Rows of PINs and of those who tried wrong ones.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/crypto.hpp"
#include "provisioning/inventory/sql/connection.hpp"

#include <map>
#include <string>

namespace inventory {

struct PinFailures {
    unsigned wrong = 0;
    base::UnixMs last = 0;
};

/// Everything that is read at the start.
struct StoredPins {
    std::map<std::string, base::Digest256> digests;
    std::map<std::string, PinFailures> failures;
};

/// Part of the Store: not for two threads at once, and writing functions belong between its begin()
/// and the commit.
class PinRows {
  public:
    explicit PinRows(sql::Connection& connection) : connection_(connection) {}

    base::Status prepare(); ///< before all others
    base::Result<StoredPins> load();

    base::Status put(const std::string& number, const base::Digest256& digest);
    base::Status remove(const std::string& number);
    base::Status put_failures(const std::string& who, const PinFailures& failures);
    base::Status forgive(const std::string& who);

  private:
    sql::Connection& connection_;
    sql::Statement put_, remove_, put_failures_, forgive_;
};

} // namespace inventory
