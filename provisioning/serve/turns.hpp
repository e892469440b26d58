// SPDX-License-Identifier: MIT
// Whose turn with a worker is next: one of each address after the other, and few at a time.
#pragma once

#include "provisioning/base/loop.hpp"
#include "provisioning/base/net.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <unordered_map>

namespace serve {

/// The turns of one server. The workers have other servers, decisions and the store to serve as
/// well: those wait for a few of our turns, and not for the thousands of a site that starts. An
/// address that wants many waits for itself. Loop thread.
class Turns : public std::enable_shared_from_this<Turns> {
  public:
    static constexpr std::size_t at_once = 8;

    explicit Turns(base::Loop& loop) : loop_(loop) {}

    struct Turn {
        std::weak_ptr<const void> whose; ///< gone: `work` is left out
        std::function<void()> work;      ///< on a worker
        std::function<void()> done;      ///< then, on the loop thread; also without the work
    };

    /// Where it throws for lack of memory, neither `work` nor `done` is called.
    void add(base::Ipv4 source, Turn turn);
    void clear(); ///< forgets those that have not begun; what they hold may hold this

    /// That wait or are worked on.
    std::size_t size() const noexcept { return waiting_ + begun_; }

  private:
    void drop_next();
    void begin();

    base::Loop& loop_;
    using Waiting = std::deque<std::shared_ptr<Turn>>;
    std::unordered_map<std::uint32_t, Waiting> by_source_;
    std::list<std::uint32_t> order_; // its keys, the next one first
    std::size_t waiting_ = 0;
    std::size_t begun_ = 0;
};

} // namespace serve
