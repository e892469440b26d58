// SPDX-License-Identifier: MIT
// What we know about one phone, one extension and one step of a phone's life.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/secret.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inventory {

enum class Approval : std::uint8_t { pending, approved, blocked };

/// How far the phone came since it was last plugged in or changed.
enum class Stage : std::uint8_t { heard, offered, fetching, configured, registered };

/// Whether a configured phone may be given a new credential.
enum class Claim : std::uint8_t {
    settled,   ///< as the option `reoffer` says
    contested, ///< two phones claimed this MAC: none, until somebody approves it again
    granted,   ///< approved again: until the steady token is used
};

/// What the network showed: an observation, written to disk within a second.
struct Sighting {
    base::UnixMs first = 0;
    base::UnixMs last = 0;
    base::Ipv4 address;
    std::string interface;
    std::string vendor; ///< as the phone wrote it
    std::string model;
    std::string version;
    std::string user_agent;
    Stage stage = Stage::heard;
    base::UnixMs used = 0; ///< when the steady token was last used; 0 = never
    base::Ipv4 used_from;  ///< and by whom
};

struct Device {
    base::Mac mac;
    Approval approval = Approval::pending;
    std::vector<std::string> lines; ///< extension numbers; line 1 first
    std::uint32_t generation = 1;   ///< of the steady token
    std::uint32_t confirmed = 0;    ///< the newest generation that the phone has used
    bool keeps_previous = false;    ///< rotated: the generation before is valid until then
    Claim claim = Claim::settled;
    std::uint8_t boots = 0;   ///< files handed out without a token since it was approved
    base::UnixMs decided = 0; ///< when the approval last changed
    Sighting seen;            ///< seen.first == 0: never heard

    bool is_approved() const noexcept { return approval == Approval::approved; }

    /// Has used a steady URL under this approval: it holds its configuration.
    bool is_configured() const noexcept { return confirmed != 0; }

    bool was_heard() const noexcept { return seen.first != 0; }

    /// pending, approved, offered, fetching, configured, registered or blocked: the word that
    /// consoles show and filter by.
    std::string_view state() const noexcept;
};

/// An extension that we own; those of the PBX are read from the PBX.
struct Extension {
    std::string number;
    std::string name;
    base::Secret password;
};

/// Until its end, phones that nobody approved are treated as the rule says.
struct Enrolment {
    std::int64_t id = 0;
    base::UnixMs until = 0;
    std::string rule;                  ///< of pnp.conf; empty = approve
    std::optional<base::Network> from; ///< only phones there
    std::optional<base::Mac> mac;      ///< only this one; it may be known already
};

constexpr std::chrono::milliseconds longest_enrolment = std::chrono::hours(24 * 7);

/// Also where the clock was ahead when it was opened, and its end is further away than any may be.
inline bool is_over(const Enrolment& window, base::UnixMs now) noexcept {
    return window.until <= now || window.until - now > longest_enrolment.count();
}

/// The steps of a device's life, with stable names: timelines, consoles and tests use them.
enum class Step : std::uint8_t {
    heard,           ///< a SUBSCRIBE for ua-profile arrived
    leased,          ///< a DHCP server gave it an address
    lease_ended,     ///< it gave that address up, or its time ran out
    held,            ///< answered with 200, no URL yet; the reason says what is missing
    offered,         ///< 200 and NOTIFY with a URL were sent
    notify_accepted, ///< the phone answered the NOTIFY with 2xx
    notify_refused,  ///< the phone answered the NOTIFY with something else
    notify_timeout,  ///< the phone did not answer the NOTIFY
    waited_too_long, ///< a held phone was not decided upon in time
    file_served,     ///< a file of the chain was handed out
    file_missing,    ///< a name of the chain that the profile does not serve (404 on purpose)
    file_refused,    ///< a request got the 404 for a reason that an admin should know
    configured,      ///< the steady URL was used: the phone holds its configuration
    approved,
    blocked,
    assigned,
    unassigned,
    resync_sent,
    resync_answered,
    resync_failed,
    registered,         ///< the PBX saw the phone REGISTER
    lost,               ///< the PBX lost the registration
    register_refused,   ///< the PBX refused the phone's REGISTER
    token_refused,      ///< a spent, expired or foreign token was tried
    neighbour_mismatch, ///< another MAC than the phone's answers at that address
    claim_refused,      ///< two phones claim this MAC; the newer one got nothing
    rival_heard,        ///< another server on the network answered this phone
    limited,            ///< asked too often, or its address guessed too often
    rotated,            ///< its steady token has a new generation
    boot_served,        ///< a file without secrets was handed out without a token
    guest_served,       ///< a file without secrets was handed out to a phone not approved
    url_shared,         ///< its steady URL was used from two addresses at a time
    heard_outside,      ///< asked from an address outside the network where it was heard
    firmware_offered,   ///< its file tells it to fetch another firmware
    firmware_fetched,   ///< asked for the firmware's file, or for a part of it
    firmware_runs,      ///< came back with the firmware that it was offered, or a later one
    firmware_failed,    ///< did not come back with it in time
    called,             ///< opened a conversation of the Workpoint Interface, for this reason
    call_failed,        ///< that ended too soon: by the phone's own clean-up, or without a word
    items_read,         ///< reported what it has
    items_changed,      ///< reported what somebody changed at the phone
    items_written,      ///< took items that we wrote
    items_refused,      ///< did not take some of them
    secret_sent,        ///< its secrets were written, and by which right
    secret_withheld,    ///< they were not, and why
    contact_asked,      ///< was asked to call (contact-me) and confirmed that
    contact_failed,     ///< could not be asked, or was and did not call
    poll_unheeded,      ///< asks by polling, is told to call, and does not
    job_added,          ///< something is wanted of it at its next call
    job_done,           ///< and was done
    job_failed,         ///< or failed, was given up or cancelled
    made_guest,         ///< its only line is the guest's account
    pin_refused,        ///< somebody dialled a wrong PIN on it, or too many
};

std::string_view name(Step step) noexcept; ///< "notify_accepted"
std::optional<Step> step_named(std::string_view name) noexcept;

/// One row of a timeline; equal consecutive steps are one row with a count.
struct Event {
    Step step{};
    std::string address; ///< of the phone, where one was involved
    std::string
        detail; ///< reason or file name, for an operator; never a secret, never a whole token
    base::UnixMs first = 0;
    base::UnixMs last = 0;
    std::uint32_t count = 1;
    /// Threads that note steps may tell of them in another order than this; 0: read from the disk.
    std::uint64_t order = 0;
};

} // namespace inventory
