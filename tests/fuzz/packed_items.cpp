// SPDX-License-Identifier: MIT
// Any bytes as the items of a phone in the database: what is taken from them is packed the same.
// rooms: inventory
#include "provisioning/inventory/packed_items.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto items = inventory::unpack(bytes)) {
        const auto again = inventory::unpack(inventory::pack(*items));
        if (again != items) {
            std::abort();
        }
    }
    if (const auto digests = inventory::unpack_digests(bytes)) {
        if (inventory::unpack_digests(inventory::pack(*digests)) != digests) {
            std::abort();
        }
    }
    return 0;
}
