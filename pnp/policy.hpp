// SPDX-License-Identifier: MIT
// What the responder asks of the rest of the product: who is this, may it have a URL, and which.
#pragma once

#include "provisioning/base/mac.hpp"
#include "provisioning/base/neighbour_table.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"
#include "provisioning/inventory/device.hpp"
#include "provisioning/profile/site.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pnp {

/// One SUBSCRIBE for ua-profile, understood.
struct Asked {
    base::Mac mac;
    bool mac_by_neighbour = false; ///< the URI held none (AudioCodes): the kernel's table gave it
    base::Endpoint source;         ///< of the datagram: the one address that is ever answered
    base::Ipv4 local;              ///< ours on the interface where it arrived
    std::string interface;
    int interface_index = 0;
    bool vouched_for = false; ///< this machine's own, or listed by the admin: nobody looks closer
    std::string vendor;       ///< from Event
    std::string model;
    std::string version;
    std::string user_agent;
};

enum class Verdict : std::uint8_t {
    silent, ///< not one datagram
    hold,   ///< 200 now; the NOTIFY when decided() finds it approved
    offer,  ///< 200 now, NOTIFY with the prepared URL
};

struct Decision {
    Verdict verdict = Verdict::silent;
    std::string reason; ///< for the timeline: what is missing and what to do
};

/// The URL for one phone, and how its vendor wants the NOTIFY.
struct Offer {
    base::Secret url;
    profile::Dialect dialect = profile::Dialect::standard;
    bool late_allowed = true;       ///< a held phone of this vendor takes a NOTIFY later
    bool ends_with_newline = false; ///< Grandstream: CRLF behind the URL, counted in the length
    bool message_body = false;      ///< Grandstream: header MessageBody repeats the URL
    bool echo_event = false;        ///< Event with the phone's parameters instead of bare
};

struct Policy {
    std::function<Decision(const Asked&)> decide;
    /// Prepares the offer, perhaps after a commit on a worker; calls back on the loop thread.
    std::function<void(const Asked&, std::function<void(base::Result<Offer>)>)> prepare;
    /// A step of a device's life, for its timeline.
    std::function<void(base::Mac, inventory::Step, base::Endpoint phone, std::string_view detail)>
        note;
    /// Who answers for a source, as the kernel's neighbour table shows it now.
    std::function<std::optional<base::Neighbour>(base::Ipv4 source, int interface_index)> neighbour;
    /// Whether decide() would be anything but silent about a phone whose MAC nobody has checked
    /// yet. Remembers nothing and tells nobody.
    std::function<bool(const Asked&)> answers;
    /// Of an approved phone, the address where it was last seen (0 if never); nothing of others.
    std::function<std::optional<base::Ipv4>(base::Mac)> approved_at;
};

} // namespace pnp
