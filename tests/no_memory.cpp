// SPDX-License-Identifier: MIT
// The allocations of C++ in a test program that links this.
#include "tests/no_memory.hpp"

#include <cstdlib>
#include <limits>
#include <new>

namespace {

constexpr int never = std::numeric_limits<int>::max();
thread_local int left = never;
thread_local int failing = 1;

void* take(std::size_t size) noexcept {
    if (left != never && left-- <= 0 && left >= -failing) {
        return nullptr;
    }
    return std::malloc(size > 0 ? size : 1);
}

} // namespace

NoMemoryAfter::NoMemoryAfter(int others, int times) {
    failing = times;
    left = others;
}

NoMemoryAfter::~NoMemoryAfter() {
    left = never;
}

bool NoMemoryAfter::was_met() const {
    return left < 0;
}

void* operator new(std::size_t size) {
    if (void* made = take(size)) {
        return made;
    }
    throw std::bad_alloc();
}

void* operator new(std::size_t size, const std::nothrow_t& /*unused*/) noexcept {
    return take(size);
}

void operator delete(void* what) noexcept {
    std::free(what);
}

void operator delete(void* what, std::size_t /*size*/) noexcept {
    std::free(what);
}

void operator delete(void* what, const std::nothrow_t& /*unused*/) noexcept {
    std::free(what);
}
