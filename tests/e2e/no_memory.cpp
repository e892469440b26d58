// SPDX-License-Identifier: MIT
// Preloaded into a PBX in C: while the file $NO_MEMORY is there, each allocation of our module
// throws; while $NO_MALLOC is there, those of the libraries in C fail.
#include <cstdlib>
#include <new>

#include <errno.h>
#include <unistd.h>

// What glibc has under these names as well, so that nothing has to be looked up on the way.
extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* __libc_calloc(std::size_t count, std::size_t size);
extern "C" void* __libc_realloc(void* what, std::size_t size);

namespace {

bool is_there(const char* flag) {
    return flag != nullptr && ::access(flag, F_OK) == 0;
}

bool fails() {
    static const char* const flag = std::getenv("NO_MALLOC");
    const int before = errno;
    const bool is_refused = is_there(flag);
    errno = is_refused ? ENOMEM : before;
    return is_refused;
}

} // namespace

extern "C" void* malloc(std::size_t size) {
    return fails() ? nullptr : __libc_malloc(size);
}

extern "C" void* calloc(std::size_t count, std::size_t size) {
    return fails() ? nullptr : __libc_calloc(count, size);
}

extern "C" void* realloc(void* what, std::size_t size) {
    return fails() ? nullptr : __libc_realloc(what, size);
}

void* operator new(std::size_t size) {
    static const char* const flag = std::getenv("NO_MEMORY");
    if (!is_there(flag)) {
        if (void* made = __libc_malloc(size > 0 ? size : 1)) {
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
