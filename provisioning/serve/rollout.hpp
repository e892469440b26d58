// SPDX-License-Identifier: MIT
// Whose turn it is to get new firmware: so many phones at a time, and none over and over.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/profile/firmware.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace serve {

/// How it stands between one phone and the firmware that is meant for it.
enum class Turn : std::uint8_t {
    has,      ///< runs this version
    newer,    ///< runs a later one, which stays
    on_way,   ///< was told of it and has not come back with it
    waits,    ///< for a place
    failed,   ///< was told of it and did not come back with it, or over and over in one day
    unknown,  ///< does not say what it runs
    by_https, ///< its files go by HTTPS and its firmware cannot; a Rollout knows nothing of that
};

/// Kept in memory: a program that starts anew counts anew, so that phones that failed are tried
/// once more. From any thread.
class Rollout {
  public:
    /// Two restarts and 60 MB over a slow line.
    static constexpr base::Duration longest_way = std::chrono::minutes(30);
    /// A phone that failed is left alone so long: each offer restarts it.
    static constexpr base::Duration rest = std::chrono::hours(24);
    /// A phone that was told to look again has its place kept for so long, and is not told again
    /// for longer.
    static constexpr base::Duration kept_place = std::chrono::minutes(5);
    static constexpr base::Duration between_calls = std::chrono::hours(6);
    /// Whatever it says of itself: a phone that takes two versions in turn restarts no more often.
    static constexpr std::size_t most_trips = 3; ///< in a `rest`
    /// Who failed is told last for so long.
    static constexpr base::Duration remembered = std::chrono::hours(24 * 30);

    explicit Rollout(const base::Clock& clock) : clock_(clock) {}

    /// How it stands; `version` is what the phone runs.
    Turn now(const profile::Firmware& firmware, base::Mac mac, std::string_view version) const;
    /// The same, but `on_way` where a phone that waits would get a place if it looked now: a place
    /// that is only kept is no hindrance.
    Turn look(const profile::Firmware& firmware, base::Mac mac, std::string_view version) const;

    struct Step {
        Turn turn = Turn::waits;
        bool is_new = false; ///< it got its place, or arrived, this moment
    };

    /// The same, for a phone that looks: it takes a place when there is one.
    Step take(const profile::Firmware& firmware, base::Mac mac, std::string_view version);

    /// The phone runs what it was told of, or something later: true where it was on its way, or had
    /// failed.
    bool arrived(base::Mac mac);

    struct Failed {
        base::Mac mac;
        std::string version;
    };

    /// Frees the places of phones that were on their way for too long. Each is named once.
    std::vector<Failed> give_up();

    /// Those among `waiting` who may be told to look again now, for as many places as are free;
    /// their places are kept. Who was not told for the longest is first, who failed last.
    std::vector<base::Mac> call(const profile::Firmware& firmware, std::vector<base::Mac> waiting);
    /// It could not be told: its place is free.
    void not_called(base::Mac mac);

    /// The last byte of the file went out to it: if it comes back with the old version, it failed.
    void fetched(base::Mac mac);

    /// An administrator wants it tried again; also of a phone that is in no list.
    void forgive(base::Mac mac);
    /// Keeps none but these: the others are no phones of ours any more.
    void keep(const std::vector<base::Mac>& sorted);

  private:
    enum class State : std::uint8_t { called, on_way, failed };

    struct Trip {
        State state = State::called;
        std::string firmware; ///< name of its section
        std::string version;
        base::Steady since; ///< of the state
        bool has_file = false;
    };

    /// What a trip's end does not change, since nothing but the phone's word ends it.
    struct Past {
        base::Steady told;   ///< to look again; Steady{} = never, as below
        base::Steady failed; ///< and of what:
        std::string version;
        std::vector<base::Steady> began; ///< its trips of the last `rest`, most_trips at most
    };

    Turn turn(const profile::Firmware& firmware, base::Mac mac, std::string_view version) const;
    bool forget(base::Mac mac);
    void fail(base::Mac mac, Trip& trip, base::Steady when);
    std::size_t others(const profile::Firmware& firmware,
                       base::Mac but_for,
                       State state,
                       base::Duration longest) const;
    std::size_t on_way(const profile::Firmware& firmware, base::Mac but_for) const;
    std::size_t kept(const profile::Firmware& firmware, base::Mac but_for) const;
    void make_room(const profile::Firmware& firmware, base::Mac for_whom);

    const base::Clock& clock_;
    mutable std::mutex lock_; ///< of what follows
    std::map<base::Mac, Trip> trips_;
    std::map<base::Mac, Past> past_;
};

} // namespace serve
