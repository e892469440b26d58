// SPDX-License-Identifier: MIT
// Fuzzes the request line of the control socket.
// rooms: admin
#include "provisioning/admin/request.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto request =
        admin::read_request_line(std::string_view(reinterpret_cast<const char*>(data), size));
    if (request && request->input_bytes > admin::max_request_input) {
        std::abort();
    }
    return 0;
}
