// SPDX-License-Identifier: MIT
// Sends what many phones are told on a thread of its own, while the next ones are read.
#pragma once

#include "pnp/sockets.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <utility>

namespace pnp {

/// add(), send() and flush() are for one thread, the one that owns the sockets.
class Sender {
  public:
    using Failed = std::function<void(std::span<const Path>)>;

    /// `failed`: the system does not take these. Called on either thread; must not throw, nor keep
    /// them.
    explicit Sender(Failed failed) : failed_(std::move(failed)) {}

    ~Sender(); ///< sends what waits
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

    /// In the order in which they are added. May wait until some that were added before have left.
    void add(int fd, const Path& path, std::string_view bytes);
    /// Those that were added leave now.
    void send();
    /// They have left: their socket may be closed.
    void flush();

  private:
    /// Fewer than these are sent at once: to wake a thread takes as long.
    static constexpr std::size_t few = 8;

    bool has_thread();
    void run();
    void send(Outbox& box) noexcept;

    Failed failed_;
    std::mutex mutex_;
    std::condition_variable waits_; ///< something does, or it is over
    std::condition_variable left_;  ///< a box, or its last datagram
    std::unique_ptr<Outbox> filling_ = std::make_unique<Outbox>();
    std::unique_ptr<Outbox> leaving_ = std::make_unique<Outbox>(); ///< of whoever sends
    bool wanted_ = false;
    bool has_warned_ = false;
    bool sending_ = false; ///< the thread does
    bool over_ = false;
    std::thread thread_;
};

} // namespace pnp
