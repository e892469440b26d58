// SPDX-License-Identifier: MIT
// A dialog's life: held or prepared, 10 ms of patience, NOTIFY, and what the phone says to it.
#include "pnp/offering.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <utility>

namespace pnp {
namespace {

using inventory::Step;
using profile::Dialect;

/// Within this time a phone's further SUBSCRIBE gets its 200 but no second NOTIFY.
constexpr std::chrono::seconds cool_down{5};

/// A NOTIFY sooner than this after the SUBSCRIBE comes while every phone still listens: a rule's
/// approval is a commit of some milliseconds, the kernel's look for the neighbour at most a second.
constexpr std::chrono::seconds still_prompt{5};

/// Of one MAC at one address, from as many ports. A phone has one or two; whoever forges it must
/// not fill the table of answers with what we then owe it.
constexpr std::size_t most_at_once = 64;

/// A phone answers within milliseconds when the kernel asks who it is. The kernel asks three times,
/// a second apart: in a network that loses something, the first of a crowd's questions may be lost.
constexpr std::chrono::seconds neighbour_patience{3};
/// Of one that is served whatever comes of it.
constexpr std::chrono::seconds neighbour_look{1};

/// So long until a URL that could not be made is tried again: the disk may have room by then.
constexpr std::chrono::seconds try_again{5};

/// US-ASCII without blanks: a line end in a URL would be a header or a message of its own.
bool is_one_word(std::string_view url) noexcept {
    return !url.empty() &&
           std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

} // namespace

Offering::Offering(Context& context, Answered& answered, Notifying& notifying)
    : context_(context), answered_(answered), notifying_(notifying) {}

void Offering::begin(Owed owed, const Decision& decision) {
    if (Dialog* dialog = add(std::move(owed), decision.verdict == Verdict::offer)) {
        carry_out(*dialog, decision);
    }
}

void Offering::doubt(Owed owed) {
    if (Dialog* dialog = add(std::move(owed), true)) {
        doubt(*dialog);
    }
}

/// The caller's new dialog, in the place of its old one; nothing while that is on its way.
Offering::Dialog* Offering::add(Owed owed, bool offers) {
    const base::Steady now = context_.clock.now();
    for (const std::uint32_t other : dialogs_of(owed.asked.mac)) {
        Dialog& before = dialogs_.at(other);
        if (caller(before.owed.asked) != caller(owed.asked)) {
            continue;
        }
        if (offers && before.stage != Stage::held && now - before.began < cool_down) {
            return nullptr;
        }
        close(before); // RFC 6665: the NOTIFY belongs into the newest dialog
    }
    make_room_at({owed.asked.mac, owed.asked.source.address});
    const std::uint32_t id = owed.naming.id;
    auto& of_phone = by_mac_[owed.asked.mac];
    of_phone.reserve(of_phone.size() + 1); // no dialog without a place in it
    Dialog& dialog = dialogs_[id];
    dialog.owed = std::move(owed);
    dialog.began = now;
    dialog.of_phone = &of_phone;
    of_phone.push_back(id);
    answered_.open(*dialog.owed.answer);
    return &dialog;
}

/// Where there are too many the oldest goes whose NOTIFY has left already: it will not be repeated.
void Offering::make_room_at(const Place& place) {
    std::size_t there = 0;
    Dialog* oldest = nullptr;
    const auto goes_before = [](const Dialog& one, const Dialog& other) {
        const bool sent = one.stage == Stage::sending;
        return sent != (other.stage == Stage::sending) ? sent : one.began < other.began;
    };
    for (const std::uint32_t id : dialogs_of(place.mac)) {
        Dialog& dialog = dialogs_.at(id);
        if (dialog.owed.asked.source.address != place.address) {
            continue;
        }
        ++there;
        if (oldest == nullptr || goes_before(dialog, *oldest)) {
            oldest = &dialog;
        }
    }
    if (there >= most_at_once) {
        close(*oldest);
    }
}

void Offering::carry_out(Dialog& dialog, const Decision& decision) {
    if (decision.verdict == Verdict::silent) {
        close(dialog);
        return;
    }
    leave_others(dialog);
    if (decision.verdict == Verdict::hold) {
        hold(dialog, decision.reason);
        return;
    }
    if (const Offer* offer = offered_just_now(dialog)) {
        dialog.offer = *offer;
        send_in_time(dialog);
    } else {
        prepare(dialog);
    }
}

/// What the same phone still waits for elsewhere: it has a new address, or it was restarted.
void Offering::leave_others(const Dialog& dialog) {
    const Asked& asked = dialog.owed.asked;
    for (const std::uint32_t id : others_of(dialog)) {
        Dialog& other = dialogs_.at(id);
        const bool moved = other.owed.asked.source.address != asked.source.address;
        if (other.stage != Stage::doubted && (moved || other.stage == Stage::held)) {
            close(other);
        }
    }
}

/// The same phone asks from two ports, or somebody forges it: one URL is enough.
const Offer* Offering::offered_just_now(const Dialog& dialog) const {
    const Asked& asked = dialog.owed.asked;
    for (const std::uint32_t id : others_of(dialog)) {
        const Dialog& other = dialogs_.at(id);
        if (other.offer && other.reusable &&
            other.owed.asked.source.address == asked.source.address &&
            dialog.began - other.began < cool_down) {
            return &*other.offer;
        }
    }
    return nullptr;
}

std::vector<std::uint32_t> Offering::dialogs_of(base::Mac mac) const {
    const auto found = by_mac_.find(mac);
    return found == by_mac_.end() ? std::vector<std::uint32_t>() : found->second;
}

std::vector<std::uint32_t> Offering::others_of(const Dialog& dialog) {
    if (dialog.of_phone->size() == 1) {
        return {};
    }
    auto others = *dialog.of_phone;
    std::erase(others, dialog.id());
    return others;
}

void Offering::doubt(Dialog& dialog) {
    dialog.was_held = dialog.stage == Stage::held;
    set_stage(dialog, Stage::doubted);
    const bool matters = context_.settings.neighbour_check == base::NeighbourCheck::enforce;
    deadlines_.set(dialog.id(), dialog.due,
                   context_.clock.now() + (matters ? neighbour_patience : neighbour_look));
    if (dialog.was_held) {
        // Whatever we send makes the kernel ask who answers there, and a stored 200 says nothing.
        context_.send(dialog.owed.path, dialog.owed.answer->ok);
    }
}

void Offering::neighbours_changed(const std::vector<base::Ipv4>& addresses) {
    std::vector<std::uint32_t> ids;
    for (const base::Ipv4 address : addresses) {
        for (auto each = doubted_.lower_bound({address, 0});
             each != doubted_.end() && each->first == address; ++each) {
            ids.push_back(each->second);
        }
    }
    for (const std::uint32_t id : ids) {
        if (const auto found = dialogs_.find(id);
            found != dialogs_.end() && found->second.stage == Stage::doubted) {
            look(found->second, false);
        }
    }
}

void Offering::look(Dialog& dialog, bool is_last) {
    const Asked& asked = dialog.owed.asked;
    const Belief belief = context_.look(asked);
    if (!belief.fits()) {
        if (!is_last && !belief.is_final()) {
            return;
        }
        if (context_.refuses(asked, belief)) {
            close(dialog);
            return;
        }
    }
    set_stage(dialog, Stage::preparing);
    dialog.late = context_.clock.now() - dialog.began > still_prompt;
    carry_out(dialog, dialog.was_held ? context_.policy.decide(asked) : context_.hear(asked));
}

void Offering::hold(Dialog& dialog, const std::string& reason) {
    const bool is_known = dialog.failed && dialog.reason == reason; // tried again in vain
    if (dialog.stage != Stage::held && !is_known) {
        held_.push_back(dialog.id());
    }
    set_stage(dialog, Stage::held);
    dialog.reason = reason;
    deadlines_.set(dialog.id(), dialog.due, held_until(dialog));
    if (!is_known) {
        context_.note(dialog.owed.asked, Step::held, reason);
    }
    make_room_for_held();
}

base::Steady Offering::held_until(const Dialog& dialog) const {
    const base::Steady end = dialog.began + context_.settings.hold_for;
    return dialog.failed ? std::min(context_.clock.now() + try_again, end) : end;
}

// A held phone keeps its place in the table of answers. Without a bound, strangers that are never
// approved would fill that table and keep out the phones that are.
void Offering::make_room_for_held() {
    const auto is_held = [this](std::uint32_t id) {
        const auto found = dialogs_.find(id);
        return found != dialogs_.end() && found->second.stage == Stage::held;
    };
    const std::size_t most = std::max<std::size_t>(context_.settings.most_held, 1);
    while (context_.tally.held > most && !held_.empty()) {
        const std::uint32_t oldest = held_.front();
        held_.pop_front();
        if (is_held(oldest)) {
            let_go(dialogs_.at(oldest), "too many phones wait: unplug it and plug it in again");
        }
    }
    if (held_.size() > 2 * most) {
        held_.erase(std::remove_if(held_.begin(), held_.end(),
                                   [&](std::uint32_t id) { return !is_held(id); }),
                    held_.end());
    }
}

void Offering::prepare(Dialog& dialog) {
    set_stage(dialog, Stage::preparing);
    // Should the answer never come, the phone must not be owed a NOTIFY for ever.
    deadlines_.set(dialog.id(), dialog.due, context_.clock.now() + transaction_life);
    const std::uint32_t round = ++dialog.round;
    const Asked asked = dialog.owed.asked; // the answer may come at once and end the dialog
    context_.policy.prepare(asked,
                            [this, id = dialog.id(), round,
                             alive = std::weak_ptr<const bool>(alive_)](base::Result<Offer> offer) {
                                if (!alive.expired()) {
                                    prepared(id, round, std::move(offer));
                                }
                            });
}

void Offering::prepared(std::uint32_t id, std::uint32_t round, base::Result<Offer> offer) {
    const auto found = dialogs_.find(id);
    if (found == dialogs_.end() || found->second.round != round ||
        found->second.stage != Stage::preparing) {
        return; // replaced, or its interface is gone
    }
    Dialog& dialog = found->second;
    if (!offer) {
        dialog.failed = true;
        hold(dialog, offer.error().what);
    } else if (const base::Revealed url = offer->url.reveal(); !is_one_word(url)) {
        hold(dialog, "its URL is empty or holds a blank or a control character: look at offer_url");
    } else if (dialog.late && !offer->late_allowed) {
        let_go(dialog,
               "this phone takes no URL so long after it asked: unplug it and plug it in again");
    } else {
        dialog.offer = std::move(*offer);
        send_in_time(dialog);
    }
    context_.wiring.due_changed();
}

void Offering::send_in_time(Dialog& dialog) {
    const base::Steady due = dialog.began + context_.settings.notify_delay;
    if (context_.clock.now() >= due) {
        notify(dialog);
    } else {
        set_stage(dialog, Stage::delaying);
        deadlines_.set(dialog.id(), dialog.due, due);
    }
}

Path Offering::notify_path(const Dialog& dialog) {
    const Subscribe& request = dialog.owed.request;
    const base::Endpoint source = dialog.owed.naming.source;
    Path path = dialog.owed.path;
    path.channel = Channel::unicast;
    // RFC 6665 sends it to the Contact; a Contact that names another host would make us a
    // reflector, so only the port of our phone's own is believed.
    path.to = source;
    if (base::Ipv4::parse(request.contact_host) == source.address) {
        path.to.port = request.contact_port != 0 ? request.contact_port : std::uint16_t{5060};
    } else if (!request.contact.empty()) {
        context_.tell_of_stranger(fmt::format(
            "{} names {} as its Contact; the NOTIFY goes to {} where it asked from",
            described(dialog.owed.asked), base::printable(request.contact_host, 80), source.str()));
    }
    return path;
}

void Offering::notify(Dialog& dialog) {
    const std::uint32_t id = dialog.id();
    const Owed& owed = dialog.owed;
    const Dialect dialect = dialog.offer->dialect;
    const base::Steady now = context_.clock.now();
    const Path path = notify_path(dialog);
    std::string bytes = write_notify(owed.request, owed.naming, *dialog.offer, dialect);
    deadlines_.clear(dialog.due);
    set_stage(dialog, Stage::sending);
    ++context_.tally.offers;
    std::string detail = dialect == Dialect::echo ? "NOTIFY sent in echo form" : "NOTIFY sent";
    if (dialog.late) {
        const auto waited = std::chrono::duration_cast<std::chrono::seconds>(now - dialog.began);
        detail += fmt::format(", {} s after the phone asked", waited.count());
    }
    if (dialect == Dialect::echo) {
        // Its Via names the phone itself, so the answer will not come here.
        context_.send(path, bytes);
        context_.note(owed.asked, Step::offered, detail);
        close(dialog);
        return;
    }
    notifying_.start(id, {std::move(bytes), notify_branch(id), owed.request.call_id, path},
                     context_.settings.notify_retries, now,
                     [this, id](const NotifyEnd& how) { notified(id, how); });
    context_.note(owed.asked, Step::offered, detail);
}

void Offering::notified(std::uint32_t id, const NotifyEnd& how) {
    const auto found = dialogs_.find(id);
    if (found == dialogs_.end()) {
        return;
    }
    Dialog& dialog = found->second;
    const Owed& owed = dialog.owed;
    const std::string said =
        how.status == 0 ? how.reason
                        : fmt::format("{} {}", how.status, base::printable(how.reason, 80));
    if (how.status >= 200 && how.status < 300) {
        ++context_.tally.notify_accepted;
        context_.note(owed.asked, Step::notify_accepted, said);
        close_twins(dialog);
    } else {
        ++context_.tally.notify_failed;
        context_.note(owed.asked, how.status == 0 ? Step::notify_timeout : Step::notify_refused,
                      said);
        if (context_.phones.take(context_.clock.now())) {
            base::log::warn("pnp", "{} did not take the NOTIFY: {}", described(owed.asked), said);
        }
        if (how.status != 0) {
            // RFC 6665 4.1.3: 481 says that the dialog was not recognised; older firmware may want
            // its own headers back. Once, and without waiting: the answer would not come here.
            context_.send(notify_path(dialog),
                          write_notify(owed.request, owed.naming, *dialog.offer, Dialect::echo));
            context_.note(owed.asked, Step::offered, "NOTIFY sent again in echo form");
        }
    }
    close(dialog);
}

/// The phone has what it wanted: nobody answers on the other ports from which it seemed to ask.
void Offering::close_twins(const Dialog& dialog) {
    for (const std::uint32_t id : others_of(dialog)) {
        Dialog& other = dialogs_.at(id);
        if (other.stage == Stage::sending &&
            other.owed.asked.source.address == dialog.owed.asked.source.address) {
            close(other);
        }
    }
}

void Offering::decided(const std::vector<base::Mac>& macs) {
    for (const base::Mac mac : macs) {
        for (const std::uint32_t id : dialogs_of(mac)) {
            if (const auto found = dialogs_.find(id); found != dialogs_.end()) {
                decided(found->second);
            }
        }
    }
}

void Offering::decided(Dialog& dialog) {
    dialog.reusable = false;
    if (dialog.stage != Stage::held) {
        return;
    }
    const Decision decision = context_.policy.decide(dialog.owed.asked);
    if (decision.verdict == Verdict::silent) {
        close(dialog);
    } else if (decision.verdict == Verdict::offer) {
        dialog.late = context_.clock.now() - dialog.began > still_prompt;
        if (context_.look(dialog.owed.asked).fits()) {
            prepare(dialog);
        } else {
            doubt(dialog); // it is some time ago that this address was the phone's
        }
    } else if (decision.reason != dialog.reason) {
        hold(dialog, decision.reason);
    }
}

const Asked* Offering::caller_of(std::string_view call_id) const {
    for (const auto& [id, dialog] : dialogs_) {
        if (dialog.owed.request.call_id == call_id) {
            return &dialog.owed.asked;
        }
    }
    return nullptr;
}

void Offering::keep(const std::function<bool(base::Ipv4 local)>& is_served) {
    std::vector<std::uint32_t> gone;
    for (const auto& [id, dialog] : dialogs_) {
        if (!is_served(dialog.owed.asked.local)) {
            gone.push_back(id);
        }
    }
    for (const std::uint32_t id : gone) {
        Dialog& dialog = dialogs_.at(id);
        if (dialog.stage == Stage::held) {
            let_go(dialog, "the interface it asked on is gone: unplug it and plug it in again");
        } else {
            close(dialog);
        }
    }
}

void Offering::settings_changed() {
    for (auto& [id, dialog] : dialogs_) {
        if (dialog.stage == Stage::held) {
            deadlines_.set(id, dialog.due, held_until(dialog));
        }
    }
}

void Offering::tick(base::Steady now) {
    while (const auto id = deadlines_.ripe(now)) {
        ripe(dialogs_.at(*id));
    }
}

void Offering::ripe(Dialog& dialog) {
    switch (dialog.stage) {
    case Stage::doubted:
        look(dialog, true);
        return;
    case Stage::delaying:
        notify(dialog);
        return;
    case Stage::preparing:
        dialog.failed = true;
        hold(dialog, "its URL was not ready in time; look for database errors in the log");
        return;
    case Stage::held:
        if (std::exchange(dialog.failed, false) && context_.clock.now() < held_until(dialog)) {
            deadlines_.set(dialog.id(), dialog.due, held_until(dialog));
            decided(dialog);
            return;
        }
        let_go(dialog, "approved too late is of no use now: unplug the phone and plug it in again");
        return;
    case Stage::sending: // the answer and its deadline are kept by Notifying
        deadlines_.clear(dialog.due);
        return;
    }
}

void Offering::let_go(Dialog& dialog, std::string_view why) {
    context_.note(dialog.owed.asked, Step::waited_too_long, why);
    close(dialog);
}

void Offering::close(Dialog& dialog) {
    const std::uint32_t id = dialog.id();
    notifying_.abandon(id);
    deadlines_.clear(dialog.due);
    if (dialog.stage == Stage::held) {
        --context_.tally.held;
    }
    answered_.close(*dialog.owed.answer, context_.clock.now());
    doubted_.erase({dialog.owed.asked.source.address, id});
    std::erase(*dialog.of_phone, id);
    if (dialog.of_phone->empty()) {
        by_mac_.erase(dialog.owed.asked.mac);
    }
    dialogs_.erase(id);
}

void Offering::set_stage(Dialog& dialog, Stage stage) {
    if (dialog.stage == Stage::held && stage != Stage::held) {
        --context_.tally.held;
    } else if (dialog.stage != Stage::held && stage == Stage::held) {
        ++context_.tally.held;
    }
    if (stage == Stage::doubted) {
        doubted_.emplace(dialog.owed.asked.source.address, dialog.id());
    } else {
        doubted_.erase({dialog.owed.asked.source.address, dialog.id()});
    }
    dialog.stage = stage;
}

} // namespace pnp
