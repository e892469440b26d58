// SPDX-License-Identifier: MIT
// The account of a guest: an extension of ours that is one phone's own and says by its number
// whose.
#pragma once

#include "provisioning/base/mac.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace inventory {

/// "guest001fc1000001": letters and digits alone, since phones put it into a URI.
inline std::string guest_number(base::Mac mac) {
    return "guest" + mac.str();
}

/// Whose account this is; nothing for any other number.
inline std::optional<base::Mac> guest_of(std::string_view number) {
    constexpr std::string_view prefix = "guest";
    if (!number.starts_with(prefix)) {
        return std::nullopt;
    }
    const auto mac = base::Mac::parse(number.substr(prefix.size()));
    return mac && guest_number(*mac) == number ? std::optional(*mac) : std::nullopt;
}

} // namespace inventory
