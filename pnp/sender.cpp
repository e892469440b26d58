// SPDX-License-Identifier: MIT
// One outbox is filled while the other one leaves.
#include "pnp/sender.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/thread.hpp"

#include <exception>
#include <utility>

namespace pnp {

Sender::~Sender() {
    flush();
    {
        const std::lock_guard hold(mutex_);
        over_ = true;
    }
    waits_.notify_one();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Sender::add(int fd, const Path& path, std::string_view bytes) {
    std::unique_lock hold(mutex_);
    if (filling_->size() == Outbox::most) {
        if (!sending_) {
            send(*filling_);
        }
        left_.wait(hold, [this] { return filling_->size() < Outbox::most; });
    }
    filling_->add(fd, path, bytes);
}

void Sender::send() {
    const std::unique_lock hold(mutex_);
    if (filling_->size() == 0) {
        return;
    }
    if (sending_ || (filling_->size() >= few && has_thread())) {
        wanted_ = true;
        waits_.notify_one();
    } else {
        send(*filling_); // nobody else does
    }
}

/// What the thread has not begun with leaves on this one: until it runs, a PBX that is busy may
/// take its time.
void Sender::flush() {
    std::unique_lock hold(mutex_);
    if (!sending_) {
        send(*filling_);
    }
    left_.wait(hold, [this] { return filling_->size() == 0 && !sending_; });
}

/// Made when it is needed for the first time, by a thread with all signals blocked: many PBXs never
/// have as many phones that ask at once.
bool Sender::has_thread() {
    if (!thread_.joinable()) {
        try {
            thread_ = std::thread([this] { run(); });
        } catch (const std::exception& error) {
            if (!std::exchange(has_warned_, true)) {
                base::log::warn("pnp", "no thread to send with: {}", error.what());
            }
        }
    }
    return thread_.joinable();
}

void Sender::run() {
    base::settle_thread("pnp-send");
    std::unique_lock hold(mutex_);
    while (true) {
        waits_.wait(hold, [this] { return wanted_ || over_; });
        if (over_) {
            return;
        }
        wanted_ = false;
        sending_ = true;
        while (filling_->size() != 0) {
            std::swap(filling_, leaving_);
            left_.notify_one(); // there is room again
            hold.unlock();
            send(*leaving_);
            hold.lock();
        }
        sending_ = false;
        left_.notify_one();
    }
}

void Sender::send(Outbox& box) noexcept {
    if (const auto failed = box.send(); !failed.empty()) {
        failed_(failed);
    }
}

} // namespace pnp
