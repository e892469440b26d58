// SPDX-License-Identifier: MIT
// Any bytes as a phone's answer to a NOTIFY.
// rooms: pnp
#include "pnp/message.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto response = pnp::parse_response(bytes);
    if (!response) {
        return response.error().what.empty() ? (std::abort(), 1) : 0;
    }
    const bool sound = response->status >= 100 && response->status <= 699 &&
                       !response->call_id.empty() &&
                       response->reason.find_first_of("\r\n") == std::string::npos &&
                       response->branch.find_first_of("\r\n") == std::string::npos &&
                       (bytes.find("\n\r\n") != std::string_view::npos ||
                        bytes.find("\n\n") != std::string_view::npos);
    if (!sound) {
        std::abort();
    }
    return 0;
}
