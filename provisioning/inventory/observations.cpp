// SPDX-License-Identifier: MIT
// What the network shows: into memory at once, to the disk with the next flush().
#include "provisioning/base/log.hpp"
#include "provisioning/inventory/state.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include <fmt/format.h>

namespace inventory {

using base::Result;
using base::Status;

namespace {

/// Of strangers' text we keep what a person would read: memory is bounded by devices × this.
constexpr std::size_t most_text = 256;

std::string clipped(std::string_view text) {
    if (text.size() > most_text) {
        text = text.substr(0, most_text);
        // Not half a UTF-8 character: continuation bytes are 10xxxxxx (RFC 3629).
        while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80U) != 0) {
            const bool is_first = (static_cast<unsigned char>(text.back()) & 0xC0U) == 0xC0U;
            text.remove_suffix(1);
            if (is_first) {
                break;
            }
        }
    }
    return std::string(text);
}

void learn(std::string& known, std::string_view shown) {
    if (!shown.empty()) {
        known = clipped(shown);
    }
}

} // namespace

void Inventory::saw(base::Mac mac, const Sighting& sighting) {
    if (mac == base::Mac()) {
        return;
    }
    const auto now = state_->clock.unix_ms();
    const std::lock_guard model(state_->model);
    const auto* known = state_->current.device(mac);
    auto device = known == nullptr ? Device() : *known;
    if (known == nullptr) {
        device.mac = mac;
        device.seen.stage = sighting.stage;
    }
    auto& seen = device.seen;
    if (!device.was_heard()) {
        seen.first = now;
    }
    seen.last = now;
    if (sighting.address.value != 0) {
        seen.address = sighting.address;
    }
    learn(seen.interface, sighting.interface);
    learn(seen.vendor, sighting.vendor);
    learn(seen.model, sighting.model);
    learn(seen.version, sighting.version);
    learn(seen.user_agent, sighting.user_agent);

    const bool is_stranger = device.approval == Approval::pending;
    state_->put(std::move(device));
    state_->track_of(mac);
    state_->unsaved.insert(mac);
    if (is_stranger) {
        state_->strangers.heard(mac);
        state_->drop_strangers();
    }
}

void Inventory::note(base::Mac mac, Step step, std::string_view address, std::string_view detail) {
    const auto now = state_->clock.unix_ms();
    Event event{step, clipped(address), clipped(detail), now, now, 1};
    std::shared_ptr<const Device> as_it_was;
    {
        const std::lock_guard model(state_->model);
        const auto* device = state_->current.devices_.find(mac);
        if (device == nullptr) {
            return;
        }
        const bool is_stranger = (*device)->approval == Approval::pending;
        event.order = ++state_->noted;
        if (!state_->events.add(mac, event, state_->most_events(is_stranger), is_stranger)) {
            return;
        }
        as_it_was = *device;
    }
    state_->tell(*as_it_was, event);
}

void Inventory::used(base::Mac mac, base::Ipv4 from) {
    const auto now = state_->clock.unix_ms();
    const std::lock_guard model(state_->model);
    const auto* known = state_->current.device(mac);
    if (known == nullptr) {
        return;
    }
    auto device = *known;
    device.seen.used = now;
    device.seen.used_from = from;
    state_->put(std::move(device));
    state_->unsaved.insert(mac);
}

void Inventory::reached(base::Mac mac, Stage stage) {
    const std::lock_guard model(state_->model);
    const auto* known = state_->current.device(mac);
    if (known == nullptr || known->seen.stage == stage) {
        return;
    }
    auto device = *known;
    device.seen.stage = stage;
    state_->put(std::move(device));
    state_->unsaved.insert(mac);
}

Inventory::State::Unsaved Inventory::State::take_unsaved(base::UnixMs now) {
    Unsaved taken;
    taken.gone.assign(gone.begin(), gone.end());
    taken.seen.reserve(unsaved.size());
    for (const auto mac : unsaved) {
        if (const auto* device = current.devices_.find(mac)) {
            taken.seen.push_back({*device, track_of(mac).serial});
        }
    }
    taken.most_events.reserve(events.count_waiting());
    taken.events = events.take_all();
    // Nothing is thrown from here on, so nothing that was taken is lost.
    for (const auto& batch : taken.events) {
        taken.most_events.push_back(most_events(is_stranger(batch.mac)));
    }
    gone.clear();
    unsaved.clear();
    taken.has_ended = (next_expiry != 0 && next_expiry <= now) ||
                      std::ranges::any_of(*current.enrolments_, [&](const Enrolment& each) {
                          return is_over(each, now);
                      });
    return taken;
}

void Inventory::State::keep_for_later() {
    if (unwritten.empty()) {
        return;
    }
    workpoints->keep_for_later(unwritten.workpoints);
    const std::lock_guard guard(model);
    gone.insert(unwritten.gone.begin(), unwritten.gone.end());
    for (const auto& seen : unwritten.seen) {
        const auto found = tracks.find(seen.device->mac);
        if (found != tracks.end() && found->second.serial == seen.serial) {
            unsaved.insert(seen.device->mac);
        }
    }
    while (!unwritten.events.empty()) {
        events.restore(std::move(unwritten.events.back()), unwritten.most_events.back());
        unwritten.events.pop_back();
        unwritten.most_events.pop_back();
    }
    unwritten = {};
}

void Inventory::State::saved(const Unsaved& taken,
                             const std::vector<std::optional<EventRow>>& newest) {
    for (const auto& seen : taken.seen) {
        const auto mac = seen.device->mac;
        const auto found = tracks.find(mac);
        if (found != tracks.end() && found->second.serial == seen.serial) {
            found->second.on_disk = true;
        } else if (seen.device->approval == Approval::pending) {
            gone.insert(mac); // dropped while it was being written
        }
    }
    for (std::size_t at = 0; at < taken.events.size(); ++at) {
        events.written(taken.events[at], newest[at]);
    }
}

Result<std::vector<std::optional<EventRow>>>
Inventory::State::write(const Unsaved& taken, base::UnixMs now, bool tidy) {
    auto transaction = store->begin(sql::Sync::normal);
    if (!transaction) {
        return tl::unexpected(transaction.error());
    }
    Status done;
    for (auto mac = taken.gone.begin(); done && mac != taken.gone.end(); ++mac) {
        done = store->forget_stranger(*mac);
    }
    for (auto seen = taken.seen.begin(); done && seen != taken.seen.end(); ++seen) {
        done = store->put_sighting(seen->device->mac, seen->device->seen);
    }
    std::vector<std::optional<EventRow>> newest;
    for (std::size_t at = 0; done && at < taken.events.size(); ++at) {
        const auto& batch = taken.events[at];
        auto row = store->add_events(batch.mac, batch.events, taken.most_events[at]);
        if (!row) {
            return tl::unexpected(row.error());
        }
        newest.push_back(*row);
    }
    if (done) {
        done = Workpoints::write(store->workpoints(), taken.workpoints);
    }
    for (auto each = taken.releases.begin(); done && each != taken.releases.end(); ++each) {
        done = store->put_release(each->first, each->second);
    }
    if (done && (tidy || taken.has_ended)) {
        done = store->remove_expired_tokens(now).and_then(
            [&] { return store->remove_ended_enrolments(now); });
    }
    if (done && tidy) {
        const std::chrono::milliseconds kept = limits.events_for;
        done = store->remove_events_before(now - kept.count())
                   .and_then([&] { return store->keep_audits(most_audits); })
                   .and_then([&] {
                       return store->remove_releases_before(now - longest_quarantine.count());
                   });
    }
    if (done) {
        done = transaction->commit();
    }
    if (!done) {
        return tl::unexpected(done.error());
    }
    return newest;
}

Status Inventory::flush() {
    auto& state = *state_;
    const std::lock_guard disk(state.disk);
    const auto now = state.clock.unix_ms();
    // Also when the clock was set back.
    const bool tidy = now >= state.next_tidy || state.next_tidy - now > State::tidy_every.count();
    auto& unwritten = state.unwritten;
    Result<std::vector<std::optional<EventRow>>> written =
        base::fail(base::Errc::io, "there is no memory left");
    try {
        state.keep_for_later();
        {
            const std::lock_guard model(state.model);
            auto releases = tidy ? state.releases_ahead(now) : decltype(unwritten.releases)();
            unwritten = state.take_unsaved(now);
            unwritten.releases = std::move(releases);
        }
        unwritten.workpoints = state.workpoints->take_unsaved();
        if (unwritten.empty() && !tidy) {
            state.store->shorten_log();
            return {};
        }
        written = state.write(unwritten, now, tidy);
    } catch (const std::exception&) { // no memory: as if the disk had refused it
    }
    if (!written) {
        {
            const std::lock_guard model(state.model);
            ++state.flush_failures;
            state.flush_fails = true;
        }
        try {
            state.keep_for_later();
        } catch (const std::bad_alloc&) { // with the next flush
        }
        // Each second the same: said when it begins and when it ends.
        if (!state.is_failing) {
            base::log::error("inventory", "what phones do is kept in memory only: {}",
                             written.error().what);
            state.is_failing = true; // behind what may throw
        }
        return tl::unexpected(written.error());
    }
    const auto taken = std::exchange(unwritten, {});
    if (tidy) {
        state.next_tidy = now + State::tidy_every.count();
    }
    {
        const std::lock_guard model(state.model);
        state.flush_fails = false;
        state.saved(taken, *written);
        if (taken.has_ended) {
            state.end_expired_tokens(now);
            state.drop_ended_enrolments(now);
        }
        if (tidy) {
            state.drop_old_releases(now);
        }
        for (const auto& [number, release] : taken.releases) {
            state.current.releases_.put(number, release);
        }
    }
    if (!taken.releases.empty()) {
        const auto more = taken.releases.size() - 1;
        base::log::warn("inventory",
                        "the clock was ahead when {}{} came free: quarantine begins now",
                        taken.releases.front().first,
                        more == 0 ? "" : fmt::format(" and {} more numbers", more));
    }
    if (std::exchange(state.is_failing, false)) {
        base::log::info("inventory", "what phones do is written to disk again");
    }
    return {};
}

} // namespace inventory
