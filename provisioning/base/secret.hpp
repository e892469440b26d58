// SPDX-License-Identifier: MIT
// A password or key: it does not format, print or compare in variable time, does not lie in memory
// as it is, and is wiped when dropped.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace base {

/// A secret's text while it is used; wiped at its end. Give it a name: a view of a nameless one
/// would dangle, and does not compile.
class Revealed {
  public:
    Revealed(const Revealed&) = delete;
    Revealed& operator=(const Revealed&) = delete;
    ~Revealed();

    // NOLINTNEXTLINE(google-explicit-constructor): it stands for the text
    operator std::string_view() const& noexcept { return text_; }

    operator std::string_view() const&& = delete;

    const char* c_str() const& noexcept { return text_.c_str(); }

    const char* c_str() const&& = delete;

    bool operator==(std::string_view other) const noexcept { return text_ == other; }

  private:
    friend class Secret;
    explicit Revealed(std::string_view masked);

    std::string text_;
};

/// Its text lies under a key stream of this process, so that who searches a core file or the swap
/// for a password finds none. That key lies in the same memory: who knows this program reads all.
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
    Revealed reveal() const { return Revealed(masked_); }

    bool empty() const noexcept { return masked_.empty(); }

    std::size_t size() const noexcept;

    bool operator==(const Secret& other) const; ///< constant time for equal lengths

  private:
    void wipe() noexcept;

    std::string masked_; ///< a number of its own, then the text under the stream of that number
};

} // namespace base
