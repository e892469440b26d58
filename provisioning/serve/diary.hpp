// SPDX-License-Identifier: MIT
// What requests leave behind: lines in timelines, sightings, and counts. Strangers write little.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/limit.hpp"
#include "provisioning/base/lru.hpp"
#include "provisioning/inventory/inventory.hpp"
#include "provisioning/serve/gate.hpp"
#include "provisioning/serve/recipe.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace serve {

struct FileCounters {
    std::uint64_t served = 0;
    std::uint64_t missing = 0;   ///< names of a chain that are not served on purpose
    std::uint64_t refused = 0;   ///< a valid token, and no file all the same
    std::uint64_t strangers = 0; ///< no valid token

    // Why, of the last two; the rest is a name or a file that could not be had.
    std::uint64_t outside = 0; ///< sources in no served network
    std::uint64_t unapproved = 0;
    std::uint64_t no_token = 0;
    std::uint64_t old_token = 0;
    std::uint64_t foreign_token = 0;
    std::uint64_t neighbour = 0;

    std::uint64_t boots = 0;         ///< files without a token
    std::uint64_t boots_refused = 0; ///< of an approved phone
    std::uint64_t guests = 0;        ///< files for phones that nobody approved
    std::uint64_t held = 0;          ///< requests of sources that were shut out
    std::uint64_t firmware = 0;      ///< requests for its files
};

/// From any thread.
class Diary {
  public:
    Diary(inventory::Inventory& inventory, const base::Clock& clock)
        : inventory_(inventory), clock_(clock) {}

    /// Of somebody who showed a valid credential.
    void note(base::Mac mac, inventory::Step step, base::Ipv4 source, std::string_view text);
    /// Of anybody: the same line over and over is one line, and a device has few different ones in
    /// an hour, so that nobody can push older events out of its timeline.
    void rumour(base::Mac mac, inventory::Step step, base::Ipv4 source, std::string_view text);

    void refused(const Refused& refusal, base::Ipv4 source);
    /// A phone that nobody knew was heard by what it asked for.
    void heard(base::Mac mac, const Request& request);
    /// It asked for a name of its chain.
    void asked(const Phone& phone, const Request& request);

    /// For errors that strangers can cause.
    bool may_complain();

    /// Names and paths as they may stand in a timeline.
    static std::string shown(std::string_view name);

    struct {
        std::atomic<std::uint64_t> served{0}, missing{0}, refused{0}, strangers{0}, outside{0},
            unapproved{0}, no_token{0}, old_token{0}, foreign_token{0}, neighbour{0}, boots{0},
            boots_refused{0}, guests{0}, held{0};
    } count;

    FileCounters counters() const;

  private:
    struct Rumours {
        std::string last;
        base::TokenBucket others{1.0 / 600, 6};
    };

    inventory::Inventory& inventory_;
    const base::Clock& clock_;

    std::mutex lock_; ///< of what follows
    base::Lru<base::Mac, Rumours> rumours_{10'000};
    base::TokenBucket complaints_{0.2, 10};
};

} // namespace serve
