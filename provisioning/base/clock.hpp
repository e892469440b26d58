// SPDX-License-Identifier: MIT
// Time as the rooms see it: a steady clock for deadlines, seconds since 1970 for what is stored.
#pragma once

#include <chrono>
#include <cstdint>

namespace base {

using Steady = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

inline Steady steady_now() noexcept {
    return std::chrono::steady_clock::now();
}

/// Milliseconds since 1970-01-01 UTC: what the database and the timelines hold.
using UnixMs = std::int64_t;

/// Whether `then` was less than `span` ago. A time to come is no such moment: the clock was set
/// back.
constexpr bool was_within(UnixMs then, UnixMs now, std::chrono::milliseconds span) noexcept {
    return then <= now && now - then < span.count();
}

class Clock {
  public:
    virtual ~Clock() = default;
    virtual Steady now() const = 0;
    virtual UnixMs unix_ms() const = 0;
};

class SystemClock final : public Clock {
  public:
    Steady now() const override { return std::chrono::steady_clock::now(); }

    UnixMs unix_ms() const override {
        using namespace std::chrono;
        return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
    }
};

/// For tests: time goes on only when told to.
class FakeClock final : public Clock {
  public:
    Steady now() const override { return Steady{} + passed_; }

    UnixMs unix_ms() const override {
        return start_ + std::chrono::duration_cast<std::chrono::milliseconds>(passed_).count();
    }

    void advance(Duration by) { passed_ += by; }

  private:
    Duration passed_ = std::chrono::hours(1);
    UnixMs start_ = 1'767'225'600'000; // 2026-01-01
};

} // namespace base
