// SPDX-License-Identifier: MIT
// Writes what an import reads: who is approved, and with which extensions.
#include "dialplan/csv.hpp"
#include "dialplan/import.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/inventory/guest.hpp"

#include <unordered_set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dialplan {

namespace {

/// As phones show it: one without a name has its number, and is imported with it.
std::string_view shown_name(const inventory::Extension& extension) {
    return base::trim(extension.name).empty() ? extension.number : extension.name;
}

} // namespace

std::string export_csv(const inventory::Snapshot& now) {
    std::string out = "mac,extensions,name\n";
    std::unordered_set<std::string> named;
    for (const inventory::Device* device : now.devices()) {
        if (!device->is_approved() || device->lines.empty() ||
            inventory::guest_of(device->lines.front())) {
            continue; // a row of theirs would approve, mean nothing, or be refused
        }
        const inventory::Extension* first = now.extension(device->lines.front());
        out += fmt::format("{},{},{}\n", device->mac.str(), fmt::join(device->lines, " "),
                           csv_field(first != nullptr ? shown_name(*first) : ""));
        named.insert(device->lines.front());
    }
    for (const inventory::Extension* extension : now.extensions()) {
        if (named.count(extension->number) == 0 && !inventory::guest_of(extension->number)) {
            out += fmt::format(",{},{}\n", extension->number, csv_field(shown_name(*extension)));
        }
    }
    return out;
}

} // namespace dialplan
