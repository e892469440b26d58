// SPDX-License-Identifier: MIT
// Opens the inventory, hands out snapshots and tokens, and reads what only the database holds.
#include "provisioning/inventory/inventory.hpp"

#include "provisioning/inventory/state.hpp"
#include "provisioning/inventory/token.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace inventory {

using base::Result;
using base::Status;

namespace {

/// Several offers may be under way at once (two interfaces, a resent SUBSCRIBE); more than these
/// means that the phone restarts all day, and the oldest goes.
constexpr std::size_t most_first_tokens = 8;

constexpr std::size_t most_stranger_events = 20;

} // namespace

// --- The model -----------------------------------------------------------------------------------

void Inventory::State::fill(Stored stored) {
    token_key = std::move(stored.token_key);
    for (auto& device : stored.devices) {
        const auto mac = device.mac;
        const bool stranger = device.approval == Approval::pending;
        put(std::move(device));
        track_of(mac).on_disk = true;
        renew_credentials(*current.device(mac));
        if (stranger) {
            strangers.heard(mac);
        }
    }
    for (auto& extension : stored.extensions) {
        auto number = extension.number;
        current.extensions_.put(number, std::make_shared<const Extension>(std::move(extension)));
    }
    for (auto& [mac, row] : stored.newest_events) {
        if (current.device(mac) != nullptr) {
            events.knows(mac, std::move(row));
        }
    }
    const auto now = clock.unix_ms();
    for (const auto& [mac, token] : stored.first_tokens) {
        const auto* device = current.device(mac);
        if (device != nullptr && device->is_approved() && token.expires > now) {
            add_first_token(mac, token);
        }
    }
    drop_strangers(); // the limit may be lower than it was
}

void Inventory::State::put(Device device) {
    const auto mac = device.mac;
    current.devices_.put(mac, std::make_shared<const Device>(std::move(device)));
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
            tracks.erase(found);
        }
        current.devices_.erase(*mac);
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

void Inventory::State::renew_credentials(const Device& device) {
    const auto steady = base::sha256(derive_token(token_key, device.mac, device.generation));
    if (device.is_approved()) {
        current.credentials_.put(steady, {device.mac, true, 0, device.generation});
    } else {
        current.credentials_.erase(steady);
        end_first_tokens(device.mac);
    }
}

void Inventory::State::add_first_token(base::Mac mac, const FirstToken& token) {
    track_of(mac).first_tokens.push_back(token);
    current.credentials_.put(token.hash, {mac, false, token.expires, 0});
    next_expiry = next_expiry == 0 ? token.expires : std::min(next_expiry, token.expires);
}

void Inventory::State::end_first_tokens(base::Mac mac) {
    auto& tokens = track_of(mac).first_tokens;
    for (const auto& token : tokens) {
        current.credentials_.erase(token.hash);
    }
    tokens.clear();
}

void Inventory::State::end_expired_tokens(base::UnixMs now) {
    next_expiry = 0;
    for (auto& [mac, track] : tracks) {
        auto& tokens = track.first_tokens;
        std::erase_if(tokens, [&](const FirstToken& token) {
            if (token.expires <= now) {
                current.credentials_.erase(token.hash);
                return true;
            }
            next_expiry = next_expiry == 0 ? token.expires : std::min(next_expiry, token.expires);
            return false;
        });
    }
}

// --- Opening and reading -------------------------------------------------------------------------

Inventory::Inventory() = default;
Inventory::~Inventory() = default;

Result<std::unique_ptr<Inventory>>
Inventory::open(const std::string& path, Limits limits, const base::Clock& clock) {
    auto store = Store::open(path);
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
    const std::lock_guard model(inventory->state_->model);
    inventory->state_->fill(std::move(*stored));
    return inventory;
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

void Inventory::host_numbers(std::function<bool(const std::string& number)> is_known) {
    const std::lock_guard hooks(state_->hooks);
    state_->is_host_number = std::move(is_known);
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

// --- Tokens --------------------------------------------------------------------------------------

std::string Inventory::steady_token(const Device& device) const {
    return derive_token(state_->token_key, device.mac, device.generation);
}

Result<std::vector<std::string>> Inventory::mint_first_tokens(std::span<const base::Mac> macs) {
    const std::lock_guard disk(state_->disk);
    const auto expires = state_->clock.unix_ms() + state_->limits.first_token_life.count();
    const auto before = now(); // approvals stand still while `disk` is held

    std::vector<std::string> texts;
    texts.reserve(macs.size());
    std::map<base::Mac, std::vector<FirstToken>> minted;
    for (const auto mac : macs) {
        const auto* device = before.device(mac);
        if (device == nullptr || !device->is_approved()) {
            texts.emplace_back();
            continue;
        }
        auto text = random_token();
        if (!text) {
            return tl::unexpected(text.error());
        }
        minted[mac].push_back({base::sha256(*text), expires});
        texts.push_back(std::move(*text));
    }
    if (minted.empty()) {
        return texts;
    }

    // Which of them are too many, counted before anything changes.
    std::vector<std::pair<base::Mac, FirstToken>> surplus;
    {
        const std::lock_guard model(state_->model);
        for (const auto& [mac, fresh] : minted) {
            auto all = state_->track_of(mac).first_tokens;
            all.insert(all.end(), fresh.begin(), fresh.end());
            for (; all.size() > most_first_tokens; all.pop_front()) {
                surplus.emplace_back(mac, all.front());
            }
        }
    }
    auto& store = *state_->store;
    auto transaction = store.begin(sql::Sync::full);
    if (!transaction) {
        return tl::unexpected(transaction.error());
    }
    Status done;
    for (const auto& [mac, fresh] : minted) {
        for (auto token = fresh.begin(); done && token != fresh.end(); ++token) {
            done = store.add_token(mac, *token);
        }
    }
    for (auto token = surplus.begin(); done && token != surplus.end(); ++token) {
        done = store.remove_token(token->second.hash);
    }
    if (done) {
        done = transaction->commit();
    }
    if (!done) {
        return tl::unexpected(done.error());
    }

    const std::lock_guard model(state_->model);
    for (const auto& [mac, fresh] : minted) {
        for (const auto& token : fresh) {
            state_->add_first_token(mac, token);
        }
    }
    for (const auto& [mac, token] : surplus) {
        state_->track_of(mac).first_tokens.pop_front();
        state_->current.credentials_.erase(token.hash);
    }
    return texts;
}

Status Inventory::steady_used(base::Mac mac, std::uint32_t /*generation*/) {
    const std::lock_guard disk(state_->disk);
    {
        // Asked at every use of a steady token: mostly there is nothing to end.
        const std::lock_guard model(state_->model);
        const auto found = state_->tracks.find(mac);
        if (found == state_->tracks.end() || found->second.first_tokens.empty()) {
            return {};
        }
    }
    auto transaction = state_->store->begin(sql::Sync::full);
    if (!transaction) {
        return tl::unexpected(transaction.error());
    }
    auto done = state_->store->remove_tokens(mac).and_then([&] { return transaction->commit(); });
    if (done) {
        const std::lock_guard model(state_->model);
        state_->end_first_tokens(mac);
    }
    return done;
}

Status Inventory::shorten_first_tokens(base::Mac /*mac*/, base::UnixMs /*end*/) {
    return base::fail(base::Errc::not_found, "not there yet");
}

Status Inventory::count_boot(base::Mac /*mac*/, std::uint8_t /*most*/) {
    return base::fail(base::Errc::not_found, "not there yet");
}

Status
Inventory::contest(base::Mac /*mac*/, std::string_view /*address*/, std::string_view /*detail*/) {
    return base::fail(base::Errc::not_found, "not there yet");
}

void Inventory::used(base::Mac /*mac*/, base::Ipv4 /*from*/) {}

} // namespace inventory
