// SPDX-License-Identifier: MIT
// The one writer of devices, extensions, tokens and timelines; readers take snapshots of it.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/inventory/device.hpp"
#include "provisioning/inventory/fleet.hpp"
#include "provisioning/inventory/snapshot.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace inventory {

// Decisions: what a person or a rule orders. Approve, Block and Assign create a device that was
// never heard; what is so already is accepted, audited, and changes nothing.
/// A device that is approved already is granted a new credential, and three files without a token.
/// `only_pending` is for rules: refused once a person decided, who may be at it this moment.
struct Approve {
    base::Mac mac;
    bool only_pending = false;
};

struct Block {
    base::Mac mac;
};

/// Approves too. Every number must be an extension, own or (host_numbers) of the PBX.
struct Assign {
    base::Mac mac;
    std::vector<std::string> lines;
};

/// Keeps the approval; refused for an unknown device.
struct Unassign {
    base::Mac mac;
};

struct AddExtension {
    Extension extension;
};

/// Refused while a device has it on a line.
struct RemoveExtension {
    std::string number;
};

/// Approves, with the first number of the pool that is an extension, on no device and not in
/// quarantine; one that this device had last it gets again. A device with a number of the pool
/// keeps its lines, others lose theirs. Refused when none is free.
struct AssignFromPool {
    base::Mac mac;
    Pool pool;
    bool only_pending = false; ///< as in Approve
};

/// `heir` is approved with the lines of `gone`, which is blocked: its tokens end at once. Refused:
/// an heir that has lines, and a device that has nothing to hand over.
struct Replace {
    base::Mac gone;
    base::Mac heir;
    /// Jobs of `gone` that wait to write items or deploy files are its heir's; others are given up.
    bool with_jobs = false;
};

/// Two approved devices exchange their lines; what else is theirs stays.
struct Swap {
    base::Mac one;
    base::Mac other;
};

/// A new generation of the steady token; the one before stays valid until the new one was used.
/// Refused for a device that is not approved.
struct Rotate {
    base::Mac mac;
};

/// Approves, and gives it the guest's account alone, which is made with `password` where it is not
/// there yet.
struct MakeGuest {
    base::Mac mac;
    base::Secret password = {};
    bool only_pending = false; ///< as in Approve
    bool only_again = false;   ///< refused for one that never was a guest
};

/// The only line of a guest is this extension then. Refused for one that has another.
struct ClaimPhone {
    base::Mac mac;
    std::string number;
};

/// Its `id` is chosen by us.
struct OpenEnrolment {
    Enrolment enrolment;
};

/// All of them.
struct CloseEnrolments {};

using Change = std::variant<Approve,
                            Block,
                            Assign,
                            AssignFromPool,
                            Replace,
                            Swap,
                            Unassign,
                            MakeGuest,
                            ClaimPhone,
                            Rotate,
                            OpenEnrolment,
                            CloseEnrolments,
                            AddExtension,
                            RemoveExtension>;

struct Limits {
    std::size_t max_heard = 2000;        ///< unapproved devices kept; the least recently heard goes
    std::size_t events_per_device = 200; ///< and 20 for an unapproved one
    std::chrono::hours events_for = std::chrono::hours(24 * 90);
    std::chrono::milliseconds first_token_life = std::chrono::hours(24);
};

struct Counters {
    std::uint64_t strangers_dropped = 0;
    std::uint64_t events_dropped = 0; ///< not yet on disk when there were too many
    std::uint64_t flush_failures = 0;
    bool flush_fails = false; ///< the last one did
};

namespace sql {
enum class Sync : std::uint8_t;
} // namespace sql

class FleetRows;
class Pins;
class Workpoints;

class Inventory {
  public:
    /// Opens or creates the database (mode 0600) and the key that its secrets are sealed with,
    /// applies the numbered schema steps, loads it all. Refused with a remedy: a file that is no
    /// database, not writable, or of a newer schema; a key that is missing, not the right one, or
    /// for others to read. `key_file`: empty = pnp.key beside the database.
    static base::Result<std::unique_ptr<Inventory>> open(const std::string& path,
                                                         Limits limits,
                                                         const base::Clock& clock,
                                                         const std::string& key_file = {});
    ~Inventory();
    Inventory(const Inventory&) = delete;
    Inventory& operator=(const Inventory&) = delete;

    /// The current state; from any thread, never blocks on disk.
    Snapshot now() const;

    /// Carries out all of `changes` or none, committed with synchronous=FULL before it returns, so
    /// that what a caller was told survives a power cut. Blocks: call it on a worker. `actor` (such
    /// as "uid 0") goes into the audit table and the log. The error names the change and the
    /// remedy.
    base::Status apply(const std::vector<Change>& changes, std::string_view actor);

    /// A new first token for each device, stored hashed and committed with FULL before it returns;
    /// one commit for all. Devices that are not approved get none (empty string). Blocks.
    base::Result<std::vector<std::string>> mint_first_tokens(std::span<const base::Mac> macs);

    /// base64url of the first 128 bits of HMAC-SHA-256(token key, mac ‖ generation): the same at
    /// every call, so that equal inputs give byte-identical files.
    std::string steady_token(const Device& device) const;

    /// The steady token of `generation` was used: the device's first tokens end, and with the
    /// newest generation also the one before and a granted claim. Committed with FULL; mostly there
    /// is nothing to commit, and the disk is not waited for. Refused when that token is not valid
    /// any more: the answer is that to a foreign one. Blocks.
    base::Status steady_used(base::Mac mac, std::uint32_t generation);

    /// Whether steady_used() would find nothing to commit. From any thread; does not block.
    bool is_use_known(base::Mac mac, std::uint32_t generation) const;

    /// Its first tokens end at `end` at the latest. Committed with FULL. Blocks.
    base::Status shorten_first_tokens(base::Mac mac, base::UnixMs end);

    /// Counts a file without a token, before it is handed out. Refused beyond `most` since the
    /// approval. Committed with FULL. Blocks.
    base::Status count_boot(base::Mac mac, std::uint8_t most);

    /// Two phones claim this MAC: no new credential until it is approved again. Committed with
    /// FULL. Blocks.
    base::Status contest(base::Mac mac, std::string_view address, std::string_view detail);

    /// The phone that was granted a new credential works with it: the grant ends. Committed with
    /// FULL; mostly there is nothing to commit. Blocks.
    base::Status settle_claim(base::Mac mac);

    // Observations: from any thread, never block on disk, written by flush().

    /// The network showed this device. Empty text fields leave what is known. Creates a pending
    /// device, and drops the least recently heard one where there are too many. Times are taken
    /// from the clock, and the stage of a known device is left to reached().
    void saw(base::Mac mac, const Sighting& sighting);
    /// Adds to the timeline of a known device; strangers that were dropped get nothing.
    void note(base::Mac mac, Step step, std::string_view address, std::string_view detail);
    /// Its steady token was used from there.
    void used(base::Mac mac, base::Ipv4 from);
    /// Forward or back: a phone that asks again starts again.
    void reached(base::Mac mac, Stage stage);

    /// Writes the observations (synchronous=NORMAL, one transaction) and drops what is too old.
    /// Numbers that came free later than now, by a clock that was ahead, rest from now on.
    /// Blocks: call it on a worker, each second and before the end.
    base::Status flush();

    /// The device's timeline, oldest first, observations not yet on disk included; empty for an
    /// unknown device. Blocks.
    base::Result<std::vector<Event>> timeline(base::Mac mac);

    struct AuditLine {
        base::UnixMs at = 0;
        std::string actor;
        std::string what;
    };

    /// The newest `most` lines, oldest first. Blocks.
    base::Result<std::vector<AuditLine>> audit(std::size_t most);

    /// The last resync of many phones; nothing: there was none yet. Blocks, as those that follow.
    base::Result<std::optional<Fleet>> fleet();
    /// Orders one, in place of the last. Committed with FULL and audited, like the next.
    base::Status begin_fleet(const Fleet& fleet);
    /// Nobody else is told, or those who were not yet are again.
    base::Status stop_fleet(bool stopped, std::string_view actor);
    /// How far phones of it are. Committed with FULL `before_telling` them, so that none is told
    /// twice.
    base::Status put_fleet(std::span<const FleetPhone> phones, bool before_telling);

    /// Phones of the Workpoint Interface and their jobs; lives as long as this.
    Workpoints& workpoints() noexcept;
    const Workpoints& workpoints() const noexcept;

    /// Likewise; what people claim phones with.
    Pins& pins() noexcept;
    const Pins& pins() const noexcept;

    Counters counters() const;

    /// Called after each apply() with the devices it touched, on the thread that called apply().
    void on_change(std::function<void(const std::vector<base::Mac>&)> changed);

    /// Called for each new step of a device, not for one that repeats the last: on the thread that
    /// noted it, soon after, and with no lock held. Must not block.
    void on_step(std::function<void(const Device&, const Event&)> happened);
    /// The `order` of the newest step so far: those that on_step() tells of later, and that have no
    /// greater one, were noted before this was asked.
    std::uint64_t noted() const;

    /// Numbers that the PBX owns: accepted by Assign though they are not in the store. `list` names
    /// them all, those that is_known refuses perhaps among them: a pool asks for no others then. It
    /// is called before the database is locked.
    void host_numbers(std::function<bool(const std::string& number)> is_known,
                      std::function<std::set<std::string>()> list = {});

  private:
    friend class Pins;
    friend class Workpoints;

    Inventory();
    base::Status commit_fleet(const std::string& order,
                              std::string_view actor,
                              sql::Sync sync,
                              const std::function<base::Status(FleetRows&)>& write);

    struct State;
    std::unique_ptr<State> state_;
};

} // namespace inventory
