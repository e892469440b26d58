// SPDX-License-Identifier: MIT
// Preloaded into a PBX in C: while the file $NO_MEMORY is there, each allocation of our module
// throws.
#include <cstdlib>
#include <new>

#include <unistd.h>

void* operator new(std::size_t size) {
    static const char* const flag = std::getenv("NO_MEMORY");
    if (flag == nullptr || ::access(flag, F_OK) != 0) {
        if (void* made = std::malloc(size > 0 ? size : 1)) {
            return made;
        }
    }
    throw std::bad_alloc();
}

void operator delete(void* what) noexcept {
    std::free(what);
}

void operator delete(void* what, std::size_t /*size*/) noexcept {
    std::free(what);
}
