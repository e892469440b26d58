// SPDX-License-Identifier: MIT
// How many bytes of request bodies are held, by all connections and for each address.
#pragma once

#include "provisioning/base/net.hpp"

#include <cstdint>
#include <unordered_map>

namespace serve {

/// Counted are bytes that arrived, not those that were announced: who says much and sends little
/// takes no room from others.
class Bodies {
  public:
    Bodies(std::uint64_t in_all, std::uint64_t per_source)
        : in_all_(in_all), per_source_(per_source) {}

    bool has_room(base::Ipv4 source, std::uint64_t bytes) const;
    /// False, and nothing is counted, where there is no room.
    bool take(base::Ipv4 source, std::uint64_t bytes);
    void give_back(base::Ipv4 source, std::uint64_t bytes); ///< no more than were taken

    std::uint64_t held() const noexcept { return held_; }

  private:
    std::uint64_t in_all_;
    std::uint64_t per_source_;
    std::uint64_t held_ = 0;
    std::unordered_map<std::uint32_t, std::uint64_t> of_; // addresses that hold something
};

} // namespace serve
