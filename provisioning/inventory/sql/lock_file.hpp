// SPDX-License-Identifier: MIT
// Keeps a second process away from a database, by a lock on a file beside it.
#pragma once

#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"

#include <string>

namespace inventory::sql {

/// Two writers would each hold a snapshot that misses the other's decisions. The file stays behind
/// and means nothing by itself: the lock goes with the process, even one that was killed.
class LockFile {
  public:
    static base::Result<LockFile> take(const std::string& database);
    LockFile(LockFile&&) noexcept = default;
    LockFile& operator=(LockFile&&) = delete;
    LockFile(const LockFile&) = delete;
    LockFile& operator=(const LockFile&) = delete;
    ~LockFile();

  private:
    explicit LockFile(base::Fd fd) : fd_(std::move(fd)) {}

    base::Fd fd_;
};

} // namespace inventory::sql
