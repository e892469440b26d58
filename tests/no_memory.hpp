// SPDX-License-Identifier: MIT
// Lets a test see what becomes of its subject where there was no memory for a moment.
#pragma once

/// Allocations of this thread throw std::bad_alloc: one behind the next `others`, or so many.
class NoMemoryAfter {
  public:
    explicit NoMemoryAfter(int others, int times = 1);
    ~NoMemoryAfter();
    NoMemoryAfter(const NoMemoryAfter&) = delete;
    NoMemoryAfter& operator=(const NoMemoryAfter&) = delete;

    bool was_met() const; ///< it has thrown
};
