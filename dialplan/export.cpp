// SPDX-License-Identifier: MIT
// Writes what an import reads: who is approved, and with which extensions.
#include "dialplan/csv.hpp"
#include "dialplan/import.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dialplan {

std::string export_csv(const inventory::Snapshot& now) {
    std::string out = "mac,extensions,name\n";
    for (const inventory::Device* device : now.devices()) {
        if (!device->is_approved() || device->lines.empty()) {
            continue; // a row of theirs would approve or mean nothing
        }
        const inventory::Extension* first = now.extension(device->lines.front());
        out += fmt::format("{},{},{}\n", device->mac.str(), fmt::join(device->lines, " "),
                           csv_field(first != nullptr ? first->name : ""));
    }
    return out;
}

} // namespace dialplan
