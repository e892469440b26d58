// SPDX-License-Identifier: MIT
// The first line of a request on the control socket.
#pragma once

#include "provisioning/base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace admin {

constexpr std::size_t max_request_line = 64U << 10U;
constexpr std::size_t max_request_input = 4U << 20U;

struct RequestLine {
    std::vector<std::string> words;
    std::size_t input_bytes = 0;
};

/// {"words": [TEXT…], "input_bytes": N}; the error is for the program's author.
base::Result<RequestLine> read_request_line(std::string_view line);

} // namespace admin
