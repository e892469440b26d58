// SPDX-License-Identifier: MIT
// What a list of changes comes to, found out before anything is written.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/inventory/inventory.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace inventory {

class Plan {
  public:
    struct Planned {
        Device device; ///< its decisions count; its sighting is the one of `before`
        std::vector<Event> events;
        bool is_blocked_anew = false;
    };

    Plan(const Snapshot& before,
         const std::function<bool(const std::string&)>& is_host_number,
         const std::optional<std::set<std::string>>& of_pools, ///< those that pools ask for
         base::UnixMs now,
         std::string_view actor);

    /// Refused: a change that cannot be carried out after those before it.
    base::Status add(const Change& change);

    /// Only those for which something changes.
    const std::map<base::Mac, Planned>& devices() const noexcept { return devices_; }

    /// Empty: removed.
    const std::map<std::string, std::optional<Extension>>& extensions() const noexcept {
        return extensions_;
    }

    /// One sentence per change: "assign 001fc1000001 to 201, 202".
    const std::vector<std::string>& orders() const noexcept { return orders_; }

    /// All that are open then; empty: as before.
    const std::optional<std::vector<Enrolment>>& enrolments() const noexcept { return enrolments_; }

    /// Of numbers that changed phones: since when no phone has them; empty: one has it.
    const std::map<std::string, std::optional<Release>>& releases() const noexcept {
        return releases_;
    }

    /// Numbers that are somebody else's now, in whose hands the PIN of the one before has no place.
    const std::set<std::string>& stale_pins() const noexcept { return stale_pins_; }

    /// Who takes whose place, with the jobs that wait.
    struct Succession {
        base::Mac gone;
        base::Mac heir;
    };

    const std::vector<Succession>& successions() const noexcept { return successions_; }

    std::vector<base::Mac> touched() const;

  private:
    base::Status carry_out(const Approve& change);
    base::Status carry_out(const Block& change);
    base::Status carry_out(const Assign& change);
    base::Status carry_out(const AssignFromPool& change);
    base::Status carry_out(const Replace& change);
    base::Status carry_out(const Swap& change);
    base::Status check_pending(base::Mac mac, std::string_view verb) const;
    base::Status carry_out(const Unassign& change);
    base::Status carry_out(const MakeGuest& change);
    base::Status carry_out(const ClaimPhone& change);
    base::Status carry_out(const Rotate& change);
    base::Status carry_out(const OpenEnrolment& change);
    base::Status carry_out(const CloseEnrolments& change);
    base::Status carry_out(const AddExtension& change);
    base::Status carry_out(const RemoveExtension& change);

    static base::Status check_mac(base::Mac mac);
    const Device* device(base::Mac mac) const;
    Planned& planned(base::Mac mac);
    bool has_extension(const std::string& number) const; ///< of our own
    bool is_extension(const std::string& number) const;  ///< or of the PBX
    bool is_in_pool(const std::string& number) const;    ///< likewise, without asking in vain
    std::vector<base::Mac> holders(const std::string& number) const;
    const Release* release(const std::string& number) const;
    std::optional<std::string> free_number(const Pool& pool, base::Mac mac) const;
    std::string why_none_is_free(const Pool& pool) const;
    void set_lines(Planned& planned, const std::vector<std::string>& lines);
    /// Ends its tokens, and gives up what waits for it.
    void block(Planned& planned, const std::string& detail);
    void decide(Planned& planned, Approval approval);
    std::vector<Enrolment> open_enrolments() const; ///< without those that have ended
    void note(Planned& planned, Step step, const std::string& detail);

    const Snapshot& before_;
    const std::function<bool(const std::string&)>& is_host_number_;
    const std::optional<std::set<std::string>>& of_pools_;
    mutable std::map<std::string, bool> host_said_; ///< the PBX is asked once for each number
    base::UnixMs now_;
    std::string actor_;
    std::map<base::Mac, Planned> devices_;
    std::map<std::string, std::optional<Extension>> extensions_;
    std::map<std::string, std::vector<base::Mac>> holders_; ///< of numbers that changed phones
    std::map<std::string, std::optional<Release>> releases_;
    std::set<std::string> stale_pins_;
    std::vector<Succession> successions_;
    std::optional<std::vector<Enrolment>> enrolments_;
    std::vector<std::string> orders_;
};

} // namespace inventory
