// SPDX-License-Identifier: MIT
// The unguessable part of the URL of a file that one phone was told to fetch.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace wpi {

constexpr std::string_view files_path = "/files/"; ///< of URLs: /files/TOKEN/NAME

/// What is wrong with the name of a file that a phone is to fetch: it stands in a URL, and the
/// phone takes that part for the name under which it keeps the file.
std::optional<std::string> wrong_file_name(std::string_view name);

struct Ticket {
    base::Mac mac;
    std::int64_t job = 0;
    std::string file;  ///< its name in the folder of such files
    base::Ipv4 source; ///< where the phone called from
    base::UnixMs until = 0;
};

/// In memory only: a phone whose file is gone with our restart says that it failed. From any
/// thread.
class Tickets {
  public:
    static constexpr std::size_t most = 4000; ///< at a time

    /// A token for it: 128 random bits.
    base::Result<std::string> add(Ticket ticket, base::UnixMs now);
    std::optional<Ticket> find(const std::string& token, base::UnixMs now) const;
    void expire(base::UnixMs now);

  private:
    mutable std::mutex lock_; ///< of what follows
    std::unordered_map<std::string, Ticket> tickets_;
};

} // namespace wpi
