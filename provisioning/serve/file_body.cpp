// SPDX-License-Identifier: MIT
// Opens and reads by pread; never by mmap, which would end the PBX when the file is cut short.
#include "provisioning/serve/file_body.hpp"

#include "provisioning/serve/conditional.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace serve {

using base::Errc;
using base::fail;
using base::Result;

Result<std::shared_ptr<const FileBody>> FileBody::open(const std::string& folder,
                                                       const std::string& name) {
    const auto path = folder + "/" + name;
    if (name.empty() || name.find('/') != std::string::npos) {
        return fail(Errc::refused, "'{}' is no name of a file in {}", name, folder);
    }
    // O_NONBLOCK: to open a pipe would wait for somebody who writes.
    base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    if (fd.get() < 0) {
        return fail(errno == ENOENT ? Errc::not_found : Errc::io, "{}: {}", path,
                    errno == ELOOP    ? "a symbolic link is not followed; put the file itself there"
                    : errno == ENOENT ? "No such file; put it there"
                                      : std::strerror(errno));
    }
    struct ::stat what = {};
    if (::fstat(fd.get(), &what) != 0 || !S_ISREG(what.st_mode)) {
        return fail(Errc::refused, "{} is no regular file", path);
    }
    if (what.st_size == 0) { // the disk was full when it was copied
        return fail(Errc::refused, "{} is empty; copy it again", path);
    }
    std::shared_ptr<FileBody> body(new FileBody(std::move(fd), name));
    body->size_ = static_cast<std::uint64_t>(what.st_size);
    body->modified_ = what.st_mtim.tv_sec;
    body->modified_ns_ = what.st_mtim.tv_nsec;
    body->etag_ = entity_tag(fmt::format("{} {} {} {}.{}", what.st_dev, what.st_ino, what.st_size,
                                         what.st_mtim.tv_sec, what.st_mtim.tv_nsec));
    return body;
}

Result<std::string> FileBody::read(std::uint64_t offset, std::size_t length) const {
    struct ::stat what = {};
    if (::fstat(fd_.get(), &what) != 0 || static_cast<std::uint64_t>(what.st_size) != size_ ||
        what.st_mtim.tv_sec != modified_ || what.st_mtim.tv_nsec != modified_ns_) {
        return fail(Errc::io,
                    "{} was changed while it was sent; put a new file beside it and "
                    "rename it",
                    name_);
    }
    std::string bytes(length, '\0');
    std::size_t have = 0;
    while (have < length) {
        const auto got = ::pread(fd_.get(), bytes.data() + have, length - have,
                                 static_cast<off_t>(offset + have));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return fail(Errc::io, "{} cannot be read: {}", name_,
                        got < 0 ? std::strerror(errno) : "it is shorter than it was");
        }
        have += static_cast<std::size_t>(got);
    }
    return bytes;
}

} // namespace serve
