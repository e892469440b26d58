// SPDX-License-Identifier: MIT
// Decisions: all of a list or none, on disk before anyone is told.
#include "provisioning/base/log.hpp"
#include "provisioning/inventory/plan.hpp"
#include "provisioning/inventory/state.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace inventory {

using base::Status;

namespace {

constexpr std::size_t most_actor = 128;
constexpr std::size_t most_logged = 100; ///< of one list: an import may have thousands

/// The timelines of the devices in a plan: what waits for them goes to disk before the decision, so
/// that rows stand in the order in which things happened.
struct Timelines {
    std::vector<EventQueue::Batch> waiting;
    std::vector<std::optional<EventRow>> newest; ///< of each, once written
};

void take_decisions(Device& device, const Device& decided) {
    device.approval = decided.approval;
    device.lines = decided.lines;
    device.generation = decided.generation;
    device.confirmed = decided.confirmed;
    device.keeps_previous = decided.keeps_previous;
    device.claim = decided.claim;
    device.boots = decided.boots;
    device.decided = decided.decided;
}

Status write_releases(Store& store, const Plan& plan) {
    Status done;
    for (auto each = plan.releases().begin(); done && each != plan.releases().end(); ++each) {
        const auto& [number, release] = *each;
        done = release ? store.put_release(number, *release) : store.remove_release(number);
    }
    return done;
}

Status write(Store& store,
             const Plan& plan,
             const std::vector<Job>& inherited,
             const std::unordered_set<base::Mac>& gone,
             Timelines& timelines,
             const std::size_t most_events,
             base::UnixMs now,
             std::string_view actor) {
    auto transaction = store.begin(sql::Sync::full);
    if (!transaction) {
        return tl::unexpected(transaction.error());
    }
    Status done;
    for (const auto& [number, extension] : plan.extensions()) {
        done = store.remove_extension(number);
        if (done && extension) {
            done = store.add_extension(*extension);
        }
        if (!done) {
            return done;
        }
    }
    for (const auto& number : plan.stale_pins()) {
        if (done = store.pins().remove(number); !done) {
            return done;
        }
    }
    auto batch = timelines.waiting.begin();
    for (const auto& [mac, planned] : plan.devices()) {
        if (gone.count(mac) != 0) {
            done = store.forget_stranger(mac);
        }
        if (done) {
            done = store.put_decision(planned.device);
        }
        if (done && planned.is_blocked_anew) {
            done = store.remove_tokens(mac).and_then(
                [&, mac = mac] { return store.workpoints().block(mac, now); });
        }
        if (!done) {
            return done;
        }
        auto events = batch->events;
        for (const auto& event : planned.events) {
            events.push_back({event, 0});
        }
        auto newest = store.add_events(mac, events, most_events);
        if (!newest) {
            return tl::unexpected(newest.error());
        }
        timelines.newest.push_back(*newest);
        ++batch;
    }
    for (const auto& job : inherited) {
        if (done = store.workpoints().add_job(job); !done) {
            return done;
        }
    }
    if (done = write_releases(store, plan); !done) {
        return done;
    }
    if (plan.enrolments()) {
        if (done = store.put_enrolments(*plan.enrolments()); !done) {
            return done;
        }
    }
    for (const auto& order : plan.orders()) {
        if (done = store.add_audit(now, actor, order); !done) {
            return done;
        }
    }
    return transaction->commit();
}

/// All numbers of the PBX, where a pool is to give one and it can list them.
std::optional<std::set<std::string>>
numbers_of_pools(const std::vector<Change>& changes,
                 const std::function<std::set<std::string>()>& list) {
    const bool gives = std::any_of(changes.begin(), changes.end(), [](const Change& change) {
        return std::holds_alternative<AssignFromPool>(change);
    });
    return gives && list ? std::optional(list()) : std::nullopt;
}

} // namespace

Status Inventory::apply(const std::vector<Change>& changes, std::string_view actor) {
    if (changes.empty()) {
        return {};
    }
    auto& state = *state_;
    actor = actor.substr(0, most_actor);
    State::Host host;
    {
        const std::lock_guard hooks(state.hooks);
        host = state.host;
    }
    const auto of_pools = numbers_of_pools(changes, host.list);

    std::vector<base::Mac> touched;
    std::vector<std::string> orders;
    std::vector<std::pair<Device, Event>> steps;
    std::vector<Job> inherited;
    {
        const std::lock_guard disk(state.disk);
        state.keep_for_later();
        const auto now = state.clock.unix_ms();
        const auto before = this->now(); // decisions stand still while `disk` is held
        Plan plan(before, host.is_number, of_pools, now, actor);
        for (std::size_t at = 0; at < changes.size(); ++at) {
            if (auto possible = plan.add(changes[at]); !possible) {
                if (changes.size() == 1) {
                    return possible;
                }
                return base::fail(possible.error().code, "change {} of {}: {}; nothing was changed",
                                  at + 1, changes.size(), possible.error().what);
            }
        }

        for (const auto& [from, to] : plan.successions()) {
            state.workpoints->bequeath(from, to, now, inherited);
        }
        Timelines timelines;
        std::unordered_set<base::Mac> gone;
        {
            const std::lock_guard model(state.model);
            for (const auto& [mac, planned] : plan.devices()) {
                timelines.waiting.push_back(state.events.take(mac));
                if (state.gone.count(mac) != 0) {
                    gone.insert(mac);
                }
            }
        }
        const auto most_events = state.most_events(false);
        auto written =
            write(*state.store, plan, inherited, gone, timelines, most_events, now, actor);
        touched = plan.touched(); // before the lock that every packet waits for
        orders = plan.orders();

        std::unique_lock model(state.model);
        if (!written) {
            for (auto& batch : timelines.waiting) {
                const bool is_stranger = state.is_stranger(batch.mac);
                state.events.restore(std::move(batch), state.most_events(is_stranger));
            }
            return base::fail(written.error().code, "nothing was changed: {}",
                              written.error().what);
        }
        std::size_t at = 0;
        for (const auto& [mac, planned] : plan.devices()) {
            // Its sighting may have moved on meanwhile; or it was dropped as a stranger.
            const auto* known = state.current.device(mac);
            auto device = known != nullptr ? *known : planned.device;
            take_decisions(device, planned.device);
            state.strangers.forget(mac);
            state.gone.erase(mac);
            state.track_of(mac).on_disk = true;
            if (known == nullptr && device.was_heard()) {
                state.unsaved.insert(mac);
            }
            if (planned.is_blocked_anew) {
                state.end_first_tokens(mac);
            }
            state.renew_credentials(known, device);
            for (const auto& event : planned.events) {
                steps.emplace_back(device, event).second.order = ++state.noted;
            }
            state.put(std::move(device));
            state.events.written(timelines.waiting[at], timelines.newest[at]);
            ++at;
        }
        for (const auto& [number, release] : plan.releases()) {
            if (release) {
                state.current.releases_.put(number, *release);
            } else {
                state.current.releases_.erase(number);
            }
        }
        if (plan.enrolments()) {
            state.set_enrolments(*plan.enrolments());
        }
        for (const auto& [number, extension] : plan.extensions()) {
            if (extension) {
                state.current.extensions_.put(number,
                                              std::make_shared<const Extension>(*extension));
            } else {
                state.current.extensions_.erase(number);
            }
        }
        for (const auto& number : plan.stale_pins()) {
            state.pins->forget(number);
        }
        model.unlock();
        for (const auto& [mac, planned] : plan.devices()) {
            if (planned.is_blocked_anew) {
                state.workpoints->blocked(mac, now);
            }
        }
        state.workpoints->take_over(inherited);
    }
    for (std::size_t at = 0; at < std::min(orders.size(), most_logged); ++at) {
        base::log::info("inventory", "{} (by {})", orders[at], actor);
    }
    if (orders.size() > most_logged) {
        base::log::info("inventory", "and {} more, which the audit has (by {})",
                        orders.size() - most_logged, actor);
    }

    std::function<void(const std::vector<base::Mac>&)> changed;
    {
        const std::lock_guard hooks(state.hooks);
        changed = state.changed;
    }
    if (changed) {
        changed(touched);
    }
    for (const auto& [device, event] : steps) {
        state.tell(device, event);
    }
    state.workpoints->tell_of(inherited, actor);
    return {};
}

} // namespace inventory
