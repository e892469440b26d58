// SPDX-License-Identifier: MIT
// A resync of many phones: on disk before anyone is told.
#include "provisioning/inventory/fleet.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/inventory/state.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace inventory {

using base::Result;
using base::Status;

namespace {

constexpr std::array<std::pair<Resynced, std::string_view>, 7> names{{
    {Resynced::waits, "waits"},
    {Resynced::in_call, "in_call"},
    {Resynced::sent, "sent"},
    {Resynced::answered, "answered"},
    {Resynced::came, "came"},
    {Resynced::refused, "refused"},
    {Resynced::given_up, "given_up"},
}};

} // namespace

std::string_view name(Resynced state) noexcept {
    for (const auto& [each, word] : names) {
        if (each == state) {
            return word;
        }
    }
    return "given_up";
}

std::optional<Resynced> resynced_named(std::string_view name) noexcept {
    for (const auto& [each, word] : names) {
        if (word == name) {
            return each;
        }
    }
    return std::nullopt;
}

bool is_over(const Fleet& fleet) noexcept {
    return std::none_of(fleet.phones.begin(), fleet.phones.end(), [&](const FleetPhone& phone) {
        return is_under_way(phone.state) || (!fleet.stopped && is_waiting(phone.state));
    });
}

Result<std::optional<Fleet>> Inventory::fleet() {
    const std::lock_guard disk(state_->disk);
    return state_->store->fleet().load();
}

Status Inventory::begin_fleet(const Fleet& fleet) {
    const auto order =
        fmt::format("resync of {} phones, {} a minute{}{}", fleet.phones.size(), fleet.per_minute,
                    fleet.reboots ? ", with a restart" : "", fleet.forced ? ", in calls too" : "");
    return commit_fleet(order, fleet.actor, sql::Sync::full,
                        [&](FleetRows& rows) { return rows.replace(fleet); });
}

Status Inventory::stop_fleet(bool stopped, std::string_view actor) {
    return commit_fleet(stopped ? "resync stopped" : "resync goes on", actor, sql::Sync::full,
                        [&](FleetRows& rows) { return rows.put_stopped(stopped); });
}

Status Inventory::put_fleet(std::span<const FleetPhone> phones, bool before_telling) {
    return commit_fleet(
        {}, {}, before_telling ? sql::Sync::full : sql::Sync::normal, [&](FleetRows& rows) {
            Status done;
            for (auto phone = phones.begin(); done && phone != phones.end(); ++phone) {
                done = rows.put(*phone);
            }
            return done;
        });
}

Status Inventory::commit_fleet(const std::string& order,
                               std::string_view actor,
                               sql::Sync sync,
                               const std::function<Status(FleetRows&)>& write) {
    auto& state = *state_;
    {
        const std::lock_guard disk(state.disk);
        auto transaction = state.store->begin(sync);
        if (!transaction) {
            return tl::unexpected(transaction.error());
        }
        auto done = write(state.store->fleet());
        if (done && !order.empty()) {
            done = state.store->add_audit(state.clock.unix_ms(), actor, order);
        }
        if (done) {
            done = transaction->commit();
        }
        if (!done) {
            return base::fail(done.error().code, "nothing was changed: {}", done.error().what);
        }
    }
    if (!order.empty()) {
        base::log::info("inventory", "{} (by {})", order, actor);
    }
    return {};
}

} // namespace inventory
