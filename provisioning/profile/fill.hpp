// SPDX-License-Identifier: MIT
// Fills {placeholders} of one-line settings such as URLs; templates of files have their own engine.
#pragma once

#include "provisioning/base/result.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

namespace profile {

struct Slot {
    std::string_view name; ///< case matters: {mac} and {MAC} are two
    std::string value;
    std::string refusal; ///< not empty: why this phone has no such value, if it is asked for
};

/// Replaces {name} by the slot's value, {{ by { and }} by }, so that {{mac}} leaves {mac} for the
/// phone to fill in. Errors tell positions and known names only: the text may hold a password.
base::Result<std::string> fill(std::string_view text, std::initializer_list<Slot> slots);

} // namespace profile
