// SPDX-License-Identifier: MIT
// When each phone's file became what it is, for Last-Modified and If-Modified-Since.
#pragma once

#include "provisioning/base/crypto.hpp"
#include "provisioning/base/mac.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace serve {

/// Files are made for each request, so what changed is found by comparing. It is kept in memory
/// only: after a restart a file is as new as its first request, which costs one transfer.
/// From any thread.
class Modified {
  public:
    explicit Modified(std::size_t most = 100'000) : most_(most) {}

    /// Seconds since 1970 for the content with this digest of a phone's file; 0 within the second
    /// in which it changed, when a date could not tell the old content from the new (RFC
    /// 9110 8.8.2.2).
    std::int64_t
    since(base::Mac mac, const std::string& step, const base::Digest256& digest, std::int64_t now);

  private:
    struct Content {
        base::Digest256 digest{};
        std::int64_t since = 0;
    };

    std::size_t most_;
    std::mutex lock_; ///< of contents_
    std::map<std::pair<base::Mac, std::string>, Content> contents_;
};

} // namespace serve
