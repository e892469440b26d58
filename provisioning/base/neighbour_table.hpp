// SPDX-License-Identifier: MIT
// The kernel's neighbours as its messages tell them: reading, keeping, looking up.
#pragma once

#include "provisioning/base/lru.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace base {

/// Who answers for an address.
struct Neighbour {
    Mac mac;
    /// It answered within the last half minute or so, or an admin wrote it; else it may have moved.
    bool confirmed = false;

    bool operator==(const Neighbour&) const = default;
};

class NeighbourTable {
  public:
    struct Place {
        Ipv4 address;
        int interface_index = 0;

        bool operator==(const Place&) const = default;
    };

    explicit NeighbourTable(std::size_t most = 65'536) : most_(most) {}

    /// What one look at the socket brought.
    struct News {
        std::vector<Ipv4> changed;
        std::vector<Place> moved; ///< another MAC answers there than before, however briefly
        bool dumped = false;      ///< the end of a dump
        bool interrupted = false; ///< the dump does not fit together: ask for another
    };

    /// Of a dump that begins now, what it does not name is gone when it ends.
    void begin_dump() noexcept {
        ++round_;
        is_whole_ = true;
    }

    /// Of the dump that is under way a piece was not read: its end says nothing of who is gone.
    void lose_piece() noexcept { is_whole_ = false; }

    void read(std::string_view messages, News& news);

    /// On that interface; with 0 on whichever, unless two of them disagree.
    std::optional<Neighbour> find(Ipv4 address, int interface_index) const;

    std::size_t size() const noexcept { return size_; }

  private:
    struct Entry {
        int interface_index = 0;
        Neighbour neighbour;
        std::uint32_t round = 0;
    };

    void forget(Ipv4 address, const Entry& entry);
    void set(Ipv4 address, int interface_index, std::optional<Neighbour> now, News& news);
    void end_dump(News& news);

    std::size_t most_;
    std::size_t size_ = 0;
    std::uint32_t round_ = 0;
    bool is_whole_ = true;                                          ///< the dump, so far
    std::unordered_map<std::uint32_t, std::vector<Entry>> entries_; ///< mostly one each
    Lru<std::uint64_t, Mac> former_{8192}; ///< who answered before nobody did, by place
};

} // namespace base
