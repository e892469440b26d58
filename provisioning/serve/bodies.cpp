// SPDX-License-Identifier: MIT
// Sums that never go above their limits; an address that holds nothing is forgotten.
#include "provisioning/serve/bodies.hpp"

namespace serve {

bool Bodies::has_room(base::Ipv4 source, std::uint64_t bytes) const {
    const auto known = of_.find(source.value);
    const auto own = known == of_.end() ? 0 : known->second;
    return bytes <= in_all_ - held_ && bytes <= per_source_ - own;
}

bool Bodies::take(base::Ipv4 source, std::uint64_t bytes) {
    if (!has_room(source, bytes)) {
        return false;
    }
    if (bytes != 0) {
        of_[source.value] += bytes;
        held_ += bytes;
    }
    return true;
}

void Bodies::give_back(base::Ipv4 source, std::uint64_t bytes) {
    const auto known = of_.find(source.value);
    if (known == of_.end()) {
        return;
    }
    held_ -= bytes;
    known->second -= bytes;
    if (known->second == 0) {
        of_.erase(known);
    }
}

} // namespace serve
