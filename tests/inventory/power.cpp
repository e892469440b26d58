// SPDX-License-Identifier: MIT
// A disk whose power can be cut, as a shim over SQLite's VFS (https://www.sqlite.org/vfs.html).
#include "tests/inventory/power.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <new>

namespace inventory {

constexpr std::size_t sector = 512;

/// Lies in the memory that SQLite gives us; the system's own file follows it.
struct FailingFile {
    sqlite3_file base;
    FailingDisk* disk;
    const std::string* path; ///< null: not watched

    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }

    FailingDisk::Noted* noted() { return path == nullptr ? nullptr : &disk->files_[*path]; }

    static FailingFile& of(sqlite3_file* file) { return *reinterpret_cast<FailingFile*>(file); }

    static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
        auto* const disk = static_cast<FailingDisk*>(vfs->pAppData);
        auto& ours = *new (file) FailingFile{{nullptr}, disk, nullptr};
        const int code = disk->real_->xOpen(disk->real_, name, ours.real(), flags, out);
        if (code != SQLITE_OK) {
            return code;
        }
        ours.base.pMethods = &disk->methods_;
        if (name != nullptr && disk->watches) {
            ours.path = &disk->files_.try_emplace(name).first->first;
        }
        return code;
    }

    static int close(sqlite3_file* file) {
        auto* const real = of(file).real();
        return real->pMethods->xClose(real);
    }

    static int read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
        auto* const real = of(file).real();
        return real->pMethods->xRead(real, to, size, at);
    }

    static int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
        if (auto* const noted = of(file).noted()) {
            const std::string bytes(static_cast<const char*>(from), static_cast<std::size_t>(size));
            noted->since.push_back({static_cast<std::size_t>(at), bytes, false});
        }
        auto* const real = of(file).real();
        return real->pMethods->xWrite(real, from, size, at);
    }

    static int truncate(sqlite3_file* file, sqlite3_int64 size) {
        if (auto* const noted = of(file).noted()) {
            noted->since.push_back({static_cast<std::size_t>(size), {}, true});
        }
        auto* const real = of(file).real();
        return real->pMethods->xTruncate(real, size);
    }

    static int sync(sqlite3_file* file, int flags) {
        auto& ours = of(file);
        if (auto* const noted = ours.noted()) {
            if (ours.disk->before_sync) {
                ours.disk->before_sync();
            }
            for (const auto& write : noted->since) {
                FailingDisk::replay(noted->synced, write);
            }
            noted->since.clear();
        }
        // The real one is of no use here, and slow.
        (void)flags;
        return SQLITE_OK;
    }

    static int size(sqlite3_file* file, sqlite3_int64* out) {
        auto* const real = of(file).real();
        return real->pMethods->xFileSize(real, out);
    }

    static int lock(sqlite3_file* file, int level) {
        auto* const real = of(file).real();
        return real->pMethods->xLock(real, level);
    }

    static int unlock(sqlite3_file* file, int level) {
        auto* const real = of(file).real();
        return real->pMethods->xUnlock(real, level);
    }

    static int is_reserved(sqlite3_file* file, int* out) {
        auto* const real = of(file).real();
        return real->pMethods->xCheckReservedLock(real, out);
    }

    static int control(sqlite3_file* file, int what, void* with) {
        auto* const real = of(file).real();
        return real->pMethods->xFileControl(real, what, with);
    }

    static int sector_size(sqlite3_file* file) {
        auto* const real = of(file).real();
        return real->pMethods->xSectorSize(real);
    }

    static int traits(sqlite3_file* file) {
        auto* const real = of(file).real();
        return real->pMethods->xDeviceCharacteristics(real);
    }

    static int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
        auto* const real = of(file).real();
        return real->pMethods->xShmMap(real, page, size, extend, out);
    }

    static int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
        auto* const real = of(file).real();
        return real->pMethods->xShmLock(real, offset, count, flags);
    }

    static void shm_barrier(sqlite3_file* file) {
        auto* const real = of(file).real();
        real->pMethods->xShmBarrier(real);
    }

    static int shm_unmap(sqlite3_file* file, int remove) {
        auto* const real = of(file).real();
        return real->pMethods->xShmUnmap(real, remove);
    }

    static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
        auto* const disk = static_cast<FailingDisk*>(vfs->pAppData);
        if (const auto found = disk->files_.find(name); found != disk->files_.end()) {
            found->second = {};
        }
        return disk->real_->xDelete(disk->real_, name, sync_folder);
    }
};

FailingDisk::FailingDisk() : real_(sqlite3_vfs_find(nullptr)) {
    methods_.iVersion = 2; // 3 would be memory mapping, which we do without
    methods_.xClose = FailingFile::close;
    methods_.xRead = FailingFile::read;
    methods_.xWrite = FailingFile::write;
    methods_.xTruncate = FailingFile::truncate;
    methods_.xSync = FailingFile::sync;
    methods_.xFileSize = FailingFile::size;
    methods_.xLock = FailingFile::lock;
    methods_.xUnlock = FailingFile::unlock;
    methods_.xCheckReservedLock = FailingFile::is_reserved;
    methods_.xFileControl = FailingFile::control;
    methods_.xSectorSize = FailingFile::sector_size;
    methods_.xDeviceCharacteristics = FailingFile::traits;
    methods_.xShmMap = FailingFile::shm_map;
    methods_.xShmLock = FailingFile::shm_lock;
    methods_.xShmBarrier = FailingFile::shm_barrier;
    methods_.xShmUnmap = FailingFile::shm_unmap;

    // Everything but files goes on as before; the system's functions want their own pAppData, and
    // none of those that are left looks at it but xOpen and xDelete.
    ours_ = *real_;
    ours_.pNext = nullptr;
    ours_.zName = "failing-disk";
    ours_.szOsFile = static_cast<int>(sizeof(FailingFile)) + real_->szOsFile;
    ours_.pAppData = this;
    ours_.xOpen = FailingFile::open;
    ours_.xDelete = FailingFile::remove;
    sqlite3_vfs_register(&ours_, 1);
}

FailingDisk::~FailingDisk() {
    sqlite3_vfs_register(real_, 1);
    sqlite3_vfs_unregister(&ours_);
}

void FailingDisk::replay(std::string& content, const Write& write) {
    if (write.truncates) {
        content.resize(write.offset);
        return;
    }
    content.resize(std::max(content.size(), write.offset + write.bytes.size()));
    content.replace(write.offset, write.bytes.size(), write.bytes);
}

void FailingDisk::cut_power(const std::string& folder, std::mt19937& random) const {
    for (const auto& [path, noted] : files_) {
        auto content = noted.synced;
        // All arrived, none, or any.
        const auto luck = random() % 3;
        for (const auto& write : noted.since) {
            if (write.truncates) {
                if (luck == 0 || (luck == 2 && random() % 2 == 0)) {
                    replay(content, write);
                }
                continue;
            }
            for (std::size_t at = 0; at < write.bytes.size();) {
                const auto end =
                    std::min(write.bytes.size(), at + sector - (write.offset + at) % sector);
                if (luck == 0 || (luck == 2 && random() % 2 == 0)) {
                    replay(content, {write.offset + at, write.bytes.substr(at, end - at), false});
                }
                at = end;
            }
        }
        const auto name = std::filesystem::path(path).filename().string();
        if (!content.empty() || !noted.synced.empty()) {
            std::ofstream(std::filesystem::path(folder) / name, std::ios::binary) << content;
        }
    }
}

} // namespace inventory
