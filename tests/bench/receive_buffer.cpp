// SPDX-License-Identifier: MIT
// Preloaded into a program: whatever receive buffer it asks for, it gets the bytes that stand in
// $RECEIVE_BUFFER, as if the kernel allowed that and no more.
#include <cstdlib>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" int setsockopt(int fd, int level, int name, const void* value, socklen_t size) noexcept {
    const char* const wanted = std::getenv("RECEIVE_BUFFER");
    if (wanted != nullptr && level == SOL_SOCKET && (name == SO_RCVBUF || name == SO_RCVBUFFORCE)) {
        const int bytes = std::atoi(wanted);
        return static_cast<int>(
            syscall(SYS_setsockopt, fd, level, SO_RCVBUFFORCE, &bytes, sizeof bytes));
    }
    return static_cast<int>(syscall(SYS_setsockopt, fd, level, name, value, size));
}
