// SPDX-License-Identifier: MIT
// Keeps a second process away from a database, by a lock on a file beside it.
#include "provisioning/inventory/sql/lock_file.hpp"

#include "provisioning/base/text.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace inventory::sql {

using base::Errc;
using base::fail;
using base::Result;

Result<LockFile> LockFile::take(const std::string& database) {
    const std::string path = database + ".lock";
    base::Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) {
        return fail(Errc::io, "{}: {}; the directory must be there and writable for this process",
                    path, std::strerror(errno));
    }
    // flock and not fcntl: it also refuses a second one in this process, and no other close() of
    // the file drops it.
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return fail(Errc::io, "{}: cannot lock it: {}; put the database on a local disk", path,
                        std::strerror(errno));
        }
        std::array<char, 16> text{};
        const auto size = ::pread(fd.get(), text.data(), text.size(), 0);
        const auto pid = base::parse_number(base::trim(std::string_view(
            text.data(), size > 1 ? static_cast<std::size_t>(size) - 1 : 0))); // -1: line end
        return fail(Errc::conflict,
                    "{} is in use by another process{}; stop that one, or give this one a database "
                    "of its own",
                    database, pid ? fmt::format(" (pid {})", *pid) : std::string());
    }
    // For the sentence above only; a full disk is no reason to refuse.
    const auto pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(fd.get(), 0) == 0) {
        (void)!::pwrite(fd.get(), pid.data(), pid.size(), 0);
    }
    return LockFile(std::move(fd));
}

LockFile::~LockFile() {
    if (fd_) {
        // Closing alone would leave the lock with any child that the host forked meanwhile.
        (void)::flock(fd_.get(), LOCK_UN);
    }
}

} // namespace inventory::sql
