// SPDX-License-Identifier: MIT
// Collects findings, so that what is common to all of them is written once.
#pragma once

#include "provisioning/profile/kx/finding.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace profile::kx {

/// Where a setting stands.
struct Spot {
    std::string_view file; ///< empty for a single one
    std::size_t line = 0;
    std::size_t column = 0;
    std::string_view name;
    std::string_view value;
};

class Report {
  public:
    void add(Severity severity,
             std::string_view code,
             const Spot& spot,
             std::string what,
             std::string_view section,
             std::string_view nearest = {});

    /// Findings are only counted from here on, and what they say is not looked at.
    bool is_full() const noexcept;

    std::vector<Finding> take(); ///< by file, line and column; the cap has its own last line

  private:
    std::vector<Finding> findings_;
    std::size_t left_out_ = 0;
    Severity worst_left_out_ = Severity::info;
};

} // namespace profile::kx
