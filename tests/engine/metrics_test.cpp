// SPDX-License-Identifier: MIT
// The README lists every family that /metrics tells.
#include "copy.hpp"

#include "module/metrics.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace {

struct Family {
    std::string name;
    std::string type;
    std::string help;
    std::string labels; ///< "`result`: served, missing"
};

std::vector<Family> families() {
    std::vector<Family> all;
    const auto text = engine::metrics({});
    for (const std::string_view line : base::split(text, '\n')) {
        const auto words = base::split(line, ' ');
        if (line.starts_with("# HELP ")) {
            all.push_back({std::string(words[2]), {}, {}, {}});
            all.back().help = line.substr(line.find(words[2]) + words[2].size() + 1);
        } else if (line.starts_with("# TYPE ")) {
            all.back().type = words[3];
        } else if (const auto brace = line.find('{'); brace != line.npos) {
            const auto equals = line.find('=');
            auto& labels = all.back().labels;
            labels += labels.empty()
                          ? fmt::format("`{}`: ", line.substr(brace + 1, equals - brace - 1))
                          : ", ";
            labels += line.substr(equals + 2, line.find('}') - equals - 3);
        }
    }
    return all;
}

TEST(Readme, ListsEveryMetric) {
    std::string table = "| family | type | what it counts |\n|---|---|---|\n";
    for (const auto& [name, type, help, labels] : families()) {
        const bool is_version = name == "pnp_build_info"; // it changes with each release
        table += fmt::format("| `{}` | {} | {}{} |\n", name, type, help,
                             labels.empty() || is_version ? "" : " " + labels);
    }
    expect_in_readme("metrics", table);
}

} // namespace
