// SPDX-License-Identifier: MIT
// Runs the tests on the stack that FreeSWITCH gives its threads: it limits its process to 240 KiB,
// which is the size of each new thread then, and starts itself again.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

int main(int argc, char** argv) {
#if !defined(__SANITIZE_ADDRESS__) &&                                                              \
    !defined(__SANITIZE_THREAD__) // which need more for themselves
    constexpr rlim_t size = 240UL * 1024;
    rlimit stack{};
    if (::getrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur != size) {
        stack.rlim_cur = size;
        if (::setrlimit(RLIMIT_STACK, &stack) == 0) {
            ::execv("/proc/self/exe", argv);
        }
    }
#endif
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
