// SPDX-License-Identifier: MIT
// What a function that can fail returns: a value, or an error written for an operator.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <tl/expected.hpp>

namespace base {

enum class Errc : std::uint8_t {
    truncated, ///< bytes are missing
    malformed, ///< bytes are there and wrong
    not_ours,  ///< well-formed, and meant for somebody else
    not_found, ///< a name that stands for nothing here
    refused,   ///< understood and not allowed
    conflict,  ///< it is already there, or somebody else holds it
    io,        ///< the system said no
};

/// `what` names the thing and the remedy; it never holds a secret.
struct Error {
    Errc code{};
    std::string what;
};

template <class T>
using Result = tl::expected<T, Error>; // std::expected once both compilers have it
using Status = Result<void>;

template <class... Args>
[[nodiscard]] tl::unexpected<Error>
fail(Errc code, fmt::format_string<Args...> text, Args&&... args) {
    return tl::unexpected<Error>(Error{code, fmt::format(text, std::forward<Args>(args)...)});
}

} // namespace base
