// SPDX-License-Identifier: MIT
// What each address holds and asks for: connections are counted, requests have token buckets.
#pragma once

#include "provisioning/base/limit.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/token_buckets.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <unordered_map>

namespace serve {

/// Requests per second that are let through in the long run; half a minute's worth at once, because
/// a whole site starts when its power comes back.
struct RequestRates {
    double per_source = 200;
    double in_all = 2000;
    double source_burst = 30; ///< how many seconds' worth a source may have at once
};

class Sources {
  public:
    /// More addresses than this are remembered only while they hold connections.
    static constexpr std::size_t most_idle = 4096;

    explicit Sources(RequestRates rates);

    void opened(base::Ipv4 source);
    void closed(base::Ipv4 source);
    std::size_t connections(base::Ipv4 source) const;
    /// Who holds the most connections.
    std::optional<base::Ipv4> greediest() const;
    using Phone = std::function<std::optional<base::Mac>()>;

    /// Whether this address may have one more request answered now. Where its share is used up,
    /// `phone` can tell that this one is not by whoever used it, but by a phone, which has a share
    /// of its own.
    bool may_ask(base::Ipv4 source, base::Steady now, const Phone& phone = nullptr);

    std::size_t remembered() const noexcept { return sources_.size(); }

  private:
    struct Source {
        std::size_t connections = 0;
        base::TokenBucket requests;
    };

    Source& source(base::Ipv4 address);

    RequestRates rates_;
    base::TokenBucket requests_;
    // A phone asks for five to ten files when it starts, and may start a few times.
    base::TokenBuckets<base::Mac> phones_{5, 100, most_idle};
    std::unordered_map<std::uint32_t, Source> sources_;
    std::size_t holding_ = 0; // of sources_, those with connections
};

} // namespace serve
