// SPDX-License-Identifier: MIT
// What a phone is owed once it was told 200: holding it, preparing its URL, and the NOTIFY.
#pragma once

#include "pnp/answered.hpp"
#include "pnp/context.hpp"
#include "pnp/deadlines.hpp"
#include "pnp/message.hpp"
#include "pnp/notifying.hpp"
#include "pnp/place.hpp"
#include "pnp/policy.hpp"
#include "pnp/writer.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pnp {

/// A SUBSCRIBE that was answered with 200.
struct Owed {
    Asked asked;
    Subscribe request;
    Naming naming;
    Path path; ///< of the 200; the NOTIFY leaves the same interface
    Answer* answer = nullptr;
};

class Offering {
  public:
    Offering(Context& context, Answered& answered, Notifying& notifying);

    /// Holds the phone or prepares its offer, and replaces what the same phone was owed before;
    /// nothing when its last NOTIFY is still on the way or it asked too often.
    void begin(Owed owed, const Decision& decision);
    /// Waits until the network shows the MAC that the phone claims, but for a moment only.
    void doubt(Owed owed);
    void neighbours_changed(const std::vector<base::Ipv4>& addresses);
    void decided(const std::vector<base::Mac>& macs);
    /// Ends the dialogs whose local address is not among these.
    void keep(const std::function<bool(base::Ipv4 local)>& is_served);
    void settings_changed();

    void tick(base::Steady now);

    std::optional<base::Steady> next_due() const { return deadlines_.next(); }

    /// The phone whose SUBSCRIBE had this Call-ID, while it is owed something.
    const Asked* caller_of(std::string_view call_id) const;

    bool knows(std::uint32_t id) const { return dialogs_.count(id) != 0; }

    std::size_t size() const noexcept {
        return dialogs_.size();
    } ///< phones that are owed something

  private:
    enum class Stage : std::uint8_t {
        doubted, ///< its neighbour entry is not there yet
        preparing,
        delaying,
        sending,
        held,
    };

    /// Who is owed one NOTIFY. The port belongs to it: somebody who forges a phone's MAC and
    /// address does not get at the dialog of the phone itself.
    using Caller = std::pair<Place, std::uint16_t>;

    struct Dialog {
        Owed owed;
        Stage stage = Stage::preparing;
        base::Steady began{};
        std::uint32_t round = 0; ///< of prepare(): what an older round brings is void
        bool was_held = false;   ///< before it was doubted
        bool reusable = true;    ///< its offer is as good as a new one
        bool late = false;       ///< decided upon long after the phone asked
        bool failed = false;     ///< its URL could not be made; tried again while it is held
        std::string reason;      ///< of the hold
        std::optional<Offer> offer;
        Deadlines::Slot due;
        std::vector<std::uint32_t>* of_phone = nullptr; ///< this one and the phone's others, by age

        std::uint32_t id() const noexcept { return owed.naming.id; }
    };

    static Caller caller(const Asked& asked) {
        return {{asked.mac, asked.source.address}, asked.source.port};
    }

    /// By age; a copy, as most of what is done with them closes some.
    std::vector<std::uint32_t> dialogs_of(base::Mac mac) const;
    static std::vector<std::uint32_t> others_of(const Dialog& dialog);
    Dialog* add(Owed owed, bool offers);
    void make_room_at(const Place& place);
    void carry_out(Dialog& dialog, const Decision& decision);
    void decided(Dialog& dialog);
    void doubt(Dialog& dialog);
    void look(Dialog& dialog, bool is_last);
    void leave_others(const Dialog& dialog);
    const Offer* offered_just_now(const Dialog& dialog) const;
    void hold(Dialog& dialog, const std::string& reason);
    base::Steady held_until(const Dialog& dialog) const;
    void make_room_for_held();
    void prepare(Dialog& dialog);
    void prepared(std::uint32_t id, std::uint32_t round, base::Result<Offer> offer);
    void send_in_time(Dialog& dialog);
    void notify(Dialog& dialog);
    void notified(std::uint32_t id, const NotifyEnd& how);
    void close_twins(const Dialog& dialog);
    void ripe(Dialog& dialog);
    void let_go(Dialog& dialog, std::string_view why); ///< no NOTIFY will follow; says so
    void close(Dialog& dialog);
    void set_stage(Dialog& dialog, Stage stage);
    Path notify_path(const Dialog& dialog);

    Context& context_;
    Answered& answered_;
    Notifying& notifying_;
    std::unordered_map<std::uint32_t, Dialog> dialogs_;
    std::unordered_map<base::Mac, std::vector<std::uint32_t>> by_mac_;
    std::set<std::pair<base::Ipv4, std::uint32_t>> doubted_; ///< by the address in question
    std::deque<std::uint32_t> held_; ///< by age; those that are no longer held are skipped
    Deadlines deadlines_;
    std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

} // namespace pnp
