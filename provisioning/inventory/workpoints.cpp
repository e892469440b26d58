// SPDX-License-Identifier: MIT
// What phones of the Workpoint Interface report: bounded, without secrets, and for approved ones
// only; and where secrets went.
#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/inventory/workpoints_state.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include <openssl/crypto.h>

namespace inventory {

using base::Errc;
using base::fail;
using base::Status;

namespace {

constexpr std::size_t most_uri = 255; ///< WPI guide p. 33
constexpr std::size_t most_number = 64;
constexpr std::size_t most_status = 64;
/// Items with a keyed hash, or that were refused: a phone has a few dozen.
constexpr std::size_t most_marked = 1000;

bool reads_like_a_secret(std::string_view name) {
    static constexpr std::array<std::string_view, 8> words = {"pwd",
                                                              "passw",
                                                              "secret",
                                                              "private-key",
                                                              "certificate",
                                                              "client-cert",
                                                              "bootstrapping-tan",
                                                              "pin-value"};
    const auto lower = base::lower(name);
    return lower == "secure-mode-data" ||
           std::any_of(words.begin(), words.end(), [&](std::string_view word) {
               return lower.find(word) != std::string::npos;
           });
}

bool is_item(const ItemKey& item) {
    return !item.name.empty() && item.name.size() <= Workpoints::most_name &&
           item.name.find('\0') == std::string::npos && item.index >= -1;
}

/// How many went because there are too many.
template <class Map> std::size_t keep_first(Map& items, std::size_t most) {
    if (items.size() <= most) {
        return 0;
    }
    const auto surplus = items.size() - most;
    items.erase(std::next(items.begin(), static_cast<std::ptrdiff_t>(most)), items.end());
    return surplus;
}

std::size_t keep_within(std::map<ItemKey, std::string>& items, std::size_t most_bytes) {
    std::size_t bytes = 0;
    std::size_t kept = 0;
    for (const auto& [item, value] : items) {
        bytes += item.name.size() + value.size();
        if (bytes > most_bytes) {
            break;
        }
        ++kept;
    }
    return keep_first(items, kept);
}

void keep_word_bounds(Workpoint& workpoint) {
    if (workpoint.contact_me_uri.size() > most_uri) {
        workpoint.contact_me_uri.clear();
    }
    if (workpoint.e164.size() > most_number) {
        workpoint.e164.clear();
    }
}

/// Secrets go without a word: each phone sends its user's password at each start (WPI guide p. 33).
std::size_t keep_item_bounds(Workpoint& workpoint,
                             const std::function<bool(std::string_view)>& is_secret) {
    auto& reported = workpoint.reported;
    std::erase_if(reported, [&](const auto& each) { return is_secret(each.first.name); });
    auto dropped = std::erase_if(reported, [](const auto& each) {
        return !is_item(each.first) || each.second.size() > Workpoints::most_value;
    });
    dropped += keep_first(reported, Workpoints::most_items);
    dropped += keep_within(reported, Workpoints::most_item_bytes);

    dropped +=
        std::erase_if(workpoint.written, [](const auto& each) { return !is_item(each.first); });
    dropped += keep_first(workpoint.written, most_marked);
    dropped += std::erase_if(workpoint.refused, [](const auto& each) {
        return !is_item(each.first) || each.second.size() > most_status;
    });
    return dropped + keep_first(workpoint.refused, most_marked);
}

void say_too_much(base::Mac mac, std::size_t dropped) {
    base::log::warn("inventory",
                    "{} of the items that {} reported are not kept: more than {} items or {} bytes "
                    "in all, or one of more than {} bytes; if it is no phone of yours, block it",
                    dropped, mac.str(), Workpoints::most_items, Workpoints::most_item_bytes,
                    Workpoints::most_value);
}

} // namespace

// --- The model -----------------------------------------------------------------------------------

Workpoints::Workpoints(Inventory& inventory) : state_(std::make_unique<State>(inventory)) {
    state_->is_secret = reads_like_a_secret;
}

Workpoints::~Workpoints() = default;

bool Workpoints::State::is_approved(base::Mac mac) const {
    const std::lock_guard model(whole().model);
    const auto* device = whole().current.device(mac);
    return device != nullptr && device->is_approved();
}

void Workpoints::fill(StoredWorkpoints stored) {
    auto& state = *state_;
    // Not the token key itself: what is made with the one says nothing about the other.
    const base::Revealed key = state.whole().token_key.reveal();
    auto derived = base::hmac_sha256(key, "workpoint: hashes of written items");
    state.written_key =
        base::Secret({reinterpret_cast<const char*>(derived.data()), derived.size()});
    OPENSSL_cleanse(derived.data(), derived.size());

    const std::lock_guard guard(state.guard);
    state.last_job = stored.last_job;
    for (auto& workpoint : stored.workpoints) {
        const auto mac = workpoint.mac;
        if (state.is_approved(mac)) {
            state.phones[mac].workpoint = std::make_shared<const Workpoint>(std::move(workpoint));
        }
    }
    for (auto& job : stored.jobs) {
        state.put_job(std::move(job));
    }
    state.spent.insert(stored.spent.begin(), stored.spent.end());
}

void Workpoints::secret_items(std::function<bool(std::string_view name)> is_secret) {
    const std::lock_guard guard(state_->guard);
    state_->is_secret = std::move(is_secret);
}

void Workpoints::on_job(std::function<void(base::Mac mac)> added) {
    const std::lock_guard guard(state_->guard);
    state_->added = std::move(added);
}

std::shared_ptr<const Workpoint> Workpoints::find(base::Mac mac) const {
    const std::lock_guard guard(state_->guard);
    const auto found = state_->phones.find(mac);
    return found == state_->phones.end() ? nullptr : found->second.workpoint;
}

std::vector<std::shared_ptr<const Workpoint>> Workpoints::all() const {
    std::vector<std::shared_ptr<const Workpoint>> all;
    const std::lock_guard guard(state_->guard);
    all.reserve(state_->phones.size());
    for (const auto& [mac, phone] : state_->phones) {
        if (phone.workpoint) {
            all.push_back(phone.workpoint);
        }
    }
    return all;
}

void Workpoints::update(base::Mac mac, const std::function<void(Workpoint&)>& change) {
    auto& state = *state_;
    if (!state.is_approved(mac)) {
        return;
    }
    const std::lock_guard writing(state.writing);
    std::function<bool(std::string_view)> is_secret;
    {
        const std::lock_guard guard(state.guard);
        is_secret = state.is_secret;
    }
    const auto before = find(mac);
    const auto after =
        before ? std::make_shared<Workpoint>(*before) : std::make_shared<Workpoint>();
    change(*after);
    after->mac = mac;
    keep_word_bounds(*after);
    const auto has_others = [&] {
        return !before || before->reported != after->reported ||
               before->written != after->written || before->refused != after->refused;
    };
    // Of 1,500 items it takes a while to see which are secrets, and a poll changes none.
    const auto dropped = has_others() ? keep_item_bounds(*after, is_secret) : 0;
    const bool has_new_items = has_others();
    bool is_to_be_said = false;
    {
        const std::lock_guard guard(state.guard);
        // Blocked meanwhile: what was read before that is not brought back.
        if (!state.is_approved(mac) || state.phones[mac].workpoint != before) {
            return;
        }
        auto& phone = state.phones[mac];
        phone.workpoint = after;
        state.unsaved[mac] |= has_new_items;
        is_to_be_said = dropped != 0 && !std::exchange(phone.had_too_much, true);
    }
    if (is_to_be_said) {
        say_too_much(mac, dropped);
    }
}

// --- The disk ------------------------------------------------------------------------------------

std::vector<Workpoints::Unsaved> Workpoints::take_unsaved() {
    const std::lock_guard guard(state_->guard);
    std::vector<Unsaved> taken;
    taken.reserve(state_->unsaved.size());
    for (const auto& [mac, has_new_items] : state_->unsaved) {
        const auto& workpoint = state_->phones[mac].workpoint;
        if (workpoint) {
            taken.push_back({workpoint, has_new_items});
        }
    }
    state_->unsaved.clear();
    return taken;
}

void Workpoints::keep_for_later(const std::vector<Unsaved>& taken) {
    const std::lock_guard guard(state_->guard);
    for (const auto& each : taken) {
        state_->unsaved[each.workpoint->mac] |= each.has_new_items;
    }
}

Status Workpoints::write(WorkpointRows& rows, const std::vector<Unsaved>& taken) {
    Status done;
    for (auto each = taken.begin(); done && each != taken.end(); ++each) {
        done = rows.put(*each->workpoint);
        if (done && each->has_new_items) {
            done = rows.put_items(*each->workpoint);
        }
    }
    return done;
}

void Workpoints::blocked(base::Mac mac, base::UnixMs now) {
    const std::lock_guard guard(state_->guard);
    const auto found = state_->phones.find(mac);
    if (found == state_->phones.end()) {
        return;
    }
    auto& phone = found->second;
    phone.workpoint.reset();
    phone.had_too_much = false;
    state_->unsaved.erase(mac);
    for (auto& [id, job] : phone.jobs) {
        if (!has_ended(job.state)) {
            job.state = JobState::given_up;
            job.changed = now;
            job.result = result_of_blocked;
        }
    }
    state_->drop_old_jobs(phone);
}

// --- Where secrets went --------------------------------------------------------------------------

Status Workpoints::spend_window(base::Mac mac, std::int64_t enrolment) {
    auto& state = *state_;
    auto& whole = state.whole();
    const std::lock_guard disk(whole.disk);
    const auto before = state.inventory.now(); // decisions stand still while `disk` is held
    const auto* device = before.device(mac);
    if (device == nullptr || !device->is_approved()) {
        return fail(Errc::refused, "{} is not approved; approve it first", mac.str());
    }
    const auto now = whole.clock.unix_ms();
    const auto& windows = before.enrolments();
    const auto window = std::find_if(windows.begin(), windows.end(), [&](const Enrolment& each) {
        return each.id == enrolment && each.mac == mac && !is_over(each, now);
    });
    if (window == windows.end()) {
        return fail(Errc::refused, "no enrolment window is open for {}; open one (enrol {} 30m)",
                    mac.str(), mac.str());
    }
    if (is_window_spent(mac, enrolment)) {
        return fail(Errc::refused,
                    "{} was given its passwords in this enrolment window already; open a new one "
                    "(enrol {} 30m)",
                    mac.str(), mac.str());
    }
    auto& rows = whole.store->workpoints();
    auto transaction = whole.store->begin(sql::Sync::full);
    if (!transaction) {
        return tl::unexpected(transaction.error());
    }
    auto done = rows.forget_spent_windows()
                    .and_then([&] { return rows.spend_window(mac, enrolment, now); })
                    .and_then([&] { return transaction->commit(); });
    if (!done) {
        return done;
    }
    const std::lock_guard guard(state.guard);
    std::erase_if(state.spent, [&](const auto& each) {
        return std::none_of(windows.begin(), windows.end(),
                            [&](const Enrolment& open) { return open.id == each.second; });
    });
    state.spent.emplace(mac, enrolment);
    return {};
}

bool Workpoints::is_window_spent(base::Mac mac, std::int64_t enrolment) const {
    const std::lock_guard guard(state_->guard);
    return state_->spent.count({mac, enrolment}) != 0;
}

std::int64_t Workpoints::newest_spent() const {
    std::int64_t newest = 0;
    const std::lock_guard guard(state_->guard);
    for (const auto& [mac, enrolment] : state_->spent) {
        newest = std::max(newest, enrolment);
    }
    return newest;
}

base::Digest256
Workpoints::written_hash(base::Mac mac, const ItemKey& item, std::string_view value) const {
    // A MAC has six bytes and a name no zero byte: no two triples make the same message.
    const auto index = std::to_string(item.index);
    std::string message;
    message.reserve(mac.bytes().size() + item.name.size() + index.size() + value.size() + 2);
    for (const auto byte : mac.bytes()) {
        message += static_cast<char>(byte);
    }
    message += item.name;
    message += '\0';
    message += index;
    message += '\0';
    message += value;
    const base::Revealed key = state_->written_key.reveal();
    const auto digest = base::hmac_sha256(key, message);
    OPENSSL_cleanse(message.data(), message.size());
    return digest;
}

} // namespace inventory
