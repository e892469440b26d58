// SPDX-License-Identifier: MIT
// How a fuzz target says what must hold of any input.
#pragma once

#include <cstdlib>

inline void demand(bool holds) {
    if (!holds) {
        std::abort();
    }
}
