// SPDX-License-Identifier: MIT
// How bad it is, in one word.
#include "provisioning/profile/kx/finding.hpp"

#include <algorithm>

namespace profile::kx {

Severity worst(const std::vector<Finding>& findings) noexcept {
    Severity out = Severity::info;
    for (const Finding& finding : findings) {
        out = std::max(out, finding.severity);
    }
    return out;
}

const char* word(Severity severity) noexcept {
    switch (severity) {
    case Severity::info:
        return "info";
    case Severity::warning:
        return "warning";
    case Severity::error:
        return "error";
    }
    return "error";
}

} // namespace profile::kx
