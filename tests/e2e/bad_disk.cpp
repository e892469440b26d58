// SPDX-License-Identifier: MIT
// Preloaded into a program: while the file $BAD_DISK.read-only is there, nothing is written to the
// folder $BAD_DISK, as after a file system's error, when the kernel lets nobody write any more.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

namespace {

bool is_refused(const char* path) {
    static const char* const folder = std::getenv("BAD_DISK");
    static const std::string flag = std::string(folder == nullptr ? "" : folder) + ".read-only";
    return folder != nullptr && std::strncmp(path, folder, std::strlen(folder)) == 0 &&
           ::access(flag.c_str(), F_OK) == 0;
}

bool is_refused(int file) {
    char path[4096] = {};
    const auto link = "/proc/self/fd/" + std::to_string(file);
    return ::readlink(link.c_str(), path, sizeof path - 1) > 0 && is_refused(path);
}

template <class Function> Function* original(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

int read_only() {
    errno = EROFS;
    return -1;
}

} // namespace

extern "C" {

ssize_t write(int file, const void* from, size_t size) {
    static auto* const real = original<ssize_t(int, const void*, size_t)>("write");
    return is_refused(file) ? read_only() : real(file, from, size);
}

ssize_t pwrite(int file, const void* from, size_t size, off_t at) {
    static auto* const real = original<ssize_t(int, const void*, size_t, off_t)>("pwrite");
    return is_refused(file) ? read_only() : real(file, from, size, at);
}

ssize_t pwrite64(int file, const void* from, size_t size, off64_t at) {
    static auto* const real = original<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
    return is_refused(file) ? read_only() : real(file, from, size, at);
}

int ftruncate(int file, off_t size) noexcept {
    static auto* const real = original<int(int, off_t)>("ftruncate");
    return is_refused(file) ? read_only() : real(file, size);
}

int ftruncate64(int file, off64_t size) noexcept {
    static auto* const real = original<int(int, off64_t)>("ftruncate64");
    return is_refused(file) ? read_only() : real(file, size);
}

int unlink(const char* path) noexcept {
    static auto* const real = original<int(const char*)>("unlink");
    return is_refused(path) ? read_only() : real(path);
}

int open64(const char* path, int flags, ...) {
    static auto* const real = original<int(const char*, int, ...)>("open64");
    __builtin_va_list rest;
    __builtin_va_start(rest, flags);
    const auto mode = (flags & O_CREAT) != 0 ? __builtin_va_arg(rest, mode_t) : mode_t{0};
    __builtin_va_end(rest);
    const bool writes = (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0;
    return writes && is_refused(path) ? read_only() : real(path, flags, mode);
}

int open(const char* path, int flags, ...) {
    __builtin_va_list rest;
    __builtin_va_start(rest, flags);
    const auto mode = (flags & O_CREAT) != 0 ? __builtin_va_arg(rest, mode_t) : mode_t{0};
    __builtin_va_end(rest);
    return open64(path, flags, mode);
}
}
