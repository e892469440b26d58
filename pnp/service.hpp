// SPDX-License-Identifier: MIT
// The responder on its sockets: hears the group on every served interface, answers by unicast.
#pragma once

#include "pnp/limits.hpp"
#include "pnp/policy.hpp"
#include "pnp/rivals.hpp"
#include "provisioning/base/clock.hpp"
#include "provisioning/base/interfaces.hpp"
#include "provisioning/base/loop.hpp"
#include "provisioning/base/neighbours.hpp"
#include "provisioning/base/net.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pnp {

/// Whether and how the group is heard.
enum class Receive : std::uint8_t {
    automatic, ///< also where a PBX in our own process holds the port: see Sharing
    socket,    ///< by a socket of ours alone; nobody else's is touched
    off,       ///< not at all
};

struct Settings {
    Receive receive = Receive::automatic;
    base::Endpoint group{base::Ipv4{0xE000014B}, 5060}; ///< 224.0.1.75, RFC 3261 10.2.6
    std::uint16_t notify_port = 5059;                   ///< beside a PBX that owns 5060; 0 = any
    std::chrono::milliseconds hold_for = std::chrono::minutes(10);
    std::size_t most_held = 2000; ///< phones waiting at a time; the longest waiting one goes
    std::chrono::milliseconds notify_delay = std::chrono::milliseconds(10);
    base::NeighbourCheck neighbour_check = base::NeighbourCheck::enforce;
    std::vector<base::Network> neighbour_allow; ///< sources that are believed
    int notify_retries = 3; ///< timers E/F of RFC 3261 17.1.2.2 with few repeats: less to reflect
};

struct Counters {
    std::uint64_t datagrams = 0;
    std::uint64_t subscribes = 0;      ///< understood, each transaction once
    std::uint64_t retransmissions = 0; ///< answered from the stored 200
    std::uint64_t malformed = 0;
    std::uint64_t not_ours = 0;       ///< well-formed, another event or method
    std::uint64_t nameless = 0;       ///< no MAC in it, and none in the neighbour table
    std::uint64_t foreign_source = 0; ///< from outside the interface's network
    std::uint64_t mismatches = 0;     ///< another MAC at that address than the claimed one, or none
    std::uint64_t offers = 0;
    std::uint64_t held = 0; ///< phones waiting right now
    std::uint64_t notify_accepted = 0;
    std::uint64_t notify_failed = 0;
    std::uint64_t limited = 0;    ///< SUBSCRIBEs too many, from one source or from strangers
    std::uint64_t table_full = 0; ///< transactions not taken because too many are open
    std::uint64_t send_failures = 0;
    std::uint64_t kernel_drops = 0; ///< SO_RXQ_OVFL of the group socket
};

/// How one resync ended: the SIP status, 0 when the phone did not answer.
struct ResyncResult {
    int status = 0;
    std::string reason;
};

class Service {
  public:
    Service(base::Loop& loop, const base::Clock& clock, Settings settings, Policy policy);
    ~Service(); ///< loop thread, or after the loop stopped
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    /// Serves exactly these rows from now on: joins, leaves, opens and closes unicast sockets.
    /// Returns what could not be done, with remedies; what could be done is done. Loop thread.
    std::vector<base::Error> serve(const std::vector<base::Interface>& rows);

    /// Lets go of the group socket at once (a PBX is about to bind 5060), and takes it again.
    void release_group();
    std::vector<base::Error> take_group();
    bool hears_group() const;

    /// These devices changed: held phones among them are decided again, soon. Loop thread.
    void decided(const std::vector<base::Mac>& macs);

    /// There is something new about who answers for these addresses. Loop thread.
    void neighbours_changed(const std::vector<base::Ipv4>& addresses);

    /// Sends an unsolicited NOTIFY (RFC 3265 style out of dialog, as phones expect) with this Event
    /// to one phone, from the unicast socket of the interface `local`. Loop thread; calls back
    /// once, unless the service ends first.
    void resync(base::Mac mac,
                base::Endpoint phone,
                base::Ipv4 local,
                const std::string& event,
                const std::function<void(ResyncResult)>& done);

    /// Asks on every served address as a phone that does not exist, and calls back once, after
    /// Probe::patience, with the servers that answered. Loop thread.
    void probe(Probe::Done done);

    Counters counters() const;                  ///< any thread
    std::vector<LimitedSource> limited() const; ///< who asks too often; any thread
    Settings settings() const;
    void settings(const Settings& settings); ///< all of it takes effect at once

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace pnp
