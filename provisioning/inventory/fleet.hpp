// SPDX-License-Identifier: MIT
// A resync of many phones, as it was ordered and as far as it is: it outlives a restart of ours.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/mac.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inventory {

/// How far one phone of it is.
enum class Resynced : std::uint8_t {
    waits,    ///< for its turn
    in_call,  ///< its turn came while it was in a call: later
    sent,     ///< was told, and did not say yet whether it heard that
    answered, ///< confirmed that
    came,     ///< fetched its files, called or registered again: nothing more is to do
    refused,  ///< said that it does not follow, or cannot be told
    given_up, ///< gave no sign within the time that a restart takes, or was in a call for too long
};

// Stable: the database, consoles and tests use them.
std::string_view name(Resynced state) noexcept; ///< "given_up"
std::optional<Resynced> resynced_named(std::string_view name) noexcept;

struct FleetPhone {
    base::Mac mac;
    Resynced state = Resynced::waits;
    base::UnixMs at = 0;     ///< since when
    std::string detail = {}; ///< for people
};

struct Fleet {
    base::UnixMs begun = 0;
    std::string actor;
    std::uint32_t per_minute = 30;
    bool forced = false;                 ///< in a call, too
    bool reboots = false;                ///< they restart first
    bool stopped = false;                ///< nobody else is told
    std::vector<FleetPhone> phones = {}; ///< in the order of their turns
};

/// Its turn is to come.
constexpr bool is_waiting(Resynced state) noexcept {
    return state == Resynced::waits || state == Resynced::in_call;
}

/// It was told, and it is to come yet.
constexpr bool is_under_way(Resynced state) noexcept {
    return state == Resynced::sent || state == Resynced::answered;
}

/// Nobody waits any more.
bool is_over(const Fleet& fleet) noexcept;

} // namespace inventory
