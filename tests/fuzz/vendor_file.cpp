// SPDX-License-Identifier: MIT
// What a site writes in profile.conf, for keys and for pools: read, or refused with its place.
// rooms: profile
#include "provisioning/profile/vendor_file.hpp"
#include "provisioning/inventory/pool.hpp"
#include "provisioning/profile/keys.hpp"
#include "provisioning/profile/vendor.hpp"
#include "tests/fuzz/demand.hpp"

#include <cstdint>

namespace {

void look_at_ranges(std::string_view text) {
    const auto ranges = inventory::parse_ranges(text);
    if (!ranges) {
        demand(!ranges.error().what.empty());
        return;
    }
    std::uint64_t all = 0;
    for (const auto& range : *ranges) {
        demand(range.size() > 0 && range.contains(range.first) && range.contains(range.last));
        demand(range.at(0) == range.first && range.at(range.size() - 1) == range.last);
        all += range.size();
    }
    demand(all <= 10'000 && inventory::check_ranges(*ranges));
    demand(inventory::parse_ranges(inventory::Pool{"", *ranges}.numbers()) == *ranges);
}

void look_at_keys(std::string_view text) {
    const auto keys = profile::parse_keys(text);
    demand(keys || !keys.error().what.empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    look_at_ranges(text);
    look_at_keys(text);
    profile::Vendor vendor;
    const auto read = profile::read_vendor(vendor, text, "fuzz.conf");
    demand(read || read.error().what.rfind("fuzz.conf", 0) == 0);
    if (read) {
        (void)profile::check_vendor(vendor, "fuzz.conf");
    }
    return 0;
}
