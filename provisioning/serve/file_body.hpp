// SPDX-License-Identifier: MIT
// A file on the disk as the body of an answer: read piece by piece while it is sent.
#pragma once

#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace serve {

class FileBody {
  public:
    /// What is in memory of it at a time, for each client.
    static constexpr std::size_t largest_piece = 65536;

    /// A regular file of this folder: a symbolic link is refused, and so is a name with a slash.
    /// Blocks, as read() does: call it on a worker. Errors name the file and what to do.
    static base::Result<std::shared_ptr<const FileBody>> open(const std::string& folder,
                                                              const std::string& name);

    std::uint64_t size() const noexcept { return size_; } ///< bytes, when it was opened

    std::int64_t modified() const noexcept { return modified_; } ///< seconds since 1970

    /// Made of inode, size and time of the last change to the nanosecond, not of the bytes: to hash
    /// 60 MB would take a worker from the phones that wait for their configuration. Whoever
    /// replaces the file by another, as rename does, makes another tag.
    const std::string& etag() const noexcept { return etag_; }

    /// Exactly so many bytes, or an error where the file is no longer the one that was opened: half
    /// an old image and half a new one would be worse than none.
    base::Result<std::string> read(std::uint64_t offset, std::size_t length) const;

  private:
    FileBody(base::Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

    base::Fd fd_;
    std::string name_;
    std::uint64_t size_ = 0;
    std::int64_t modified_ = 0;
    std::int64_t modified_ns_ = 0;
    std::string etag_;
};

} // namespace serve
