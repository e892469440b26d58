// SPDX-License-Identifier: MIT
// The story of one phone as it happens: one line per step, with the seconds since it was plugged
// in.
#pragma once

#include "provisioning/base/clock.hpp"

#include <functional>
#include <string_view>

#include <fmt/format.h>

namespace phone {

class Trace {
  public:
    using Sink = std::function<void(std::string_view line)>;

    explicit Trace(Sink sink);

    /// Strangers' bytes go through base::printable or shorten_url first.
    template <class... Args> void step(fmt::format_string<Args...> text, Args&&... args) {
        write(fmt::format(text, std::forward<Args>(args)...));
    }

  private:
    void write(std::string_view text);

    Sink sink_;
    base::Steady start_;
};

} // namespace phone
