// SPDX-License-Identifier: MIT
// Any bytes as the kernel's words about neighbours: the table stays within its bound, and what is
// new in it is found.
// rooms: base
#include "provisioning/base/neighbour_table.hpp"
#include "tests/fuzz/demand.hpp"

#include <cstdint>

/// In pieces, each of which ends at a byte 0xff behind its middle; a dump begins after each.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t most = 4;
    base::NeighbourTable table(most);
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\xff', rest.size() / 2), rest.size());
        base::NeighbourTable::News news;
        table.read(rest.substr(0, end), news);
        demand(table.size() <= most);
        for (const auto& place : news.moved) {
            (void)table.find(place.address, place.interface_index);
        }
        std::size_t there = 0;
        for (const auto address : news.changed) {
            there += table.find(address, 0) ? 1U : 0U;
        }
        demand(there == 0 || table.size() != 0);
        table.begin_dump();
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return 0;
}
