// SPDX-License-Identifier: MIT
// A dial plan is checked, and digits go through it; what has no error is parsed, and only that.
// rooms: profile
#include "provisioning/profile/kx/dialling.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto line = std::min(text.find('\n'), size); // the plan; behind it, what is keyed
    const auto plan = text.substr(0, line);
    const auto keys = text.substr(std::min(line + 1, size), 200);
    const auto findings = profile::kx::check_dial_plan(plan);
    const bool right = std::none_of(findings.begin(), findings.end(), [&](const auto& finding) {
        if (finding.column == 0 || finding.column > plan.size() + 1) {
            std::abort();
        }
        return finding.severity == profile::kx::Severity::error;
    });
    const auto parsed = profile::kx::DialPlan::parse(plan);
    if (parsed.has_value() != right) {
        std::abort();
    }
    if (parsed) {
        profile::kx::Dialling dialling(*parsed, {});
        dialling.press(keys);
        dialling.wait(std::chrono::minutes(11));
        if (dialling.now().kind == profile::kx::Dialled::Kind::waiting) {
            std::abort();
        }
    }
    return 0;
}
