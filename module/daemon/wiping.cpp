// SPDX-License-Identifier: MIT
// In this process of our own, memory that is given back is wiped: passwords and tokens pass through
// buffers of many libraries, and none of them may be found in a core file later.
#include <cstdlib>
#include <cstring>

#include <malloc.h>

// glibc's own, below these names for whoever stands in front of it. malloc and calloc stay as they
// are; a sanitizer has an allocator of its own, and is left alone.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" void __libc_free(void* what);
extern "C" void* __libc_realloc(void* what, std::size_t wanted);

// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

extern "C" void free(void* what) noexcept {
    if (what != nullptr) {
        ::explicit_bzero(what, ::malloc_usable_size(what));
        __libc_free(what);
    }
}

extern "C" void* realloc(void* what, std::size_t wanted) noexcept {
    if (what != nullptr && wanted == 0) {
        free(what);
        return nullptr;
    }
    const std::size_t has = what == nullptr ? 0 : ::malloc_usable_size(what);
    if (what == nullptr || (wanted <= has && wanted >= has / 2)) {
        if (wanted < has) {
            ::explicit_bzero(static_cast<char*>(what) + wanted, has - wanted);
        }
        return __libc_realloc(what, wanted); // stays where it is
    }
    void* const made = std::malloc(wanted);
    if (made != nullptr) {
        std::memcpy(made, what, wanted < has ? wanted : has);
        free(what);
    }
    return made;
}

#endif
