// SPDX-License-Identifier: MIT
// Preloaded into a program: its time of day is off by the seconds that stand in $WRONG_CLOCK.
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

/// The file holds eight bytes, and may be written at any time.
std::int64_t offset() {
    static const volatile std::int64_t* const shared = [] {
        const char* const path = std::getenv("WRONG_CLOCK");
        const int file = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
        void* const place =
            file < 0 ? MAP_FAILED
                     : ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
        if (file >= 0) {
            ::close(file);
        }
        return place == MAP_FAILED ? nullptr : static_cast<const volatile std::int64_t*>(place);
    }();
    return shared == nullptr ? 0 : *shared;
}

} // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
    const auto result = static_cast<int>(::syscall(SYS_clock_gettime, clock, now));
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += offset();
    }
    return result;
}

extern "C" int gettimeofday(timeval* now, void* /*zone*/) noexcept {
    timespec exact{};
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

extern "C" std::time_t time(std::time_t* now) noexcept {
    timespec exact{};
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now != nullptr) {
        *now = exact.tv_sec;
    }
    return exact.tv_sec;
}
