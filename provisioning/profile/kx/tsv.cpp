// SPDX-License-Identifier: MIT
// Finds a built-in table by its name.
#include "provisioning/profile/kx/tsv.hpp"

#include "kx_tables.hpp"

namespace profile::kx {

std::vector<std::vector<std::string_view>> shipped_rows(std::string_view name, std::size_t cells) {
    for (const auto& file : embedded::kx_tables()) {
        if (file.path == name) {
            return base::tsv_rows(file.content, cells);
        }
    }
    return {};
}

} // namespace profile::kx
