// SPDX-License-Identifier: MIT
// SUBSCRIBE → who is it → decide → 200; the rest of the dialog is Offering's.
#include "pnp/responder.hpp"

#include "pnp/identify.hpp"
#include "pnp/writer.hpp"
#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <utility>

namespace pnp {
namespace {

using base::Errc;

} // namespace

Responder::Responder(const base::Clock& clock,
                     Settings settings,
                     Policy policy,
                     Wiring wiring,
                     Tally& tally,
                     Answered answered)
    : context_{clock, std::move(settings), std::move(policy), std::move(wiring), tally},
      limits_(clock), answered_(std::move(answered)), notifying_(context_),
      offering_(context_, answered_, notifying_) {}

void Responder::serve(std::vector<Row> rows) noexcept {
    guarded([&] {
        rows_ = std::move(rows);
        const auto is_served = [this](base::Ipv4 local) {
            return std::any_of(rows_.begin(), rows_.end(),
                               [&](const Row& row) { return row.interface.address == local; });
        };
        offering_.keep(is_served);
        notifying_.keep(is_served);
    });
}

void Responder::settings(const Settings& settings) noexcept {
    guarded([&] {
        context_.settings = settings;
        offering_.settings_changed();
    });
}

void Responder::on_datagram(std::string_view bytes,
                            base::Endpoint source,
                            int interface_index,
                            Channel channel) noexcept {
    guarded([&] {
        ++context_.tally.datagrams;
        if (probe_ && is_own(source)) {
            return; // a question of our own comes back from the group
        }
        const Row* row = row_for(rows_, interface_index, source);
        if (probe_ && on_foreign(bytes, source.address, false)) {
            return; // a rival on this very machine has our address
        }
        if (row == nullptr) {
            ++context_.tally.foreign_source;
            context_.tell_of_stranger(fmt::format(
                "not answered: {} is not in a network of the interface where it was heard",
                source.str()));
            note_outsider(bytes, source, interface_index);
            return;
        }
        if (base::log::enabled("pnp", base::log::Level::debug)) {
            base::log::debug("pnp", "from {}: {}", source.str(), base::printable(bytes, 1000));
        }
        if (is_response(bytes)) {
            on_response(bytes, source);
            return;
        }
        if (on_foreign(bytes, source.address, true)) {
            return;
        }
        // A flood is thrown away before it costs anything; who is let in is read.
        const auto glance = glanced_at(bytes, *row, source);
        if (!glance.admitted) {
            return;
        }
        auto request = parse_subscribe(bytes);
        if (!request) {
            ++(request.error().code == Errc::not_ours ? context_.tally.not_ours
                                                      : context_.tally.malformed);
            drop(request.error(), source);
            return;
        }
        on_subscribe(std::move(*request), *row, source, channel, glance.mac);
    });
}

/// A phone with an address of another network gets no answer; its story says so all the same.
void Responder::note_outsider(std::string_view bytes, base::Endpoint source, int interface_index) {
    std::string networks;
    for (const Row& row : rows_) {
        if (row.interface.index != interface_index) {
            continue;
        }
        const base::Network network = row.interface.network();
        if (network.contains(source.address)) {
            return; // our own address or a broadcast one: forged
        }
        networks += (networks.empty() ? "" : ", ") + network.str();
    }
    // Whoever is outside may send as much as he likes: few of it are even read.
    if (networks.empty() || is_response(bytes) || !context_.outsiders.take(context_.clock.now())) {
        return;
    }
    const auto request = parse_subscribe(bytes);
    const auto mac = request ? find_mac(*request) : std::nullopt;
    if (mac) {
        Asked asked;
        asked.mac = *mac;
        asked.source = source;
        context_.note(asked, inventory::Step::heard_outside,
                      fmt::format("the network here is {}", networks));
    }
}

bool Responder::is_own(base::Endpoint source) const noexcept {
    return std::any_of(rows_.begin(), rows_.end(),
                       [&](const Row& row) { return row.local() == source; });
}

/// What only a server says. True when it is one: about our question, or about a phone of ours.
bool Responder::on_foreign(std::string_view bytes, base::Ipv4 source, bool is_near) {
    if (!may_be_foreign(bytes) || (!probe_ && !context_.rivals.take(context_.clock.now()))) {
        return false; // anybody can send such a thing, and as much of it as he likes
    }
    const auto said = read_foreign(bytes);
    if (!said) {
        return false;
    }
    if (probe_ && probe_->heard(*said, source)) {
        return true;
    }
    if (!is_near) {
        return false;
    }
    Asked phone;
    if (const Asked* caller = offering_.caller_of(said->call_id)) {
        phone = *caller;
    } else if (said->mac && context_.policy.approved_at &&
               context_.policy.approved_at(*said->mac)) {
        phone.mac = *said->mac;
    } else {
        return true;
    }
    phone.source.address = source;
    context_.note(phone, inventory::Step::rival_heard,
                  said->url_host.empty()
                      ? fmt::format("{} answers it too", source.str())
                      : fmt::format("{} sends it to {}", source.str(), said->url_host));
    return true;
}

void Responder::drop(const base::Error& error, base::Endpoint source) {
    // Never a 4xx: to a multicast request it could win against another server's 200 (RFC 3261
    // 17.1.3).
    context_.tell_of_stranger(fmt::format("not answered: {} sent {}", source.str(), error.what));
}

void Responder::on_response(std::string_view bytes, base::Endpoint source) {
    const auto response = parse_response(bytes);
    if (!response) {
        ++context_.tally.malformed;
        drop(response.error(), source);
        return;
    }
    if (!notifying_.on_response(*response, source.address)) {
        on_foreign(bytes, source.address, true);
    }
}

std::optional<Asked>
Responder::identify(const Subscribe& request, const Row& row, base::Endpoint source) const {
    Asked asked;
    if (const auto named = find_mac(request)) {
        asked.mac = *named;
    } else {
        const auto seen = context_.policy.neighbour
                              ? context_.policy.neighbour(source.address, row.interface.index)
                              : std::nullopt;
        if (!seen) {
            return std::nullopt;
        }
        asked.mac = seen->mac;
        asked.mac_by_neighbour = true;
    }
    asked.source = source;
    asked.local = row.interface.address;
    asked.interface = row.interface.name;
    asked.interface_index = row.interface.index;
    asked.vouched_for = row.interface.loopback || context_.is_allowed(source.address);
    asked.vendor = request.vendor;
    asked.model = request.model;
    asked.version = request.version;
    asked.user_agent = request.user_agent;
    return asked;
}

void Responder::on_subscribe(Subscribe request,
                             const Row& row,
                             base::Endpoint source,
                             Channel channel,
                             std::optional<base::Mac> admitted) {
    auto asked = identify(request, row, source);
    const Belief shown = asked ? belief_in(*asked, context_.policy) : Belief{};
    if (asked && asked->mac != admitted && !admits(*asked, shown)) {
        return;
    }
    const base::Steady now = context_.clock.now();
    const TransactionKey key = transaction_key(request, source.address);
    Answer* answer = answered_.find(key);
    if (answer != nullptr && !answer->ok.empty()) {
        // RFC 3261 17.2.2: a retransmitted request gets the stored answer, byte for byte, and no
        // second NOTIFY. So does a copy that came in through a second interface.
        ++context_.tally.retransmissions;
        context_.send(answer->path, answer->ok);
        return;
    }
    const bool is_new = answer == nullptr;
    if (is_new) {
        answer = answered_.add(key, now);
        if (answer == nullptr) {
            ++context_.tally.table_full;
            return;
        }
        ++context_.tally.subscribes;
    }
    if (!asked) {
        if (is_new) {
            ++context_.tally.nameless;
            drop({Errc::not_found, "a SUBSCRIBE without a MAC, and the neighbour table has none"},
                 source);
        }
        return;
    }
    const bool is_checked = context_.settings.neighbour_check != base::NeighbourCheck::off;
    const Belief belief = is_checked ? shown : Belief{};
    if (belief.is_final() && (!is_new || context_.refuses(*asked, belief))) {
        return;
    }
    if (!belief.fits() && !belief.is_final()) {
        // Our 200 makes the kernel ask who answers there; what follows waits for that.
        if (context_.policy.answers && !context_.policy.answers(*asked)) {
            if (is_new && context_.unchecked.take(now)) {
                context_.hear(*asked);
            }
        } else if (auto owed =
                       accept(std::move(request), std::move(*asked), row, channel, *answer)) {
            offering_.doubt(std::move(*owed));
        }
        return;
    }
    // One that we were silent about is decided again: before its last repeat the phone may be
    // approved, or the neighbour table filled.
    const Decision decision = is_new ? context_.hear(*asked) : context_.policy.decide(*asked);
    if (decision.verdict == Verdict::silent) {
        return;
    }
    if (auto owed = accept(std::move(request), std::move(*asked), row, channel, *answer)) {
        offering_.begin(std::move(*owed), decision);
    }
}

Responder::Glance
Responder::glanced_at(std::string_view bytes, const Row& row, base::Endpoint source) {
    Asked asked;
    const auto named = glance_mac(bytes);
    const auto seen = !named && context_.policy.neighbour
                          ? context_.policy.neighbour(source.address, row.interface.index)
                          : std::nullopt;
    if (!named && !seen) {
        // Some phones name their MAC elsewhere, or none.
        const bool admitted = context_.unnamed.take(context_.clock.now());
        context_.tally.limited += admitted ? 0U : 1U;
        return {admitted, std::nullopt};
    }
    asked.mac = named ? *named : seen->mac;
    asked.mac_by_neighbour = !named;
    asked.source = source;
    asked.interface_index = row.interface.index;
    asked.vouched_for = row.interface.loopback || context_.is_allowed(source.address);
    return {admits(asked, belief_in(asked, context_.policy)), asked.mac};
}

bool Responder::admits(const Asked& asked, const Belief& belief) {
    const auto approved_at =
        context_.policy.approved_at ? context_.policy.approved_at(asked.mac) : std::nullopt;
    if (limits_.admits(asked, belief, approved_at)) {
        return true;
    }
    ++context_.tally.limited;
    if (approved_at && limits_.tells(asked.mac)) {
        context_.note(asked, inventory::Step::limited, "asks too often; the rest is not answered");
    }
    return false;
}

/// Sends the 200 and remembers it; nothing when that cannot be done.
std::optional<Owed>
Responder::accept(Subscribe request, Asked asked, const Row& row, Channel channel, Answer& answer) {
    const auto id = fresh_id();
    if (!id) {
        base::log::error("pnp", "{} is not answered: {}", described(asked), id.error().what);
        return std::nullopt;
    }
    const base::Endpoint source = asked.source;
    const Naming naming{*id, row.local(), source};
    // RFC 3581 section 4 and RFC 3261 18.2.2 choose the port. The address is the datagram's own,
    // whatever Via and its maddr say: nobody else is ever sent anything.
    std::uint16_t port = source.port;
    if (!request.wants_rport) {
        port = request.via_port != 0 ? request.via_port : std::uint16_t{5060};
    }
    const Path path{channel, row.interface.index, row.interface.address, {source.address, port}};
    answered_.answer(answer, write_ok(request, naming), path);
    context_.send(path, answer.ok);
    return Owed{std::move(asked), std::move(request), naming, path, &answer};
}

base::Result<std::uint32_t> Responder::fresh_id() const {
    while (true) {
        auto id = context_.wiring.random();
        if (!id || (!offering_.knows(*id) && !notifying_.knows(*id))) {
            return id;
        }
    }
}

void Responder::not_sent(const Path& path) noexcept {
    guarded([&] { context_.not_sent(path); });
}

void Responder::decided(const std::vector<base::Mac>& macs) noexcept {
    guarded([&] { offering_.decided(macs); });
}

void Responder::neighbours_changed(const std::vector<base::Ipv4>& addresses) noexcept {
    guarded([&] { offering_.neighbours_changed(addresses); });
}

void Responder::resync(base::Mac mac,
                       base::Endpoint phone,
                       base::Ipv4 local,
                       const std::string& event,
                       const std::function<void(ResyncResult)>& done) noexcept {
    guarded([&] {
        const auto row = std::find_if(rows_.begin(), rows_.end(), [&](const Row& each) {
            return each.interface.address == local;
        });
        if (row == rows_.end()) {
            done({0, fmt::format("{} is not among the served addresses", local.str())});
            return;
        }
        if (phone.port == 0 || phone.address.value == 0 || phone.address.is_multicast()) {
            done({0, fmt::format("{} is no address of a phone", phone.str())});
            return;
        }
        if (event.empty() || base::printable(event) != event) {
            done({0, "the event for a resync must be one line of plain characters"});
            return;
        }
        const auto id = fresh_id();
        if (!id) {
            done({0, id.error().what});
            return;
        }
        const Resync resync{phone, row->local(), event, *id};
        base::log::debug("pnp", "resync ({}) to {} at {}", event, mac.str(), phone.str());
        notifying_.start(*id,
                         {write_resync(resync),
                          resync_branch(*id),
                          resync_call_id(resync),
                          {Channel::unicast, row->interface.index, local, phone}},
                         context_.settings.notify_retries, context_.clock.now(),
                         [done](const NotifyEnd& end) {
                             done({end.status, end.reason});
                         });
    });
}

void Responder::probe(Probe::Done done) noexcept {
    guarded([&] {
        if (probe_) {
            std::exchange(probe_, std::nullopt)->finish();
        }
        probe_.emplace(std::move(done), context_.clock.now() + Probe::patience);
        for (const Row& row : rows_) {
            const auto id = context_.wiring.random();
            if (!id) {
                base::log::error("pnp", "no probe: {}", id.error().what);
                continue;
            }
            // Locally administered, so that no maker's phone is meant.
            const auto mac = base::Mac::from_number((std::uint64_t{0x0200} << 32U) | *id);
            const std::string call_id = fmt::format("probe-{:08x}", *id);
            probe_->asked(call_id, row.interface.name);
            context_.send({Channel::unicast, row.interface.index, row.interface.address,
                           context_.settings.group},
                          write_probe(row.local(), mac, call_id));
        }
    });
}

void Responder::tick() noexcept {
    guarded([&] {
        const base::Steady now = context_.clock.now();
        if (probe_ && now >= probe_->end()) {
            std::exchange(probe_, std::nullopt)->finish();
        }
        offering_.tick(now);
        notifying_.tick(now);
        answered_.forget_old(now);
    });
}

std::optional<base::Steady> Responder::next_due() const {
    std::optional<base::Steady> earliest = probe_ ? std::optional(probe_->end()) : std::nullopt;
    for (const auto& due : {offering_.next_due(), notifying_.next_due(), answered_.next_due()}) {
        if (due && (!earliest || *due < *earliest)) {
            earliest = due;
        }
    }
    return earliest;
}

} // namespace pnp
