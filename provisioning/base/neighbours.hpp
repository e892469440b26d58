// SPDX-License-Identifier: MIT
// Which MAC answers for an address on the networks we are in, as the kernel sees it.
#pragma once

#include "provisioning/base/loop.hpp"
#include "provisioning/base/neighbour_table.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace base {

/// What happens to a phone that claims another MAC than the one that answers at its address.
enum class NeighbourCheck : std::uint8_t {
    enforce, ///< it gets nothing
    log,     ///< it is noted, and served
    off,     ///< nobody looks
};

/// The kernel's IPv4 neighbour table, followed by its events: a look costs no system call, so that
/// every request can afford one.
class Neighbours {
  public:
    using Moved = std::function<void(const std::vector<NeighbourTable::Place>&)>;

    /// On the loop thread: `changed`, the addresses about which there is something new; `moved`,
    /// before, where another MAC answers than did.
    Neighbours(Loop& loop, std::function<void(const std::vector<Ipv4>&)> changed, Moved moved = {});
    ~Neighbours(); ///< loop thread, or after the loop stopped
    Neighbours(const Neighbours&) = delete;
    Neighbours& operator=(const Neighbours&) = delete;

    // From any thread.

    /// On that interface; with 0 on whichever, unless two of them disagree.
    std::optional<Neighbour> find(Ipv4 address, int interface_index = 0) const;
    std::size_t size() const;
    /// False while the kernel does not tell us anything: then nobody is found.
    bool is_followed() const;

    /// The most neighbours that the kernel keeps (gc_thresh3); nothing where it does not say.
    static std::optional<std::size_t> kernel_limit();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace base
