// SPDX-License-Identifier: MIT
// Reads the rows of environments.tsv.
#include "provisioning/profile/kx/environments.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/kx/tsv.hpp"

#include <array>
#include <utility>

namespace profile::kx {
namespace {

constexpr std::size_t before_environments = 2; // columns: maker and function

Way way_of(std::string_view word) {
    constexpr std::array<std::pair<std::string_view, Way>, 3> words{
        {{"automatic", Way::automatic}, {"manual", Way::manual}, {"depends", Way::depends}}};
    for (const auto& [text, way] : words) {
        if (text == word) {
            return way;
        }
    }
    return Way::not_available;
}

} // namespace

std::string_view name(Environment environment) noexcept {
    constexpr std::array<std::string_view, 4> names{"1-1", "1-2", "2-1", "2-2"};
    return names[static_cast<std::size_t>(environment)];
}

std::vector<Function> functions(Maker maker, Environment environment) {
    const std::string_view wanted = maker == Maker::panasonic ? "panasonic" : "other";
    std::vector<Function> found;
    for (const auto& cells : shipped_rows("environments.tsv", 6)) {
        if (cells[0] != wanted) {
            continue;
        }
        const auto cell = cells[before_environments + static_cast<std::size_t>(environment)];
        const auto colon = cell.find(':');
        found.push_back({cells[1], way_of(cell.substr(0, colon)),
                         colon == std::string_view::npos ? std::string_view{}
                                                         : base::trim(cell.substr(colon + 1))});
    }
    return found;
}

} // namespace profile::kx
