// SPDX-License-Identifier: MIT
// A PBX's numbers, however odd: maps are made of them, and no phone calls by one what the PBX still
// takes a digit for.
// rooms: dialplan
#include "dialplan/number_plan.hpp"
#include "dialplan/digit_map.hpp"
#include "tests/fuzz/demand.hpp"

#include <cstdint>

namespace {

std::string_view take_line(std::string_view& rest) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    return line;
}

} // namespace

/// What is keyed, then numbers, one a line; "=NAME" begins another context, "+NAME" includes it. So
/// few and so short that the maps are made in a second: 12 numbers of 12 keys take ten, sanitized.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const auto keyed = take_line(rest).substr(0, 40);
    dialplan::NumberPlan plan;
    auto* context = &plan["phones"];
    int numbers = 0;
    for (int lines = 0; !rest.empty() && lines < 24; ++lines) {
        const auto line = take_line(rest).substr(0, 9);
        if (line.starts_with('=')) {
            context = &plan[std::string(line.substr(1))];
        } else if (line.starts_with('+')) {
            context->includes.push_back({std::string(line.substr(1))});
        } else if (!line.empty() && numbers++ < 8) {
            context->numbers.push_back({std::string(line)});
        }
    }
    demand(dialplan::reachable(plan, "phones").contexts.size() <= plan.size());
    (void)dialplan::fit(plan, "phones", keyed);
    for (const auto vendor : dialplan::digit_map_vendors()) {
        for (const bool refuse : {false, true}) {
            const auto map = dialplan::digit_map(vendor, plan, "phones", {{"112"}, refuse});
            demand(map || !map.error().what.empty());
            if (map && !map->text.empty()) {
                const auto dialled = dialplan::dial(vendor, map->text, keyed);
                demand(dialled.number.size() <= keyed.size());
            }
        }
    }
    return 0;
}
