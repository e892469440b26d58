// SPDX-License-Identifier: MIT
// What each of a phone's files said last; the files differ in strength (guide §2.5).
#pragma once

#include "module/phone/vendor.hpp"

#include <array>

namespace phone {

struct Layer {
    Values values;
    std::size_t bytes = 0;     ///< of the file; 0: none was applied
    std::string url;           ///< it came from there
    std::string etag;          ///< of that file, for the next time
    std::string last_modified; ///< the same
};

struct Layers {
    Layer boot; ///< pre-provisioning
    Layer master;
    Layer product;
    Layer standard;

    /// No file was ever applied: only such a phone pre-provisions (guide §2.4.2.1).
    bool is_fresh() const noexcept;
    std::size_t bytes() const noexcept; ///< of the three files, without that of the start
    /// Of each parameter the value of the strongest file that has it.
    Values merged() const;
};

/// Each with its name for people and for the flash, weak to strong.
template <class Some> auto by_name(Some& layers) {
    using Pointer = decltype(&layers.boot);
    return std::array<std::pair<std::string_view, Pointer>, 4>{{
        {"pre-provisioning", &layers.boot},
        {"master", &layers.master},
        {"product", &layers.product},
        {"standard", &layers.standard},
    }};
}

} // namespace phone
