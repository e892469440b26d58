// SPDX-License-Identifier: MIT
#include "provisioning/serve/sources.hpp"

#include <algorithm>

namespace serve {
namespace {

constexpr double burst_seconds = 30;

base::TokenBucket bucket(double per_second, double seconds) {
    return {per_second, std::max(1.0, per_second * seconds)};
}

} // namespace

Sources::Sources(RequestRates rates)
    : rates_(rates), requests_(bucket(rates.in_all, burst_seconds)) {}

Sources::Source& Sources::source(base::Ipv4 address) {
    const auto known = sources_.find(address.value);
    if (known != sources_.end()) {
        return known->second;
    }
    if (sources_.size() - holding_ >= most_idle) {
        // Whoever has that many addresses gets round the limit of one; the limit of all stands.
        std::erase_if(sources_, [](const auto& one) { return one.second.connections == 0; });
    }
    return sources_
        .emplace(address.value, Source{0, bucket(rates_.per_source, rates_.source_burst)})
        .first->second;
}

void Sources::opened(base::Ipv4 address) {
    if (source(address).connections++ == 0) {
        ++holding_;
    }
}

void Sources::closed(base::Ipv4 address) {
    const auto known = sources_.find(address.value);
    if (known != sources_.end() && known->second.connections > 0 &&
        --known->second.connections == 0) {
        --holding_;
    }
}

std::size_t Sources::connections(base::Ipv4 address) const {
    const auto known = sources_.find(address.value);
    return known == sources_.end() ? 0 : known->second.connections;
}

std::optional<base::Ipv4> Sources::greediest() const {
    const auto most =
        std::max_element(sources_.begin(), sources_.end(), [](const auto& one, const auto& other) {
            return one.second.connections < other.second.connections;
        });
    if (most == sources_.end() || most->second.connections == 0) {
        return std::nullopt;
    }
    return base::Ipv4{most->first};
}

bool Sources::may_ask(base::Ipv4 address, base::Steady now, const Phone& phone) {
    // The source's own bucket first: who is over it must not empty the one of all.
    if (!source(address).requests.take(now)) {
        const auto known = phone ? phone() : std::nullopt;
        if (!known || !phones_.take(*known, now)) {
            return false;
        }
    }
    return requests_.take(now);
}

} // namespace serve
