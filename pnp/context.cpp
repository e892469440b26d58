// SPDX-License-Identifier: MIT
// Counts, sends and notes for the parts of the responder.
#include "pnp/context.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <exception>
#include <fmt/format.h>

namespace pnp {

Counters Tally::read() const {
    const auto of = [](const Count& count) { return count.load(std::memory_order_relaxed); };
    Counters out;
    out.datagrams = of(datagrams);
    out.subscribes = of(subscribes);
    out.retransmissions = of(retransmissions);
    out.malformed = of(malformed);
    out.not_ours = of(not_ours);
    out.nameless = of(nameless);
    out.foreign_source = of(foreign_source);
    out.mismatches = of(mismatches);
    out.offers = of(offers);
    out.held = of(held);
    out.notify_accepted = of(notify_accepted);
    out.notify_failed = of(notify_failed);
    out.limited = of(limited);
    out.table_full = of(table_full);
    out.send_failures = of(send_failures);
    out.kernel_drops = of(kernel_drops);
    return out;
}

void Context::tell_of_stranger(std::string_view text) {
    if (!strangers.take(clock.now())) {
        return;
    }
    const std::uint64_t more = strangers.held_back();
    base::log::info("pnp", "{}{}", text,
                    more == 0 ? std::string() : fmt::format(" (and {} more lines like it)", more));
}

void Context::send(const Path& path, std::string_view bytes) {
    if (!wiring.send(path, bytes)) {
        not_sent(path);
    }
}

void Context::not_sent(const Path& path) {
    ++tally.send_failures;
    tell_of_stranger(
        fmt::format("nothing could be sent to {} from {}", path.to.str(), path.local.str()));
}

Decision Context::hear(const Asked& asked) {
    Decision decision = policy.decide ? policy.decide(asked) : Decision{};
    const bool silent = decision.verdict == Verdict::silent;
    note(asked, inventory::Step::heard,
         silent ? std::string_view(decision.reason) : std::string_view());
    if (phones.take(clock.now())) {
        base::log::info("pnp", "{} asks; {}{}{}", described(asked),
                        decision.verdict == Verdict::offer ? "offered"
                        : silent                           ? "not answered"
                                                           : "held",
                        decision.reason.empty() ? "" : ": ", decision.reason);
    }
    return decision;
}

Belief Context::look(const Asked& asked) const {
    return settings.neighbour_check == base::NeighbourCheck::off ? Belief{}
                                                                 : belief_in(asked, policy);
}

bool Context::is_allowed(base::Ipv4 source) const noexcept {
    return std::any_of(settings.neighbour_allow.begin(), settings.neighbour_allow.end(),
                       [&](const base::Network& network) { return network.contains(source); });
}

bool Context::refuses(const Asked& asked, const Belief& belief) {
    ++tally.mismatches;
    const std::string why = mismatch(asked, belief, settings.neighbour_check);
    note(asked, inventory::Step::neighbour_mismatch, why);
    tell_of_stranger(fmt::format("{} is not believed: {}", described(asked), why));
    return settings.neighbour_check == base::NeighbourCheck::enforce;
}

void Context::note(const Asked& asked, inventory::Step step, std::string_view detail) noexcept {
    // On its own: a dialog must not be left half done because its timeline could not be written.
    guarded([&] {
        const bool repeats = step == inventory::Step::heard || step == inventory::Step::offered;
        if (repeats && !stories.take({asked.mac, asked.source.address}, clock.now())) {
            return;
        }
        if (policy.note) {
            policy.note(asked.mac, step, asked.source, detail);
        }
    });
}

void log_failure(const char* what) noexcept {
    try {
        base::log::error("pnp", "a step failed: {}", what);
    } catch (...) { // NOLINT(bugprone-empty-catch): not even a log line could be written
    }
}

std::string described(const Asked& asked) {
    const std::string name =
        asked.vendor.empty() ? asked.user_agent : asked.vendor + " " + asked.model;
    return fmt::format("phone {} ({}) at {}", asked.mac.str(), base::printable(name, 80),
                       asked.source.address.str());
}

} // namespace pnp
