// SPDX-License-Identifier: MIT
// A stranger's User-Agent is read without a fault, and what is read of it stays short.
// rooms: profile
#include "provisioning/profile/catalogue.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto found = profile::read_user_agent({reinterpret_cast<const char*>(data), size});
    if (found.model.size() > 64 || found.version.size() > 64) {
        std::abort();
    }
    return 0;
}
