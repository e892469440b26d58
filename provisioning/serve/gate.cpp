// SPDX-License-Identifier: MIT
// The checks in their order, and how each says what is wrong and what to do.
#include "provisioning/serve/gate.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/serve/target.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace serve {
namespace {

using inventory::Step;

bool is_in(const std::vector<base::Network>& networks, base::Ipv4 source) {
    return std::any_of(networks.begin(), networks.end(),
                       [&](const auto& network) { return network.contains(source); });
}

Refused refused(Refusal why, std::optional<base::Mac> mac, Step step, std::string text) {
    Refused out{why, {}};
    if (mac) {
        out.remarks.push_back({*mac, step, std::move(text)});
    }
    return out;
}

/// Who asks for whose file; nothing where the token is the asking phone's own, or may be.
std::optional<Refused> foreign(const Asked& asked, base::Mac owner) {
    const auto differs = [&](const std::optional<base::Mac>& mac) { return mac && *mac != owner; };
    const auto other = differs(asked.user)    ? asked.user
                       : differs(asked.named) ? asked.named
                       : differs(asked.agent) ? asked.agent
                                              : std::nullopt;
    if (!other) {
        return std::nullopt;
    }
    const bool by_name = !differs(asked.user) && differs(asked.named);
    auto out =
        refused(Refusal::foreign, owner, Step::token_refused,
                fmt::format("its URL was used by {}{}; `pnp rotate {}` makes a new one",
                            other->str(), by_name ? " (the name of the file)" : "", owner.str()));
    out.remarks.push_back(
        {*other, Step::token_refused, fmt::format("used the URL of {}", owner.str())});
    return out;
}

} // namespace

bool Gate::is_source_served(base::Ipv4 source) const {
    return settings_.source_check == SourceCheck::any || is_in(around_.served, source) ||
           is_in(settings_.allow, source);
}

bool Gate::is_own(base::Ipv4 source) const {
    return source.is_loopback() ||
           std::find(around_.own.begin(), around_.own.end(), source) != around_.own.end();
}

bool Gate::is_neighbour_known(base::Ipv4 source) const {
    return is_in(around_.served, source) && !is_own(source) && !is_in(settings_.allow, source) &&
           !is_in(settings_.neighbour_allow, source);
}

std::string Gate::outside(base::Ipv4 source) {
    return fmt::format("it asked from outside of the networks that are served; if phones are "
                       "there, write allow = {}",
                       source.str());
}

std::string Gate::neighbour_says(base::Mac mac, base::Ipv4 source) const {
    const auto found = neighbour_ ? neighbour_(source) : std::nullopt;
    if (found == mac) {
        return {};
    }
    const auto remedy = fmt::format("if a router or proxy speaks for phones there, write "
                                    "neighbour_allow = {}",
                                    source.str());
    return found ? fmt::format("the neighbour table shows {} at {}, not {}; {}", found->str(),
                               source.str(), mac.str(), remedy)
                 : fmt::format("the neighbour table shows nobody at {}: `ip neigh` tells more; {}",
                               source.str(), remedy);
}

std::optional<base::Mac> Gate::neighbour_at(base::Ipv4 source) const {
    return is_neighbour_known(source) && neighbour_ ? neighbour_(source) : std::nullopt;
}

std::variant<Admitted, Refused> Gate::judge(const Asked& asked,
                                            base::Ipv4 source,
                                            const inventory::Snapshot& snapshot,
                                            base::UnixMs now) const {
    const auto credential = snapshot.credential(asked.token);
    const auto former = snapshot.former_holder(asked.token);
    const auto holder = credential ? std::optional(credential->mac) : former;
    const auto concerned = holder ? holder : asked.claimed();
    const auto* device = concerned ? snapshot.device(*concerned) : nullptr;

    if (!is_source_served(source)) {
        return refused(Refusal::outside, concerned, Step::file_refused, outside(source));
    }
    if (!holder) {
        // One and the same text, so that a stranger cannot push older events out of the timeline.
        return refused(Refusal::no_token, concerned, Step::file_refused,
                       "no valid token: wrong, spent, expired or none");
    }
    if (device == nullptr || !device->is_approved()) {
        return refused(
            Refusal::unapproved, concerned, Step::file_refused,
            fmt::format("the phone is {}", device == nullptr ? "unknown" : device->state()));
    }
    if (auto other = foreign(asked, *holder)) {
        return std::move(*other);
    }
    if (!credential) {
        return refused(Refusal::old_token, holder, Step::token_refused,
                       "a token that is spent, expired or rotated away; unplug the phone and plug "
                       "it in again");
    }
    if (!credential->steady && credential->expires <= now) {
        return refused(Refusal::old_token, holder, Step::token_refused,
                       "first token expired; unplug the phone and plug it in again");
    }
    Admitted admitted{device, *credential, std::nullopt};
    if (settings_.neighbour_check == base::NeighbourCheck::off || !is_neighbour_known(source)) {
        return admitted;
    }
    if (auto what = neighbour_says(*holder, source); !what.empty()) {
        if (settings_.neighbour_check == base::NeighbourCheck::enforce) {
            return refused(Refusal::neighbour, holder, Step::neighbour_mismatch, std::move(what));
        }
        admitted.remark = {*holder, Step::neighbour_mismatch, "let pass (log): " + what};
    }
    return admitted;
}

} // namespace serve
