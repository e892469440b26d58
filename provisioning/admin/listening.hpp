// SPDX-License-Identifier: MIT
// A unix socket at a path: bound safely, and taken away again only if it is still ours.
#pragma once

#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"

#include <string>
#include <sys/types.h>

namespace admin {

class Listening {
  public:
    /// Listens at `path` with mode 0660. A socket file that nobody answers is replaced; one that
    /// answers, or a file that is no socket, is refused.
    static base::Result<Listening> open(const std::string& path);

    Listening() = default;
    Listening(Listening&& other) noexcept;
    Listening& operator=(Listening&& other) noexcept;
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;
    ~Listening();

    int fd() const noexcept { return fd_.get(); }

    const std::string& path() const noexcept { return path_; }

    explicit operator bool() const noexcept { return static_cast<bool>(fd_); }

  private:
    void unlink_ours() noexcept;

    base::Fd fd_;
    std::string path_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

} // namespace admin
