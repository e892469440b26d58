// SPDX-License-Identifier: MIT
// Opens the inventory, hands out snapshots, and reads what only the database holds.
#include "provisioning/inventory/inventory.hpp"

#include "provisioning/inventory/state.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace inventory {

using base::Result;
using base::Status;

namespace {

constexpr std::size_t most_stranger_events = 20;

} // namespace

// --- The model -----------------------------------------------------------------------------------

void Inventory::State::fill(Stored stored) {
    token_key = std::move(stored.token_key);
    tracks.reserve(stored.devices.size());
    {
        const base::Revealed key = token_key.reveal();
        const base::Hmac256 under_key(key);
        for (auto& device : stored.devices) {
            track_of(device->mac).on_disk = true;
            load_credentials(*device, under_key);
            current.put(device);
        }
    }
    std::erase_if(stored.devices,
                  [](const auto& device) { return device->approval != Approval::pending; });
    std::stable_sort(stored.devices.begin(), stored.devices.end(),
                     [](const auto& a, const auto& b) { return a->seen.last < b->seen.last; });
    for (const auto& stranger : stored.devices) {
        strangers.heard(stranger->mac);
    }
    for (auto& extension : stored.extensions) {
        current.extensions_.put(extension->number, extension);
    }
    for (const auto& [mac, row] : stored.newest_events) {
        if (current.device(mac) != nullptr) {
            events.knows(mac, row);
        }
    }
    const auto now = clock.unix_ms();
    for (const auto& [mac, token] : stored.first_tokens) {
        const auto* device = current.device(mac);
        if (device != nullptr && device->is_approved() && token.expires > now) {
            add_first_token(mac, token);
        }
    }
    for (const auto& [number, release] : stored.releases) {
        current.releases_.put(number, release);
    }
    set_enrolments(std::move(stored.enrolments));
    drop_ended_enrolments(now);
    drop_strangers(); // the limit may be lower than it was
}

void Inventory::State::set_enrolments(std::vector<Enrolment> enrolments) {
    for (const auto& each : enrolments) {
        current.newest_enrolment_ = std::max(current.newest_enrolment_, each.id);
    }
    current.enrolments_ = std::make_shared<const std::vector<Enrolment>>(std::move(enrolments));
}

void Inventory::State::drop_ended_enrolments(base::UnixMs now) {
    auto open = *current.enrolments_;
    if (std::erase_if(open, [&](const Enrolment& each) { return is_over(each, now); }) != 0) {
        set_enrolments(std::move(open));
    }
}

void Inventory::State::drop_old_releases(base::UnixMs now) {
    std::vector<std::string> old;
    current.releases_.each([&](const std::string& number, const Release& release) {
        if (release.at < now - longest_quarantine.count()) {
            old.push_back(number);
        }
    });
    for (const auto& number : old) {
        current.releases_.erase(number);
    }
}

std::vector<std::pair<std::string, Release>>
Inventory::State::releases_ahead(base::UnixMs now) const {
    std::vector<std::pair<std::string, Release>> ahead;
    // A machine without a battery begins in 1970, and hears later what time it is, or never.
    constexpr base::UnixMs year_2024 = 1'704'067'200'000;
    if (clock.now() - opened >= tidy_every && now >= year_2024) {
        current.releases_.each([&](const std::string& number, const Release& release) {
            if (release.at > now) {
                ahead.emplace_back(number, Release{now, release.mac});
            }
        });
    }
    return ahead;
}

void Inventory::State::put(Device device) {
    current.put(std::make_shared<const Device>(std::move(device)));
}

Track& Inventory::State::track_of(base::Mac mac) {
    const auto [found, is_new] = tracks.try_emplace(mac);
    if (is_new) {
        found->second.serial = next_serial++;
    }
    return found->second;
}

void Inventory::State::drop_strangers() {
    while (const auto mac = strangers.take_beyond(limits.max_heard)) {
        if (const auto found = tracks.find(*mac); found != tracks.end()) {
            if (found->second.on_disk) {
                gone.insert(*mac);
            }
            for (const auto& token : found->second.former) {
                current.former_.erase(token);
            }
            tracks.erase(found);
        }
        current.erase(*mac);
        unsaved.erase(*mac);
        events.forget(*mac);
        ++strangers_dropped;
    }
}

bool Inventory::State::is_stranger(base::Mac mac) const {
    const auto* device = current.device(mac);
    return device == nullptr || device->approval == Approval::pending;
}

std::size_t Inventory::State::most_events(bool is_stranger) const {
    return is_stranger ? std::min(most_stranger_events, limits.events_per_device)
                       : limits.events_per_device;
}

// --- Opening and reading -------------------------------------------------------------------------

Inventory::Inventory() = default;
Inventory::~Inventory() = default;

Result<std::unique_ptr<Inventory>> Inventory::open(const std::string& path,
                                                   Limits limits,
                                                   const base::Clock& clock,
                                                   const std::string& key_file) {
    const auto beside = std::filesystem::path(path).replace_filename("pnp.key").string();
    auto store = Store::open(path, key_file.empty() ? beside : key_file);
    if (!store) {
        return tl::unexpected(store.error());
    }
    auto stored = (*store)->load();
    if (!stored) {
        return tl::unexpected(stored.error());
    }
    std::unique_ptr<Inventory> inventory(new Inventory());
    inventory->state_ = std::make_unique<State>(limits, clock);
    inventory->state_->store = std::move(*store);
    auto& state = *inventory->state_;
    state.workpoints.reset(new Workpoints(*inventory));
    state.pins.reset(new Pins(*inventory));
    auto workpoints = std::move(stored->workpoints);
    auto pins = std::move(stored->pins);
    {
        const std::lock_guard model(state.model);
        state.fill(std::move(*stored));
    }
    state.workpoints->fill(std::move(workpoints));
    state.pins->fill(std::move(pins));
    const auto spent = state.workpoints->newest_spent(); // whose lock comes before the model's
    const std::lock_guard model(state.model);
    state.current.newest_enrolment_ = std::max(state.current.newest_enrolment_, spent);
    return inventory;
}

Workpoints& Inventory::workpoints() noexcept {
    return *state_->workpoints;
}

const Workpoints& Inventory::workpoints() const noexcept {
    return *state_->workpoints;
}

Pins& Inventory::pins() noexcept {
    return *state_->pins;
}

const Pins& Inventory::pins() const noexcept {
    return *state_->pins;
}

Snapshot Inventory::now() const {
    const std::lock_guard model(state_->model);
    return state_->current;
}

Counters Inventory::counters() const {
    const std::lock_guard model(state_->model);
    return {state_->strangers_dropped, state_->events.dropped(), state_->flush_failures,
            state_->flush_fails};
}

void Inventory::on_change(std::function<void(const std::vector<base::Mac>&)> changed) {
    const std::lock_guard hooks(state_->hooks);
    state_->changed = std::move(changed);
}

void Inventory::on_step(std::function<void(const Device&, const Event&)> happened) {
    const std::lock_guard hooks(state_->hooks);
    state_->happened = std::move(happened);
}

std::uint64_t Inventory::noted() const {
    const std::lock_guard model(state_->model);
    return state_->noted;
}

void Inventory::State::tell(const Device& device, const Event& event) {
    std::function<void(const Device&, const Event&)> to;
    {
        const std::lock_guard hold(hooks);
        to = happened;
    }
    if (to) {
        to(device, event);
    }
}

void Inventory::host_numbers(std::function<bool(const std::string& number)> is_known,
                             std::function<std::set<std::string>()> list) {
    const std::lock_guard hooks(state_->hooks);
    state_->host = {std::move(is_known), std::move(list)};
}

Result<std::vector<Event>> Inventory::timeline(base::Mac mac) {
    const std::lock_guard disk(state_->disk);
    auto stored = state_->store->events(mac);
    if (!stored) {
        return tl::unexpected(stored.error());
    }
    const std::lock_guard model(state_->model);
    if (state_->current.device(mac) == nullptr) {
        return std::vector<Event>();
    }
    if (state_->gone.count(mac) != 0) {
        stored->clear(); // of a stranger that was dropped and has come again
    }
    if (const auto* waiting = state_->events.waiting_of(mac)) {
        for (const auto& [event, row] : *waiting) {
            if (row != 0 && !stored->empty() && stored->back().row == row) {
                stored->back().event.count += event.count;
                stored->back().event.last = event.last;
            } else {
                stored->push_back({0, event});
            }
        }
    }
    const auto most = state_->most_events(state_->is_stranger(mac));
    const auto skipped = stored->size() > most ? stored->size() - most : 0;
    std::vector<Event> events;
    events.reserve(stored->size() - skipped);
    for (auto at = skipped; at < stored->size(); ++at) {
        events.push_back(std::move((*stored)[at].event));
    }
    return events;
}

Result<std::vector<Inventory::AuditLine>> Inventory::audit(std::size_t most) {
    const std::lock_guard disk(state_->disk);
    return state_->store->audit(most);
}

} // namespace inventory
