// SPDX-License-Identifier: MIT
// Whether a phone has the MAC that it claims, as far as the network shows: it raises the cost of a
// lie and is no proof.
#pragma once

#include "pnp/policy.hpp"
#include "provisioning/base/neighbours.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace pnp {

struct Belief {
    enum class Kind : std::uint8_t {
        fits,   ///< the claimed MAC is there, or nobody looks
        unseen, ///< nobody has answered for the address yet
        other,  ///< another MAC is there
    };

    Kind kind = Kind::fits;
    std::optional<base::Neighbour> shown;

    bool fits() const noexcept { return kind == Kind::fits; }

    /// The answer is from this moment: waiting would not change it.
    bool is_final() const noexcept { return kind == Kind::other && shown->confirmed; }
};

Belief belief_in(const Asked& asked, const Policy& policy);

/// For the timeline: what the table shows, and what to do if that is as it should be.
std::string mismatch(const Asked& asked, const Belief& belief, base::NeighbourCheck check);

} // namespace pnp
