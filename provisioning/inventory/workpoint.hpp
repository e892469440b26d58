// SPDX-License-Identifier: MIT
// What we know of one phone that speaks the Workpoint Interface, and the jobs that wait for it.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/crypto.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/net.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace inventory {

struct ItemKey {
    std::string name;
    int index = -1; ///< -1: an item that there is one of

    auto operator<=>(const ItemKey&) const = default;
};

/// How we reach a phone between its own calls.
enum class Reached : std::uint8_t {
    unknown,
    by_contact_me, ///< it came when it was asked to
    by_poll,       ///< it asks, or does not hear us
};

/// An observation of a known, approved device; written to disk with the next flush.
struct Workpoint {
    base::Mac mac;
    base::UnixMs last_contact = 0; ///< an XML message; 0 = never
    base::Ipv4 address;            ///< where that came from
    std::string contact_me_uri;    ///< as the phone says; checked before it is used
    std::string e164;
    base::UnixMs last_poll = 0;
    Reached reached = Reached::unknown;
    base::UnixMs contact_me_sent = 0; ///< the last one that it answered with 204
    std::uint32_t contact_me_failures = 0;
    bool must_read_all = true; ///< what it has is not known

    /// What the phone reported of items that are no secrets.
    std::map<ItemKey, std::string> reported;
    /// The keyed hash of the value that was written last: of write-only items, which no phone
    /// tells, and of all others, so that a change at the phone is told from one of the site.
    /// Whether the phone took it says `refused`.
    std::map<ItemKey, base::Digest256> written;
    /// What the phone said of items that it did not take: "read only", "invalid data".
    std::map<ItemKey, std::string> refused;
};

enum class JobKind : std::uint8_t { read, write, restart, factory_reset, deploy };
enum class JobState : std::uint8_t {
    waiting, ///< for the next contact
    sent,    ///< its action is with the phone; waiting again when the phone is silent, or it or we
             ///< start again, but for a restart, which it is told once
    done,
    done_with_errors, ///< some items were not taken
    failed,
    given_up, ///< the phone did not come, was busy or did not confirm for too long
};

/// What an administrator wants of one phone; survives a restart of ours and of the phone.
struct Job {
    std::int64_t id = 0; ///< chosen by us
    base::Mac mac;
    JobKind kind = JobKind::read;
    /// read: the names (value empty), none = all; write: values, never of write-only items;
    /// deploy: `file` and `type`, and of firmware its `version`.
    std::map<ItemKey, std::string> items = {};
    JobState state = JobState::waiting;
    base::UnixMs created = 0;
    base::UnixMs changed = 0;
    /// How often its action was sent since the phone last said that it is busy.
    std::uint32_t attempts = 0;
    std::string result = {};     ///< for people: why it waits, or what came of it
    base::UnixMs busy_since = 0; ///< the phone says so since then; 0: it did not
};

/// Of an item without an index, such as the `file` of one that deploys; null: it names none.
const std::string* value_of(const Job& job, std::string_view name);

/// It deploys an image that the phone is to start with (WPI guide p. 57): type APP.
bool is_firmware(const Job& job);

/// Nothing is done for it any more.
bool has_ended(JobState state) noexcept;

// Stable: the database, consoles and tests use them.
std::string_view name(JobKind kind) noexcept;   ///< "factory_reset"
std::string_view name(JobState state) noexcept; ///< "done_with_errors"
std::optional<JobKind> job_kind_named(std::string_view name) noexcept;
std::optional<JobState> job_state_named(std::string_view name) noexcept;

/// "write e164, key-label 3", "read all items", "deploy bell.wav", "deploy os40.img 3.5.21.0":
/// without values, for audit and consoles.
std::string describe(const Job& job);

} // namespace inventory
