// SPDX-License-Identifier: MIT
// The file that holds the key to what is sealed in the database.
#include "provisioning/inventory/key_file.hpp"

#include "provisioning/base/crypto.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/seal.hpp"
#include "provisioning/inventory/sql/connection.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

namespace inventory {

using base::Errc;
using base::fail;
using base::Result;
using base::Secret;
using base::Status;

namespace {

/// Wiped when it goes.
struct Bytes {
    std::array<std::uint8_t, base::Sealer::key_size> all{};

    Bytes() = default;

    ~Bytes() { OPENSSL_cleanse(all.data(), all.size()); }

    Bytes(const Bytes&) = delete;
    Bytes& operator=(const Bytes&) = delete;

    Secret secret() const {
        return Secret({reinterpret_cast<const char*>(all.data()), all.size()});
    }
};

tl::unexpected<base::Error> cannot(const std::string& path, const char* what) {
    return fail(Errc::io,
                "{}: cannot {} the key: {}; the folder must be there and writable for "
                "this process, or name another place by key_file",
                path, what, std::strerror(errno));
}

Status write_new(const std::string& path, const Bytes& key) {
    const base::Fd fd(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd || ::fchmod(fd.get(), 0600) != 0) { // whatever the umask
        return cannot(path, "create");
    }
    errno = ENOSPC; // for a short write, which says nothing
    if (::write(fd.get(), key.all.data(), key.all.size()) != static_cast<ssize_t>(key.all.size()) ||
        ::fsync(fd.get()) != 0) {
        return cannot(path, "write");
    }
    return {};
}

} // namespace

Result<std::optional<Secret>> read_key(const std::string& path) {
    // O_NONBLOCK: whatever lies there, opening it must not wait.
    const base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        return fail(Errc::io, "{}: cannot read the key: {}; this process must own the file", path,
                    std::strerror(errno));
    }

    struct stat found {};

    if (::fstat(fd.get(), &found) != 0 || !S_ISREG(found.st_mode)) {
        return fail(Errc::malformed, "{} is not a plain file; name the key by key_file", path);
    }
    if ((found.st_mode & 077U) != 0) {
        return fail(Errc::refused,
                    "{} opens every phone's password and others may read it; chmod 600 it, and "
                    "change the passwords if somebody may have",
                    path);
    }
    Bytes key;
    std::array<std::uint8_t, 1> beyond{};
    if (::read(fd.get(), key.all.data(), key.all.size()) != static_cast<ssize_t>(key.all.size()) ||
        ::read(fd.get(), beyond.data(), beyond.size()) != 0) {
        return fail(Errc::malformed,
                    "{} is no key of ours (it has {} bytes and must have {}); put the one from the "
                    "backup in its place",
                    path, found.st_size, base::Sealer::key_size);
    }
    return key.secret();
}

Result<Secret> make_key(const std::string& path) {
    Bytes key;
    if (auto filled = base::random_bytes(key.all); !filled) {
        return tl::unexpected(filled.error());
    }
    // By way of a second name, so that no start that was interrupted leaves half a key behind.
    const auto fresh = path + ".new";
    (void)::unlink(fresh.c_str());
    if (auto written = write_new(fresh, key); !written) {
        (void)::unlink(fresh.c_str());
        return tl::unexpected(written.error());
    }
    const int linked = ::link(fresh.c_str(), path.c_str());
    const int reason = errno;
    (void)::unlink(fresh.c_str());
    if (linked != 0) {
        errno = reason;
        return cannot(path, "create");
    }
    sql::sync_directory_of(path);
    return key.secret();
}

} // namespace inventory
