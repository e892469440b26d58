// SPDX-License-Identifier: MIT
// PINs with which people claim a phone by dialling, and who tried wrong ones.
#include "provisioning/inventory/pins.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/inventory/state.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include <openssl/crypto.h>

namespace inventory {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

struct Pins::State {
    explicit State(Inventory& of) : inventory(of) {}

    /// Its `disk` is taken before our lock.
    Inventory& inventory;
    base::Secret key; ///< set before anybody else sees this

    mutable std::mutex guard; ///< held for moments only
    std::map<std::string, base::Digest256> digests;
    std::map<std::string, PinFailures> failures;

    Inventory::State& whole() const noexcept { return *inventory.state_; }

    base::Digest256 digest(std::string_view number, std::string_view pin) const;
    /// Those that count still, by now.
    PinFailures failures_of(const std::string& who, base::UnixMs now) const;
    std::optional<base::UnixMs> locked_until(const std::string& who) const;
    Status unlock(const std::string& who, std::string_view shown, std::string_view actor);

    /// With `disk` held: commits what `write` writes, with a line of audit unless it is empty.
    template <class Write>
    Status commit(std::string_view actor, const std::string& audit_line, Write&& write);
};

namespace {

constexpr std::size_t most_actor = 128;

std::string who_is(base::Mac mac) {
    return mac.str();
}

/// No MAC reads so.
std::string who_is(const std::string& number) {
    return "ext/" + number;
}

bool is_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

Pins::Pins(Inventory& inventory) : state_(std::make_unique<State>(inventory)) {}

Pins::~Pins() = default;

void Pins::fill(StoredPins stored) {
    // Not the token key itself: what is made with the one says nothing about the other.
    const base::Revealed key = state_->whole().token_key.reveal();
    auto derived = base::hmac_sha256(key, "pins: hashes of what people dial");
    state_->key = base::Secret({reinterpret_cast<const char*>(derived.data()), derived.size()});
    OPENSSL_cleanse(derived.data(), derived.size());
    const std::lock_guard guard(state_->guard);
    state_->digests = std::move(stored.digests);
    state_->failures = std::move(stored.failures);
}

void Pins::forget(const std::string& number) {
    const std::lock_guard guard(state_->guard);
    state_->digests.erase(number);
}

// Of few digits a hash without a key would be guessed at once; the key is sealed.
base::Digest256 Pins::State::digest(std::string_view number, std::string_view pin) const {
    std::string message(number);
    message += '\0'; // in no number
    message += pin;
    const base::Revealed text = key.reveal();
    const auto digest = base::hmac_sha256(text, message);
    OPENSSL_cleanse(message.data(), message.size());
    return digest;
}

PinFailures Pins::State::failures_of(const std::string& who, base::UnixMs now) const {
    const std::lock_guard hold(guard);
    const auto found = failures.find(who);
    // Those of a clock that was ahead do not count either: nobody knows when they were.
    return found != failures.end() && base::was_within(found->second.last, now, locked_for)
               ? found->second
               : PinFailures();
}

std::optional<base::UnixMs> Pins::State::locked_until(const std::string& who) const {
    const auto counted = failures_of(who, whole().clock.unix_ms());
    return counted.wrong >= most_wrong ? std::optional(counted.last + locked_for.count())
                                       : std::nullopt;
}

template <class Write>
Status Pins::State::commit(std::string_view actor, const std::string& audit_line, Write&& write) {
    auto& store = *whole().store;
    auto transaction = store.begin(sql::Sync::full);
    if (!transaction) {
        return tl::unexpected(transaction.error());
    }
    Status done = write(store.pins());
    if (done && !audit_line.empty()) {
        done = store.add_audit(whole().clock.unix_ms(), actor, audit_line);
    }
    if (done) {
        done = transaction->commit();
    }
    if (done && !audit_line.empty()) {
        base::log::info("inventory", "{} (by {})", audit_line, actor);
    }
    return done;
}

Status Pins::set(const std::string& number, const base::Secret& pin, std::string_view actor) {
    const base::Revealed text = pin.reveal();
    if (pin.size() < fewest_digits || pin.size() > most_digits || !is_digits(text)) {
        return fail(Errc::malformed, "a PIN has {} to {} digits, which any phone can dial",
                    fewest_digits, most_digits);
    }
    const auto digest = state_->digest(number, text);
    const std::lock_guard disk(state_->whole().disk);
    auto done = state_->commit(actor.substr(0, most_actor),
                               fmt::format("set the PIN of extension {}", number),
                               [&](PinRows& rows) { return rows.put(number, digest); });
    if (done) {
        const std::lock_guard guard(state_->guard);
        state_->digests.insert_or_assign(number, digest);
    }
    return done;
}

Status Pins::remove(const std::string& number, std::string_view actor) {
    const std::lock_guard disk(state_->whole().disk);
    if (!has(number)) {
        return fail(Errc::not_found, "extension {} has no PIN; give it one: pnp extension pin {}",
                    number, number);
    }
    auto done = state_->commit(actor.substr(0, most_actor),
                               fmt::format("take the PIN of extension {}", number),
                               [&](PinRows& rows) { return rows.remove(number); });
    if (done) {
        forget(number);
    }
    return done;
}

bool Pins::has(const std::string& number) const {
    const std::lock_guard guard(state_->guard);
    return state_->digests.count(number) != 0;
}

Result<Pins::Outcome> Pins::check(base::Mac mac, const std::string& number, std::string_view pin) {
    auto& state = *state_;
    const auto given = state.digest(number, pin);
    const std::lock_guard disk(state.whole().disk); // one at a time: none is missed by the count
    const auto now = state.whole().clock.unix_ms();
    std::optional<base::Digest256> wanted;
    {
        const std::lock_guard guard(state.guard);
        if (const auto found = state.digests.find(number); found != state.digests.end()) {
            wanted = found->second;
        }
    }
    // Numbers that nobody has are not remembered: they are as many as somebody dials.
    std::vector<std::pair<std::string, PinFailures>> counts;
    counts.emplace_back(who_is(mac), state.failures_of(who_is(mac), now));
    if (wanted) {
        counts.emplace_back(who_is(number), state.failures_of(who_is(number), now));
    }
    for (const auto& [who, failures] : counts) {
        if (failures.wrong >= most_wrong) {
            return Outcome::was_locked;
        }
    }
    const auto text = [](const base::Digest256& digest) {
        return std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size());
    };
    const bool is_right = wanted && base::equal_constant_time(text(given), text(*wanted));
    bool locks = false;
    if (is_right) {
        // Not the phone's own count: who knows one PIN would guess the others for ever.
        counts.erase(counts.begin());
    }
    for (auto& [who, failures] : counts) {
        failures.wrong = is_right ? 0 : failures.wrong + 1;
        failures.last = now;
        locks = locks || failures.wrong >= most_wrong;
    }
    if (locks) { // both, whoever of them came to so many
        for (auto& [who, failures] : counts) {
            failures.wrong = most_wrong;
        }
    }
    const auto line =
        locks ? fmt::format("lock {} for claims{}: {} wrong PINs", mac.str(),
                            wanted ? " and extension " + number : std::string(), most_wrong)
              : std::string();
    auto done = state.commit("dialling", line, [&](PinRows& rows) -> Status {
        for (const auto& [who, failures] : counts) {
            if (auto put = is_right ? rows.forgive(who) : rows.put_failures(who, failures); !put) {
                return put;
            }
        }
        return {};
    });
    if (!done) {
        return tl::unexpected(done.error());
    }
    const std::lock_guard guard(state.guard);
    for (const auto& [who, failures] : counts) {
        if (is_right) {
            state.failures.erase(who);
        } else {
            state.failures.insert_or_assign(who, failures);
        }
    }
    return is_right ? Outcome::right : locks ? Outcome::locked_now : Outcome::wrong;
}

std::optional<base::UnixMs> Pins::locked_until(base::Mac mac) const {
    return state_->locked_until(who_is(mac));
}

std::optional<base::UnixMs> Pins::locked_until(const std::string& number) const {
    return state_->locked_until(who_is(number));
}

Status Pins::State::unlock(const std::string& who, std::string_view shown, std::string_view actor) {
    const std::lock_guard disk(whole().disk);
    {
        const std::lock_guard hold(guard);
        if (failures.count(who) == 0) {
            return fail(Errc::not_found, "no wrong PIN was dialled for {}; nothing is locked",
                        shown);
        }
    }
    auto done = commit(actor.substr(0, most_actor), fmt::format("unlock {} for claims", shown),
                       [&](PinRows& rows) { return rows.forgive(who); });
    if (done) {
        const std::lock_guard hold(guard);
        failures.erase(who);
    }
    return done;
}

Status Pins::unlock(base::Mac mac, std::string_view actor) {
    return state_->unlock(who_is(mac), mac.str(), actor);
}

Status Pins::unlock(const std::string& number, std::string_view actor) {
    return state_->unlock(who_is(number), "extension " + number, actor);
}

} // namespace inventory
