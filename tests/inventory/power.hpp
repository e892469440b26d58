// SPDX-License-Identifier: MIT
// A disk whose power can be cut: it remembers what was synced and what was only written.
#pragma once

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <sqlite3.h>

namespace inventory {

/// While this lives, SQLite's default is a VFS that works as the system's own and takes notes.
/// For one thread.
class FailingDisk {
  public:
    FailingDisk();
    ~FailingDisk();
    FailingDisk(const FailingDisk&) = delete;
    FailingDisk& operator=(const FailingDisk&) = delete;

    /// Called before each fsync of a file.
    std::function<void()> before_sync;

    /// Writes into `folder` what the disk holds if the power fails now: all that was synced, and of
    /// what was written since then some sectors, as it happens.
    void cut_power(const std::string& folder, std::mt19937& random) const;

    /// False while a test opens what the cut left: no notes are taken of such files.
    bool watches = true;

  private:
    friend struct FailingFile;

    struct Write {
        std::size_t offset = 0;
        std::string bytes;
        bool truncates = false; ///< to `offset`
    };

    struct Noted {
        std::string synced;
        std::vector<Write> since;
    };

    static void replay(std::string& content, const Write& write);

    sqlite3_vfs* real_ = nullptr;
    sqlite3_vfs ours_{};
    sqlite3_io_methods methods_{};
    std::map<std::string, Noted> files_; ///< by path
};

} // namespace inventory
