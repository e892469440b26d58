// SPDX-License-Identifier: MIT
// First and steady tokens: which of them are valid, and what ends them.
#include "provisioning/base/log.hpp"
#include "provisioning/inventory/state.hpp"
#include "provisioning/inventory/token.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace inventory {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

/// Several offers may be under way at once (two interfaces, a resent SUBSCRIBE); more than these
/// means that the phone restarts all day, and the oldest goes.
constexpr std::size_t most_first_tokens = 8;

/// Remembered of each device, so that its timeline can say whose old token was tried.
constexpr std::size_t most_former = 8;

bool is_valid(const Device& device, std::uint32_t generation) {
    return device.is_approved() && (generation == device.generation ||
                                    (device.keeps_previous && generation + 1 == device.generation));
}

/// The newest first.
std::vector<std::uint32_t> valid_generations(const Device& device) {
    std::vector<std::uint32_t> valid;
    for (const auto generation : {device.generation, device.generation - 1}) {
        if (generation != 0 && is_valid(device, generation)) {
            valid.push_back(generation);
        }
    }
    return valid;
}

bool has(const std::vector<std::uint32_t>& generations, std::uint32_t wanted) {
    return std::find(generations.begin(), generations.end(), wanted) != generations.end();
}

} // namespace

// --- The model -----------------------------------------------------------------------------------

base::Digest256 Inventory::State::steady_hash(base::Mac mac, std::uint32_t generation) const {
    return base::sha256(derive_token(token_key, mac, generation));
}

void Inventory::State::renew_credentials(const Device* before, const Device& device) {
    const auto was = before == nullptr ? std::vector<std::uint32_t>() : valid_generations(*before);
    const auto is = valid_generations(device);
    for (const auto generation : was) {
        if (!has(is, generation)) {
            retire(device.mac, steady_hash(device.mac, generation));
        }
    }
    for (const auto generation : is) {
        if (!has(was, generation)) {
            current.credentials_.put(steady_hash(device.mac, generation),
                                     {device.mac, true, 0, generation});
        }
    }
    if (!device.is_approved()) {
        end_first_tokens(device.mac);
    }
}

void Inventory::State::load_credentials(const Device& device,
                                        const base::Hmac256& under_token_key) {
    const auto hash = [&](std::uint32_t generation) {
        return base::sha256(derive_token(under_token_key, device.mac, generation));
    };
    for (const auto generation : valid_generations(device)) {
        current.credentials_.put(hash(generation), {device.mac, true, 0, generation});
    }
    if (device.generation > 1 && !is_valid(device, device.generation - 1)) {
        retire(device.mac, hash(device.generation - 1));
    }
}

void Inventory::State::retire(base::Mac mac, const base::Digest256& token) {
    current.credentials_.erase(token);
    current.former_.put(token, mac);
    auto& former = track_of(mac).former;
    for (former.push_back(token); former.size() > most_former; former.erase(former.begin())) {
        current.former_.erase(former.front());
    }
}

void Inventory::State::add_first_token(base::Mac mac, const FirstToken& token) {
    track_of(mac).first_tokens.push_back(token);
    current.credentials_.put(token.hash, {mac, false, token.expires, 0});
    next_expiry = next_expiry == 0 ? token.expires : std::min(next_expiry, token.expires);
}

void Inventory::State::end_first_tokens(base::Mac mac) {
    for (const auto& token : std::exchange(track_of(mac).first_tokens, {})) {
        retire(mac, token.hash);
    }
}

void Inventory::State::end_expired_tokens(base::UnixMs now) {
    next_expiry = 0;
    for (auto& entry : tracks) {
        std::erase_if(entry.second.first_tokens, [&](const FirstToken& token) {
            if (token.expires <= now) {
                retire(entry.first, token.hash);
                return true;
            }
            next_expiry = next_expiry == 0 ? token.expires : std::min(next_expiry, token.expires);
            return false;
        });
    }
}

// --- What they are asked -------------------------------------------------------------------------

std::string Inventory::steady_token(const Device& device) const {
    return derive_token(state_->token_key, device.mac, device.generation);
}

Result<std::vector<std::string>> Inventory::mint_first_tokens(std::span<const base::Mac> macs) {
    const std::lock_guard disk(state_->disk);
    const auto expires = state_->clock.unix_ms() + state_->limits.first_token_life.count();
    const auto is_approved = [this](base::Mac mac) {
        const std::lock_guard model(state_->model);
        const auto* device = state_->current.device(mac);
        return device != nullptr && device->is_approved();
    };

    std::vector<std::string> texts;
    texts.reserve(macs.size());
    std::map<base::Mac, std::vector<FirstToken>> minted;
    for (const auto mac : macs) {
        if (!is_approved(mac)) { // which stands still while `disk` is held
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
            for (; all.size() > most_first_tokens; all.erase(all.begin())) {
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
        auto& all = state_->track_of(mac).first_tokens;
        all.erase(all.begin());
        state_->retire(mac, token.hash);
    }
    return texts;
}

Result<std::optional<Device>> Inventory::State::after_use(base::Mac mac,
                                                          std::uint32_t generation) const {
    const auto* device = current.device(mac);
    if (device == nullptr || !is_valid(*device, generation)) {
        return fail(Errc::refused, "the token of {} ended before it was used", mac.str());
    }
    auto after = *device;
    after.confirmed = std::max(after.confirmed, generation);
    if (generation == after.generation) {
        after.keeps_previous = false;
        after.claim = after.claim == Claim::granted ? Claim::settled : after.claim;
    }
    const auto track = tracks.find(mac);
    const bool changes = (track != tracks.end() && !track->second.first_tokens.empty()) ||
                         after.confirmed != device->confirmed ||
                         after.keeps_previous != device->keeps_previous ||
                         after.claim != device->claim;
    return changes ? std::optional(std::move(after)) : std::nullopt;
}

Status Inventory::State::put_trust(const Device& after, FirstTokens first_tokens) {
    auto transaction = store->begin(sql::Sync::full);
    if (!transaction) {
        return tl::unexpected(transaction.error());
    }
    Status done;
    if (first_tokens == FirstTokens::end) {
        done = store->remove_tokens(after.mac);
    }
    if (done) {
        done = store->put_trust(after);
    }
    if (done) {
        done = transaction->commit();
    }
    if (!done) {
        return done;
    }
    const std::lock_guard hold(model);
    const auto* known = current.device(after.mac);
    auto device = *known; // its sighting may have moved on
    device.confirmed = after.confirmed;
    device.keeps_previous = after.keeps_previous;
    device.claim = after.claim;
    device.boots = after.boots;
    renew_credentials(known, device);
    put(std::move(device));
    if (first_tokens == FirstTokens::end) {
        end_first_tokens(after.mac);
    }
    return {};
}

Status Inventory::steady_used(base::Mac mac, std::uint32_t generation) {
    const auto look = [&] {
        const std::lock_guard model(state_->model);
        return state_->after_use(mac, generation);
    };
    // Asked at every use of a steady token, and mostly nothing changes: then the disk, where others
    // may be writing, is not waited for.
    if (auto seen = look(); !seen) {
        return tl::unexpected(seen.error());
    } else if (!*seen) {
        return {};
    }
    const std::lock_guard disk(state_->disk);
    const auto after = look(); // decisions stand still from here
    if (!after) {
        return tl::unexpected(after.error());
    }
    return *after ? state_->put_trust(**after, State::FirstTokens::end) : Status();
}

bool Inventory::is_use_known(base::Mac mac, std::uint32_t generation) const {
    const std::lock_guard model(state_->model);
    const auto after = state_->after_use(mac, generation);
    return after && !*after;
}

Status Inventory::shorten_first_tokens(base::Mac mac, base::UnixMs end) {
    const std::lock_guard disk(state_->disk);
    {
        const std::lock_guard model(state_->model);
        const auto found = state_->tracks.find(mac);
        if (found == state_->tracks.end() ||
            std::none_of(found->second.first_tokens.begin(), found->second.first_tokens.end(),
                         [&](const FirstToken& token) { return token.expires > end; })) {
            return {};
        }
    }
    auto transaction = state_->store->begin(sql::Sync::full);
    if (!transaction) {
        return tl::unexpected(transaction.error());
    }
    auto done =
        state_->store->shorten_tokens(mac, end).and_then([&] { return transaction->commit(); });
    if (!done) {
        return done;
    }
    const std::lock_guard model(state_->model);
    for (auto& token : state_->track_of(mac).first_tokens) {
        token.expires = std::min(token.expires, end);
        state_->current.credentials_.put(token.hash, {mac, false, token.expires, 0});
        state_->next_expiry = std::min(state_->next_expiry, token.expires);
    }
    return {};
}

Status Inventory::count_boot(base::Mac mac, std::uint8_t most) {
    const std::lock_guard disk(state_->disk);
    const auto before = now(); // decisions stand still while `disk` is held
    const auto* device = before.device(mac);
    if (device == nullptr || !device->is_approved()) {
        return fail(Errc::refused, "{} is not approved; approve it first", mac.str());
    }
    if (device->boots >= most) {
        return fail(Errc::refused,
                    "{} was given {} files without a token since it was approved; approve it again",
                    mac.str(), device->boots);
    }
    auto after = *device;
    ++after.boots;
    return state_->put_trust(after, State::FirstTokens::keep);
}

Status Inventory::contest(base::Mac mac, std::string_view address, std::string_view detail) {
    {
        const std::lock_guard disk(state_->disk);
        const auto before = now();
        const auto* device = before.device(mac);
        if (device != nullptr && device->is_approved() && device->claim != Claim::contested) {
            auto after = *device;
            after.claim = Claim::contested;
            if (auto done = state_->put_trust(after, State::FirstTokens::keep); !done) {
                return done;
            }
        }
    }
    note(mac, Step::claim_refused, address, detail);
    return {};
}

Status Inventory::settle_claim(base::Mac mac) {
    const std::lock_guard disk(state_->disk);
    const auto before = now(); // decisions stand still while `disk` is held
    const auto* device = before.device(mac);
    if (device == nullptr || device->claim != Claim::granted) {
        return {};
    }
    auto after = *device;
    after.claim = Claim::settled;
    return state_->put_trust(after, State::FirstTokens::keep);
}

} // namespace inventory
