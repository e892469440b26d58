// SPDX-License-Identifier: MIT
// Counts, sends and notes for the parts of the responder.
#include "pnp/context.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"

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
    out.offers = of(offers);
    out.held = of(held);
    out.notify_accepted = of(notify_accepted);
    out.notify_failed = of(notify_failed);
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

bool Context::send(const Path& path, std::string_view bytes) {
    if (wiring.send(path, bytes)) {
        return true;
    }
    ++tally.send_failures;
    tell_of_stranger(
        fmt::format("nothing could be sent to {} from {}", path.to.str(), path.local.str()));
    return false;
}

void Context::note(const Asked& asked,
                   inventory::Step step,
                   std::string_view detail) const noexcept {
    // On its own: a dialog must not be left half done because its timeline could not be written.
    guarded([&] {
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
