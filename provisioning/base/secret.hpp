// SPDX-License-Identifier: MIT
// A password or key: it does not format, print or compare in variable time, and is wiped when
// dropped.
#pragma once

#include <string>
#include <string_view>

namespace base {

class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string_view text);
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept;
    Secret& operator=(const Secret& other);
    Secret& operator=(Secret&& other) noexcept;
    ~Secret();

    /// The one way to the text. Grep for it: each caller puts the secret into a file for its phone,
    /// into a sealed database column, or on the console after an explicit --reveal.
    std::string_view reveal() const noexcept { return text_; }

    bool empty() const noexcept { return text_.empty(); }

    bool operator==(const Secret& other) const noexcept; ///< constant time for equal lengths

  private:
    void wipe() noexcept;

    std::string text_;
};

} // namespace base
