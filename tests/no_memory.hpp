// SPDX-License-Identifier: MIT
// Lets a test see what becomes of its subject where there was no memory for a moment.
#pragma once

/// One allocation of this thread throws std::bad_alloc: that behind the next `others`.
class NoMemoryAfter {
  public:
    explicit NoMemoryAfter(int others);
    ~NoMemoryAfter();
    NoMemoryAfter(const NoMemoryAfter&) = delete;
    NoMemoryAfter& operator=(const NoMemoryAfter&) = delete;

    bool was_met() const; ///< it has thrown
};
