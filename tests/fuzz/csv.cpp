// SPDX-License-Identifier: MIT
// Fuzzes the reading and planning of an import, and that nothing is planned beside a problem.
// rooms: dialplan
#include "dialplan/import.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto plan = dialplan::plan_import(
        text, inventory::Snapshot(),
        [](const std::string& number) {
            return number == "201" ? base::Status() : base::fail(base::Errc::not_found, "none");
        },
        [](base::Mac) { return std::size_t{4}; });
    if (!plan.problems.empty() && !plan.changes.empty()) {
        std::abort();
    }
    for (const auto& problem : plan.problems) {
        if (problem.line < 1 || problem.text.empty()) {
            std::abort();
        }
    }
    return 0;
}
