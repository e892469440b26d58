// SPDX-License-Identifier: MIT
// Who may have a file: source network, device known and approved, credential, neighbour. A pure
// decision; what comes of it is for its callers.
#pragma once

#include "provisioning/base/neighbours.hpp"
#include "provisioning/inventory/snapshot.hpp"
#include "provisioning/serve/asked.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace serve {

enum class SourceCheck : std::uint8_t { served, any };

struct GateSettings {
    SourceCheck source_check = SourceCheck::served;
    std::vector<base::Network> allow; ///< beyond the served ones: no neighbour proves a phone there
    base::NeighbourCheck neighbour_check = base::NeighbourCheck::enforce;
    std::vector<base::Network> neighbour_allow; ///< believed without a look
};

/// What the interfaces say; it changes without a reload.
struct Surroundings {
    std::vector<base::Network> served; ///< of the interfaces that are served
    std::vector<base::Ipv4> own;       ///< the addresses of this machine
};

enum class Refusal : std::uint8_t {
    outside,    ///< a source that is in no served network
    unapproved, ///< a device that nobody approved
    no_token,   ///< none, or one that never was
    old_token,  ///< spent, expired or rotated away
    foreign,    ///< another device's token
    neighbour,  ///< another MAC, or none, at that address
};

/// A line for a device's timeline.
struct Remark {
    base::Mac mac;
    inventory::Step step{};
    std::string text;
};

struct Admitted {
    const inventory::Device* device = nullptr; ///< of the snapshot
    inventory::Credential credential;
    std::optional<Remark> remark; ///< something is odd, and let pass
};

struct Refused {
    Refusal why{};
    std::vector<Remark> remarks; ///< for each device that it concerns; none where nobody is named
};

class Gate {
  public:
    /// The MAC that answers at an address; nothing where the kernel does not know.
    using Neighbour = std::function<std::optional<base::Mac>(base::Ipv4)>;

    /// All of these are borrowed.
    Gate(const GateSettings& settings, const Surroundings& around, const Neighbour& neighbour)
        : settings_(settings), around_(around), neighbour_(neighbour) {}

    /// With a token or a login. Everything is looked at in one order, and a request that names
    /// nobody costs the same look-ups as one that names an approved phone.
    std::variant<Admitted, Refused> judge(const Asked& asked,
                                          base::Ipv4 source,
                                          const inventory::Snapshot& snapshot,
                                          base::UnixMs now) const;

    // The single checks, for the door without a token.

    bool is_source_served(base::Ipv4 source) const;
    /// Whether the neighbour table can tell who is at `source`: it is on a served network, and
    /// neither this machine itself nor one that speaks for others.
    bool is_neighbour_known(base::Ipv4 source) const;
    bool is_own(base::Ipv4 source) const;
    /// Who answers at `source`, where the table can tell.
    std::optional<base::Mac> neighbour_at(base::Ipv4 source) const;
    /// Why `mac` is not who answers at `source`; empty: it is.
    std::string neighbour_says(base::Mac mac, base::Ipv4 source) const;

    base::NeighbourCheck neighbour_check() const { return settings_.neighbour_check; }

    /// What the timeline says of a source outside of the served networks.
    static std::string outside(base::Ipv4 source);

  private:
    const GateSettings& settings_;
    const Surroundings& around_;
    const Neighbour& neighbour_;
};

} // namespace serve
