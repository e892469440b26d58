// SPDX-License-Identifier: MIT
// The parameters behind a header value, as phones really write them, with their places in the text.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace pnp {

struct Param {
    std::string_view name;
    std::string_view value; ///< without quotes; empty when there is none
    std::size_t begin = 0;  ///< of its semicolon in the text
    std::size_t end = 0;    ///< one behind its last byte
};

/// Walks `;name=value` from the first semicolon on. Liberal: blanks around `;` and `=` (PLANET),
/// values bare, in double or in single quotes.
class Params {
  public:
    explicit Params(std::string_view text) noexcept;
    std::optional<Param> next() noexcept;

    /// The value of the first parameter of that name, case-insensitive; nothing when absent.
    static std::optional<std::string_view> find(std::string_view text,
                                                std::string_view name) noexcept;

  private:
    std::string_view text_;
    std::size_t at_;
};

/// Where the first element of a comma list ends: the place of its comma, or the whole length.
std::size_t first_element_end(std::string_view text) noexcept;

} // namespace pnp
